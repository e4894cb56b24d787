//! Where the machine keeps `initdb` and `postgres`.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder with the server's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries(PathBuf);

/// No folder holds them.
#[derive(Debug, thiserror::Error)]
#[error("no Postgres was found on this machine (initdb, postgres); install it with:\n  {command}\nor set DATABASE_URL to a server, or EARLYBRD_PG_BIN_DIR to the programs' folder", command = install_command())]
pub struct NotFound;

impl Binaries {
    /// The folder of the setting; else the first of `PATH`; else the newest version in the places
    /// where distributions and Homebrew put it.
    pub fn find(setting: Option<&Path>, search_path: &[PathBuf]) -> Result<Self, NotFound> {
        if let Some(folder) = setting {
            return Self::at(folder).ok_or(NotFound);
        }
        let known = || {
            let mut folders = versions("/usr/lib/postgresql", "", "bin");
            folders.extend(versions("/usr", "pgsql-", "bin"));
            folders.extend(versions("/opt/homebrew/opt", "postgresql@", "bin"));
            folders.extend(versions("/usr/local/opt", "postgresql@", "bin"));
            folders.extend(versions("/usr/libexec", "postgresql", ""));
            folders.push("/Applications/Postgres.app/Contents/Versions/latest/bin".into());
            folders
        };
        let mut places = search_path.iter().cloned().chain(known());
        places.find_map(|folder| Self::at(&folder)).ok_or(NotFound)
    }

    fn at(folder: &Path) -> Option<Self> {
        let has = |program: &str| folder.join(program).is_file();
        (has("initdb") && has("postgres")).then(|| Self(folder.to_owned()))
    }

    pub fn initdb(&self) -> PathBuf {
        self.0.join("initdb")
    }

    pub fn postgres(&self) -> PathBuf {
        self.0.join("postgres")
    }
}

/// Folders `parent/{prefix}N/{end}`, the highest N first.
fn versions(parent: &str, prefix: &str, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join(end)))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// The command that installs Postgres here.
fn install_command() -> &'static str {
    let has = |program: &str| {
        ["/usr/bin", "/sbin", "/bin", "/opt/homebrew/bin", "/usr/local/bin"]
            .iter()
            .any(|folder| Path::new(folder).join(program).exists())
    };
    let known = [
        ("apt-get", "sudo apt-get install postgresql"),
        ("dnf", "sudo dnf install postgresql-server"),
        ("apk", "sudo apk add postgresql"),
        ("pacman", "sudo pacman -S postgresql"),
        ("brew", "brew install postgresql@17"),
    ];
    known
        .into_iter()
        .find(|(program, _)| has(program))
        .map_or("./run try   (it fetches the programs itself)", |(_, command)| command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(programs: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for program in programs {
            fs::write(folder.path().join(program), "").unwrap();
        }
        folder
    }

    #[test]
    fn the_setting_goes_first_and_is_not_passed_over() {
        let (full, empty) = (folder_with(&["initdb", "postgres"]), folder_with(&["initdb"]));
        let path = [full.path().to_owned()];
        assert_eq!(Binaries::find(None, &path).unwrap().0, full.path());
        assert_eq!(Binaries::find(Some(full.path()), &[]).unwrap().0, full.path());
        let error = Binaries::find(Some(empty.path()), &path).unwrap_err().to_string();
        assert!(error.contains("EARLYBRD_PG_BIN_DIR") && error.contains("DATABASE_URL"));
    }

    #[test]
    fn the_newest_version_goes_first() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["pg9", "pg17", "pg16", "other"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        let found = versions(parent.path().to_str().unwrap(), "pg", "bin");
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(parent.path())).collect();
        assert_eq!(
            names,
            [Ok(Path::new("pg17/bin")), Ok(Path::new("pg16/bin")), Ok(Path::new("pg9/bin"))]
        );
    }
}
