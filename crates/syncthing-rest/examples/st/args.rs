//! What was asked for.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;
use sync_core::tool::say;
use syncthing_rest::model::{DeviceId, EventType, FolderId};
use syncthing_rest::{Client, ClientBuilder, Secret};

const HELP: &str = "\
A small tool for a Syncthing daemon.

Usage: st [how to connect] <command>

Commands:
  status                    the daemon, its folders and devices
  folders                   the folders, with ID, path and devices
  errors [FOLDER...]        what the daemon complains about; exit code 1 if it does
  pending                   devices and folders that wait for a decision
  watch                     what happens, as it happens
      --types A,B             only these types of events
      --disk                  only changes of files
      --cursor FILE           go on where the last watch with this file ended
      --debug                 with all data
  wait [FOLDER...]          wait until all folders (or these) are in sync everywhere
      --device ID             with this device only; may be repeated
      --here                  on this device only
      --scan                  scan first
      --timeout SECONDS       give up then; exit code 1
      --keep                  do not give up on what somebody else may mend
  scan FOLDER [PATH...]     scan a folder, or some paths of it
  pause FOLDER...           pause folders
  resume FOLDER...          resume folders
  restart                   restart the daemon and wait until it is back
      --timeout SECONDS       by default 60

How to connect (by default as the configuration of this user's daemon says):
  --home DIR                the directory with the daemon's config.xml
  --url URL                 another address, for example http://127.0.0.1:8384;
                            the key comes from --api-key-file, or from the
                            environment variable STGUIAPIKEY
  --api-key-file FILE       a file with nothing but the key
  --trust FILE              the certificate that an https address shows
  --host NAME               the Host header to send, for tunnels

Exit codes: 0 good, 1 the answer is no, 2 wrong usage, 3 a call failed.
";

pub(crate) struct Args {
    pub(crate) connect: Connect,
    pub(crate) command: Command,
}

pub(crate) enum Command {
    Status,
    Folders,
    Errors(Vec<FolderId>),
    Pending,
    Watch(Watch),
    Wait(Wait),
    Scan {
        folder: FolderId,
        paths: Vec<String>,
    },
    Pause(Vec<FolderId>),
    Resume(Vec<FolderId>),
    Restart(Option<Duration>),
}

#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) types: Vec<EventType>,
    pub(crate) disk: bool,
    pub(crate) cursor: Option<PathBuf>,
    pub(crate) debug: bool,
}

#[derive(Default)]
pub(crate) struct Wait {
    pub(crate) folders: Vec<FolderId>,
    pub(crate) devices: Vec<DeviceId>,
    pub(crate) here: bool,
    pub(crate) scan: bool,
    pub(crate) keep: bool,
    pub(crate) timeout: Option<Duration>,
}

#[derive(Default)]
pub(crate) struct Connect {
    home: Option<PathBuf>,
    url: Option<String>,
    key_file: Option<PathBuf>,
    trust: Option<PathBuf>,
    host: Option<String>,
}

impl Args {
    /// `None` when help was asked for and given.
    pub(crate) fn read() -> Result<Option<Self>, lexopt::Error> {
        let mut parser = lexopt::Parser::from_env();
        let mut connect = Connect::default();
        let (mut watch, mut wait) = (Watch::default(), Wait::default());
        let mut name = None;
        let mut rest = Vec::new();
        while let Some(arg) = parser.next()? {
            let command = name.as_deref().unwrap_or_default();
            match arg {
                Long("help") | Short('h') => {
                    say!("{}", HELP.trim_end());
                    return Ok(None);
                }
                Long("home") => connect.home = Some(parser.value()?.into()),
                Long("url") => connect.url = Some(parser.value()?.string()?),
                Long("api-key-file") => connect.key_file = Some(parser.value()?.into()),
                Long("trust") => connect.trust = Some(parser.value()?.into()),
                Long("host") => connect.host = Some(parser.value()?.string()?),
                Long("types") if command == "watch" => {
                    let names = parser.value()?.string()?;
                    watch.types.extend(names.split(',').map(EventType::from));
                }
                Long("disk") if command == "watch" => watch.disk = true,
                Long("debug") if command == "watch" => watch.debug = true,
                Long("cursor") if command == "watch" => watch.cursor = Some(parser.value()?.into()),
                Long("device") if command == "wait" => wait.devices.push(parser.value()?.parse()?),
                Long("here") if command == "wait" => wait.here = true,
                Long("scan") if command == "wait" => wait.scan = true,
                Long("keep") if command == "wait" => wait.keep = true,
                Long("timeout") if matches!(command, "wait" | "restart") => {
                    wait.timeout = Some(Duration::from_secs(parser.value()?.parse()?));
                }
                Value(word) if name.is_none() => name = Some(word.string()?),
                Value(word) => rest.push(word.string()?),
                other => return Err(other.unexpected()),
            }
        }
        let command = command(name.as_deref(), rest, watch, wait)?;
        Ok(Some(Self { connect, command }))
    }
}

fn command(
    name: Option<&str>,
    rest: Vec<String>,
    watch: Watch,
    mut wait: Wait,
) -> Result<Command, lexopt::Error> {
    let folders = || {
        rest.iter()
            .map(|id| FolderId::from(id.as_str()))
            .collect::<Vec<_>>()
    };
    let needs_folder = || match rest.is_empty() {
        true => Err(lexopt::Error::from("name a folder, by its ID")),
        false => Ok(folders()),
    };
    let command = match name {
        Some("status") => Command::Status,
        Some("folders") => Command::Folders,
        Some("errors") => return Ok(Command::Errors(folders())),
        Some("pending") => Command::Pending,
        Some("watch") => Command::Watch(watch),
        Some("wait") => {
            wait.folders = folders();
            return Ok(Command::Wait(wait));
        }
        Some("scan") => {
            let folder = needs_folder()?.swap_remove(0);
            let paths = rest.into_iter().skip(1).collect();
            return Ok(Command::Scan { folder, paths });
        }
        Some("pause") => return needs_folder().map(Command::Pause),
        Some("resume") => return needs_folder().map(Command::Resume),
        Some("restart") => Command::Restart(wait.timeout),
        Some(other) => return Err(format!("there is no command {other:?}").into()),
        None => return Err("name a command".into()),
    };
    match rest.first() {
        Some(word) => Err(format!("what is {word:?} for?").into()),
        None => Ok(command),
    }
}

impl Connect {
    pub(crate) fn client(self) -> crate::Result<Client> {
        let mut builder = match (self.url, self.home) {
            (Some(_), Some(_)) => return Err("give either --url or --home".into()),
            (Some(url), None) => Client::builder(url).api_key(key(self.key_file)?),
            (None, Some(home)) => {
                ClientBuilder::from_home(&syncthing_rest::discover::Home::read(home)?)?
            }
            (None, None) => ClientBuilder::from_home(&syncthing_rest::discover::Home::find()?)?,
        };
        if let Some(file) = self.trust {
            builder = builder.trust_certificate_file(file);
        }
        if let Some(host) = self.host {
            builder = builder.host_header(host);
        }
        Ok(builder.build()?)
    }
}

/// The key, from where other users of the machine cannot see it: the arguments
/// of a process are for all to read.
fn key(file: Option<PathBuf>) -> crate::Result<Secret<String>> {
    match file {
        Some(file) => {
            let text = std::fs::read_to_string(&file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            Ok(Secret::new(text.trim().to_owned()))
        }
        None => std::env::var("STGUIAPIKEY")
            .map(Secret::new)
            .map_err(|_| "with --url, a key is needed: --api-key-file, or STGUIAPIKEY".into()),
    }
}
