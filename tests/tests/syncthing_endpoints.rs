//! Every endpoint that a daemon has is called, and its answer is understood;
//! of every other the client says which versions have it.

// What `every_version!` calls may panic as tests do.
#![allow(clippy::unwrap_used)]

mod endpoints;

use endpoints::Tour;
use sync_tests::{Result, every_version};
use xtask::peers::syncthing::Version;

every_version![every_endpoint_answers_or_is_said_to_be_missing];

async fn every_endpoint_answers_or_is_said_to_be_missing(version: Version) -> Result<()> {
    let Some(mut tour) = Tour::start(version).await? else {
        return Ok(());
    };
    tour.system().await?;
    tour.services().await?;
    tour.debugging().await?;
    tour.folder().await?;
    tour.database().await?;
    tour.cluster_and_events().await?;
    tour.config().await?;
    tour.config_items().await?;
    tour.sections().await?;
    tour.login().await?;
    tour.the_end().await?;
    tour.assert_complete();
    Ok(())
}
