//! Starts the binary in a home of its own and waits for what it does.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use url::Url;

/// Longest wait for anything a process does: a lane whose sender died is free after 45 s.
pub const PATIENCE: Duration = Duration::from_secs(100);

/// A temporary home: where the binary runs, keeps its data, and what it said over all its runs.
pub struct Home {
    program: &'static str,
    temporary: TempDir,
    settings: Vec<(&'static str, String)>,
}

/// How a process ended.
pub struct Ended {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    pub fn new() -> Self {
        Self::of(env!("CARGO_BIN_EXE_earlybrd"))
    }

    /// Of another program than the service itself.
    pub fn of(program: &'static str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        // As root the server runs as another user, who must get through.
        fs::set_permissions(temporary.path(), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(temporary.path().join("cwd")).unwrap();
        let home = Self { program, temporary, settings: Vec::new() };
        home.with("EARLYBRD_CATALOGUE", "board = []").setting("EARLYBRD_LISTEN", "127.0.0.1:0")
    }

    fn with(mut self, name: &'static str, catalogue: &str) -> Self {
        let path = self.temporary.path().join("catalogue.toml");
        fs::write(&path, catalogue).unwrap();
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, path.to_str().unwrap().to_owned()));
        self
    }

    /// A catalogue of one feed, polled every second.
    pub fn with_board(self, url: &Url) -> Self {
        self.with_boards(std::slice::from_ref(url))
    }

    /// A catalogue of feeds, each polled every second.
    pub fn with_boards(self, urls: &[Url]) -> Self {
        let row = |(number, url): (usize, &Url)| {
            format!(
                "[[board]]\nslug = \"fake{number}\"\nname = \"Fake\"\nkind = \"feed\"\n\
                 url = \"{url}\"\nminutes = 0.017\n"
            )
        };
        let rows: String = urls.iter().enumerate().map(row).collect();
        self.with("EARLYBRD_CATALOGUE", &rows)
    }

    pub fn with_database(self, url: &SecretString) -> Self {
        self.setting("DATABASE_URL", url.expose_secret())
    }

    pub fn setting(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    /// The folder in which the binary runs.
    pub fn folder(&self) -> PathBuf {
        self.temporary.path().join("cwd")
    }

    pub fn data(&self) -> PathBuf {
        self.temporary.path().join("data")
    }

    /// All that was said on standard output so far, by every run.
    pub fn stdout(&self) -> String {
        fs::read_to_string(self.temporary.path().join("stdout")).unwrap_or_default()
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(self.temporary.path().join("stderr")).unwrap_or_default()
    }

    pub fn start(&self, arguments: &[&str]) -> Running<'_> {
        self.start_with(arguments, "")
    }

    pub fn start_with(&self, arguments: &[&str], input: &str) -> Running<'_> {
        let append = |name: &str| {
            File::options()
                .create(true)
                .append(true)
                .open(self.temporary.path().join(name))
                .unwrap()
        };
        let mut command = Command::new(self.program);
        command.args(arguments).current_dir(self.folder());
        command.env_remove("DATABASE_URL").env("EARLYBRD_DATA", self.data());
        command.env("EARLYBRD_RATES", "off"); // No test leaves this machine.
        command.envs(self.settings.iter().map(|(name, value)| (*name, value)));
        command.stdin(Stdio::piped()).stdout(append("stdout")).stderr(append("stderr"));
        let mut child = command.spawn().unwrap();
        // A command that does not read its input may have ended by now.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        Running { child, home: self }
    }

    /// Process id of the private server.
    pub fn postgres_pid(&self) -> Pid {
        self.postgres_pid_if_any().expect("a server runs")
    }

    pub fn postgres_pid_if_any(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.data().join("pgdata/postmaster.pid")).ok()?;
        (text.lines().nth(7)?.trim() == "ready").then_some(())?;
        Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
    }
}

/// A process that has been started. Dropped, it is killed.
pub struct Running<'a> {
    child: Child,
    home: &'a Home,
}

impl Running<'_> {
    /// SIGKILL, and the body taken away.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal_term(&self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// SIGTERM, and the end awaited.
    pub async fn terminate(self) -> Ended {
        self.signal_term();
        self.wait().await
    }

    pub async fn wait(mut self) -> Ended {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let (stdout, stderr) = (self.home.stdout(), self.home.stderr());
                return Ended { success: status.success(), stdout, stderr };
            }
            assert!(since.elapsed() < PATIENCE, "it does not end:\n{}", self.home.stderr());
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What time it is for a process, which reads the real clock.
#[expect(clippy::disallowed_methods, reason = "a process has no other clock")]
pub fn seconds() -> i64 {
    chrono::Utc::now().timestamp()
}

/// Waits until something is so.
pub async fn until(what: &str, so: impl Fn() -> bool) {
    let since = Instant::now();
    while !so() {
        assert!(since.elapsed() < PATIENCE, "waited in vain for {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
