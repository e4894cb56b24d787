//! The data folder: who owns it, one process at a time, made whole or not at all.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use super::find::Binaries;

/// What the folder of a cluster holds, beside sockets and other hidden files.
const OURS: [&str; 4] = ["lock", "pgdata", "pgdata.tmp", "postgres.log"];

/// A user that the server runs as; root may not run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

/// A cluster that is ready to be served, locked for this process.
#[derive(Debug)]
pub struct Cluster {
    /// The folder that holds everything.
    pub base: PathBuf,
    pub data: PathBuf,
    /// Whom to become; `None` when this process is not root.
    pub user: Option<User>,
    _lock: File,
}

impl Cluster {
    /// Opens the cluster in `base`; makes one if there is none.
    pub fn open(base: &Path, binaries: &Binaries) -> anyhow::Result<Self> {
        fs::create_dir_all(base).with_context(|| format!("cannot make {}", base.display()))?;
        let base = base.canonicalize()?;
        check_ours(&base)?;
        let lock = lock(&base)?;
        let user = server_user(&base)?;
        // Only the folder itself changes hands; what lies in it was made by that user.
        if let Some(user) = user {
            chown(&base, Some(user.uid), Some(user.gid))?;
        }
        fs::set_permissions(&base, Permissions::from_mode(0o700))?;
        let cluster = Self { data: base.join("pgdata"), base, user, _lock: lock };
        if cluster.data.exists() {
            cluster.check_version(binaries)?;
        } else {
            cluster.init(binaries)?;
        }
        Ok(cluster)
    }

    /// Into a folder of another name first, so that a half-made cluster never becomes the real one.
    fn init(&self, binaries: &Binaries) -> anyhow::Result<()> {
        let unfinished = self.base.join("pgdata.tmp");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        tracing::info!("making a database in {}", self.data.display());
        let mut command = Command::new(binaries.initdb());
        command.args(["--username=earlybrd", "--auth=trust", "--encoding=UTF8", "--locale=C"]);
        command.args(["--data-checksums", "-D"]).arg(&unfinished);
        become_user(&mut command, self.user);
        let output = command.current_dir("/").output().context("cannot start initdb")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("initdb failed in {}: {}", self.base.display(), said.trim());
        }
        fs::rename(&unfinished, &self.data)?;
        Ok(())
    }

    fn check_version(&self, binaries: &Binaries) -> anyhow::Result<()> {
        let made = fs::read_to_string(self.data.join("PG_VERSION"))
            .with_context(|| format!("{} is not a Postgres folder", self.data.display()))?;
        let made = made.trim();
        let output = Command::new(binaries.postgres()).arg("--version").output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let runs = major(&said).unwrap_or_default();
        ensure!(
            runs == made,
            "{} was made by Postgres {made}, but {} is version {runs}; set EARLYBRD_PG_BIN_DIR to \
             the programs of version {made}, or EARLYBRD_DATA to another folder",
            self.data.display(),
            binaries.postgres().display()
        );
        Ok(())
    }
}

/// `15` from `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major(version: &str) -> Option<&str> {
    version
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?
        .split('.')
        .next()
}

/// The folder changes hands and rights, so it must be empty or hold a cluster of ours.
fn check_ours(base: &Path) -> anyhow::Result<()> {
    let mut names = fs::read_dir(base)?.filter_map(Result::ok).map(|entry| entry.file_name());
    let stranger = names.find(|name| {
        let name = name.to_string_lossy();
        !OURS.contains(&name.as_ref()) && !name.starts_with('.')
    });
    match stranger {
        Some(name) => bail!(
            "{} holds {}, which is not of a database of ours; set EARLYBRD_DATA to a folder of its own",
            base.display(),
            name.to_string_lossy()
        ),
        None => Ok(()),
    }
}

fn lock(base: &Path) -> anyhow::Result<File> {
    let path = base.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => bail!(
            "another earlybrd uses {}; stop it, or set EARLYBRD_DATA to another folder",
            base.display()
        ),
        Err(fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// As root: the folder's owner, else `postgres`, else `nobody`.
fn server_user(base: &Path) -> anyhow::Result<Option<User>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let owner = fs::metadata(base)?;
    if owner.uid() != 0 {
        return Ok(Some(User { uid: owner.uid(), gid: owner.gid() }));
    }
    let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let user = ["postgres", "nobody"].iter().find_map(|name| user_in(&passwd, name));
    user.map(Some).context("root may not run Postgres, and there is no user postgres or nobody")
}

fn user_in(passwd: &str, name: &str) -> Option<User> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let mut ids = fields.skip(1);
        Some(User { uid: ids.next()?.parse().ok()?, gid: ids.next()?.parse().ok()? })
    })
}

/// Makes a program run as that user; std drops root's groups along the way.
pub fn become_user(command: &mut Command, user: Option<User>) {
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_program_says() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some("15"));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some("18beta1"));
        assert_eq!(major("nonsense"), None);
    }

    #[test]
    fn a_user_is_found_by_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres:x:109:117:x:/var:/bin/sh\n";
        assert_eq!(user_in(passwd, "postgres"), Some(User { uid: 109, gid: 117 }));
        assert_eq!(user_in(passwd, "nobody"), None);
    }
}
