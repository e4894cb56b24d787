//! The replicas, and what is done to them.

use std::collections::BTreeMap;
use std::iter::Cycle;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::slice::Iter;
use std::time::Duration;

use clap::ValueEnum;
use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::Wanted;
use crate::app::Database;
use crate::failpoint::Point;

/// How long a replica that is stopped stays so: longer than its leases.
const STOPPED: Duration = Duration::from_mins(1);

/// How often it is seen who died.
const LOOK: Duration = Duration::from_millis(50);

/// Of a hundred blows, so many hit Postgres, and so many stop a replica for a while; the others kill one.
const POSTGRES: u32 = 4;
const STOPS: u32 = 8;

/// A replica that is to die at a point does so at the latest when it is reached the so manieth time.
const LATEST: u32 = 40;

/// What was done.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    /// Replicas killed at a random time.
    pub killed: u32,
    /// Replicas that died at a point of the code, by its name.
    pub at_points: BTreeMap<String, u32>,
    /// Replicas stopped for a minute, and then continued.
    pub stopped: u32,
    /// Times that Postgres was killed.
    pub postgres: u32,
    /// Replicas that ended otherwise: Postgres was away when they started.
    pub ended: u32,
}

impl Counts {
    fn blows(&self) -> u32 {
        self.killed + self.at_points.values().sum::<u32>() + self.stopped + self.postgres
    }
}

struct Replica {
    child: Child,
    /// The point at which it is to die.
    doomed: Option<String>,
    stopped_until: Option<Instant>,
}

/// All replicas.
pub struct Crew<'a> {
    pub counts: Counts,
    database: &'a Database,
    binary: PathBuf,
    url: SecretString,
    ledger: &'a str,
    wanted: Wanted,
    rng: Rng,
    points: Cycle<Iter<'static, Point>>,
    replicas: Vec<Replica>,
}

impl Drop for Crew<'_> {
    fn drop(&mut self) {
        for replica in &mut self.replicas {
            replica.child.kill().ok();
            replica.child.wait().ok();
        }
    }
}

impl<'a> Crew<'a> {
    pub fn new(database: &'a Database, ledger: &'a str, wanted: Wanted) -> anyhow::Result<Self> {
        Ok(Self {
            counts: Counts::default(),
            database,
            binary: std::env::current_exe()?,
            url: database.url().clone(),
            ledger,
            wanted,
            rng: Rng::with_seed(wanted.seed),
            points: Point::value_variants().iter().cycle(),
            replicas: Vec::new(),
        })
    }

    /// Starts as many as are missing; half of them are to die at a point, the points in turn, if any may.
    pub fn fill(&mut self, may_die: bool) -> anyhow::Result<()> {
        while self.replicas.len() < usize::try_from(self.wanted.replicas)? {
            let point = self.points.next().filter(|_| may_die && self.rng.bool());
            let doomed = point.and_then(ValueEnum::to_possible_value);
            let doomed = doomed.map(|point| point.get_name().to_owned());
            let mut command = Command::new(&self.binary);
            command.args(["replica", "--ledger", self.ledger]).stdin(Stdio::null());
            if let Some(point) = &doomed {
                let nth = self.rng.u32(1..=LATEST).to_string();
                command.args(["--die-at", point, "--nth", &nth]);
            }
            command.env("DATABASE_URL", self.url.expose_secret()).env("EARLYBRD_LOG", "off");
            let child = command.spawn()?;
            self.replicas.push(Replica { child, doomed, stopped_until: None });
        }
        Ok(())
    }

    /// Strikes until it is enough.
    pub async fn kill_all(&mut self) -> anyhow::Result<()> {
        while self.counts.blows() < self.wanted.kills {
            let next = Instant::now() + self.gap();
            while Instant::now() < next {
                self.look_after()?;
                self.fill(true)?;
                sleep(LOOK).await;
            }
            self.strike();
        }
        Ok(())
    }

    /// Continues those that are stopped, and replaces those that are to die.
    pub fn calm(&mut self) -> anyhow::Result<()> {
        for replica in &mut self.replicas {
            if replica.stopped_until.take().is_some() {
                signal(&replica.child, Signal::CONT);
            }
            if replica.doomed.is_some() {
                replica.child.kill().ok();
            }
        }
        self.replicas
            .retain_mut(|replica| !(replica.doomed.is_some() && replica.child.wait().is_ok()));
        self.fill(false)
    }

    /// Exponentially distributed.
    fn gap(&mut self) -> Duration {
        let mean = Duration::from_millis(self.wanted.gap.into());
        mean.mul_f64(-(1.0 - self.rng.f64()).max(1e-6).ln())
    }

    /// Notes who died, and continues those whose time has come.
    fn look_after(&mut self) -> anyhow::Result<()> {
        let counts = &mut self.counts;
        let mut gone = Vec::new();
        for (number, replica) in self.replicas.iter_mut().enumerate() {
            if replica.child.try_wait()?.is_some() {
                match replica.doomed.take() {
                    Some(point) => *counts.at_points.entry(point).or_default() += 1,
                    None => counts.ended += 1,
                }
                gone.push(number);
            } else if replica.stopped_until.is_some_and(|until| until <= Instant::now()) {
                signal(&replica.child, Signal::CONT);
                replica.stopped_until = None;
            }
        }
        for number in gone.into_iter().rev() {
            self.replicas.swap_remove(number);
        }
        Ok(())
    }

    fn strike(&mut self) {
        let roll = self.rng.u32(0..100);
        if let (Database::Private(server), true) = (self.database, roll < POSTGRES) {
            let pid = server.pid().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
            if pid.is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok()) {
                self.counts.postgres += 1;
            }
            return;
        }
        let is_stopped = self.replicas.iter().any(|replica| replica.stopped_until.is_some());
        let stops = roll < POSTGRES + STOPS && !is_stopped;
        // Those that are to die at a point shall come to it.
        let free = |replica: &Replica| replica.stopped_until.is_none() && replica.doomed.is_none();
        let awake: Vec<usize> = (0..)
            .zip(&self.replicas)
            .filter_map(|(number, replica)| free(replica).then_some(number))
            .collect();
        let Some(number) = self.rng.choice(awake) else { return };
        if stops {
            if let Some(replica) = self.replicas.get_mut(number) {
                signal(&replica.child, Signal::STOP);
                replica.stopped_until = Some(Instant::now() + STOPPED);
                self.counts.stopped += 1;
            }
            return;
        }
        let mut replica = self.replicas.swap_remove(number);
        replica.child.kill().ok();
        replica.child.wait().ok();
        self.counts.killed += 1;
    }
}

fn signal(child: &Child, signal: Signal) {
    let pid = child.id().try_into().ok().and_then(Pid::from_raw);
    pid.and_then(|pid| kill_process(pid, signal).ok());
}
