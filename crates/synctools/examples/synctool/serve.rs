//! Serves a database.

use std::collections::BTreeSet;
use std::io::Write as _;

use synctools::Secret;
use synctools::route::{ModelOrder, Route};
use synctools::wire::Profile;

use crate::args::{Place, Serve};
use crate::{Outcome, Result, database, shutdown};

pub(crate) async fn serve(
    place: &Place,
    token: Option<Secret<String>>,
    public: bool,
    what: Serve,
) -> Result {
    let store = database::open(place).await?;
    let schema = database::schema(place)?;
    let mut apps = what.apps;
    if apps.is_empty() {
        let labels: BTreeSet<&str> = schema
            .models()
            .iter()
            .map(|model| model.app_label())
            .collect();
        apps.extend(
            labels
                .into_iter()
                .map(|label| (label.to_owned(), label.to_owned())),
        );
    }
    let mut route = Route::builder(store, schema).prefix(&what.prefix);
    if let Some(token) = token {
        route = route.token(token);
    }
    if public {
        route = route.public();
    }
    if what.django2 {
        route = route.profile(Profile::Django2);
    }
    if what.declared {
        route = route.order(ModelOrder::Declared);
    }
    for (path, label) in &apps {
        route = route.app(path, label);
    }
    let server = route.build()?.listen(what.listen).await?;
    let prefix = what.prefix.trim_matches('/');
    for (path, label) in &apps {
        let separator = if prefix.is_empty() { "" } else { "/" };
        // Whoever started it may not read it.
        let _ = writeln!(
            std::io::stdout(),
            "http://{}/{prefix}{separator}{path}/  {label}",
            server.address()
        );
    }
    shutdown().await;
    eprintln!("stopping when the answers under way are sent; Ctrl-C ends them");
    tokio::select! {
        () = server.shutdown() => Ok(Outcome::Good),
        () = shutdown() => Ok(Outcome::Stopped),
    }
}
