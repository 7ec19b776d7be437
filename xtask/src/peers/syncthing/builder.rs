//! What a daemon is to be like, and its first start.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Version;
use super::config::{self, Settings};
use super::daemon::Daemon;
use super::http::Endpoint;
use crate::peers::apt;
use crate::peers::registry::{sweep_orphans_once, temp_dir};

/// Ports are free when they are chosen and may be taken when the daemon wants
/// them; so often is it tried again with others.
const TRIES: u32 = 5;

/// Sets up a [`Daemon`]; made by [`Daemon::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    version: Version,
    program: Option<PathBuf>,
    tls: bool,
    unix_socket: bool,
    monitored: bool,
    detached: bool,
    login: Option<(String, String)>,
    env: Vec<(String, String)>,
    ready_within: Duration,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            version: Version::V1_29,
            program: None,
            tls: false,
            unix_socket: false,
            monitored: false,
            detached: false,
            login: None,
            env: Vec::new(),
            ready_within: Duration::from_secs(60),
        }
    }
}

impl Builder {
    /// Which version is started; by default the newest.
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// A program to use instead of the installed one of that version.
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// HTTPS with the certificate the daemon makes (`https-cert.pem` in its
    /// home). Plain HTTP is then answered with 307. Off by default.
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// The REST API on a unix socket instead of a port. Off by default.
    pub fn unix_socket(mut self, unix_socket: bool) -> Self {
        self.unix_socket = unix_socket;
        self
    }

    /// With Syncthing's monitor process, which starts the daemon again after a
    /// crash or a restart through the API. Off by default (`--no-restart`): the
    /// daemon then ends, and [`Daemon::start_again`] brings it back.
    pub fn monitored(mut self, monitored: bool) -> Self {
        self.monitored = monitored;
        self
    }

    /// Not ended when the value is dropped, nor with the run of xtask, but by
    /// `cargo xtask peers stop`. Off by default.
    pub fn detached(mut self, detached: bool) -> Self {
        self.detached = detached;
        self
    }

    /// User and password of the GUI. None by default.
    pub fn login(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.login = Some((user.into(), password.into()));
        self
    }

    /// One more variable for the daemon, which otherwise gets a clean environment.
    pub fn env(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// How long a start may take until the API answers; 60 s by default.
    pub fn ready_within(mut self, limit: Duration) -> Self {
        self.ready_within = limit;
        self
    }

    /// Generates a home, starts the daemon and returns once its API answers.
    ///
    /// Fails with [`io::ErrorKind::NotFound`] when there is no such daemon, and
    /// with the end of the daemon's log when it doesn't come up.
    pub fn start(self) -> io::Result<Daemon> {
        sweep_orphans_once();
        let program = match &self.program {
            Some(program) => program.clone(),
            None => self.version.find()?.path,
        };
        let mut tries = 0;
        loop {
            tries += 1;
            let mut daemon = self.prepare(&program)?;
            match daemon.start_again() {
                Ok(()) if !daemon.met_a_taken_port() => {
                    daemon.kept = self.detached;
                    return Ok(daemon);
                }
                Err(error) if tries == TRIES || !daemon.met_a_taken_port() => return Err(error),
                Ok(()) if tries == TRIES => {
                    return Err(io::Error::new(
                        io::ErrorKind::AddrInUse,
                        format!("no free port in {TRIES} tries"),
                    ));
                }
                // A new home with new ports; the old one goes with its value.
                _ => drop(daemon),
            }
        }
    }

    /// A daemon with a home, not yet started.
    fn prepare(&self, program: &Path) -> io::Result<Daemon> {
        let dir = temp_dir()?;
        let home = dir.join("home");
        let gui = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut daemon = Daemon {
            version: self.version,
            program: program.to_path_buf(),
            config: home.join("config.xml"),
            endpoint: if self.unix_socket {
                Endpoint::Unix(dir.join("gui.sock"))
            } else {
                Endpoint::Tcp(gui.local_addr()?)
            },
            listen: listen.local_addr()?,
            tls: self.tls,
            monitored: self.monitored,
            detached: self.detached,
            kept: false,
            api_key: String::new(),
            device_id: String::new(),
            env: self.env.clone(),
            ready_within: self.ready_within,
            running: None,
            dir,
        };
        let mut generate = Command::new(program);
        generate
            .arg("generate")
            .arg(format!("--home={}", home.display()))
            .args(["--no-default-folder", "--skip-port-probing"]);
        if let Some((user, password)) = &self.login {
            generate.arg(format!("--gui-user={user}"));
            generate.arg(format!("--gui-password={password}"));
        }
        daemon.clean_env(&mut generate);
        apt::run(&mut generate)?;

        let generated = fs::read_to_string(&daemon.config)?;
        let gui_address = match &daemon.endpoint {
            Endpoint::Tcp(address) => address.to_string(),
            Endpoint::Unix(path) => path.display().to_string(),
        };
        let prepared = config::prepare(
            &generated,
            &Settings {
                gui_address: &gui_address,
                tls: self.tls,
                listen_address: &daemon.listen_address(),
            },
        )?;
        let lacks = |what: &str| io::Error::other(format!("the configuration has no {what}"));
        daemon.api_key = config::api_key(&prepared).ok_or_else(|| lacks("API key"))?;
        daemon.device_id = config::device_id(&prepared).ok_or_else(|| lacks("device"))?;
        fs::write(&daemon.config, prepared)?;
        // Held until here, so that two daemons set up at once get other ports.
        drop((gui, listen));
        Ok(daemon)
    }
}
