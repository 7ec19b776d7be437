//! PostgreSQL servers, each with a cluster of its own in a temporary folder.
//!
//! A server listens on a socket in that folder and lets everyone in who gets
//! there. Only one with [TLS](Tls) is also reached otherwise, over loopback and
//! with a password. None runs as root: a run as root starts it as `nobody`, which
//! the server itself insists on.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::{User, geteuid};

use super::catalogue::POSTGRESQL;
use super::process::{self, Identity, Signal};
use super::registry::{MARK, Record, Registry, sweep_orphans_once, temp_dir, unique_mark};
use super::{Missing, apt, install, session};

/// How often something that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How long a server may take to start, and to end.
const WITHIN: Duration = Duration::from_secs(60);

/// The peer's name.
pub const NAME: &str = POSTGRESQL.name;

/// Names a server that tests may make databases on, as its superuser.
pub const POSTGRESQL_URL: &str = "SYNCTOOLS_POSTGRES_URL";

/// The user that everything belongs to.
pub const USER: &str = "postgres";

/// Whether a test can go on; see [`Peer::present_or_skip`](super::Peer::present_or_skip).
pub fn present_or_skip() -> Result<bool, Missing> {
    POSTGRESQL.present_or_skip()
}

/// How much a server does for what it has promised to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// What is committed survives a crash of the server, not of the machine:
    /// for tests.
    Process,
    /// What is committed survives all that the disk does: as it comes.
    Disk,
}

/// What a server has that is also reached over TCP, encrypted or not.
#[derive(Debug, Clone, Copy)]
pub struct Tls<'a> {
    /// The certificate, with its chain, in PEM.
    pub certificate: &'a str,
    /// Its private key, in PEM.
    pub key: &'a str,
    /// What [`USER`] has to know over TCP.
    pub password: &'a str,
}

/// A running server. Dropping it ends it and removes its cluster.
pub struct Cluster {
    dir: PathBuf,
    port: Option<u16>,
    child: Child,
    record: Record,
}

impl Cluster {
    /// Makes a cluster and starts a server for it; returns once that lets
    /// clients in.
    pub fn start(durability: Durability) -> io::Result<Self> {
        Self::start_on(None, durability, |_| Ok(()))
    }

    /// The same with TLS, on a port of 127.0.0.1 too.
    pub fn start_with_tls(durability: Durability, tls: Tls<'_>) -> io::Result<Self> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = free.local_addr()?.port();
        let cluster = Self::start_on(Some(port), durability, |dir| {
            drop(free);
            encrypt(dir, tls)
        })?;
        let password = tls.password.replace('\'', "''");
        let sql = format!("ALTER USER {USER} PASSWORD '{password}'");
        execute(&cluster.url(USER), &sql)?;
        Ok(cluster)
    }

    fn start_on(
        port: Option<u16>,
        durability: Durability,
        configure: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<Self> {
        sweep_orphans_once();
        let program = program()?;
        let dir = temp_dir()?;
        let started = prepare(&program, &dir)
            .and_then(|()| configure(&dir))
            .and_then(|()| launch(&program, &dir, port, durability));
        let (child, record) = match started {
            Ok(started) => started,
            Err(error) => {
                let _ = fs::remove_dir_all(&dir);
                return Err(error);
            }
        };
        let mut cluster = Self {
            dir,
            port,
            child,
            record,
        };
        Registry::default().add(&cluster.record)?;
        session::note(POSTGRESQL.name, None);
        cluster.wait_ready()?;
        Ok(cluster)
    }

    /// What a client connects with, as a URL: the superuser, on the socket.
    pub fn url(&self, database: &str) -> String {
        let socket = self.dir.display().to_string().replace('/', "%2F");
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("postgresql://{USER}@{socket}{port}/{database}")
    }

    /// The port on 127.0.0.1, of one with TLS.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The server's first process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The end of what the server has logged.
    pub fn log_tail(&self, lines: usize) -> String {
        let log = fs::read(self.dir.join("server.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let all: Vec<&str> = log.lines().collect();
        let from = all.len().saturating_sub(lines);
        all.get(from..).unwrap_or(&[]).join("\n")
    }

    /// The file with the state of the server says `ready` in its last line.
    fn wait_ready(&mut self) -> io::Result<()> {
        let state = self.dir.join("data/postmaster.pid");
        let begun = Instant::now();
        loop {
            let text = fs::read_to_string(&state).unwrap_or_default();
            if text
                .lines()
                .nth(7)
                .is_some_and(|line| line.trim() == "ready")
            {
                return Ok(());
            }
            let exited = self.child.try_wait()?;
            if exited.is_some() || begun.elapsed() > WITHIN {
                return Err(io::Error::other(format!(
                    "PostgreSQL does not start ({exited:?}); its log ends with:\n{}",
                    self.log_tail(10)
                )));
            }
            thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let leader = Identity {
            pid: self.record.pid,
            started: self.record.started,
        };
        // At once, but orderly: it gives its shared memory back.
        leader.signal(Signal::Quit);
        let begun = Instant::now();
        while leader.is_alive() && begun.elapsed() < WITHIN {
            thread::sleep(LOOK_EVERY);
        }
        process::end_all(|| self.record.processes(), Duration::ZERO);
        let _ = self.child.wait();
        Registry::default().remove(&self.record);
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("dir", &self.dir)
            .field("pid", &self.pid())
            .finish()
    }
}

/// A database of one's own. Dropping it removes it.
#[derive(Debug)]
pub struct Database {
    url: String,
    /// Where it is dropped from.
    server_url: String,
    /// The server, where it was started for this.
    _server: Option<Arc<Cluster>>,
}

impl Database {
    /// Makes one; `None` where a test is to be skipped since there is no server.
    ///
    /// It is on the server that [`POSTGRESQL_URL`] names, or else on one that all
    /// databases of this program share: it is started for the first of them, and
    /// ended with the last.
    pub fn create_or_skip() -> io::Result<Option<Self>> {
        if !present_or_skip()? {
            return Ok(None);
        }
        match env::var(POSTGRESQL_URL) {
            Ok(url) if !url.is_empty() => Self::create(&url, None).map(Some),
            _ => Self::create_on(shared()?).map(Some),
        }
    }

    /// One on a server that is started for it.
    pub fn on_its_own(durability: Durability) -> io::Result<Self> {
        Self::create_on(Arc::new(Cluster::start(durability)?))
    }

    /// One more on a server.
    pub fn create_on(server: Arc<Cluster>) -> io::Result<Self> {
        Self::create(&server.url(USER), Some(server))
    }

    fn create(url: &str, server: Option<Arc<Cluster>>) -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        execute(url, &format!("CREATE DATABASE {name}"))?;
        session::note(POSTGRESQL.name, None);
        Ok(Self {
            url: on_same_server(url, &name),
            server_url: url.to_owned(),
            _server: server,
        })
    }

    /// What a client connects with.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes it what another one of the same server is. Nobody may be using that
    /// one; whoever uses this one loses the connection.
    pub fn become_copy_of(&self, other: &Self) -> io::Result<()> {
        let (own, template) = (name_in(&self.url), name_in(&other.url));
        self.drop_it()?;
        let sql = format!("CREATE DATABASE {own} TEMPLATE {template}");
        execute(&self.server_url, &sql).map(drop)
    }

    fn drop_it(&self) -> io::Result<()> {
        let sql = format!("DROP DATABASE {} WITH (FORCE)", name_in(&self.url));
        execute(&self.server_url, &sql).map(drop)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.drop_it();
    }
}

/// The server that all databases of this program share.
fn shared() -> io::Result<Arc<Cluster>> {
    static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cluster) = shared.upgrade() {
        return Ok(cluster);
    }
    let cluster = Arc::new(Cluster::start(Durability::Process)?);
    *shared = Arc::downgrade(&cluster);
    Ok(cluster)
}

/// The name of the database in a URL.
fn name_in(url: &str) -> &str {
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    url.rsplit_once('/').map_or("", |(_, name)| name)
}

/// The URL of another database: its path changed.
fn on_same_server(url: &str, database: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgresql", url));
    let (rest, query) = rest
        .split_once('?')
        .map_or((rest, None), |(r, q)| (r, Some(q)));
    let server = rest.split_once('/').map_or(rest, |(server, _)| server);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{server}/{database}{query}")
}

/// Runs SQL with `psql` and returns what it prints: rows in lines, columns with
/// `|` between them. `url` is that of any server, also of one not from here.
pub fn execute(url: &str, sql: &str) -> io::Result<String> {
    let server = program()?;
    let psql = server.with_file_name("psql");
    let mut command = Command::new(&psql);
    command
        .args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
            url,
        ])
        .envs(libraries(&server));
    apt::run(&mut command)
}

/// The server's program, with the others of its kind beside it: on `PATH` there
/// may be a link.
fn program() -> io::Result<PathBuf> {
    POSTGRESQL.find()?.path.canonicalize()
}

/// Makes the cluster.
fn prepare(program: &Path, dir: &Path) -> io::Result<()> {
    if let Some(user) = other_user()? {
        chown(dir, Some(user.0), Some(user.1))?;
    }
    let mut initdb = command(&program.with_file_name("initdb"), program, dir)?;
    initdb
        .args([
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ])
        .arg(format!("--username={USER}"))
        .arg("--pgdata")
        .arg(dir.join("data"));
    apt::run(&mut initdb).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => io::Error::other(format!(
            "{} cannot be run by `nobody`: {error}",
            program.display()
        )),
        _ => error,
    })?;
    Ok(())
}

/// Has a cluster that is not running yet offer TLS, and ask for the password
/// over TCP. It can be turned off with `ALTER SYSTEM`.
fn encrypt(dir: &Path, tls: Tls<'_>) -> io::Result<()> {
    let (certificate, key) = (dir.join("server.crt"), dir.join("server.key"));
    for (path, text) in [(&certificate, tls.certificate), (&key, tls.key)] {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(text.as_bytes())?;
        if let Some((user, group)) = other_user()? {
            chown(path, Some(user), Some(group))?;
        }
    }
    let settings = format!(
        "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\n",
        certificate.display(),
        key.display()
    );
    let data = dir.join("data");
    OpenOptions::new()
        .append(true)
        .open(data.join("postgresql.conf"))?
        .write_all(settings.as_bytes())?;
    let access = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    fs::write(data.join("pg_hba.conf"), access)
}

fn launch(
    program: &Path,
    dir: &Path,
    port: Option<u16>,
    durability: Durability,
) -> io::Result<(Child, Record)> {
    let log = File::create(dir.join("server.log"))?;
    let mark = unique_mark();
    let mut server = command(program, program, dir)?;
    server
        .arg("-D")
        .arg(dir.join("data"))
        .arg("-k")
        .arg(dir)
        .args(["-c", "timezone=UTC"])
        // No files that would stay in /dev/shm when it is killed.
        .args(["-c", "dynamic_shared_memory_type=mmap"])
        .env(MARK, &mark)
        .env(session::SESSION, session::current())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    match port {
        None => server.args(["-c", "listen_addresses="]),
        Some(port) => server
            .args(["-c", "listen_addresses=127.0.0.1", "-p"])
            .arg(port.to_string()),
    };
    if durability == Durability::Process {
        server.args(["-c", "fsync=off", "-c", "full_page_writes=off"]);
    }
    let child = server.spawn()?;
    let record = Record {
        pid: child.id(),
        started: Identity::of(child.id()).map_or(0, |process| process.started),
        mark,
        name: POSTGRESQL.name.to_owned(),
        session: session::current(),
        owner: Identity::own(),
        dir: dir.to_path_buf(),
        about: dir.display().to_string(),
    };
    Ok((child, record))
}

/// A command that runs as whom the server may run.
fn command(run: &Path, server: &Path, dir: &Path) -> io::Result<Command> {
    let mut command = Command::new(run);
    command
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir)
        .env("LC_ALL", "C")
        .envs(libraries(server))
        .current_dir(dir);
    if let Some((user, group)) = other_user()? {
        command.uid(user).gid(group);
    }
    Ok(command)
}

/// User and group to change to, where this runs as root.
fn other_user() -> io::Result<Option<(u32, u32)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    let nobody = User::from_name("nobody")?
        .ok_or_else(|| io::Error::other("this machine has no user `nobody`"))?;
    Ok(Some((nobody.uid.as_raw(), nobody.gid.as_raw())))
}

fn libraries(server: &Path) -> Option<(&'static str, OsString)> {
    let dir = install::libraries(server)?;
    Some(("LD_LIBRARY_PATH", dir.into_os_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_of_the_database_changes_in_a_url() {
        for (url, other) in [
            (
                "postgresql://u@%2Ftmp%2Fx/postgres",
                "postgresql://u@%2Ftmp%2Fx/d",
            ),
            (
                "postgres://u:p@h:5/a?sslmode=x/y",
                "postgres://u:p@h:5/d?sslmode=x/y",
            ),
            ("postgresql://h", "postgresql://h/d"),
        ] {
            assert_eq!(on_same_server(url, "d"), other);
            assert_eq!(name_in(other), "d");
        }
    }
}
