//! Finding a peer's program, and fetching it where there is none.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::apt::{self, PrivateApt};
use super::catalogue::{Origin, Peer};
use super::{Found, Missing, VersionNumber, npm};
use crate::workspace;

/// The file that makes an installation count; it holds the program's version.
const VERSION_FILE: &str = "VERSION";

/// The program called `name` on `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
}

/// The peer's program where the machine itself has it.
fn on_machine(peer: &Peer) -> Option<PathBuf> {
    let packaged = match peer.origin {
        Origin::DebianPrograms { path, .. } => Some(Path::new("/").join(path)),
        _ => None,
    };
    on_path(peer.program).or_else(|| packaged.filter(|path| path.is_file()))
}

/// Where the libraries are that were unpacked with a program, below the same
/// folder as its own `usr`; `None` for one of the machine.
pub(crate) fn libraries(program: &Path) -> Option<PathBuf> {
    let usr = program.ancestors().find(|dir| dir.ends_with("usr"))?;
    if usr.parent() == Some(Path::new("/")) {
        return None;
    }
    entry_that(&usr.join("lib"), |name| name.ends_with("-linux-gnu"))
}

/// Looks for a peer: its environment variable, what was installed below the
/// target folder, then `PATH`.
pub(crate) fn find(peer: &Peer) -> Result<Found, Missing> {
    let missing = |reason: String| Missing::new(peer, reason);
    if let Some(value) = env::var_os(peer.env) {
        if value.is_empty() {
            return Err(missing(format!("{} is set to nothing", peer.env)));
        }
        let path = PathBuf::from(value);
        let version = probe(peer, &path)
            .map_err(|why| missing(format!("{} is of no use: {why}", peer.env)))?;
        return Ok(Found { path, version });
    }
    let dir = install_dir(peer);
    if let Ok(text) = fs::read_to_string(dir.join(VERSION_FILE)) {
        return match VersionNumber::find(&text) {
            Some(version) => Ok(Found {
                path: installed_program(peer, &dir),
                version,
            }),
            None => Err(missing(format!("{} is damaged", dir.display()))),
        };
    }
    if matches!(peer.origin, Origin::Python { .. } | Origin::Npm { .. }) {
        return Err(missing("not installed".to_owned()));
    }
    match on_machine(peer) {
        Some(path) => probe(peer, &path)
            .map(|version| Found { path, version })
            .map_err(|why| missing(format!("not installed; of the machine {why}"))),
        None => Err(missing(format!(
            "not installed, and no `{}` on PATH",
            peer.program
        ))),
    }
}

/// Fetches a peer, whether or not there is one already.
pub(crate) fn install(peer: &Peer) -> io::Result<Found> {
    match peer.origin {
        Origin::DebianSuite { package, suite, .. } => staged(peer, |dir| {
            let apt = PrivateApt::update(&workspace::peers_dir().join("apt"))?;
            apt.unpack(package, suite, dir)?;
            probe(peer, &installed_program(peer, dir)).map_err(io::Error::other)
        }),
        Origin::DebianClosure {
            package,
            suite,
            path,
            arguments,
            without,
        } => staged(peer, |dir| {
            let apt = PrivateApt::update(&workspace::peers_dir().join("apt"))?;
            apt.unpack_closure(package, suite, without, dir)?;
            let script = installed_program(peer, dir);
            fs::write(&script, starter(dir, path, arguments)?)?;
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
            probe(peer, &script).map_err(io::Error::other)
        }),
        Origin::DebianPrograms {
            package,
            suite,
            without,
            ..
        } => staged(peer, |dir| {
            let apt = PrivateApt::update(&workspace::peers_dir().join("apt"))?;
            apt.unpack_closure(package, suite, without, dir)?;
            probe(peer, &installed_program(peer, dir)).map_err(io::Error::other)
        }),
        Origin::Python { packages } => staged(peer, |dir| {
            eprintln!("fetching {} from the Python registry", packages.join(", "));
            apt::run(
                Command::new(peer.program)
                    .args(["-m", "venv"])
                    .arg(dir.join("venv")),
            )?;
            let python = installed_program(peer, dir);
            apt::run(
                Command::new(&python)
                    .args(["-m", "pip", "install", "--quiet"])
                    .args(["--disable-pip-version-check"])
                    .args(packages),
            )?;
            probe(peer, &python).map_err(io::Error::other)
        }),
        Origin::Npm {
            packages,
            overrides,
        } => staged(peer, |dir| {
            let node = npm::install(packages, overrides, dir)?;
            probe(peer, &node).map_err(io::Error::other)
        }),
        Origin::Machine { package } => {
            if !nix::unistd::geteuid().is_root() || on_path("apt-get").is_none() {
                return Err(io::Error::other(format!(
                    "a program of the machine: install it with `apt-get install {package}`"
                )));
            }
            eprintln!("installing {package} with apt-get");
            let apt_get = |arguments: &[&str]| {
                apt::run(
                    Command::new("apt-get")
                        .args(arguments)
                        .env("DEBIAN_FRONTEND", "noninteractive"),
                )
            };
            apt_get(&["-q", "update"])?;
            apt_get(&["-q", "-y", "--no-install-recommends", "install", package])?;
            find(peer).map_err(io::Error::other)
        }
    }
}

/// Fills a new folder and moves it into place once it works, so that an
/// interrupted installation never counts as one.
fn staged(peer: &Peer, fill: impl FnOnce(&Path) -> io::Result<VersionNumber>) -> io::Result<Found> {
    let dir = install_dir(peer);
    let staging = dir.with_file_name(format!("{}.part-{}", peer.id(), std::process::id()));
    remove_dir(&staging)?;
    fs::create_dir_all(&staging)?;
    let placed = fill(&staging).and_then(|version| {
        fs::write(staging.join(VERSION_FILE), version.to_string())?;
        remove_dir(&dir)?;
        fs::rename(&staging, &dir)?;
        Ok(version)
    });
    match placed {
        Ok(version) => Ok(Found {
            path: installed_program(peer, &dir),
            version,
        }),
        Err(error) => {
            remove_dir(&staging)?;
            Err(error)
        }
    }
}

fn remove_dir(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn install_dir(peer: &Peer) -> PathBuf {
    workspace::peers_dir().join("installed").join(peer.id())
}

fn installed_program(peer: &Peer, dir: &Path) -> PathBuf {
    match peer.origin {
        Origin::DebianSuite { path, .. } | Origin::DebianPrograms { path, .. } => dir.join(path),
        Origin::Machine { .. } | Origin::DebianClosure { .. } => dir.join(peer.program),
        Origin::Python { .. } => dir.join("venv/bin/python"),
        Origin::Npm { .. } => npm::program(dir),
    }
}

/// A script that runs `path` below its own folder with the loader and the
/// libraries that were unpacked there.
fn starter(dir: &Path, path: &str, arguments: &str) -> io::Result<String> {
    let lib = dir.join("usr/lib");
    let libraries = entry_that(&lib, |name| name.ends_with("-linux-gnu"));
    let loader = [dir.join("usr/lib64"), lib]
        .iter()
        .find_map(|dir| entry_that(dir, |name| name.starts_with("ld-linux")));
    let (Some(libraries), Some(loader)) = (libraries, loader) else {
        return Err(io::Error::other("the packages hold no C library"));
    };
    let below = |path: PathBuf| -> String {
        let path = path.strip_prefix(dir).unwrap_or(&path);
        path.display().to_string()
    };
    Ok(format!(
        "#!/bin/sh\n\
         root=$(dirname \"$(readlink -f \"$0\")\")\n\
         exec \"$root/{}\" --library-path \"$root/{}\" \"$root/{path}\" {arguments} \"$@\"\n",
        below(loader),
        below(libraries),
    ))
}

fn entry_that(dir: &Path, is_it: impl Fn(&str) -> bool) -> Option<PathBuf> {
    fs::read_dir(dir)
        .ok()?
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_str().is_some_and(&is_it))
        .map(|entry| entry.path())
}

/// Asks the program its version, and sees that it's the wanted one.
fn probe(peer: &Peer, program: &Path) -> Result<VersionNumber, String> {
    let mut command = Command::new(program);
    match peer.origin {
        Origin::Python { packages } => {
            let package = packages
                .first()
                .and_then(|p| p.split("==").next())
                .unwrap_or("");
            command.args([
                "-c",
                "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))",
                package,
            ]);
        }
        Origin::Npm { packages, .. } => {
            command.args(npm::version_of(packages));
        }
        _ => {
            command.arg("--version");
        }
    }
    if let Some(libraries) = libraries(program) {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    // wrk prints its version with exit code 1, so only the text counts.
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = VersionNumber::find(&text)
        .ok_or_else(|| format!("{} doesn't tell its version", program.display()))?;
    match peer.version {
        Some((major, minor)) if (version.major, version.minor) != (major, minor) => Err(format!(
            "{} is version {version}, not {major}.{minor}",
            program.display()
        )),
        _ => Ok(version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::catalogue::SYNCTHING_1_19;

    fn script(name: &str, text: &str) -> PathBuf {
        let path = env::temp_dir().join(format!("xtask-{}-{name}", std::process::id()));
        fs::write(&path, format!("#!/bin/sh\necho '{text}'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    #[test]
    fn a_program_of_another_version_is_not_the_peer() {
        let right = script("right", "syncthing v1.19.2-ds1 x");
        let wrong = script("wrong", "syncthing v1.29.5 x");
        let mute = script("mute", "hello");
        assert_eq!(probe(&SYNCTHING_1_19, &right).unwrap().patch, 2);
        let why = probe(&SYNCTHING_1_19, &wrong).unwrap_err();
        assert!(why.ends_with("is version 1.29.5, not 1.19"), "{why}");
        assert!(probe(&SYNCTHING_1_19, &mute).is_err());
        for path in [right, wrong, mute] {
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn an_installation_that_fails_half_way_leaves_nothing_behind() {
        let peer = Peer {
            name: "half a peer",
            ..SYNCTHING_1_19
        };
        let mut staging = None;
        let failed = staged(&peer, |dir| {
            fs::write(dir.join("half"), "")?;
            staging = Some(dir.to_path_buf());
            Err(io::Error::other("cut"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "cut");
        assert!(!staging.unwrap().exists());
        assert!(!install_dir(&peer).exists());
    }
}
