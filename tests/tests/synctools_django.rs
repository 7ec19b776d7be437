//! The synctool against itself, and Django's own way to load what it serves: what
//! the project for the other tests is good for, and what the original does.

use serde_json::json;
use sync_tests::Result;
use sync_tests::synctools::{Backend, Database, Django, Project, Site, TOKEN};

/// The models that the Python client can load, parents before children.
const IN_ORDER: &[&str] = &[
    "kinds",
    "artist",
    "genre",
    "album",
    "credit",
    "track",
    "passport",
    "shelf",
    "legacy",
    "venue",
    "hall",
    "opera",
    "note",
    "untouched",
];

fn both_present() -> Result<bool> {
    Ok(Django::V2_2.present_or_skip()? && Django::V5_2.present_or_skip()?)
}

#[test]
fn the_original_syncs_from_2_2_to_5_2_what_comes_in_order() -> Result<()> {
    if !both_present()? {
        return Ok(());
    }
    let source = Database::sqlite()?;
    let mut there = Project::filled(Django::V2_2, &source, &["catalog"])?;
    let site = Site::serve(Django::V2_2, &source)?;
    for backend in Backend::ALL {
        let Some(database) = Database::new(backend)? else {
            continue;
        };
        let mut here = Project::new(Django::V5_2, &database)?;
        for model in IN_ORDER {
            here.ask(json!({
                "do": "sync", "url": site.api_url(), "token": TOKEN,
                "path": format!("model/catalog/{model}"),
            }))?;
        }
        let mut rows = here.rows(&["catalog"])?;
        for row in rows["catalog.kinds"]
            .as_object_mut()
            .ok_or("no rows")?
            .values_mut()
        {
            // 2.2 has no such field.
            row.as_object_mut().ok_or("no row")?.remove("json");
        }
        assert_eq!(rows, there.rows_as_sent(&["catalog"])?, "{backend:?}");
    }
    Ok(())
}

#[test]
fn the_original_cannot_load_what_holds_one_another_and_leaves_half_of_it() -> Result<()> {
    if !both_present()? {
        return Ok(());
    }
    let source = Database::sqlite()?;
    let _there = Project::filled(Django::V2_2, &source, &["knots"])?;
    let site = Site::serve(Django::V2_2, &source)?;
    let database = Database::sqlite()?;
    let mut here = Project::new(Django::V5_2, &database)?;
    for (model, left) in [("node", 0), ("hen", 0), ("egg", 0), ("person", 1)] {
        let failed = here.ask(json!({
            "do": "sync", "url": site.api_url(), "token": TOKEN,
            "path": format!("model/knots/{model}"),
        }));
        let error = failed.err().ok_or("it was loaded")?.to_string();
        assert!(error.starts_with("IntegrityError"), "{model}: {error}");
        let rows = here.rows(&["knots"])?;
        let rows = rows[format!("knots.{model}")]
            .as_object()
            .map(serde_json::Map::len);
        assert_eq!(rows, Some(left), "{model}");
    }
    Ok(())
}

#[test]
fn django_itself_loads_all_of_it_on_both_databases() -> Result<()> {
    if !Django::V5_2.present_or_skip()? {
        return Ok(());
    }
    let apps = ["catalog", "knots"];
    let source = Database::sqlite()?;
    let mut there = Project::filled(Django::V5_2, &source, &apps)?;
    there.check()?;
    let body = there.serialize(&apps, &source.folder())?;
    for backend in Backend::ALL {
        let Some(database) = Database::new(backend)? else {
            continue;
        };
        let mut here = Project::new(Django::V5_2, &database)?;
        here.load(&body, &database.folder())?;
        here.check()?;
        assert_eq!(here.rows(&apps)?, there.rows_as_sent(&apps)?, "{backend:?}");
    }
    Ok(())
}
