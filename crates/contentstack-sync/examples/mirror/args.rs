//! What was asked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use contentstack_sync::model::ObjectKind;
use contentstack_sync::query::{Condition, Direction};
use contentstack_sync::{Region, Secret, Stack};
use lexopt::prelude::*;

use crate::filter;
use sync_core::tool::say;

const HELP: &str = "\
A local copy of a Contentstack environment.

Usage: mirror [--db FILE] [how to connect] <command>

Commands that ask the service:
  pull                      bring the mirror up to date; stop it with Ctrl-C or
                            kill it at any time: the next pull goes on from there
      --assets DIR            download the files of assets too
      --schemas               fetch the content types too, which tell what is a file
      --sharded               a first pull of all content types at the same time
      --resync                all from the beginning
  watch                     pull again and again, until Ctrl-C
      --interval SECONDS      60 by default
      --assets, --schemas     as with pull
  verify                    compare with a fresh sync; exit code 1 if they differ

Commands that only read the mirror, and need no keys:
  status                    what is in it, and how far it is
  query TYPE                entries of a content type, one line of JSON each
      --locale L --fallback L
      --where CONDITION       FIELD=VALUE, also != < <= > >=; FIELD~REGEX; FIELD
                              (is there), !FIELD; may be repeated, and all must hold
      --uid UID --url URL --tag TAG
      --sort FIELD            --sort -FIELD for the largest first; may be repeated
      --skip N --limit N --count
      --include N             references, N deep
      --include-assets        assets in the place of their uids
      --only A,B --except A,B
  uses entry|asset UID      what refers to it
  export                    everything, one line of JSON each

How to connect:
  --keys FILE               a file of two lines: the API key and the delivery token
                            of the environment. Without it they come from the
                            environment variables CONTENTSTACK_API_KEY and
                            CONTENTSTACK_DELIVERY_TOKEN
  --environment NAME        or CONTENTSTACK_ENVIRONMENT
  --region REGION           na (default), eu, au, azure-na, azure-eu, gcp-na, gcp-eu
  --branch BRANCH
  --host URL                another address than the region's
  --db FILE                 the mirror, contentstack.db by default

Exit codes: 0 good, 1 the answer is no, 2 wrong usage, 3 failed, 130 stopped.
";

pub(crate) struct Args {
    pub(crate) connect: Connect,
    pub(crate) command: Command,
}

pub(crate) enum Command {
    Pull(Pull),
    Watch { interval: Duration, what: Pull },
    Verify,
    Status,
    Query(Box<Query>),
    Uses { kind: ObjectKind, uid: String },
    Export,
}

#[derive(Default)]
pub(crate) struct Pull {
    pub(crate) assets: Option<PathBuf>,
    pub(crate) schemas: bool,
    pub(crate) sharded: bool,
    pub(crate) resync: bool,
}

#[derive(Default)]
pub(crate) struct Query {
    pub(crate) content_type: String,
    pub(crate) locale: Option<String>,
    pub(crate) fallback: Vec<String>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) uid: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) sort: Vec<(String, Direction)>,
    pub(crate) skip: usize,
    pub(crate) limit: Option<usize>,
    pub(crate) count: bool,
    pub(crate) include: usize,
    pub(crate) include_assets: bool,
    pub(crate) only: Vec<String>,
    pub(crate) except: Vec<String>,
}

pub(crate) struct Connect {
    pub(crate) db: PathBuf,
    keys: Option<PathBuf>,
    environment: Option<String>,
    region: Region,
    branch: Option<String>,
    host: Option<String>,
}

impl Args {
    /// `None` when help was asked for and given.
    pub(crate) fn read() -> Result<Option<Self>, lexopt::Error> {
        let mut parser = lexopt::Parser::from_env();
        let mut connect = Connect {
            db: "contentstack.db".into(),
            keys: None,
            environment: None,
            region: Region::default(),
            branch: None,
            host: None,
        };
        let (mut pull, mut query) = (Pull::default(), Query::default());
        let mut interval = Duration::from_secs(60);
        let mut name: Option<String> = None;
        let mut rest = Vec::new();
        while let Some(arg) = parser.next()? {
            let command = name.as_deref().unwrap_or_default();
            let (pulls, queries) = (matches!(command, "pull" | "watch"), command == "query");
            match arg {
                Long("help") | Short('h') => {
                    say!("{}", HELP.trim_end());
                    return Ok(None);
                }
                Long("db") => connect.db = parser.value()?.into(),
                Long("keys") => connect.keys = Some(parser.value()?.into()),
                Long("environment") => connect.environment = Some(parser.value()?.string()?),
                Long("region") => connect.region = parser.value()?.parse()?,
                Long("branch") => connect.branch = Some(parser.value()?.string()?),
                Long("host") => connect.host = Some(parser.value()?.string()?),
                Long("assets") if pulls => pull.assets = Some(parser.value()?.into()),
                Long("schemas") if pulls => pull.schemas = true,
                Long("sharded") if command == "pull" => pull.sharded = true,
                Long("resync") if command == "pull" => pull.resync = true,
                Long("interval") if command == "watch" => {
                    interval = Duration::from_secs(parser.value()?.parse()?);
                }
                Long(option) if queries => {
                    let option = option.to_owned();
                    query.option(&option, &mut parser)?;
                }
                Value(word) if name.is_none() => name = Some(word.string()?),
                Value(word) => rest.push(word.string()?),
                other => return Err(other.unexpected()),
            }
        }
        let words: Vec<&str> = rest.iter().map(String::as_str).collect();
        let command = match (name.as_deref(), &words[..]) {
            (Some("pull"), []) => Command::Pull(pull),
            (Some("watch"), []) => Command::Watch {
                interval,
                what: pull,
            },
            (Some("verify"), []) => Command::Verify,
            (Some("status"), []) => Command::Status,
            (Some("query"), [content_type]) => {
                query.content_type = (*content_type).to_owned();
                Command::Query(Box::new(query))
            }
            (Some("query"), _) => return Err("query: name one content type".into()),
            (Some("uses"), [kind @ ("entry" | "asset"), uid]) => Command::Uses {
                kind: match *kind {
                    "entry" => ObjectKind::Entry,
                    _ => ObjectKind::Asset,
                },
                uid: (*uid).to_owned(),
            },
            (Some("uses"), _) => return Err("uses: say entry or asset, and its uid".into()),
            (Some("export"), []) => Command::Export,
            (Some("pull" | "watch" | "verify" | "status" | "export"), [word, ..]) => {
                return Err(format!("what is {word:?} for?").into());
            }
            (Some(other), _) => return Err(format!("there is no command {other:?}").into()),
            (None, _) => return Err("name a command".into()),
        };
        Ok(Some(Self { connect, command }))
    }
}

impl Query {
    fn option(&mut self, option: &str, parser: &mut lexopt::Parser) -> Result<(), lexopt::Error> {
        let list = |text: String| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        match option {
            "locale" => self.locale = Some(parser.value()?.string()?),
            "fallback" => self.fallback.extend(list(parser.value()?.string()?)),
            "where" => {
                let condition = filter::parse(&parser.value()?.string()?)?;
                self.conditions.push(condition);
            }
            "uid" => self.uid = Some(parser.value()?.string()?),
            "url" => self.url = Some(parser.value()?.string()?),
            "tag" => self.tags.push(parser.value()?.string()?),
            "sort" => {
                let field = parser.value()?.string()?;
                self.sort.push(match field.strip_prefix('-') {
                    Some(field) => (field.to_owned(), Direction::Descending),
                    None => (field, Direction::Ascending),
                });
            }
            "skip" => self.skip = parser.value()?.parse()?,
            "limit" => self.limit = Some(parser.value()?.parse()?),
            "count" => self.count = true,
            "include" => self.include = parser.value()?.parse()?,
            "include-assets" => self.include_assets = true,
            "only" => self.only.extend(list(parser.value()?.string()?)),
            "except" => self.except.extend(list(parser.value()?.string()?)),
            other => return Err(format!("invalid option '--{other}'").into()),
        }
        Ok(())
    }
}

impl Connect {
    pub(crate) fn stack(&self) -> crate::Result<Stack> {
        let [key, token] = self.secrets()?;
        let environment = match &self.environment {
            Some(name) => name.clone(),
            None => variable("CONTENTSTACK_ENVIRONMENT", "--environment")?,
        };
        let mut builder = Stack::builder(key, token, environment).region(self.region);
        if let Some(branch) = &self.branch {
            builder = builder.branch(branch);
        }
        if let Some(host) = &self.host {
            builder = builder.host(host);
        }
        Ok(builder.build()?)
    }

    /// Key and token, from where other users of the machine cannot see them:
    /// the arguments of a process are for all to read.
    fn secrets(&self) -> crate::Result<[Secret<String>; 2]> {
        match &self.keys {
            Some(file) => keys(file),
            None => Ok([
                Secret::new(variable("CONTENTSTACK_API_KEY", "--keys")?),
                Secret::new(variable("CONTENTSTACK_DELIVERY_TOKEN", "--keys")?),
            ]),
        }
    }
}

fn keys(file: &Path) -> crate::Result<[Secret<String>; 2]> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next()) {
        (Some(key), Some(token)) => {
            Ok([Secret::new(key.to_owned()), Secret::new(token.to_owned())])
        }
        _ => Err(format!("{} has not two lines", file.display()).into()),
    }
}

fn variable(name: &str, option: &str) -> crate::Result<String> {
    std::env::var(name).map_err(|_| format!("set {name}, or give {option}").into())
}
