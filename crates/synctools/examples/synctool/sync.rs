//! What asks a server.

use std::sync::Arc;

use synctools::client::{FileValidators, Images, SyncBuilder};
use synctools::images::Media;
use synctools::schema::UnknownPolicy;
use synctools::store::{Clean, MissingFields, OnReferenced};
use synctools::{Client, Redirects, Secret, SyncReport};

use crate::args::{Place, Sync};
use crate::progress::Bar;
use crate::{Outcome, Result, database, table, unless_stopped};
use sync_core::tool::say;

async fn client(
    place: &Place,
    token: Option<Secret<String>>,
    public: bool,
    what: &Sync,
) -> Result<Client> {
    let mut client = Client::builder()
        .schema(database::schema(place)?)
        .store(database::open(place).await?);
    if let Some(url) = &what.url {
        client = client.api_url(url);
    }
    if let Some(token) = token {
        client = client.token(token);
    }
    if public {
        client = client.public();
    }
    if what.redirects {
        client = client.redirects(Redirects::Anywhere { max: 5 });
    }
    if let Some(path) = &what.state {
        client = client.validators(FileValidators::new(path));
    }
    if let Some((url, folder)) = &what.media {
        client = client.media(Media::new(url, folder));
    }
    Ok(client.build()?)
}

/// A sync of a path, as it was asked for.
fn request(client: &Client, what: &Sync, path: &str) -> SyncBuilder {
    let unknown = match what.skip_unknown {
        true => UnknownPolicy::Collect,
        false => UnknownPolicy::Error,
    };
    let missing = match what.defaults {
        true => MissingFields::DjangoDefaults,
        false => MissingFields::Keep,
    };
    let request = match path.contains("://") {
        true => client.sync_url(path),
        false => client.sync(path),
    };
    request
        .unknown_models(unknown)
        .unknown_fields(unknown)
        .missing_fields(missing)
        .not_a_number(what.nan)
        .lines(what.lines)
}

/// Runs a sync with a bar; `None` when it was stopped.
async fn watched(request: SyncBuilder, path: &str) -> Result<Option<SyncReport>> {
    let bar = Arc::new(Bar::default());
    let (shown, name) = (Arc::clone(&bar), path.to_owned());
    let request = request.on_progress(move |progress| shown.show(&name, progress));
    let report = unless_stopped(request.into_future()).await;
    bar.clear();
    Ok(report.transpose()?)
}

pub(crate) async fn sync(
    place: &Place,
    token: Option<Secret<String>>,
    public: bool,
    what: &Sync,
) -> Result {
    let client = client(place, token, public, what).await?;
    let images = match (&what.media, what.all_images) {
        (None, _) => Images::No,
        (Some(_), false) => Images::Synced,
        (Some(_), true) => Images::Tables,
    };
    let mut outcome = Outcome::Good;
    for path in &what.paths {
        let request = request(&client, what, path)
            .clean(what.clean.clone())
            .on_referenced(what.on_referenced)
            .max_delete_ratio(what.max_delete)
            .reset(!what.no_reset)
            .dry_run(what.dry_run)
            .images(images);
        let Some(report) = watched(request, path).await? else {
            say!("stopped; {path} is as it was");
            return Ok(Outcome::Stopped);
        };
        say!("{path}");
        table::print(&report);
        let images = report.images.as_ref();
        if images.is_some_and(|images| !images.is_complete()) {
            outcome = Outcome::Bad;
        }
    }
    Ok(outcome)
}

pub(crate) async fn check(
    place: &Place,
    token: Option<Secret<String>>,
    public: bool,
    what: &Sync,
) -> Result {
    let client = client(place, token, public, what).await?;
    let mut outcome = Outcome::Good;
    for path in &what.paths {
        // Rows that only this side has would go, with all that needs them, if
        // it were not taken back.
        let clean = match &what.clean {
            Clean::No => Clean::Stale,
            other => other.clone(),
        };
        let request = request(&client, what, path)
            .clean(clean)
            .on_referenced(OnReferenced::Cascade)
            .dry_run(true);
        let Some(report) = watched(request, path).await? else {
            return Ok(Outcome::Stopped);
        };
        say!("{path}");
        table::print(&report);
        if report.changed() {
            say!("the database differs from the server");
            outcome = Outcome::Bad;
        }
    }
    Ok(outcome)
}

pub(crate) async fn images(
    place: &Place,
    token: Option<Secret<String>>,
    public: bool,
    what: &Sync,
    model: &str,
    field: &str,
) -> Result {
    let client = client(place, token, public, what).await?;
    let Some(report) = unless_stopped(client.images(model, field).into_future()).await else {
        return Ok(Outcome::Stopped);
    };
    let report = report?;
    say!(
        "{} downloaded ({}), {} there already, {} failed",
        report.downloaded,
        indicatif::HumanBytes(report.bytes),
        report.existing,
        report.failed.len()
    );
    table::failures(&report.failed);
    match report.is_complete() {
        true => Ok(Outcome::Good),
        false => Ok(Outcome::Bad),
    }
}
