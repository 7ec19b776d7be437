//! Real daemons: started, hurt, started again and ended.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use xtask::peers::syncthing::{Daemon, Version};
use xtask::peers::{Registry, Scope};

/// Runs `test` with every version that is here.
fn with_each(test: impl Fn(Version) -> io::Result<()>) -> io::Result<()> {
    for &version in Version::ALL {
        if version.present_or_skip()? {
            test(version)?;
        }
    }
    Ok(())
}

fn is_running(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}/exe")).exists()
}

#[test]
fn a_killed_daemon_comes_back_with_its_home_and_ends_with_its_value() -> io::Result<()> {
    with_each(|version| {
        let mut daemon = Daemon::builder().version(version).start()?;
        let (url, id) = (daemon.url(), daemon.device_id().to_owned());
        let first = daemon.pid().unwrap();

        daemon.kill()?;
        assert!(!is_running(first));
        assert_eq!(daemon.pids(), [0_u32; 0]);
        assert!(daemon.request("GET", "/rest/system/ping", "").is_err());

        daemon.start_again()?;
        assert_eq!(daemon.url(), url);
        let status = daemon.request("GET", "/rest/system/status", "")?;
        assert_eq!(status.status, 200);
        assert!(status.body.contains(&id), "{}", status.body);

        let second = daemon.pid().unwrap();
        assert_ne!(first, second);
        let dir = daemon.dir().to_path_buf();
        drop(daemon);
        assert!(!is_running(second));
        assert!(!dir.exists());
        assert_eq!(Registry::default().records(Scope::Pid(second)), []);
        Ok(())
    })
}

#[test]
fn a_monitor_restarts_its_daemon_and_both_end() -> io::Result<()> {
    with_each(|version| {
        let mut daemon = Daemon::builder().version(version).monitored(true).start()?;
        let before = daemon.pids();
        assert_eq!(before.len(), 2, "{before:?}");
        assert_eq!(before.first().copied(), daemon.pid());

        daemon.kill_worker()?;
        assert!(!is_running(before[1]));
        daemon.wait_ready()?;
        let after = daemon.pids();
        assert_eq!((after.len(), after[0]), (2, before[0]), "{after:?}");
        assert_ne!(after[1], before[1]);

        daemon.terminate()?;
        assert!(!after.iter().any(|&pid| is_running(pid)));
        Ok(())
    })
}

#[test]
fn a_daemon_listens_on_loopback_and_calls_nobody() -> io::Result<()> {
    with_each(|version| {
        let daemon = Daemon::builder().version(version).start()?;
        let options = daemon.request("GET", "/rest/config/options", "")?.body;
        for expected in [
            format!("\"{}\"", daemon.listen_address()),
            "\"globalAnnounceEnabled\": false".to_owned(),
            "\"localAnnounceEnabled\": false".to_owned(),
            "\"relaysEnabled\": false".to_owned(),
            "\"natEnabled\": false".to_owned(),
            "\"urAccepted\": -1".to_owned(),
            "\"crashReportingEnabled\": false".to_owned(),
            "\"autoUpgradeIntervalH\": 0".to_owned(),
        ] {
            assert!(options.contains(&expected), "no {expected} in {options}");
        }
        let folders = daemon.request("GET", "/rest/config/folders", "")?;
        assert_eq!(folders.body.trim(), "[]");
        Ok(())
    })
}

#[test]
fn a_daemon_can_be_had_on_a_unix_socket_with_tls_and_with_a_password() -> io::Result<()> {
    with_each(|version| {
        let builder = || Daemon::builder().version(version);
        let mut unix = builder().unix_socket(true).start()?;
        assert!(unix.unix_socket().is_some_and(Path::exists));
        unix.kill()?;
        unix.start_again()?;
        assert_eq!(unix.request("GET", "/rest/system/ping", "")?.status, 200);

        let tls = builder().tls(true).start()?;
        assert!(tls.url().starts_with("https://127.0.0.1:"));
        assert!(tls.home().join("https-cert.pem").exists());

        let locked = builder().login("anna", "open sesame").start()?;
        let gui = locked.request("GET", "/rest/config/gui", "")?.body;
        assert!(gui.contains("\"user\": \"anna\""), "{gui}");
        Ok(())
    })
}

#[test]
fn a_frozen_daemon_answers_after_it_is_thawed() -> io::Result<()> {
    with_each(|version| {
        let daemon = Daemon::builder().version(version).start()?;
        daemon.freeze()?;
        let worker = daemon.pids().pop().unwrap();
        let stat = std::fs::read_to_string(format!("/proc/{worker}/stat"))?;
        assert!(stat.contains(") T "), "{stat}");
        daemon.thaw()?;
        assert_eq!(daemon.request("GET", "/rest/system/ping", "")?.status, 200);
        Ok(())
    })
}

#[test]
fn a_daemon_shut_down_through_the_api_has_ended_well() -> io::Result<()> {
    with_each(|version| {
        let mut daemon = Daemon::builder().version(version).start()?;
        let answer = daemon.request("POST", "/rest/system/shutdown", "")?;
        assert_eq!(answer.status, 200);
        let status = daemon.wait_exit(Duration::from_secs(60))?;
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
        daemon.start_again()
    })
}

#[test]
fn a_daemon_whose_port_was_taken_says_so() -> io::Result<()> {
    with_each(|version| {
        let mut daemon = Daemon::builder()
            .version(version)
            .ready_within(Duration::from_secs(20))
            .start()?;
        daemon.kill()?;
        let address = daemon.url().replace("http://", "");
        let taken = TcpListener::bind(address)?;
        let error = daemon.start_again().unwrap_err().to_string();
        assert!(error.contains("address already in use"), "{error}");
        drop(taken);
        Ok(())
    })
}

#[test]
fn neither_key_nor_password_is_in_the_debug_output() -> io::Result<()> {
    with_each(|version| {
        let daemon = Daemon::builder().version(version).start()?;
        let debug = format!("{daemon:?}");
        assert!(debug.contains(&daemon.url()), "{debug}");
        assert!(!debug.contains(daemon.api_key()), "{debug}");
        Ok(())
    })
}
