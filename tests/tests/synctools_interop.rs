//! Ours and the original on the same project, both ways, value by value.
//!
//! The original serves on Django 2.2, the newest on which its server side runs as
//! it is, and syncs on Django 5.2.

use std::fs;

use serde_json::{Value, json};
use sync_tests::Result;
use sync_tests::synctools::{
    APPS, Backend, Database, Django, Ours, Project, Served, Site, TOKEN, difference, fetch, listen,
};
use synctools::store::{Clean, MissingFields};

fn both_present() -> Result<bool> {
    Ok(Django::V2_2.present_or_skip()? && Django::V5_2.present_or_skip()?)
}

fn assert_same(one: &Value, other: &Value, what: &str) {
    assert_eq!(difference(one, other), None, "{what}");
}

/// Rows without the field that Django 2.2 doesn't have.
fn without_json(mut rows: Value) -> Value {
    if let Some(rows) = rows["catalog.kinds"].as_object_mut() {
        for row in rows.values_mut().filter_map(Value::as_object_mut) {
            row.remove("json");
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_original_serves_is_here_value_by_value() -> Result<()> {
    if !both_present()? {
        return Ok(());
    }
    let source = Database::sqlite()?;
    let mut there = Project::filled(Django::V2_2, &source, &APPS)?;
    let expected = there.rows_as_sent(&APPS)?;
    let site = Site::serve(Django::V2_2, &source)?;
    for django in Django::ALL {
        for backend in Backend::ALL {
            // Django 2.2 can't read moments from PostgreSQL with any driver of today.
            if (django, backend) == (Django::V2_2, Backend::Postgres) {
                continue;
            }
            let Some(database) = Database::new(backend)? else {
                continue;
            };
            let mut here = Project::new(django, &database)?;
            let ours = Ours::on(django, &database, &APPS).await?;
            let client = ours.client(&site.api_url())?;
            let report = client.sync("all").await?;
            here.check()?;
            let rows = without_json(here.rows(&APPS)?);
            assert_same(&rows, &expected, &format!("{django:?} {backend:?}"));
            assert_eq!(report.inserted(), report.objects);

            let contents = here.contents()?;
            let again = client.sync("all").await?;
            assert!(!again.changed(), "{django:?} {backend:?}: {again:?}");
            assert_eq!(again.unchanged(), report.objects);
            assert_same(
                &here.contents()?,
                &contents,
                &format!("{django:?} {backend:?}"),
            );
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_left_as_django_itself_leaves_it() -> Result<()> {
    if !Django::V5_2.present_or_skip()? {
        return Ok(());
    }
    let source = Database::sqlite()?;
    let mut there = Project::filled(Django::V5_2, &source, &APPS)?;
    let body = there.serialize(&APPS, &source.folder())?;
    for backend in Backend::ALL {
        let (Some(loaded), Some(synced)) = (Database::new(backend)?, Database::new(backend)?)
        else {
            continue;
        };
        let mut loading = Project::new(Django::V5_2, &loaded)?;
        loading.load(&body, &loaded.folder())?;

        let mut syncing = Project::new(Django::V5_2, &synced)?;
        let from = Ours::on(Django::V5_2, &source, &APPS).await?;
        let (_server, url) = listen(from.route_like(Django::V5_2)).await?;
        let ours = Ours::on(Django::V5_2, &synced, &APPS).await?;
        let client = ours.client(&url)?;
        for app in APPS {
            client.sync(format!("app/{app}")).await?;
        }
        let mut expected = loading.contents()?;
        let mut actual = syncing.contents()?;
        for contents in [&mut expected, &mut actual] {
            without_keys_of_pairs(contents);
        }
        assert_same(&actual, &expected, &format!("{backend:?}"));
    }
    Ok(())
}

/// Rows of relations are in no order, so that their own keys may be others, and
/// how many of these were given out.
fn without_keys_of_pairs(contents: &mut Value) {
    const PAIRS: &[&str] = &[
        "OLD_Stock_Genres",
        "catalog_album_genres",
        "catalog_opera_repertoire",
        "knots_person_follows",
        "knots_person_friends",
    ];
    for table in PAIRS {
        if let Some(rows) = contents[table].as_array_mut() {
            for values in rows.iter_mut().filter_map(Value::as_array_mut) {
                values.remove(0);
            }
            rows.sort_by_key(Value::to_string);
        }
    }
    if let Some(counters) = contents["keys given out"].as_array_mut() {
        let is_of_pairs = |counter: &Value| {
            let name = counter[0].as_str().unwrap_or_default().trim_matches('\'');
            PAIRS.iter().any(|table| name.starts_with(table))
        };
        counters.retain(|counter| !is_of_pairs(counter));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_original_client_syncs_from_our_route() -> Result<()> {
    if !Django::V5_2.present_or_skip()? {
        return Ok(());
    }
    for from in Backend::ALL {
        let Some(source) = Database::new(from)? else {
            continue;
        };
        let mut there = Project::filled(Django::V5_2, &source, &["catalog"])?;
        let expected = there.rows_as_sent(&["catalog"])?;
        let ours = Ours::on(Django::V5_2, &source, &["catalog"]).await?;
        let (_server, url) = listen(ours.route()).await?;
        for to in Backend::ALL {
            let Some(database) = Database::new(to)? else {
                continue;
            };
            let asked = tokio::task::spawn_blocking({
                let url = url.clone();
                move || -> Result<(Value, Value)> {
                    let mut here = Project::new(Django::V5_2, &database)?;
                    let sync = json!({
                        "do": "sync", "url": url, "token": TOKEN, "path": "app/catalog",
                    });
                    here.ask(sync.clone())?;
                    let first = here.rows(&["catalog"])?;
                    // Over what is there, with what is there removed first.
                    here.ask(sync)?;
                    here.check()?;
                    Ok((first, here.rows(&["catalog"])?))
                }
            });
            let (first, second) = asked.await??;
            assert_same(&first, &expected, &format!("{from:?} to {to:?}"));
            assert_same(&second, &expected, &format!("{from:?} to {to:?}"));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_refused_to_the_original_client() -> Result<()> {
    if !Django::V5_2.present_or_skip()? {
        return Ok(());
    }
    let source = Database::sqlite()?;
    let _there = Project::new(Django::V5_2, &source)?;
    let ours = Ours::on(Django::V5_2, &source, &["catalog"]).await?;
    let (_server, url) = listen(ours.route()).await?;
    let failed = tokio::task::spawn_blocking(move || -> Result<String> {
        let database = Database::sqlite()?;
        let mut here = Project::new(Django::V5_2, &database)?;
        let failed = here.ask(json!({
            "do": "sync", "url": url, "token": "close sesame", "path": "app/catalog",
        }));
        Ok(failed.err().ok_or("it was let in")?.to_string())
    });
    let failed = failed.await??;
    assert!(failed.contains("401 server error"), "{failed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn our_route_has_the_bytes_of_djangos_serializer() -> Result<()> {
    for django in Django::ALL {
        if !django.present_or_skip()? {
            continue;
        }
        for backend in Backend::ALL {
            if (django, backend) == (Django::V2_2, Backend::Postgres) {
                continue;
            }
            let Some(database) = Database::new(backend)? else {
                continue;
            };
            let mut project = Project::filled(django, &database, &APPS)?;
            project.ask(json!({"do": "fill", "app": "big", "rows": 500}))?;
            let mut apps = vec!["catalog", "knots", "big"];
            if backend == Backend::Postgres {
                project.ask(json!({"do": "fill", "app": "lists"}))?;
                apps.push("lists");
            }
            let ours = Ours::on(django, &database, &apps).await?;
            let (_server, url) = listen(ours.route_like(django)).await?;
            for app in apps {
                let theirs = project.serialize(&[app], &database.folder())?;
                let body = fetch(&format!("{url}app/{app}/")).await?;
                assert!(
                    body == theirs,
                    "{django:?} {backend:?} {app}: {}",
                    first_difference(&body, &theirs)
                );
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn our_route_has_the_bytes_that_the_original_serves() -> Result<()> {
    if !Django::V2_2.present_or_skip()? {
        return Ok(());
    }
    let source = Database::sqlite()?;
    let _project = Project::filled(Django::V2_2, &source, &APPS)?;
    let site = Site::serve(Django::V2_2, &source)?;
    let ours = Ours::on(Django::V2_2, &source, &APPS).await?;
    let (_server, url) = listen(ours.route_like(Django::V2_2)).await?;
    for app in APPS {
        let theirs = fetch(&format!("{}app/{app}/", site.api_url())).await?;
        let body = fetch(&format!("{url}app/{app}/")).await?;
        assert!(
            body == theirs,
            "{app}: {}",
            first_difference(&body, &theirs)
        );
    }
    Ok(())
}

/// Where two texts part, with what is around.
fn first_difference(one: &[u8], other: &[u8]) -> String {
    let at = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let around = |text: &[u8]| {
        let part = text.get(at.saturating_sub(60)..).unwrap_or_default();
        String::from_utf8_lossy(part.get(..120).unwrap_or(part)).into_owned()
    };
    format!("at {at}:\nours   {}\ntheirs {}", around(one), around(other))
}

#[tokio::test(flavor = "multi_thread")]
async fn ours_syncs_from_ours_between_all_databases() -> Result<()> {
    if !Django::V5_2.present_or_skip()? {
        return Ok(());
    }
    for from in Backend::ALL {
        let Some(source) = Database::new(from)? else {
            continue;
        };
        let mut there = Project::filled(Django::V5_2, &source, &APPS)?;
        let expected = there.rows_as_sent(&APPS)?;
        let theirs = Ours::on(Django::V5_2, &source, &APPS).await?;
        let (_server, url) = listen(theirs.route()).await?;
        for to in Backend::ALL {
            let Some(database) = Database::new(to)? else {
                continue;
            };
            let mut here = Project::new(Django::V5_2, &database)?;
            let client = Ours::on(Django::V5_2, &database, &APPS)
                .await?
                .client(&url)?;
            for app in APPS {
                client.sync(format!("app/{app}")).await?;
                client.sync(format!("app/{app}")).lines(true).await?;
            }
            here.check()?;
            assert_same(
                &here.rows(&APPS)?,
                &expected,
                &format!("{from:?} to {to:?}"),
            );
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn arrays_and_pairs_come_over_whole() -> Result<()> {
    if !Django::V5_2.present_or_skip()? {
        return Ok(());
    }
    let apps = ["lists"];
    let (Some(source), Some(target)) = (
        Database::new(Backend::Postgres)?,
        Database::new(Backend::Postgres)?,
    ) else {
        return Ok(());
    };
    let mut there = Project::filled(Django::V5_2, &source, &apps)?;
    let mut here = Project::new(Django::V5_2, &target)?;
    let theirs = Ours::on(Django::V5_2, &source, &apps).await?;
    let (_server, url) = listen(theirs.route()).await?;
    let client = Ours::on(Django::V5_2, &target, &apps).await?.client(&url)?;
    client.sync("app/lists").await?;
    assert_same(&here.rows(&apps)?, &there.rows(&apps)?, "lists");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_original_client_cannot_load_is_loaded() -> Result<()> {
    if !both_present()? {
        return Ok(());
    }
    let source = Database::sqlite()?;
    let mut there = Project::filled(Django::V2_2, &source, &["knots"])?;
    let site = Site::serve(Django::V2_2, &source)?;
    for backend in Backend::ALL {
        let Some(database) = Database::new(backend)? else {
            continue;
        };
        let mut here = Project::new(Django::V5_2, &database)?;
        let ours = Ours::on(Django::V5_2, &database, &["knots"]).await?;
        let client = ours.client(&site.api_url())?;
        // Children before parents, circles, rows that refer to themselves.
        client.sync("app/knots").await?;
        assert_same(&here.rows(&["knots"])?, &there.rows(&["knots"])?, "knots");

        // Values that are unique change places.
        there.sql(&[
            "UPDATE knots_seat SET number = number + 100",
            "UPDATE knots_seat SET number = CASE id WHEN 1 THEN 2 WHEN 2 THEN 3 WHEN 3 THEN 1 \
             ELSE 4 END",
        ])?;
        let theirs = here.ask(json!({
            "do": "sync", "url": site.api_url(), "token": TOKEN, "path": "model/knots/seat",
        }));
        let error = theirs
            .err()
            .ok_or("the original has loaded it")?
            .to_string();
        assert!(error.starts_with("IntegrityError"), "{error}");
        let report = client.sync("model/knots/seat").await?;
        assert_eq!(report.updated(), 3, "{report:?}");
        assert_same(&here.rows(&["knots"])?, &there.rows(&["knots"])?, "knots");
        here.check()?;
        there.sql(&[
            "UPDATE knots_seat SET number = number + 100",
            "UPDATE knots_seat SET number = id",
        ])?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_there_goes_here_and_new_keys_are_free() -> Result<()> {
    if !both_present()? {
        return Ok(());
    }
    let source = Database::sqlite()?;
    let mut there = Project::filled(Django::V2_2, &source, &APPS)?;
    let site = Site::serve(Django::V2_2, &source)?;
    let mut synced = Vec::new();
    for backend in Backend::ALL {
        let Some(database) = Database::new(backend)? else {
            continue;
        };
        let here = Project::new(Django::V5_2, &database)?;
        let ours = Ours::on(Django::V5_2, &database, &APPS).await?;
        let client = ours.client(&site.api_url())?;
        client.sync("all").await?;
        synced.push((database, here, client));
    }
    there.sql(&[
        "DELETE FROM catalog_track WHERE album_id = 2",
        "DELETE FROM catalog_credit WHERE album_id = 2",
        "DELETE FROM catalog_album_genres WHERE album_id = 2",
        "DELETE FROM catalog_opera_repertoire WHERE album_id = 2",
        "DELETE FROM catalog_album WHERE id = 2",
        "DELETE FROM catalog_note",
        "UPDATE catalog_album SET title = 'Another title' WHERE id = 3",
    ])?;
    let expected = there.rows_as_sent(&APPS)?;
    for (database, here, client) in &mut synced {
        let backend = database.backend();
        let note: synctools::Label = "catalog.note".parse()?;
        client.sync("all").clean(Clean::Stale).await?;
        // Nothing came of this one.
        client
            .sync("model/catalog/note")
            .clean(Clean::Tables(vec![note]))
            .await?;
        assert_same(
            &without_json(here.rows(&APPS)?),
            &expected,
            &format!("{backend:?}"),
        );
        here.check()?;
        let key = here.ask(json!({
            "do": "create", "model": "knots.seat", "values": {"number": 77, "holder": "new"},
        }))?;
        assert_eq!(key, json!(5), "{backend:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_it_would_do_and_does_nothing() -> Result<()> {
    if !both_present()? {
        return Ok(());
    }
    let source = Database::sqlite()?;
    let _there = Project::filled(Django::V2_2, &source, &APPS)?;
    let site = Site::serve(Django::V2_2, &source)?;
    for backend in Backend::ALL {
        let Some(database) = Database::new(backend)? else {
            continue;
        };
        let mut here = Project::new(Django::V5_2, &database)?;
        let before = here.contents()?;
        let ours = Ours::on(Django::V5_2, &database, &APPS).await?;
        let client = ours.client(&site.api_url())?;
        let would = client.sync("all").dry_run(true).await?;
        assert_same(&here.contents()?, &before, &format!("{backend:?}"));
        let did = client.sync("all").await?;
        assert_eq!(would.models, did.models, "{backend:?}");
        assert!(would.dry_run && !did.dry_run);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_fetched_that_the_original_client_asks_for_wrongly() -> Result<()> {
    if !both_present()? {
        return Ok(());
    }
    let source = Database::sqlite()?;
    let _there = Project::filled(Django::V2_2, &source, &["catalog"])?;
    let names = [
        "portraits/a b0.png",
        "portraits/a b1.png",
        "portraits/a b2.png",
        "covers/2020/1 ä#?%.png",
        "covers/2020/3 ä#?%.png",
        "covers/2020/5 ä#?%.png",
        "plans/one.png",
        "images/#1 100%?.png",
        // A file of a `FileField` is none of the images.
        "files/ü b.pdf",
    ];
    for name in names {
        let file = source.media().join(name);
        fs::create_dir_all(file.parent().ok_or("no folder")?)?;
        fs::write(file, format!("the picture {name}"))?;
    }
    let site = Site::serve(Django::V2_2, &source)?;

    let database = Database::sqlite()?;
    let _here = Project::new(Django::V5_2, &database)?;
    let ours = Ours::on(Django::V5_2, &database, &["catalog"]).await?;
    let client = ours.client_with_media(&site.api_url(), &site.media_url())?;
    let report = client.sync("app/catalog").images(true).await?;
    let images = report.images.ok_or("no report of images")?;
    assert!(images.failed.is_empty(), "{images:?}");
    for name in names.iter().take(8) {
        let file = fs::read_to_string(database.media().join(name));
        assert_eq!(file.ok(), Some(format!("the picture {name}")));
    }
    assert!(!database.media().join("files").exists());

    // The original finds only those whose names need no encoding but that of
    // blanks.
    let theirs = Database::sqlite()?;
    let mut project = Project::new(Django::V5_2, &theirs)?;
    for model in ["artist", "genre", "album", "venue", "hall", "opera"] {
        project.ask(json!({
            "do": "sync", "url": site.api_url(), "token": TOKEN, "images": true,
            "media_url": site.media_url(), "path": format!("model/catalog/{model}"),
        }))?;
    }
    let has = |name: &str| theirs.media().join(name).exists();
    assert!(has("portraits/a b0.png") && has("plans/one.png"));
    assert!(!has("covers/2020/1 ä#?%.png"));
    Ok(())
}

/// Bodies with natural keys, in an order in which Django's client can load them.
const NAMED: &[&str] = &[
    r#"[{"model": "names.country", "pk": 1, "fields": {"code": "CH", "name": "Switzerland", "capital": null}},
        {"model": "names.country", "fields": {"code": "US"}},
        {"model": "names.city", "pk": 5, "fields": {"name": "Bern", "country": ["CH"]}},
        {"model": "names.city", "pk": null, "fields": {"name": "Bern", "country": ["US"]}},
        {"model": "names.street", "pk": 9, "fields": {"name": "Main \"é\"", "city": ["Bern", "US"]}},
        {"model": "names.walk", "pk": 1, "fields": {"start": ["Main \"é\"", 6], "country": ["US"],
         "cities": [["Bern", "CH"], 6, ["Bern", "US"]]}}]"#,
    r#"[{"model": "names.country", "fields": {"code": "US", "name": "USA", "capital": ["Bern", "US"]}},
        {"model": "names.city", "fields": {"name": "Bern", "country": 1}},
        {"model": "names.city", "fields": {"name": "Basel", "country": ["CH"]}},
        {"model": "names.walk", "pk": 1, "fields": {"start": 9, "country": null, "cities": []}},
        {"model": "names.walk", "fields": {"start": ["Main \"é\"", "6"], "cities": [["Basel", "CH"]]}}]"#,
];

/// Bodies whose natural keys nobody has, or several, or that are none.
const UNNAMED: &[&str] = &[
    r#"[{"model": "names.city", "pk": 9, "fields": {"name": "Nice", "country": ["FR"]}}]"#,
    r#"[{"model": "names.city", "pk": 9, "fields": {"name": "Nice", "country": []}}]"#,
    r#"[{"model": "names.city", "pk": 9, "fields": {"name": "Nice", "country": ["CH", "x"]}}]"#,
    r#"[{"model": "names.walk", "pk": 9, "fields": {"start": 9, "cities": [["Bern"]]}}]"#,
    r#"[{"model": "names.walk", "pk": 9, "fields": {"start": 9, "cities": [["Bern", "FR"]]}}]"#,
    r#"[{"model": "names.city", "pk": 7, "fields": {"name": "Bern", "country": 1}},
        {"model": "names.street", "pk": 9, "fields": {"name": "x", "city": ["Bern", "CH"]}}]"#,
];

#[tokio::test(flavor = "multi_thread")]
async fn natural_keys_are_looked_up_as_django_does() -> Result<()> {
    if !Django::V5_2.present_or_skip()? {
        return Ok(());
    }
    // PostgreSQL counts keys apart from those that come, and gives Django's client
    // some that are taken.
    let backend = Backend::Sqlite;
    let apps = ["names"];
    let (there, here) = (Database::sqlite()?, Database::sqlite()?);
    let mut theirs = Project::new(Django::V5_2, &there)?;
    let mut project = Project::new(Django::V5_2, &here)?;
    let ours = Ours::on(Django::V5_2, &here, &apps).await?;
    for body in NAMED {
        let served = Served::whole(body.as_bytes().to_vec()).await?;
        let url = served.url();
        theirs.ask(json!({"do": "sync", "path": "x", "url": url, "token": TOKEN}))?;
        let client = ours.client(&served.url())?;
        client
            .sync("x")
            .missing_fields(MissingFields::DjangoDefaults)
            .await?;
        let (theirs, ours) = (theirs.rows(&apps)?, project.rows(&apps)?);
        assert_same(&ours, &theirs, &format!("{backend:?} {body}"));
    }
    let before = project.contents()?;
    for body in UNNAMED {
        let served = Served::whole(body.as_bytes().to_vec()).await?;
        let url = served.url();
        let there = theirs.ask(json!({"do": "sync", "path": "x", "url": url, "token": TOKEN}));
        assert!(there.is_err(), "{backend:?} {body}");
        let error = ours.client(&served.url())?.sync("x").await;
        assert!(error.is_err(), "{backend:?} {body}");
        assert_same(&project.contents()?, &before, body);
    }
    Ok(())
}
