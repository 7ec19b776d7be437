//! What was asked for.

use std::net::SocketAddr;
use std::path::PathBuf;

use lexopt::prelude::*;
use sync_core::tool::say;
use synctools::store::{Clean, OnReferenced};
use synctools::{Label, Secret};

const HELP: &str = "\
Tables of a Django site, over HTTP, from one database into another.

Usage: synctool [--db FILE | --postgres URL] --schema FILE <command>

Commands:
  serve [PATH=LABEL...]     serve apps or models, each at a path; without any, every
                            app at its own name
      --listen ADDRESS        127.0.0.1:8000 by default
      --prefix PATH           what is before the paths, /sync/ by default
      --public                to everybody, without a token
      --django2               letters outside ASCII escaped, as Django up to 3.0 does
      --declared              models in the order in which Django sends them
  sync PATH...              bring what the server has at these paths into the database,
                            each in one transaction; stop it with Ctrl-C or kill it at
                            any time: a path is in the database as a whole or not at all
      --clean MODE            what to do with rows that the server does not have: no
                            (default), stale (remove them, of the models that came),
                            before (as stale, and every field as the server has it)
      --tables A.M,B.N        remove them of these models, also if nothing came
      --on-referenced HOW     when rows that stay need them: restrict (default: fail),
                            set-null, cascade
      --max-delete PERCENT    fail if more of a table would be removed
      --no-reset              leave the sequences alone
      --defaults              fields that did not come get their defaults
      --skip-unknown          leave out models and fields that the schema does not have
      --nan                   take NaN and Infinity
      --lines                 ask for one object per line
      --dry-run               do it, say what it did, and take it back
      --state FILE            remember what the server answered, and ask only for changes
      --media URL=DIR         download images from there to here
      --all-images            those of whole tables, not only of the rows that came
  check PATH...             say how the database differs from the server, and change
                            nothing; exit code 1 if it does
  images MODEL FIELD        download the images that the database names
      --media URL=DIR

How to reach the server (sync, check, images):
  --url URL                 the endpoint, or SYNCTOOL_CLIENT_ENDPOINT; a PATH may also
                            be a whole URL
  --public                  it wants no token
  --redirects               follow redirects to other hosts, without the token

The token:
  --token-file FILE         a file with nothing but the token. Without it serve takes
                            SYNCTOOL_API_TOKEN, and the others SYNCTOOL_CLIENT_TOKEN,
                            from the environment

The database:
  --db FILE                 a SQLite file with the tables that Django made
  --postgres URL            postgres://user@host/name (feature postgres; with postgres-tls
                            also ?sslmode=require)
  --postgres-roots FILE     encrypted, and with a certificate of these authorities (PEM),
                            not of the system's
  --schema FILE             the models, as scripts/export_schema.py prints them

Exit codes: 0 good, 1 the answer is no, 2 wrong usage, 3 failed, 130 stopped.
";

pub(crate) struct Args {
    pub(crate) place: Place,
    pub(crate) token: Option<Secret<String>>,
    pub(crate) public: bool,
    pub(crate) command: Command,
}

/// The database.
#[derive(Default)]
pub(crate) struct Place {
    pub(crate) db: Option<PathBuf>,
    pub(crate) postgres: Option<String>,
    pub(crate) postgres_roots: Option<PathBuf>,
    pub(crate) schema: Option<PathBuf>,
}

pub(crate) enum Command {
    Serve(Serve),
    Sync(Sync),
    Check(Sync),
    Images {
        sync: Sync,
        model: String,
        field: String,
    },
}

pub(crate) struct Serve {
    pub(crate) listen: SocketAddr,
    pub(crate) prefix: String,
    pub(crate) django2: bool,
    pub(crate) declared: bool,
    /// Paths with labels.
    pub(crate) apps: Vec<(String, String)>,
}

/// What sync, check and images have in common.
#[derive(Default)]
pub(crate) struct Sync {
    pub(crate) url: Option<String>,
    pub(crate) redirects: bool,
    pub(crate) paths: Vec<String>,
    pub(crate) clean: Clean,
    pub(crate) on_referenced: OnReferenced,
    pub(crate) max_delete: Option<f64>,
    pub(crate) no_reset: bool,
    pub(crate) defaults: bool,
    pub(crate) skip_unknown: bool,
    pub(crate) nan: bool,
    pub(crate) lines: bool,
    pub(crate) dry_run: bool,
    pub(crate) state: Option<PathBuf>,
    pub(crate) media: Option<(String, PathBuf)>,
    pub(crate) all_images: bool,
}

impl Args {
    /// `None` when help was asked for and given.
    pub(crate) fn read() -> Result<Option<Self>, lexopt::Error> {
        let mut parser = lexopt::Parser::from_env();
        let (mut place, mut sync) = (Place::default(), Sync::default());
        let mut serve = Serve {
            listen: ([127, 0, 0, 1], 8000).into(),
            prefix: "/sync/".to_owned(),
            django2: false,
            declared: false,
            apps: Vec::new(),
        };
        let (mut token, mut public) = (None, false);
        let mut name: Option<String> = None;
        let mut words = Vec::new();
        while let Some(arg) = parser.next()? {
            let command = name.as_deref().unwrap_or_default();
            let asks = matches!(command, "sync" | "check" | "images" | "");
            match arg {
                Long("help") | Short('h') => {
                    say!("{}", HELP.trim_end());
                    return Ok(None);
                }
                Long("db") => place.db = Some(parser.value()?.into()),
                Long("postgres") => place.postgres = Some(parser.value()?.string()?),
                Long("postgres-roots") => place.postgres_roots = Some(parser.value()?.into()),
                Long("schema") => place.schema = Some(parser.value()?.into()),
                Long("token-file") => token = Some(read_token(&PathBuf::from(parser.value()?))?),
                Long("public") => public = true,
                Long("listen") if command == "serve" => serve.listen = parser.value()?.parse()?,
                Long("prefix") if command == "serve" => serve.prefix = parser.value()?.string()?,
                Long("django2") if command == "serve" => serve.django2 = true,
                Long("declared") if command == "serve" => serve.declared = true,
                Long(option) if asks => {
                    let option = option.to_owned();
                    sync.option(&option, &mut parser)?;
                }
                Value(word) if name.is_none() => name = Some(word.string()?),
                Value(word) => words.push(word.string()?),
                other => return Err(other.unexpected()),
            }
        }
        let command = match (name.as_deref(), &words[..]) {
            (Some("serve"), apps) => {
                for app in apps {
                    let (path, label) = app.split_once('=').unwrap_or((app, app));
                    serve.apps.push((path.to_owned(), label.to_owned()));
                }
                Command::Serve(serve)
            }
            (Some("images"), [model, field]) => Command::Images {
                sync,
                model: model.clone(),
                field: field.clone(),
            },
            (Some("images"), _) => return Err("images: name a model and a field".into()),
            (Some(command @ ("sync" | "check")), []) => {
                return Err(format!("{command}: name at least one path").into());
            }
            (Some("sync"), _) => {
                sync.paths = words;
                Command::Sync(sync)
            }
            (Some("check"), _) => {
                sync.paths = words;
                Command::Check(sync)
            }
            (Some(other), _) => return Err(format!("there is no command {other:?}").into()),
            (None, _) => return Err("name a command".into()),
        };
        Ok(Some(Self {
            place,
            token,
            public,
            command,
        }))
    }
}

impl Sync {
    fn option(&mut self, option: &str, parser: &mut lexopt::Parser) -> Result<(), lexopt::Error> {
        match option {
            "url" => self.url = Some(parser.value()?.string()?),
            "redirects" => self.redirects = true,
            "clean" => {
                self.clean = match parser.value()?.string()?.as_str() {
                    "no" => Clean::No,
                    "stale" => Clean::Stale,
                    "before" => Clean::Before,
                    other => return Err(format!("--clean {other}: no, stale or before").into()),
                }
            }
            "tables" => {
                let labels = parser.value()?.string()?;
                let labels: Result<Vec<Label>, _> = labels.split(',').map(str::parse).collect();
                self.clean = Clean::Tables(labels.map_err(|error| error.to_string())?);
            }
            "on-referenced" => {
                self.on_referenced = match parser.value()?.string()?.as_str() {
                    "restrict" => OnReferenced::Restrict,
                    "set-null" => OnReferenced::SetNull,
                    "cascade" => OnReferenced::Cascade,
                    other => {
                        let text =
                            format!("--on-referenced {other}: restrict, set-null or cascade");
                        return Err(text.into());
                    }
                }
            }
            "max-delete" => {
                let percent: f64 = parser.value()?.parse()?;
                self.max_delete = Some(percent / 100.0);
            }
            "no-reset" => self.no_reset = true,
            "defaults" => self.defaults = true,
            "skip-unknown" => self.skip_unknown = true,
            "nan" => self.nan = true,
            "lines" => self.lines = true,
            "dry-run" => self.dry_run = true,
            "state" => self.state = Some(parser.value()?.into()),
            "media" => {
                let media = parser.value()?.string()?;
                // The URL may have a `=` of its own, and a folder seldom has.
                let Some((url, folder)) = media.rsplit_once('=') else {
                    return Err("--media URL=DIR".into());
                };
                self.media = Some((url.to_owned(), folder.into()));
            }
            "all-images" => self.all_images = true,
            other => return Err(format!("invalid option '--{other}'").into()),
        }
        Ok(())
    }
}

fn read_token(path: &std::path::Path) -> Result<Secret<String>, lexopt::Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Secret::new(text.trim().to_owned())),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}
