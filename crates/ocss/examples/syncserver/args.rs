//! What was asked for.

use std::path::{Path, PathBuf};

use lexopt::prelude::*;
use ocss::SyncServerAuth;
use sync_core::tool::say;

const HELP: &str = "\
A SyncServer from the command line.

Usage: syncserver [options] <command>

Commands:
  phones                    vendors, and how many models each has
  models VENDOR             the models of a vendor
  detect NUMBER             the model of a phone, by its number; exit code 1 without one
  invite NUMBER             ask the owner of a phone to show it, and wait for that;
                            exit code 1 if it was not shown
  clients                   the clients of all kinds
  contents STORE            the contents of a datastore
  changes STORE SINCE       what happened to them since then, and where to go on
  get STORE ID              the data of a content
  put STORE FILE TYPE       store the data of a file
  rm STORE ID               delete a content
  bindings                  which clients are bound
  bind SOURCE TARGET        bind two clients
  setup CLIENT PINCODE      send the settings to a phone
  sync CLIENT               begin a sync with a phone

Options:
  --url URL                 the service, by default https://api.obexcode.com/v2/
  --auth FILE               four lines: consumer key and secret, access key and secret
  --plaintext               sign as the service's documentation shows it
  --discover                ask the service where things are
  --dataclass CLASS         of contents and put: only, or as, this category

Exit codes: 0 good, 1 the answer is no, 2 wrong usage, 3 failed.
";

#[derive(Default)]
pub(crate) struct Args {
    pub(crate) url: Option<String>,
    pub(crate) auth: Option<PathBuf>,
    pub(crate) plaintext: bool,
    pub(crate) discover: bool,
    pub(crate) dataclass: Option<String>,
    /// One of the commands, and as many words as it has.
    pub(crate) command: Vec<String>,
}

/// The commands, with what they need to be told.
const COMMANDS: &[(&str, &[&str])] = &[
    ("phones", &[]),
    ("models", &["VENDOR"]),
    ("detect", &["NUMBER"]),
    ("invite", &["NUMBER"]),
    ("clients", &[]),
    ("contents", &["STORE"]),
    ("changes", &["STORE", "SINCE"]),
    ("get", &["STORE", "ID"]),
    ("put", &["STORE", "FILE", "TYPE"]),
    ("rm", &["STORE", "ID"]),
    ("bindings", &[]),
    ("bind", &["SOURCE", "TARGET"]),
    ("setup", &["CLIENT", "PINCODE"]),
    ("sync", &["CLIENT"]),
];

impl Args {
    /// `None` when help was asked for and given.
    pub(crate) fn read() -> Result<Option<Self>, lexopt::Error> {
        let mut found = Self::default();
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("help") | Short('h') => {
                    say!("{}", HELP.trim_end());
                    return Ok(None);
                }
                Long("url") => found.url = Some(parser.value()?.string()?),
                Long("auth") => found.auth = Some(parser.value()?.into()),
                Long("plaintext") => found.plaintext = true,
                Long("discover") => found.discover = true,
                Long("dataclass") => found.dataclass = Some(parser.value()?.string()?),
                Value(word) => found.command.push(word.string()?),
                other => return Err(other.unexpected()),
            }
        }
        let Some((name, words)) = found.command.split_first() else {
            return Err("name a command".into());
        };
        let Some((_, needed)) = COMMANDS.iter().find(|(command, _)| command == name) else {
            return Err(format!("there is no command {name:?}").into());
        };
        if let Some(word) = words.get(needed.len()) {
            return Err(format!("what is {word:?} for?").into());
        }
        if words.len() < needed.len() {
            return Err(format!("{name}: say {}", needed.join(" ")).into());
        }
        Ok(Some(found))
    }
}

/// Four lines of a file that nobody else should be able to read.
pub(crate) fn keys(file: &Path) -> crate::Result<SyncServerAuth> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    match lines[..] {
        [consumer_key, consumer_secret, access_key, access_secret, ..] => Ok(SyncServerAuth::new(
            consumer_key,
            consumer_secret,
            access_key,
            access_secret,
        )),
        _ => Err(format!("{} has not four lines", file.display()).into()),
    }
}
