//! The running server: started, watched, started again when it dies, ended with this process.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use secrecy::SecretString;

use super::cluster::{Cluster, User, become_user};
use super::find::Binaries;

/// Longest wait for the server to be ready; recovery after a crash is part of it.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Longest wait for a server of an earlier process to end.
const PREDECESSOR_TIMEOUT: Duration = Duration::from_secs(20);

/// Rest before a server that died is started again; doubled while it does not come up.
const RESTART_REST: Duration = Duration::from_millis(300);
const LONGEST_REST: Duration = Duration::from_secs(10);

/// Name of the socket's file, which counts towards the limit of a socket's path.
const SOCKET_FILE: &str = "/.s.PGSQL.5432";

/// Limit of a socket's path on Linux and macOS, less the final zero.
const SOCKET_LIMIT: usize = 103;

/// Whether a power failure may lose what was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    Full,
    /// For tests only: their databases end with them.
    None,
}

/// A server that this process supervises. Dropping it, or dying, ends it.
#[derive(Debug)]
pub struct Server {
    url: SecretString,
    pid_file: PathBuf,
    stopping: Arc<AtomicBool>,
    supervisor: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts the server of the cluster in `base` and waits until it answers.
    pub fn start(base: &Path, binaries: &Binaries, durability: Durability) -> anyhow::Result<Self> {
        let cluster = Cluster::open(base, binaries)?;
        let pid_file = cluster.data.join("postmaster.pid");
        end_predecessor(&pid_file)?;
        let sockets = socket_folder(&cluster)?;
        let url = url_at(&sockets);
        let stopping = Arc::new(AtomicBool::new(false));
        let launch = Launch { program: binaries.postgres(), cluster, sockets, durability };
        let (started, first_start) = mpsc::channel();
        let flag = Arc::clone(&stopping);
        // The signal that ends the server with us is tied to the thread that started it, so that
        // thread must live as long as the server: it waits for it.
        let supervisor = thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || supervise(&launch, &flag, &started))?;
        let server = Self { url, pid_file, stopping, supervisor: Some(supervisor) };
        first_start.recv().context("the supervisor of Postgres ended")??;
        Ok(server)
    }

    /// What to connect to where another process runs the server of that folder.
    pub fn url_of_running(base: &Path) -> Option<SecretString> {
        let pid_file = base.join("pgdata/postmaster.pid");
        running(&pid_file)?;
        let text = fs::read_to_string(pid_file).ok()?;
        // Line 5 is the folder of the socket, line 8 the state.
        let mut lines = text.lines().skip(4);
        let sockets = lines.next()?.trim().to_owned();
        (lines.nth(2)?.trim() == "ready").then(|| url_at(Path::new(&sockets)))
    }

    /// What to connect to.
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    /// Process id of the server that runs now.
    pub fn pid(&self) -> Option<u32> {
        running(&self.pid_file).and_then(|pid| pid.as_raw_nonzero().get().try_into().ok())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        interrupt(running(&self.pid_file));
        if let Some(supervisor) = self.supervisor.take()
            && supervisor.join().is_err()
        {
            tracing::error!("the supervisor of Postgres panicked");
        }
    }
}

fn url_at(sockets: &Path) -> SecretString {
    let host = url::form_urlencoded::byte_serialize(sockets.as_os_str().as_encoded_bytes());
    format!("postgres://earlybrd@localhost/postgres?host={}", host.collect::<String>()).into()
}

/// Everything needed to start the server again.
struct Launch {
    program: PathBuf,
    cluster: Cluster,
    sockets: PathBuf,
    durability: Durability,
}

/// Starts the server and starts it again whenever it ends, until it is told to stop.
fn supervise(launch: &Launch, stopping: &AtomicBool, started: &mpsc::Sender<anyhow::Result<()>>) {
    let mut first = true;
    let mut rest = RESTART_REST;
    while !stopping.load(Ordering::SeqCst) {
        let outcome = launch.spawn().and_then(|mut child| {
            let ready = launch.wait_until_ready(&mut child, stopping);
            if ready.is_err() {
                interrupt(i32::try_from(child.id()).ok().and_then(Pid::from_raw));
            } else if first {
                // Nobody listens any more only when `start` itself was given up.
                started.send(Ok(())).ok();
                first = false;
            }
            let status = child.wait()?;
            ready.map(|()| status)
        });
        match outcome {
            Err(error) if first => {
                started.send(Err(error)).ok();
                return;
            }
            Err(error) => {
                tracing::error!("Postgres does not start: {error:#}");
                rest = (rest * 2).min(LONGEST_REST);
            }
            Ok(_) if stopping.load(Ordering::SeqCst) => return,
            Ok(status) => {
                tracing::error!("Postgres ended ({status}); starting it again");
                rest = RESTART_REST;
            }
        }
        thread::sleep(rest);
    }
}

impl Launch {
    fn spawn(&self) -> anyhow::Result<Child> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.cluster.base.join("postgres.log"))?;
        let mut command = ended_with_us(&self.program, self.cluster.user);
        command.arg("-D").arg(&self.cluster.data);
        let mut set = |name: &str, value: &str| {
            command.arg("-c").arg(format!("{name}={value}"));
        };
        set("listen_addresses", "");
        set("unix_socket_directories", &self.sockets.to_string_lossy());
        set("unix_socket_permissions", "0700");
        set("max_connections", "100");
        // Every new posting is looked for, and kept, all over two indexes: these are to lie in memory, and a
        // checkpoint, after which each of their pages is logged whole, is to be seldom.
        set("shared_buffers", "256MB");
        set("max_wal_size", "2GB");
        if self.durability == Durability::None {
            set("fsync", "off");
            set("full_page_writes", "off");
            set("synchronous_commit", "off");
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).current_dir("/");
        // Ctrl-C in a terminal is for us; the server is told after the workers have stopped.
        command.process_group(0);
        command.spawn().with_context(|| format!("cannot start {}", self.program.display()))
    }

    /// Line 8 of the pid file says when connections are taken.
    fn wait_until_ready(&self, child: &mut Child, stopping: &AtomicBool) -> anyhow::Result<()> {
        let since = Instant::now();
        let pid_file = self.cluster.data.join("postmaster.pid");
        loop {
            let text = fs::read_to_string(&pid_file).unwrap_or_default();
            let ours =
                text.lines().next().and_then(|pid| pid.trim().parse().ok()) == Some(child.id());
            if ours && text.lines().nth(7).is_some_and(|state| state.trim() == "ready") {
                return Ok(());
            }
            if let Some(status) = child.try_wait()? {
                bail!(
                    "it ended at once ({status}); see {}/postgres.log",
                    self.cluster.base.display()
                );
            }
            ensure!(since.elapsed() < START_TIMEOUT, "it is not ready after {START_TIMEOUT:?}");
            ensure!(!stopping.load(Ordering::SeqCst), "stopped while it started");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The server's command, such that the kernel interrupts it when the starting thread dies: through
/// setpriv where util-linux has it. Elsewhere the next start finds what is left.
fn ended_with_us(program: &Path, user: Option<User>) -> Command {
    let setpriv =
        ["/usr/bin/setpriv", "/bin/setpriv"].into_iter().find(|path| Path::new(path).exists());
    match (setpriv, user) {
        (Some(setpriv), user) => {
            let mut command = Command::new(setpriv);
            if let Some(User { uid, gid }) = user {
                command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}"));
                command.arg("--clear-groups");
            }
            command.arg("--pdeathsig=INT").arg(program);
            command
        }
        (None, user) => {
            let mut command = Command::new(program);
            become_user(&mut command, user);
            command
        }
    }
}

/// We hold the folder's lock, so a server that still runs there was left behind by a process that
/// died: it is told to end, and waited for.
fn end_predecessor(pid_file: &Path) -> anyhow::Result<()> {
    let since = Instant::now();
    let mut told = false;
    while let Some(pid) = running(pid_file) {
        if !told {
            tracing::info!("ending the Postgres that an earlier process left behind");
            interrupt(Some(pid));
            told = true;
        }
        ensure!(
            since.elapsed() < PREDECESSOR_TIMEOUT,
            "the Postgres of an earlier process (pid {}) does not end",
            pid.as_raw_nonzero()
        );
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// SIGINT is a fast, clean shutdown of Postgres.
fn interrupt(pid: Option<Pid>) {
    if let Some(pid) = pid
        && let Err(error) = kill_process(pid, Signal::INT)
        && error != rustix::io::Errno::SRCH
    {
        tracing::warn!("cannot end Postgres (pid {}): {error}", pid.as_raw_nonzero());
    }
}

/// The process that the pid file names, if it lives and is a Postgres: its number may have been
/// given to another program since. A zombie does not live.
fn running(pid_file: &Path) -> Option<Pid> {
    let text = fs::read_to_string(pid_file).ok()?;
    let number: i32 = text.lines().next()?.trim().parse().ok()?;
    let pid = Pid::from_raw(number)?;
    let (state, name) = match fs::read_to_string(format!("/proc/{number}/stat")) {
        Ok(stat) => {
            let (_, rest) = stat.split_once('(')?;
            let (name, rest) = rest.rsplit_once(')')?;
            (rest.trim().to_owned(), name.to_owned())
        }
        Err(_) if Path::new("/proc/self/stat").exists() => return None,
        Err(_) => {
            let ps =
                Command::new("ps").args(["-o", "stat=,comm=", "-p", &number.to_string()]).output();
            let said = String::from_utf8_lossy(&ps.ok()?.stdout).trim().to_owned();
            said.split_once(' ').map(|(state, name)| (state.to_owned(), name.to_owned()))?
        }
    };
    (name.contains("postgres") && !state.starts_with('Z')).then_some(pid)
}

/// The data's own folder, or a short one where its path would be too long for a socket.
fn socket_folder(cluster: &Cluster) -> anyhow::Result<PathBuf> {
    if cluster.base.as_os_str().len() + SOCKET_FILE.len() <= SOCKET_LIMIT {
        return Ok(cluster.base.clone());
    }
    let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&cluster.base)?);
    let folder = std::env::temp_dir().join(format!("earlybrd-{inode}"));
    match fs::create_dir(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(&folder)?;
            let owner = std::os::unix::fs::MetadataExt::uid(&found);
            let us = cluster.user.map_or(rustix::process::geteuid().as_raw(), |user| user.uid);
            ensure!(found.is_dir() && owner == us, "{} belongs to somebody else", folder.display());
        }
        Err(error) => return Err(error).context("cannot make a folder for the socket"),
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    if let Some(user) = cluster.user {
        chown(&folder, Some(user.uid), Some(user.gid))?;
    }
    Ok(folder)
}
