//! What was asked for.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;
use simperium::store::ConflictId;
use sync_core::tool::say;

const HELP: &str = "\
Notes that are kept on this device and in step with every other.

Usage: notes --app APP [how to connect] <command>

  list                 all notes, a line each: the key, whether it is synced
                       (* is on its way, ! was refused), and how it begins
  show KEY             the text of a note
  add [TEXT]           a new note; prints its key
  edit KEY [TEXT]      another text for a note. Without TEXT, add and edit open
                       $VISUAL or $EDITOR; with `-` they read standard input
  delete KEY
  watch                what other devices do, until Ctrl-C, which is good
  status               how much there is, and how much is to be sent
  history KEY          the versions that the service keeps of a note
  conflicts            edits that could not all be kept, and what was at stake
      --settle ID        you have seen to this one; may be repeated

A first sync shows how far it is. It can be stopped at any time, and goes on
where it was. Without a connection, notes are read and edited all the same:
edits are sent with the next command that has one. What two devices edited is
merged, letter by letter.

How to connect:
  --app APP            the id of the app
  --url URL            another service than Simperium's, such as that of
                       `cargo xtask serve simperium`
  --user NAME          log in, with the password in SIMPERIUM_PASSWORD and the
                       app's key in SIMPERIUM_API_KEY. Without it an access token
                       is taken from SIMPERIUM_TOKEN
  --token-file FILE    or from a file
  --bucket NAME        `note` by default
  --db FILE            where the notes are kept, `notes.db` by default. One
                       program at a time can have it open
  --wait SECONDS       how long to wait for the service, 10 by default
  --offline            do not even try

Exit codes: 0 good, 1 the answer is no, 2 wrong usage, 3 failed.
";

pub(crate) struct Args {
    pub(crate) connect: Connect,
    pub(crate) command: Command,
}

pub(crate) enum Command {
    List,
    Show { key: String },
    Add { text: Option<String> },
    Edit { key: String, text: Option<String> },
    Delete { key: String },
    Watch,
    Status,
    History { key: String },
    Conflicts { settle: Vec<ConflictId> },
}

pub(crate) struct Connect {
    pub(crate) app: String,
    pub(crate) url: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) bucket: String,
    pub(crate) db: PathBuf,
    pub(crate) wait: Duration,
    pub(crate) offline: bool,
}

impl Args {
    /// `None` when help was asked for and given.
    pub(crate) fn read() -> Result<Option<Self>, lexopt::Error> {
        let mut parser = lexopt::Parser::from_env();
        let mut app = None;
        let mut connect = Connect {
            app: String::new(),
            url: None,
            user: None,
            token_file: None,
            bucket: "note".to_owned(),
            db: "notes.db".into(),
            wait: Duration::from_secs(10),
            offline: false,
        };
        let mut settle = Vec::new();
        let mut words: Vec<String> = Vec::new();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("help") | Short('h') => {
                    say!("{}", HELP.trim_end());
                    return Ok(None);
                }
                Long("app") => app = Some(parser.value()?.string()?),
                Long("url") => connect.url = Some(parser.value()?.string()?),
                Long("user") => connect.user = Some(parser.value()?.string()?),
                Long("token-file") => connect.token_file = Some(parser.value()?.into()),
                Long("bucket") => connect.bucket = parser.value()?.string()?,
                Long("db") => connect.db = parser.value()?.into(),
                Long("wait") => connect.wait = Duration::from_secs(parser.value()?.parse()?),
                Long("offline") => connect.offline = true,
                Long("settle") if words.first().is_some_and(|word| word == "conflicts") => {
                    settle.push(ConflictId(parser.value()?.parse()?));
                }
                Value(word) => words.push(word.string()?),
                other => return Err(other.unexpected()),
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let key = |key: &str| key.to_owned();
        // Words need no quotes.
        let text = |words: &[&str]| (!words.is_empty()).then(|| words.join(" "));
        let command = match &words[..] {
            ["list"] => Command::List,
            ["show", of] => Command::Show { key: key(of) },
            ["add", rest @ ..] => Command::Add { text: text(rest) },
            ["edit", of, rest @ ..] => Command::Edit {
                key: key(of),
                text: text(rest),
            },
            ["delete", of] => Command::Delete { key: key(of) },
            ["watch"] => Command::Watch,
            ["status"] => Command::Status,
            ["history", of] => Command::History { key: key(of) },
            ["conflicts"] => Command::Conflicts { settle },
            ["show" | "edit" | "delete" | "history"] => {
                return Err(format!("{}: which note?", words[0]).into());
            }
            [
                "list" | "show" | "delete" | "watch" | "status" | "history" | "conflicts",
                ..,
                word,
            ] => return Err(format!("what is {word:?} for?").into()),
            [other, ..] => return Err(format!("there is no command {other:?}").into()),
            [] => return Err("name a command".into()),
        };
        connect.app = app.ok_or("say which --app")?;
        Ok(Some(Self { connect, command }))
    }
}
