//! Several chains.

use std::time::Duration;

use contentstack_sync::mirror::{Mirror, Mode, Shards};
use contentstack_sync::model::{Filter, ItemType};

use crate::server::{Fault, Server};
use crate::support::mirrored;

fn server() -> Server {
    let server = Server::new(9);
    server.edit(|content| {
        for n in 0..120 {
            let locale = ["en-us", "fr-fr"][n % 2];
            content.publish(
                ["article", "author", "page"][n % 3],
                &format!("blt{n}"),
                locale,
            );
            content.publish_asset(&format!("blta{n}"), locale);
        }
    });
    server.state().manner.page_size = 10;
    server
}

async fn names(mirror: &Mirror) -> Vec<String> {
    let chains = mirror.state().await.unwrap().chains;
    chains
        .into_iter()
        .map(|chain| chain.name.to_string())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn any_division_brings_the_same() {
    let server = server();
    for (shards, chains) in [
        (Shards::none(), 1),
        (Shards::by_kind(), 2),
        (Shards::by_content_type(), 4),
        (Shards::by_kind().locales(["en-us", "fr-fr"]), 5),
        (Shards::by_content_type().locales(["en-us", "fr-fr"]), 9),
    ] {
        let mirror = Mirror::open_memory(server.stack()).await.unwrap();
        let report = mirror
            .sync()
            .sharded(shards.clone())
            .max_chains(15)
            .await
            .unwrap();
        assert_eq!((report.mode, report.complete), (Mode::Initial, true));
        assert_eq!(
            mirrored(&mirror).await,
            server.state().content.truth(),
            "{shards:?}"
        );
        assert_eq!(names(&mirror).await.len(), chains, "{shards:?}");
        server.edit(|content| {
            content.publish("author", "bltnew", "fr-fr");
            content.publish_asset("blta1", "fr-fr");
            content.remove(&("entry", "blt1".to_owned(), "fr-fr".to_owned()), true);
            content.remove(&("asset", "blta2".to_owned(), "en-us".to_owned()), false);
            content.delete_type("page");
            content.publish("page", "bltagain", "en-us");
        });
        mirror.sync().await.unwrap();
        assert_eq!(
            mirrored(&mirror).await,
            server.state().content.truth(),
            "{shards:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_content_type_that_is_new_gets_a_chain_of_its_own() {
    let server = server();
    let shards = Shards::by_content_type().locales(["en-us", "fr-fr"]);
    let mirror = Mirror::builder(server.stack())
        .shards(shards)
        .open_memory()
        .await
        .unwrap();
    mirror.sync().await.unwrap();
    server.edit(|content| content.publish("event", "bltevent", "fr-fr"));
    let report = mirror.sync().await.unwrap();
    assert!(report.complete);
    assert_eq!(report.upserts, 1);
    let names = names(&mirror).await;
    assert!(
        names.contains(&"type event in fr-fr".to_owned()),
        "{names:?}"
    );
    server.edit(|content| content.remove(&("entry", "bltevent".into(), "fr-fr".into()), true));
    assert_eq!(mirror.sync().await.unwrap().deletes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_content_type_is_found_also_where_only_entries_are_wanted() {
    let server = server();
    let mirror = Mirror::builder(server.stack())
        .filter(Filter::new().types(ItemType::ENTRIES))
        .shards(Shards::by_content_type())
        .open_memory()
        .await
        .unwrap();
    mirror.sync().await.unwrap();
    server.edit(|content| content.publish("event", "bltevent", "fr-fr"));
    assert_eq!(mirror.sync().await.unwrap().upserts, 1);
}

#[tokio::test(start_paused = true)]
async fn where_only_assets_are_wanted_nobody_asks_for_content_types() {
    let server = server();
    let mirror = Mirror::builder(server.stack())
        .filter(Filter::new().types(ItemType::ASSETS))
        .shards(Shards::by_kind())
        .open_memory()
        .await
        .unwrap();
    mirror.sync().await.unwrap();
    server.take_requests();
    mirror.sync().await.unwrap();
    assert_eq!(server.take_requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_content_types_is_mirrored_too() {
    let server = Server::new(9);
    let mirror = Mirror::builder(server.stack())
        .filter(Filter::new().types(ItemType::ENTRIES))
        .shards(Shards::by_content_type())
        .open_memory()
        .await
        .unwrap();
    assert!(mirror.sync().await.unwrap().complete);
    server.edit(|content| content.publish("event", "bltevent", "fr-fr"));
    assert_eq!(mirror.sync().await.unwrap().upserts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_locale_that_is_named_twice_is_one() {
    let server = server();
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    let shards = Shards::by_kind().locales(["en-us", "fr-fr", "en-us"]);
    mirror.sync().sharded(shards).await.unwrap();
    assert_eq!(names(&mirror).await.len(), 5);
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_load_goes_on_in_every_chain() {
    let server = server();
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    server.state().faults.plan_after(12, [Fault::Silence; 4]);
    let run = mirror
        .sync()
        .sharded(Shards::by_content_type())
        .max_chains(4);
    assert!(
        tokio::time::timeout(Duration::from_secs(10), run)
            .await
            .is_err()
    );
    server.state().faults.stop();
    assert!(mirrored(&mirror).await.is_empty());
    let loaded: u64 = mirror
        .state()
        .await
        .unwrap()
        .chains
        .iter()
        .map(|chain| chain.items)
        .sum();
    assert!(loaded > 0);
    // The division stays, whatever this run would choose.
    let report = mirror.sync().sharded(Shards::none()).await.unwrap();
    assert_eq!(report.upserts, 240 - loaded);
    assert_eq!(names(&mirror).await.len(), 4);
    assert_eq!(mirrored(&mirror).await, server.state().content.truth());
}

#[tokio::test(start_paused = true)]
async fn several_content_types_are_a_mirror_of_those_and_of_assets() {
    let server = server();
    let builder = Mirror::builder(server.stack()).content_types(["article", "author"]);
    let mirror = builder.open_memory().await.unwrap();
    mirror.sync().await.unwrap();
    let counts = mirror.counts().await.unwrap();
    assert_eq!((counts.entries, counts.assets), (80, 120));
    server.edit(|content| content.publish("page", "bltpage", "en-us"));
    assert!(mirror.sync().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_filter_holds_in_every_chain() {
    let server = server();
    let filter = Filter::new()
        .types([ItemType::EntryPublished, ItemType::EntryDeleted])
        .locale("fr-fr");
    let builder = Mirror::builder(server.stack()).filter(filter);
    let mirror = builder
        .shards(Shards::by_content_type())
        .open_memory()
        .await
        .unwrap();
    mirror.sync().await.unwrap();
    for query in server
        .take_requests()
        .iter()
        .filter(|query| query.contains("init"))
    {
        assert!(query.contains("locale=fr-fr"), "{query}");
        assert!(!query.contains("asset"), "{query}");
    }
    let counts = mirror.counts().await.unwrap();
    assert_eq!((counts.entries, counts.assets), (60, 0));
}

#[tokio::test(start_paused = true)]
async fn no_more_chains_are_read_at_a_time_than_allowed() {
    let server = server();
    let most = server.state().count_concurrency();
    let mirror = Mirror::open_memory(server.stack()).await.unwrap();
    mirror
        .sync()
        .sharded(Shards::by_content_type())
        .max_chains(2)
        .await
        .unwrap();
    assert_eq!(most.load(std::sync::atomic::Ordering::SeqCst), 2);
}
