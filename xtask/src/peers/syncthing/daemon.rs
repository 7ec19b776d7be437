//! A running daemon, and how to be unkind to it.

use std::env;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Version;
use super::builder::Builder;
use super::http::{self, Answer, Endpoint};
use crate::peers::process::{self, Identity, Signal};
use crate::peers::registry::{MARK, Record, Registry, unique_mark};
use crate::peers::session;

/// How often something that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long a daemon that is asked to end may take; then it's killed.
const END_WITHIN: Duration = Duration::from_secs(20);

/// A Syncthing daemon in a home of its own, listening on loopback only and
/// calling nobody. Dropping it ends its processes and removes its home.
pub struct Daemon {
    pub(super) version: Version,
    pub(super) program: PathBuf,
    pub(super) dir: PathBuf,
    pub(super) config: PathBuf,
    pub(super) endpoint: Endpoint,
    pub(super) listen: SocketAddr,
    pub(super) tls: bool,
    pub(super) monitored: bool,
    pub(super) detached: bool,
    /// Not ended when dropped.
    pub(super) kept: bool,
    pub(super) api_key: String,
    pub(super) device_id: String,
    pub(super) env: Vec<(String, String)>,
    pub(super) ready_within: Duration,
    pub(super) running: Option<(Child, Record)>,
}

impl Daemon {
    /// Sets up a daemon.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Which version it is.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The base of the REST API, without a slash at the end: `http://127.0.0.1:1234`;
    /// `http://localhost` when it listens on a [unix socket](Self::unix_socket).
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        match &self.endpoint {
            Endpoint::Tcp(address) => format!("{scheme}://{address}"),
            Endpoint::Unix(_) => format!("{scheme}://localhost"),
        }
    }

    /// The unix socket of the REST API, if it was asked for.
    pub fn unix_socket(&self) -> Option<&Path> {
        match &self.endpoint {
            Endpoint::Unix(path) => Some(path),
            Endpoint::Tcp(_) => None,
        }
    }

    /// The key for the header `X-API-Key`, fresh for every daemon.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Its device ID in eight groups of seven.
    pub fn device_id(&self) -> &str {
        &self.device_id
    }

    /// Where other devices reach it: `tcp://127.0.0.1:<port>`.
    pub fn listen_address(&self) -> String {
        format!("tcp://{}", self.listen)
    }

    /// Its home, with `config.xml`, `cert.pem`, `https-cert.pem` and the database.
    pub fn home(&self) -> &Path {
        self.config.parent().unwrap_or(&self.dir)
    }

    /// Its `config.xml`.
    pub fn config_path(&self) -> &Path {
        &self.config
    }

    /// A folder for whatever the test shares; gone with the daemon.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The process that was started, the parent of the one that does the work
    /// (Syncthing runs as two also with `--no-restart`). `None` while nothing runs.
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|(child, _)| child.id())
    }

    /// Its living processes, oldest first: the parent, then the daemon itself.
    pub fn pids(&self) -> Vec<u32> {
        self.processes().iter().map(|process| process.pid).collect()
    }

    fn processes(&self) -> Vec<Identity> {
        self.running
            .as_ref()
            .map_or_else(Vec::new, |(_, record)| record.processes())
    }

    /// The process that does the work: the youngest.
    fn worker(&self) -> io::Result<Identity> {
        self.processes()
            .pop()
            .ok_or_else(|| io::Error::other(format!("{} is not running", self.version)))
    }

    /// Starts it in its old home with its old ports; returns once it's
    /// [ready](Self::wait_ready). Does nothing but wait if it runs already.
    pub fn start_again(&mut self) -> io::Result<()> {
        if !self.pids().is_empty() {
            return self.wait_ready();
        }
        self.reap();
        // A socket file that outlives its daemon would be in the way.
        if let Endpoint::Unix(path) = &self.endpoint {
            let _ = fs::remove_file(path);
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path())?;
        let mark = unique_mark();
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .arg(format!("--home={}", self.home().display()))
            .arg("--no-browser");
        if !self.monitored {
            command.arg("--no-restart");
        }
        self.clean_env(&mut command);
        command
            .envs(self.env.iter().map(|(key, value)| (key, value)))
            .env(MARK, &mark)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command.spawn()?;
        let record = Record {
            pid: child.id(),
            started: Identity::of(child.id()).map_or(0, |process| process.started),
            mark,
            name: self.version.to_string(),
            session: if self.detached {
                String::new()
            } else {
                session::current()
            },
            owner: Identity::own().filter(|_| !self.detached),
            dir: self.dir.clone(),
            about: match self.unix_socket() {
                Some(socket) => socket.display().to_string(),
                None => self.url(),
            },
        };
        let recorded = Registry::default().add(&record);
        self.running = Some((child, record));
        recorded?;
        session::note(self.version.peer().name, None);
        self.wait_ready()
    }

    /// Ends it as an operator would, and starts it again.
    pub fn restart(&mut self) -> io::Result<()> {
        self.terminate()?;
        self.start_again()
    }

    /// Waits until the API answers with the key. Fails with the end of the log
    /// when the daemon ends or the time given to the builder is over.
    pub fn wait_ready(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        loop {
            if self.answers() {
                return Ok(());
            }
            let over = begun.elapsed() > self.ready_within;
            let exited = match &mut self.running {
                Some((child, _)) => child.try_wait()?.map(|status| status.to_string()),
                None => Some("never started".to_owned()),
            };
            let why = match exited {
                Some(status) => format!("ended ({status})"),
                None if over => format!("doesn't answer after {:?}", self.ready_within),
                None => {
                    thread::sleep(LOOK_EVERY);
                    continue;
                }
            };
            return Err(io::Error::other(format!(
                "{} {why}; its log ends with:\n{}",
                self.version,
                self.log_tail(20)
            )));
        }
    }

    /// Whether the API answers right now. Over TLS, where nothing but a
    /// handshake tells more, the redirect of plain HTTP counts.
    fn answers(&self) -> bool {
        let expected = if self.tls { 307 } else { 200 };
        self.send("GET", "/rest/system/ping", "", Duration::from_secs(5))
            .is_ok_and(|answer| answer.status == expected)
    }

    /// Asks the API over a path of its own, to look behind the client under
    /// test: `request("GET", "/rest/system/status", "")`. Not over TLS.
    pub fn request(&self, method: &str, path: &str, body: &str) -> io::Result<Answer> {
        self.send(method, path, body, Duration::from_secs(60))
    }

    fn send(&self, method: &str, path: &str, body: &str, limit: Duration) -> io::Result<Answer> {
        http::exchange(&self.endpoint, method, path, &self.api_key, body, limit)
    }

    /// Asks it to end (SIGTERM) and waits; kills what is left after 20 s.
    pub fn terminate(&mut self) -> io::Result<()> {
        if let Some((_, record)) = &self.running {
            let leader = Identity {
                pid: record.pid,
                started: record.started,
            };
            // A monitor passes it on and waits for its daemon.
            leader.signal(Signal::Terminate);
            let begun = Instant::now();
            while record.is_running() && begun.elapsed() < END_WITHIN {
                thread::sleep(LOOK_EVERY);
            }
        }
        self.kill()
    }

    /// Ends all its processes with SIGKILL, as a crash of the machine would, and
    /// waits until they are gone.
    pub fn kill(&mut self) -> io::Result<()> {
        if let Some((_, record)) = &self.running {
            process::end_all(|| record.processes(), Duration::ZERO);
            if record.is_running() {
                return Err(io::Error::other(format!("{} can't be ended", self.version)));
            }
        }
        self.reap();
        Ok(())
    }

    /// Kills the daemon's own process but not its parent, and waits until it is
    /// gone. A [monitor](Builder::monitored) then starts another.
    pub fn kill_worker(&self) -> io::Result<()> {
        let worker = self.tell_worker(Signal::Kill)?;
        self.wait_for(|| !worker.is_alive())
    }

    /// Stops the daemon's own process (SIGSTOP) and waits until it stands still:
    /// its connections stay open and nothing is answered, until [`thaw`](Self::thaw).
    pub fn freeze(&self) -> io::Result<()> {
        let worker = self.tell_worker(Signal::Stop)?;
        self.wait_for(|| worker.is_stopped())
    }

    /// Lets a frozen daemon go on.
    pub fn thaw(&self) -> io::Result<()> {
        self.tell_worker(Signal::Continue).map(drop)
    }

    fn tell_worker(&self, signal: Signal) -> io::Result<Identity> {
        let worker = self.worker()?;
        if worker.signal(signal) {
            Ok(worker)
        } else {
            Err(io::Error::other(format!("{} is gone", self.version)))
        }
    }

    /// Waits for what the kernel does within moments.
    fn wait_for(&self, done: impl Fn() -> bool) -> io::Result<()> {
        let begun = Instant::now();
        while !done() {
            if begun.elapsed() > END_WITHIN {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("{} doesn't take a signal", self.version),
                ));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Waits until the process that was started has ended by itself, as after a
    /// shutdown through the API. `None` when it still runs after `limit`.
    pub fn wait_exit(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let begun = Instant::now();
        let Some((child, _)) = &mut self.running else {
            return Err(io::Error::other(format!("{} is not running", self.version)));
        };
        loop {
            match child.try_wait()? {
                Some(status) => return Ok(Some(status)),
                None if begun.elapsed() > limit => return Ok(None),
                None => thread::sleep(LOOK_EVERY),
            }
        }
    }

    /// Forgets processes that are gone, and their record.
    fn reap(&mut self) {
        if let Some((mut child, record)) = self.running.take() {
            let _ = child.wait();
            Registry::default().remove(&record);
        }
    }

    /// What it has logged, over all its starts.
    pub fn log_path(&self) -> PathBuf {
        self.dir.join("daemon.log")
    }

    /// The last lines of its log.
    pub fn log_tail(&self, lines: usize) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let all: Vec<&str> = log.lines().collect();
        all.get(all.len().saturating_sub(lines)..)
            .unwrap_or(&[])
            .join("\n")
    }

    pub(super) fn met_a_taken_port(&self) -> bool {
        self.log_tail(usize::MAX).contains("address already in use")
    }

    /// An environment that nothing of the machine or its user leaks into.
    pub(super) fn clean_env(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.dir)
            .env("LC_ALL", "C")
            // Spares 1.19 half a second of measuring its hash functions.
            .env("STHASHING", "standard")
            .env("STNODEFAULTFOLDER", "1")
            .env("STNOUPGRADE", "1");
        if !self.detached {
            command.env(session::SESSION, session::current());
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !self.kept {
            let _ = self.kill();
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

impl fmt::Debug for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the key.
        f.debug_struct("Daemon")
            .field("version", &self.version)
            .field("url", &self.url())
            .field("home", &self.home())
            .field("pids", &self.pids())
            .finish_non_exhaustive()
    }
}
