//! A record of every peer process that was started, so that it can be ended by
//! its id whatever became of the program that started it.
//!
//! One small file a process below `<peers>/run`, named after the process id.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::process::{self, Identity};
use crate::workspace;

/// In the environment of a peer and what it forks; its value is unique to one start.
pub(crate) const MARK: &str = "PEER_MARK";

/// How a file or folder that belongs to a running peer is called below the
/// system's temporary folder; nothing else is ever removed there.
pub(crate) const TEMP_PREFIX: &str = "sync-peer-";

/// What is known of a started peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The process that was started.
    pub pid: u32,
    /// Its start, in clock ticks after boot.
    pub(crate) started: u64,
    /// The value of [`MARK`] in its environment.
    pub(crate) mark: String,
    /// The peer's name.
    pub name: String,
    /// The run of `cargo xtask` it belongs to; empty outside of one.
    pub session: String,
    /// The program that started it, which is to end it too.
    pub(crate) owner: Option<Identity>,
    /// Its temporary folder.
    pub dir: PathBuf,
    /// What to tell a person about it.
    pub about: String,
}

/// Which recorded peers are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope<'a> {
    /// Those of one run of `cargo xtask`.
    Session(&'a str),
    /// Those whose starter is gone and left them running.
    Orphans,
    /// Those started by hand with `cargo xtask peers start`.
    ByHand,
    /// The one with this process id.
    Pid(u32),
    /// All of them, also those that a test is using right now.
    All,
}

impl Record {
    fn path(&self, dir: &Path) -> PathBuf {
        dir.join(self.pid.to_string())
    }

    fn to_text(&self) -> String {
        let owner = self
            .owner
            .map_or(String::new(), |o| format!("{} {}", o.pid, o.started));
        format!(
            "started={}\nmark={}\nname={}\nsession={}\nowner={owner}\ndir={}\nabout={}\n",
            self.started,
            self.mark,
            self.name,
            self.session,
            self.dir.display(),
            self.about,
        )
    }

    fn parse(pid: u32, text: &str) -> Option<Self> {
        let field = |name: &str| {
            text.lines()
                .filter_map(|line| line.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
        };
        let owner = field("owner")?;
        let owner = owner.split_once(' ').and_then(|(pid, started)| {
            Some(Identity {
                pid: pid.parse().ok()?,
                started: started.parse().ok()?,
            })
        });
        Some(Self {
            pid,
            started: field("started")?.parse().ok()?,
            mark: field("mark")?,
            name: field("name")?,
            session: field("session")?,
            owner,
            dir: field("dir")?.into(),
            about: field("about")?,
        })
    }

    /// The processes that belong to it and still run: what was started, and
    /// everything that carries its mark.
    pub(crate) fn processes(&self) -> Vec<Identity> {
        let mut found = process::with_env(MARK, &self.mark);
        let leader = Identity {
            pid: self.pid,
            started: self.started,
        };
        if leader.is_alive() && !found.contains(&leader) {
            found.insert(0, leader);
        }
        found
    }

    /// The process id of the program that started it, and whether that still
    /// runs; `None` for a peer started by hand.
    pub fn owner(&self) -> Option<(u32, bool)> {
        self.owner.map(|owner| (owner.pid, owner.is_alive()))
    }

    /// Whether any of its processes still runs.
    pub fn is_running(&self) -> bool {
        !self.processes().is_empty()
    }

    fn is_in(&self, scope: Scope<'_>) -> bool {
        match scope {
            Scope::Session(session) => self.session == session,
            Scope::Orphans => self.owner.is_some_and(|owner| !owner.is_alive()),
            Scope::ByHand => self.owner.is_none(),
            Scope::Pid(pid) => self.pid == pid,
            Scope::All => true,
        }
    }
}

/// The folder of records.
#[derive(Debug, Clone)]
pub struct Registry {
    dir: PathBuf,
}

impl Default for Registry {
    fn default() -> Self {
        Self::at(workspace::peers_dir().join("run"))
    }
}

impl Registry {
    /// The registry kept in this folder.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    pub(crate) fn add(&self, record: &Record) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let part = self.dir.join(format!("{}.part", record.pid));
        fs::write(&part, record.to_text())?;
        fs::rename(part, record.path(&self.dir))
    }

    pub(crate) fn remove(&self, record: &Record) {
        // Only a record that still is this one: the id may be in use again.
        if self.read(record.pid).is_some_and(|r| r.mark == record.mark) {
            let _ = fs::remove_file(record.path(&self.dir));
        }
    }

    fn read(&self, pid: u32) -> Option<Record> {
        let text = fs::read_to_string(self.dir.join(pid.to_string())).ok()?;
        Record::parse(pid, &text)
    }

    /// The records in `scope`, by process id.
    pub fn records(&self, scope: Scope<'_>) -> Vec<Record> {
        let mut found: Vec<Record> = fs::read_dir(&self.dir)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(|pid| self.read(pid))
            .filter(|record| record.is_in(scope))
            .collect();
        found.sort_by_key(|record| record.pid);
        found
    }

    /// Ends every recorded peer in `scope`, removes its temporary folder and its
    /// record. Returns the records of those that were still running.
    pub fn sweep(&self, scope: Scope<'_>) -> Vec<Record> {
        let mut ended = Vec::new();
        for record in self.records(scope) {
            if process::end_all(|| record.processes(), Duration::ZERO) > 0 {
                ended.push(record.clone());
            }
            if is_own_temp_dir(&record.dir) {
                let _ = fs::remove_dir_all(&record.dir);
            }
            self.remove(&record);
        }
        ended
    }
}

/// What an earlier run left behind when it was killed.
pub(crate) fn sweep_orphans_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        Registry::default().sweep(Scope::Orphans);
    });
}

/// A new private folder. Its path is short: that of a unix socket may have no
/// more than 107 bytes.
pub(crate) fn temp_dir() -> io::Result<PathBuf> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{TEMP_PREFIX}{}-{number}", std::process::id());
        let dir = env::temp_dir().join(name);
        match fs::DirBuilder::new().mode(0o700).create(&dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(dir),
        }
    }
}

/// A value for [`MARK`] that no other start on this machine has.
pub(crate) fn unique_mark() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let started = Identity::own().map_or(0, |own| own.started);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{}-{started}-{number}", std::process::id())
}

/// Whether this is a folder that a peer was given below the temporary folder.
fn is_own_temp_dir(dir: &Path) -> bool {
    dir.parent() == Some(&std::env::temp_dir())
        && dir
            .file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.starts_with(TEMP_PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command};

    /// A registry and a long-lived process recorded in it.
    fn recorded(name: &str, change: impl FnOnce(&mut Record)) -> (Registry, Child, Record) {
        let id = format!("{name}-{}", std::process::id());
        let registry = Registry::at(std::env::temp_dir().join(format!("xtask-registry-{id}")));
        let child = Command::new("sleep")
            .arg("600")
            .env(MARK, &id)
            .spawn()
            .unwrap();
        let started = Identity::of(child.id()).unwrap().started;
        let mut record = Record {
            pid: child.id(),
            started,
            mark: id,
            name: "sleep".to_owned(),
            session: "7-7".to_owned(),
            owner: Identity::own(),
            dir: PathBuf::from("/nonexistent"),
            about: "url=with an equals sign".to_owned(),
        };
        change(&mut record);
        registry.add(&record).unwrap();
        (registry, child, record)
    }

    fn finish(registry: &Registry, mut child: Child) {
        let _ = child.kill();
        child.wait().unwrap();
        fs::remove_dir_all(&registry.dir).unwrap();
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let (registry, child, record) = recorded("round-trip", |_| {});
        assert_eq!(registry.records(Scope::All), [record]);
        finish(&registry, child);
    }

    #[test]
    fn a_sweep_ends_what_is_in_its_scope_only() {
        let (registry, mut child, record) = recorded("scope", |_| {});
        for other in [
            Scope::Session("8-8"),
            Scope::Orphans,
            Scope::ByHand,
            Scope::Pid(record.pid + 1),
        ] {
            assert_eq!(registry.sweep(other), [], "{other:?}");
        }
        assert!(record.is_running());
        assert_eq!(registry.sweep(Scope::Session("7-7")), [record]);
        assert!(!child.wait().unwrap().success());
        assert_eq!(registry.records(Scope::All), []);
        finish(&registry, child);
    }

    #[test]
    fn a_recycled_process_id_is_left_alone_and_its_record_dropped() {
        let (registry, mut child, _) = recorded("recycled", |record| {
            record.started -= 1;
            record.mark = "of-a-process-long-gone".to_owned();
        });
        assert_eq!(registry.sweep(Scope::All), []);
        assert_eq!(child.try_wait().unwrap(), None);
        assert_eq!(registry.records(Scope::All), []);
        finish(&registry, child);
    }

    #[test]
    fn a_child_whose_parent_is_gone_is_found_by_its_mark() {
        let (registry, mut child, record) = recorded("orphan", |record| record.started -= 1);
        assert_eq!(registry.sweep(Scope::All), [record]);
        assert!(!child.wait().unwrap().success());
        finish(&registry, child);
    }

    #[test]
    fn what_a_dead_program_left_running_is_an_orphan() {
        let (registry, child, record) = recorded("owner", |record| {
            record.owner = record.owner.map(|owner| Identity {
                started: owner.started + 1,
                ..owner
            });
        });
        assert_eq!(registry.records(Scope::Orphans), [record]);
        finish(&registry, child);
    }

    #[test]
    fn only_folders_of_peers_are_ever_removed() {
        let temp = std::env::temp_dir();
        assert!(is_own_temp_dir(&temp.join("sync-peer-1-1")));
        assert!(!is_own_temp_dir(&temp.join("other")));
        assert!(!is_own_temp_dir(&temp));
        assert!(!is_own_temp_dir(Path::new("/sync-peer-1-1")));
        assert!(!is_own_temp_dir(&temp.join("x/sync-peer-1-1")));
    }
}
