//! The project on one database, which does what it is told.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use xtask::peers::{DJANGO_2_2, DJANGO_5_2, Peer};

use super::{Database, TOKEN, project_file};
use crate::Result;

/// The versions that the project runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Django {
    /// The newest that the synctool's server side runs on as it is.
    V2_2,
    /// The newest that its client runs on.
    V5_2,
}

impl Django {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V2_2, Self::V5_2];

    /// Where it comes from.
    pub const fn peer(self) -> &'static Peer {
        match self {
            Self::V2_2 => &DJANGO_2_2,
            Self::V5_2 => &DJANGO_5_2,
        }
    }

    /// Whether a test can go on; it is counted as skipped where not.
    ///
    /// # Errors
    ///
    /// When all peers are required.
    pub fn present_or_skip(self) -> Result<bool> {
        Ok(self.peer().program_or_skip()?.is_some())
    }

    /// A program within the project, on a database.
    ///
    /// # Errors
    ///
    /// When there is no such Django.
    pub fn command(self, program: &Path, database: &Database) -> Result<Command> {
        let mut command = Command::new(self.peer().find()?.path);
        command
            .arg(program)
            .env("SITE_DATABASE", database.place())
            .env("SITE_MEDIA", database.media())
            .env("SITE_TOKEN", TOKEN)
            .env("DJANGO_SETTINGS_MODULE", "project.settings")
            .env("PYTHONPATH", project_file(""))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SYNCTOOL_VERBOSITY", "0")
            .env("NO_PROXY", "127.0.0.1");
        Ok(command)
    }
}

/// A program that has the project loaded. It ends with this value.
#[derive(Debug)]
pub struct Project {
    django: Django,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Project {
    /// The project on a database, which may be without tables.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn on(django: Django, database: &Database) -> Result<Self> {
        let mut child = django
            .command(&project_file("driver.py"), database)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the project has no input or output".into());
        };
        Ok(Self {
            django,
            child,
            input,
            output: BufReader::new(output),
        })
    }

    /// The project on an empty database, which gets its tables.
    ///
    /// # Errors
    ///
    /// As [`on`](Self::on).
    pub fn new(django: Django, database: &Database) -> Result<Self> {
        let mut project = Self::on(django, database)?;
        project.ask(json!({"do": "migrate"}))?;
        Ok(project)
    }

    /// The same with rows in the tables of some apps.
    ///
    /// # Errors
    ///
    /// As [`on`](Self::on).
    pub fn filled(django: Django, database: &Database, apps: &[&str]) -> Result<Self> {
        let mut project = Self::new(django, database)?;
        for app in apps {
            project.ask(json!({"do": "fill", "app": app}))?;
        }
        Ok(project)
    }

    /// Tells the project to do something; what it answers. Waits for it without
    /// giving way.
    ///
    /// # Errors
    ///
    /// What went wrong there, or that it has ended.
    pub fn ask(&mut self, request: Value) -> Result<Value> {
        writeln!(self.input, "{request}")?;
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(format!("the project has ended: {:?}", self.child.wait()?).into());
        }
        let mut answer: Value = serde_json::from_str(&line)?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(error.into()),
            None => Ok(answer["ok"].take()),
        }
    }

    /// All rows of some apps, value by value as Django reads them.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn rows(&mut self, apps: &[&str]) -> Result<Value> {
        self.ask(json!({"do": "rows", "apps_of": apps}))
    }

    /// The same, with what is lost on the wire taken away: all below
    /// milliseconds, and the `NULL` of files.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn rows_as_sent(&mut self, apps: &[&str]) -> Result<Value> {
        self.ask(json!({"do": "rows", "apps_of": apps, "sent": true}))
    }

    /// Everything that is in the database, of all tables.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn contents(&mut self) -> Result<Value> {
        self.ask(json!({"do": "contents"}))
    }

    /// Runs SQL, and has the rows of the last statement.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn sql(&mut self, statements: &[&str]) -> Result<Value> {
        self.ask(json!({"do": "sql", "statements": statements}))
    }

    /// Sees that every foreign key leads somewhere.
    ///
    /// # Errors
    ///
    /// When one doesn't.
    pub fn check(&mut self) -> Result<()> {
        self.ask(json!({"do": "check"})).map(drop)
    }

    /// What Django's serializer makes of all rows of some apps, in the order of
    /// `Route.app`.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn serialize(&mut self, apps: &[&str], folder: &Path) -> Result<Vec<u8>> {
        let to = folder.join("serialized.json");
        self.ask(json!({"do": "serialize", "apps_of": apps, "to": to}))?;
        Ok(std::fs::read(to)?)
    }

    /// Has Django load what it is given, its own way.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn load(&mut self, body: &[u8], folder: &Path) -> Result<()> {
        let path = folder.join("to-load.json");
        std::fs::write(&path, body)?;
        self.ask(json!({"do": "loaddata", "path": path})).map(drop)
    }

    /// Which Django it runs on.
    pub fn django(&self) -> Django {
        self.django
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program within the project, as somebody at a shell would; what it
/// prints.
pub(super) fn output(mut command: Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("{:?} failed ({})", command.get_program(), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

impl Django {
    /// What the crate's script says of the project's models.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub fn exported_schema(self, database: &Database, apps: &[&str]) -> Result<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .with_file_name("crates")
            .join("synctools/scripts/export_schema.py");
        let mut command = self.command(&script, database)?;
        command.args(apps);
        output(command)
    }
}
