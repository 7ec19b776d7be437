//! Debian packages unpacked into a folder: no root, nothing installed, the
//! machine's own APT state untouched.
//!
//! APT runs with a configuration of its own (state, cache, sources; none of the
//! machine's hooks), checks the archive's signature as always, and the package
//! is unpacked with `dpkg-deb -x`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::fcntl::{Flock, FlockArg};

use super::sources;

/// Suites that peers come from; each carries one syncthing (Debian 12 and 13).
const PEER_SUITES: &[&str] = &["bookworm", "trixie"];

const KEYRINGS: &[&str] = &[
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/// An APT of our own below one folder.
#[derive(Debug)]
pub(crate) struct PrivateApt {
    dir: PathBuf,
    /// Held while this lives: one process at a time uses the folder.
    _lock: Flock<fs::File>,
}

impl PrivateApt {
    /// Writes the configuration below `dir` and fetches the package lists.
    pub(crate) fn update(dir: &Path) -> io::Result<Self> {
        for program in ["apt-get", "apt-config", "dpkg-deb"] {
            if super::install::on_path(program).is_none() {
                return Err(io::Error::other(format!(
                    "this machine has no `{program}`: not a Debian one"
                )));
            }
        }
        for sub in [
            "state/lists/partial",
            "cache/archives/partial",
            "sources",
            "none",
        ] {
            fs::create_dir_all(dir.join(sub))?;
        }
        let file = fs::File::create(dir.join("lock"))?;
        let lock = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| error)?;
        let apt = Self {
            dir: dir.to_path_buf(),
            _lock: lock,
        };
        apt.configure()?;
        eprintln!("fetching the package lists of {}", PEER_SUITES.join(", "));
        run(apt.command("apt-get").args(["-q", "update"]))?;
        // Which succeeds without a network too.
        let mut lists = fs::read_dir(dir.join("state/lists"))?.flatten();
        if !lists.any(|list| list.file_name().to_string_lossy().ends_with("Release")) {
            return Err(io::Error::other(
                "Debian's archive gave no package lists; is there a network?",
            ));
        }
        Ok(apt)
    }

    fn configure(&self) -> io::Result<()> {
        let found = sources::read(Path::new("/etc/apt"));
        let archive = sources::debian_archive(&found).ok_or_else(|| {
            io::Error::other("no Debian archive among this machine's APT sources")
        })?;
        let keyring = KEYRINGS.iter().copied().find(|k| Path::new(k).exists());
        let stanza = sources::stanza(archive, PEER_SUITES, keyring);
        fs::write(self.dir.join("sources/peers.sources"), stanza)?;
        fs::write(self.dir.join("status"), "")?;

        let machine = Command::new("apt-config").arg("dump").output()?;
        let network: String = String::from_utf8_lossy(&machine.stdout)
            .lines()
            .filter(|line| is_network_setting(line))
            .map(|line| format!("{line}\n"))
            .collect();
        let dir = self.dir.display();
        // The machine's apt.conf.d is left out: its hooks act on the machine.
        let config = format!(
            "Dir::State \"{dir}/state\";\n\
             Dir::State::status \"{dir}/status\";\n\
             Dir::Cache \"{dir}/cache\";\n\
             Dir::Log \"{dir}/state\";\n\
             Dir::Etc::main \"/dev/null\";\n\
             Dir::Etc::parts \"{dir}/none\";\n\
             Dir::Etc::sourcelist \"/dev/null\";\n\
             Dir::Etc::sourceparts \"{dir}/sources\";\n\
             Dir::Etc::preferences \"/dev/null\";\n\
             Dir::Etc::preferencesparts \"{dir}/none\";\n\
             APT::Sandbox::User \"root\";\n\
             Acquire::Languages \"none\";\n\
             Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
             {network}"
        );
        fs::write(self.dir.join("apt.conf"), config)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("APT_CONFIG", self.dir.join("apt.conf"))
            .env("LC_ALL", "C")
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// Downloads `package` of `suite` and unpacks it below `into`, which must exist.
    pub(crate) fn unpack(&self, package: &str, suite: &str, into: &Path) -> io::Result<()> {
        self.unpack_all(&[package.to_owned()], suite, into)
    }

    /// Like [`unpack`](Self::unpack), with everything the package depends on,
    /// except packages whose names start with one of `without`.
    pub(crate) fn unpack_closure(
        &self,
        package: &str,
        suite: &str,
        without: &[&str],
        into: &Path,
    ) -> io::Result<()> {
        // Nothing counts as installed (see `status`), so this names everything.
        let simulated = run(self
            .command("apt-get")
            .args(["-q", "--simulate", "--no-install-recommends"])
            .args(["--target-release", suite, "install", package]))?;
        let mut packages = to_be_installed(&simulated);
        packages.retain(|name| !without.iter().any(|start| name.starts_with(start)));
        self.unpack_all(&packages, suite, into)
    }

    fn unpack_all(&self, packages: &[String], suite: &str, into: &Path) -> io::Result<()> {
        match packages {
            [one] => eprintln!("fetching {one} of {suite}"),
            many => eprintln!("fetching {} packages of {suite}", many.len()),
        }
        let debs = into.join("debs");
        fs::create_dir(&debs)?;
        run(self
            .command("apt-get")
            .args(["-q", "--target-release", suite, "download"])
            .args(packages)
            .current_dir(&debs))?;
        for deb in fs::read_dir(&debs)? {
            run(Command::new("dpkg-deb")
                .arg("-x")
                .arg(deb?.path())
                .arg(into))?;
        }
        fs::remove_dir_all(debs)
    }
}

/// The packages that `apt-get --simulate install` would install.
fn to_be_installed(simulated: &str) -> Vec<String> {
    simulated
        .lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// Proxies, retries and the like: needed to reach the archive, harmless otherwise.
fn is_network_setting(line: &str) -> bool {
    [
        "Acquire::http::",
        "Acquire::https::",
        "Acquire::Retries",
        "Acquire::ForceIPv",
    ]
    .iter()
    .any(|prefix| line.starts_with(prefix))
}

/// Runs a command quietly and returns what it printed. When it fails, that is
/// the error.
pub(crate) fn run(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().collect();
    let last = lines.get(lines.len().saturating_sub(8)..).unwrap_or(&[]);
    Err(io::Error::other(format!(
        "`{}` failed ({}):\n{}",
        command.get_program().to_string_lossy(),
        output.status,
        last.join("\n")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_of_the_network_are_taken_from_the_machine() {
        assert!(is_network_setting(
            "Acquire::http::Proxy \"http://127.0.0.1:1\";"
        ));
        assert!(is_network_setting("Acquire::Retries \"3\";"));
        assert!(!is_network_setting("APT::Update::Post-Invoke:: \"rm x\";"));
        assert!(!is_network_setting("Acquire::IndexTargets::deb::X \"y\";"));
    }

    #[test]
    fn what_apt_would_install_is_read_from_its_simulation() {
        let simulated = "Reading package lists...\n\
                         Inst libc6 (2.41-12 Debian:13.4/stable [amd64]) []\n\
                         Inst rustc (1.85.1 Debian:13.4/stable [amd64])\n\
                         Conf libc6 (2.41-12 Debian:13.4/stable [amd64])\n";
        assert_eq!(to_be_installed(simulated), ["libc6", "rustc"]);
    }

    #[test]
    fn a_failed_command_says_what_it_printed() {
        let error = run(Command::new("sh").args(["-c", "echo why; exit 3"])).unwrap_err();
        assert!(error.to_string().contains("why"), "{error}");
        assert!(error.to_string().contains('3'), "{error}");
    }
}
