//! A SyncServer from the command line.
//!
//! ```text
//! cargo run -p ocss --example syncserver -- --url http://127.0.0.1:8080/v2/ --auth keys.txt clients
//! ```

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;
use ocss::api::{Client, ContentCollection};
use ocss::model::Detection;
use ocss::oauth1::SignatureMethod;
use ocss::{OcssErrorExt as _, Paths, SyncServerApi, SyncServerAuth};

const HELP: &str = "\
Usage: syncserver [options] COMMAND

  phones                       vendors, and how many models each has
  models VENDOR                the models of a vendor
  detect NUMBER                the model of a phone, by its number
  invite NUMBER                ask the owner of a phone to show it, and wait for that
  clients                      the clients of all kinds
  contents STORE               the contents of a datastore
  changes STORE SINCE          what happened to them since then, and where to go on
  get STORE ID                 the data of a content
  put STORE FILE TYPE          store the data of a file
  rm STORE ID                  delete a content
  bindings                     which clients are bound
  bind SOURCE TARGET           bind two clients
  setup CLIENT PINCODE         send the settings to a phone
  sync CLIENT                  begin a sync with a phone

Options:
  --url URL                    the service (default: https://api.obexcode.com/v2/)
  --auth FILE                  four lines: consumer key and secret, access key and secret
  --plaintext                  sign as the service's documentation shows it
  --discover                   ask the service where things are
  --dataclass CLASS            of contents and put: only, or as, this category
";

type Failure = Box<dyn std::error::Error>;

struct Arguments {
    url: Option<String>,
    auth: Option<PathBuf>,
    plaintext: bool,
    discover: bool,
    dataclass: Option<String>,
    command: Vec<String>,
}

fn arguments() -> Result<Arguments, lexopt::Error> {
    let mut found = Arguments {
        url: None,
        auth: None,
        plaintext: false,
        discover: false,
        dataclass: None,
        command: Vec::new(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("url") => found.url = Some(parser.value()?.string()?),
            Long("auth") => found.auth = Some(parser.value()?.into()),
            Long("plaintext") => found.plaintext = true,
            Long("discover") => found.discover = true,
            Long("dataclass") => found.dataclass = Some(parser.value()?.string()?),
            Short('h') | Long("help") => found.command = vec![String::from("help")],
            Value(value) => found.command.push(value.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(found)
}

/// Four lines of a file that nobody else should be able to read.
fn keys(file: &Path) -> Result<SyncServerAuth, Failure> {
    let text = std::fs::read_to_string(file)?;
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

fn connect(arguments: &Arguments) -> Result<SyncServerApi, Failure> {
    let mut builder = SyncServerApi::builder();
    if let Some(url) = &arguments.url {
        builder = builder.base_url(url);
    }
    if let Some(file) = &arguments.auth {
        builder = builder.auth(keys(file)?);
    }
    if arguments.plaintext {
        builder = builder.signature(SignatureMethod::Plaintext);
    }
    if arguments.discover {
        builder = builder.paths(Paths::Discover);
    }
    Ok(builder.build()?)
}

async fn contents(api: &SyncServerApi, store: &str) -> Result<ContentCollection, Failure> {
    Ok(api.clients().datastore().get(store).await?.contents())
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let command: Vec<&str> = arguments.command.iter().map(String::as_str).collect();
    if let [] | ["help"] = command[..] {
        write!(out, "{HELP}")?;
        return Ok(());
    }
    let api = connect(arguments)?;
    let clients = api.clients();
    match command[..] {
        ["phones"] => {
            let mut vendors = api.phones().vendors().stream();
            while let Some(vendor) = vendors.try_next().await? {
                let models = vendor.models().len().await?;
                writeln!(
                    out,
                    "{:36} {:4} {}",
                    vendor.id(),
                    models,
                    vendor.name().await?
                )?;
            }
        }
        ["models", vendor] => {
            let mut models = api.phones().vendors().get(vendor).await?.models().stream();
            while let Some(model) = models.try_next().await? {
                writeln!(out, "{:36} {}", model.id(), model.name().await?)?;
            }
        }
        ["detect", number] => match api.phones().models().detect_auto(number).await? {
            Some(model) => writeln!(out, "{} {}", model.id(), model.name().await?)?,
            None => writeln!(out, "not detected")?,
        },
        ["invite", number] => invite(&api, number).await?,
        ["clients"] => {
            for client in clients.list().await? {
                print_client(&client).await?;
            }
        }
        ["contents", store] => {
            let mut contents = contents(&api, store).await?;
            if let Some(dataclass) = &arguments.dataclass {
                contents = contents.dataclass(dataclass.as_str());
            }
            let mut contents = contents.stream();
            while let Some(content) = contents.try_next().await? {
                let it = content.snapshot().await?;
                let (title, dataclass) = (it.title.unwrap_or_default(), it.dataclass);
                let dataclass = dataclass.map(|dataclass| dataclass.to_string());
                writeln!(
                    out,
                    "{:36} {:10} {title}",
                    it.id,
                    dataclass.unwrap_or_default()
                )?;
            }
        }
        ["changes", store, since] => {
            let changes = contents(&api, store).await?.changes(since).await?;
            for change in &changes.changes {
                writeln!(out, "{:6} {}", change.operation, change.id)?;
            }
            if let Some(mark) = changes.next_mark() {
                writeln!(out, "next: changes {store} {mark}")?;
            }
        }
        ["get", store, id] => {
            let data = contents(&api, store).await?.get(id).await?.data().await?;
            out.write_all(data.as_bytes())?;
        }
        ["put", store, file, media_type] => {
            let mut new = contents(&api, store)
                .await?
                .new(std::fs::read(file)?, media_type);
            if let Some(dataclass) = &arguments.dataclass {
                new = new.dataclass(dataclass.as_str());
            }
            writeln!(out, "{}", new.send().await?.id())?;
        }
        ["rm", store, id] => contents(&api, store).await?.delete(id).await?,
        ["bindings"] => {
            for binding in clients.bindings().list().await? {
                let (source, target) = (binding.source().await?, binding.target().await?);
                writeln!(out, "{binding} {source} {target}")?;
            }
        }
        ["bind", source, target] => writeln!(out, "{}", clients.bind(source, target).await?)?,
        ["setup", client, pincode] => {
            clients
                .syncml()
                .get(client)
                .await?
                .send_setup(pincode)
                .await?
        }
        ["sync", client] => clients.syncml().get(client).await?.sync().await?,
        _ => return Err(format!("not understood\n\n{HELP}").into()),
    }
    Ok(())
}

async fn invite(api: &SyncServerApi, number: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let models = api.phones().models();
    let code = models.detect_manual(number).await?;
    eprintln!("invited, code {code}");
    match models.detect_wait(&code, Duration::from_secs(600)).await? {
        Detection::Identified(model) => writeln!(out, "{} {}", model.id(), model.name().await?)?,
        Detection::Unidentified => writeln!(out, "not identified")?,
        Detection::Pending => writeln!(out, "nobody came")?,
    }
    Ok(())
}

async fn print_client(client: &Client) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let about = match client {
        Client::Syncml(phone) => phone.phone_number().await?,
        Client::Activesync(device) => device.username().await?,
        Client::Datastore(store) => Some(store.name().await?),
        Client::Gdata(user) => user.user_id().await?,
        other => other.snapshot().await?.title,
    };
    writeln!(out, "{client} {}", about.unwrap_or_default())?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let result = match arguments() {
        Ok(arguments) => run(&arguments).await,
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads the output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            if let Some(error) = error.downcast_ref::<ocss::Error>() {
                if let Some(problem) = error.oauth_problem() {
                    eprintln!("the service says: {problem}");
                }
            }
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &Failure) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
