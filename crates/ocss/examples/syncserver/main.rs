//! A SyncServer from the command line.
//!
//! `cargo run -p ocss --example syncserver -- --help`

mod args;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use args::Args;
use ocss::api::{Client, ContentCollection};
use ocss::model::Detection;
use ocss::oauth1::SignatureMethod;
use ocss::{OcssErrorExt as _, Paths, SyncServerApi};
use sync_core::tool::{self, Outcome, Result, say};

fn main() -> ExitCode {
    tool::run("syncserver", Args::read(), run)
}

fn connect(args: &Args) -> Result<SyncServerApi> {
    let mut builder = SyncServerApi::builder();
    if let Some(url) = &args.url {
        builder = builder.base_url(url);
    }
    if let Some(file) = &args.auth {
        builder = builder.auth(args::keys(file)?);
    }
    if args.plaintext {
        builder = builder.signature(SignatureMethod::Plaintext);
    }
    if args.discover {
        builder = builder.paths(Paths::Discover);
    }
    Ok(builder.build()?)
}

async fn contents(api: &SyncServerApi, store: &str) -> Result<ContentCollection> {
    Ok(api.clients().datastore().get(store).await?.contents())
}

async fn run(args: Args) -> Result {
    work(&args).await.map_err(with_problem)
}

/// What the service says is wrong with a signature is in no message.
fn with_problem(error: Box<dyn Error>) -> Box<dyn Error> {
    let known = error.downcast_ref::<ocss::Error>();
    match known.and_then(|error| error.oauth_problem()) {
        Some(problem) => {
            let said = tool::in_full(&*error);
            format!("{said}; the service says: {problem}").into()
        }
        None => error,
    }
}

async fn work(args: &Args) -> Result {
    let api = connect(args)?;
    let clients = api.clients();
    let command: Vec<&str> = args.command.iter().map(String::as_str).collect();
    match command[..] {
        ["phones"] => {
            let mut vendors = api.phones().vendors().stream();
            while let Some(vendor) = vendors.try_next().await? {
                let models = vendor.models().len().await?;
                say!("{:36} {:4} {}", vendor.id(), models, vendor.name().await?);
            }
        }
        ["models", vendor] => {
            let mut models = api.phones().vendors().get(vendor).await?.models().stream();
            while let Some(model) = models.try_next().await? {
                say!("{:36} {}", model.id(), model.name().await?);
            }
        }
        ["detect", number] => match api.phones().models().detect_auto(number).await? {
            Some(model) => say!("{} {}", model.id(), model.name().await?),
            None => {
                say!("not detected");
                return Ok(Outcome::Bad);
            }
        },
        ["invite", number] => return invite(&api, number).await,
        ["clients"] => {
            for client in clients.list().await? {
                print_client(&client).await?;
            }
        }
        ["contents", store] => {
            let mut contents = contents(&api, store).await?;
            if let Some(dataclass) = &args.dataclass {
                contents = contents.dataclass(dataclass.as_str());
            }
            let mut contents = contents.stream();
            while let Some(content) = contents.try_next().await? {
                let it = content.snapshot().await?;
                let (title, dataclass) = (it.title.unwrap_or_default(), it.dataclass);
                let dataclass = dataclass.map(|dataclass| dataclass.to_string());
                say!("{:36} {:10} {title}", it.id, dataclass.unwrap_or_default());
            }
        }
        ["changes", store, since] => {
            let changes = contents(&api, store).await?.changes(since).await?;
            for change in &changes.changes {
                say!("{:6} {}", change.operation, change.id);
            }
            if let Some(mark) = changes.next_mark() {
                say!("next: changes {store} {mark}");
            }
        }
        ["get", store, id] => {
            let data = contents(&api, store).await?.get(id).await?.data().await?;
            std::io::stdout().write_all(data.as_bytes())?;
        }
        ["put", store, file, media_type] => {
            let data =
                std::fs::read(file).map_err(|error| format!("cannot read {file}: {error}"))?;
            let mut new = contents(&api, store).await?.new(data, media_type);
            if let Some(dataclass) = &args.dataclass {
                new = new.dataclass(dataclass.as_str());
            }
            say!("{}", new.send().await?.id());
        }
        ["rm", store, id] => contents(&api, store).await?.delete(id).await?,
        ["bindings"] => {
            for binding in clients.bindings().list().await? {
                let (source, target) = (binding.source().await?, binding.target().await?);
                say!("{binding} {source} {target}");
            }
        }
        ["bind", source, target] => say!("{}", clients.bind(source, target).await?),
        ["setup", client, pincode] => {
            clients
                .syncml()
                .get(client)
                .await?
                .send_setup(pincode)
                .await?
        }
        ["sync", client] => clients.syncml().get(client).await?.sync().await?,
        _ => return Err("there is no such command".into()),
    }
    Ok(Outcome::Good)
}

async fn invite(api: &SyncServerApi, number: &str) -> Result {
    let models = api.phones().models();
    let code = models.detect_manual(number).await?;
    eprintln!("invited, code {code}");
    match models.detect_wait(&code, Duration::from_secs(600)).await? {
        Detection::Identified(model) => {
            say!("{} {}", model.id(), model.name().await?);
            return Ok(Outcome::Good);
        }
        Detection::Unidentified => say!("not identified"),
        Detection::Pending => say!("nobody came"),
    }
    Ok(Outcome::Bad)
}

async fn print_client(client: &Client) -> Result<()> {
    let about = match client {
        Client::Syncml(phone) => phone.phone_number().await?,
        Client::Activesync(device) => device.username().await?,
        Client::Datastore(store) => Some(store.name().await?),
        Client::Gdata(user) => user.user_id().await?,
        other => other.snapshot().await?.title,
    };
    say!("{client} {}", about.unwrap_or_default());
    Ok(())
}
