//! What `cargo xtask serve` can be asked for. The task reads it before it builds
//! anything, and the program `serve` of the package `sync-tests` once more.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use lexopt::prelude::*;

/// A service, and how it's to be served.
#[derive(Debug, PartialEq)]
pub enum Service {
    /// The Sync API of Contentstack.
    Contentstack(Contentstack),
    /// The SyncServer.
    Ocss(Ocss),
    /// Simperium.
    Simperium(Simperium),
    /// A route of synctools.
    Synctools(Synctools),
}

/// Options of `contentstack`.
#[derive(Debug, PartialEq)]
pub struct Contentstack {
    /// Where to listen; 0 is a free port.
    pub port: u16,
    /// Items on a page.
    pub page_size: Option<usize>,
    /// Entries and assets.
    pub items: usize,
    /// How long each answer takes.
    pub latency: Duration,
    /// Requests a second.
    pub rate_limit: Option<u32>,
    /// What everything follows from.
    pub seed: Option<u64>,
}

/// Options of `ocss`.
#[derive(Debug, Default, PartialEq)]
pub struct Ocss {
    /// Where to listen; 0 is a free port.
    pub port: u16,
    /// Entries on a page.
    pub page_size: Option<usize>,
    /// No path is where clients take it to be.
    pub moved: bool,
    /// Only what is documented.
    pub strict: bool,
    /// Links as behind a proxy that ends TLS.
    pub https_links: bool,
}

/// Options of `simperium`.
#[derive(Debug, Default, PartialEq)]
pub struct Simperium {
    /// Where to listen; 0 is a free port.
    pub port: u16,
    /// Objects in the bucket `note`.
    pub notes: usize,
    /// How long each answer takes.
    pub latency: Duration,
    /// How long polls wait for a change.
    pub hold: Option<Duration>,
    /// What all chance follows from.
    pub seed: Option<u64>,
}

/// Options of `synctools`.
#[derive(Debug, PartialEq)]
pub struct Synctools {
    /// Where to listen; 0 is a free port.
    pub port: u16,
    /// Products.
    pub rows: usize,
    /// What clients have to know, if it's said.
    pub token: Option<String>,
    /// Clients need no token.
    pub public: bool,
    /// The bytes and the order of Django 2.2.
    pub like_2_2: bool,
}

const SERVICES: &str = "there are contentstack, ocss, simperium and synctools";

impl Service {
    /// Reads the name of a service and its options.
    ///
    /// # Errors
    ///
    /// If there's no such service or option, or a value isn't one of the option.
    pub fn read(mut parser: lexopt::Parser) -> Result<Self, lexopt::Error> {
        let name = match parser.next()? {
            Some(Value(name)) => name.string()?,
            Some(other) => return Err(other.unexpected()),
            None => return Err(format!("which service? {SERVICES}").into()),
        };
        match name.as_str() {
            "contentstack" => contentstack(parser).map(Self::Contentstack),
            "ocss" => ocss(parser).map(Self::Ocss),
            "simperium" => simperium(parser).map(Self::Simperium),
            "synctools" => synctools(parser).map(Self::Synctools),
            other => Err(format!("there is no service `{other}`; {SERVICES}").into()),
        }
    }
}

fn contentstack(mut parser: lexopt::Parser) -> Result<Contentstack, lexopt::Error> {
    let mut asked = Contentstack {
        port: 0,
        page_size: None,
        items: 250,
        latency: Duration::ZERO,
        rate_limit: None,
        seed: None,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => asked.port = value(&mut parser, "port")?,
            Long("page-size") => asked.page_size = Some(value(&mut parser, "page-size")?),
            Long("items") => asked.items = value(&mut parser, "items")?,
            Long("latency-ms") => asked.latency = milliseconds(&mut parser)?,
            Long("rate-limit") => asked.rate_limit = Some(value(&mut parser, "rate-limit")?),
            Long("seed") => asked.seed = Some(value(&mut parser, "seed")?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(asked)
}

fn ocss(mut parser: lexopt::Parser) -> Result<Ocss, lexopt::Error> {
    let mut asked = Ocss::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => asked.port = value(&mut parser, "port")?,
            Long("page-size") => asked.page_size = Some(value(&mut parser, "page-size")?),
            Long("layout") => {
                asked.moved = match parser.value()?.string()?.as_str() {
                    "default" => false,
                    "moved" => true,
                    other => return Err(format!("--layout {other}: default or moved").into()),
                }
            }
            Long("strict") => asked.strict = true,
            Long("https-links") => asked.https_links = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(asked)
}

fn simperium(mut parser: lexopt::Parser) -> Result<Simperium, lexopt::Error> {
    let mut asked = Simperium::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => asked.port = value(&mut parser, "port")?,
            Long("notes") => asked.notes = value(&mut parser, "notes")?,
            Long("latency-ms") => asked.latency = milliseconds(&mut parser)?,
            Long("hold") => {
                let seconds: f64 = value(&mut parser, "hold")?;
                let hold = Duration::try_from_secs_f64(seconds)
                    .map_err(|error| format!("--hold {seconds}: {error}"))?;
                asked.hold = Some(hold);
            }
            Long("seed") => asked.seed = Some(value(&mut parser, "seed")?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(asked)
}

fn synctools(mut parser: lexopt::Parser) -> Result<Synctools, lexopt::Error> {
    let mut asked = Synctools {
        port: 0,
        rows: 1000,
        token: None,
        public: false,
        like_2_2: false,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => asked.port = value(&mut parser, "port")?,
            Long("rows") => asked.rows = value(&mut parser, "rows")?,
            Long("token") => asked.token = Some(parser.value()?.string()?),
            Long("public") => asked.public = true,
            Long("like-2.2") => asked.like_2_2 = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(asked)
}

/// The value of an option; what is wrong with it is said with the option's name.
fn value<T>(parser: &mut lexopt::Parser, option: &str) -> Result<T, lexopt::Error>
where
    T: FromStr<Err: Display>,
{
    let text = parser.value()?.string()?;
    text.parse()
        .map_err(|error| format!("--{option} {text}: {error}").into())
}

fn milliseconds(parser: &mut lexopt::Parser) -> Result<Duration, lexopt::Error> {
    value(parser, "latency-ms").map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Service, String> {
        let parser = lexopt::Parser::from_args(line.split_whitespace());
        Service::read(parser).map_err(|error| error.to_string())
    }

    #[test]
    fn a_service_is_read_with_its_options() {
        let asked = read("simperium --port 8080 --notes 3 --latency-ms 20 --hold 0.5");
        let expected = Simperium {
            port: 8080,
            notes: 3,
            latency: Duration::from_millis(20),
            hold: Some(Duration::from_millis(500)),
            seed: None,
        };
        assert_eq!(asked, Ok(Service::Simperium(expected)));
        for line in [
            "contentstack --port 1 --page-size 2 --items 3 --rate-limit 4 --seed 5",
            "ocss --layout moved --strict --https-links --page-size 7",
            "synctools --rows 3 --token t --public --like-2.2",
        ] {
            assert!(read(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_name() {
        for (line, said) in [
            ("", "which service?"),
            ("nosuch", "no service `nosuch`"),
            ("ocss --port abc", "--port abc: invalid digit"),
            ("simperium --hold -1", "--hold -1: "),
            ("ocss --layout other", "--layout other: default or moved"),
            ("ocss --token t", "invalid option '--token'"),
            ("synctools --rows", "'--rows'"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(said), "{line}: {error}");
        }
    }
}
