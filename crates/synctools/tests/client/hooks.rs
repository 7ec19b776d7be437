//! What the caller sees and changes on the way.

use std::sync::{Arc, Mutex};

use serde_json::json;
use synctools::client::{Phase, Verdict};
use synctools::store::Clean;
use synctools::{ErrorKind, Value};

use crate::support::{Database, category, client, json_reply, serve};

fn body() -> String {
    json!([
        category(1, "a"),
        category(2, "b"),
        { "model": "lab.blog", "pk": 1, "fields": {
            "title": "T", "slug": "s", "owner": null,
            "categories": [1, 2], "authors": [], "related": [], "follows": [],
        }},
    ])
    .to_string()
}

#[tokio::test]
async fn objects_can_be_changed_and_left_out() {
    let server = serve(json_reply(body())).await;
    let database = Database::with(&["INSERT INTO lab_category (id, slug) VALUES (2, 'old')"]);
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let report = client
        .sync("x")
        .map(|object| {
            match (object.label().as_str(), object.pk()) {
                ("lab.category", Some(Value::Int(2))) => return Verdict::Skip,
                ("lab.blog", _) => {
                    assert_eq!(object.get("title"), Some(&Value::text("T")));
                    assert!(object.set("title", "changed"));
                    assert!(!object.set("nope", 1));
                    assert_eq!(object.get("nope"), None);
                }
                _ => {}
            }
            Verdict::Keep
        })
        .await
        .unwrap();
    assert_eq!((report.objects, report.skipped), (3, 1));
    assert_eq!(database.rows("lab_blog")[0]["title"], "changed");
    assert_eq!(database.rows("lab_category")[1]["slug"], "old");
    assert_eq!(database.rows("lab_blog_categories").len(), 2);
}

#[tokio::test]
async fn a_hook_can_stop_it_all() {
    let server = serve(json_reply(body())).await;
    let database = Database::with(&["INSERT INTO lab_category (id, slug) VALUES (9, 'old')"]);
    let before = database.contents();
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let mut count = 0;
    let error = client
        .sync("x")
        .clean(Clean::Before)
        .map(move |_| {
            count += 1;
            match count {
                3 => Verdict::Stop("that is enough".into()),
                _ => Verdict::Keep,
            }
        })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Canceled);
    assert!(
        error.to_string().contains("object 2: that is enough"),
        "{error}"
    );
    assert_eq!(database.contents(), before);
}

#[tokio::test]
async fn progress_is_told() {
    let server = serve(json_reply(body())).await;
    let database = Database::new();
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&told);
    client
        .sync("x")
        .on_progress(move |progress| {
            let model = progress.model.map(ToString::to_string);
            let total = progress.total_bytes;
            let entry = (
                progress.phase,
                progress.bytes,
                total,
                progress.objects,
                model,
            );
            keep.lock().unwrap().push(entry);
        })
        .await
        .unwrap();
    let told = told.lock().unwrap();
    let all = body().len() as u64;
    let (phase, bytes, total, objects, model) = told.last().unwrap();
    assert_eq!(*phase, Phase::Finishing);
    assert_eq!((*bytes, *total, *objects), (all, Some(all), 3));
    assert_eq!(model.as_deref(), Some("lab.blog"));
    assert!(told.iter().any(|(phase, ..)| *phase == Phase::Objects));
}

#[tokio::test]
async fn a_report_counts_everything() {
    let server = serve(json_reply(body())).await;
    let database =
        Database::with(&["INSERT INTO lab_category (id, slug) VALUES (1, 'a'), (2, 'x')"]);
    let client = client(server.url("/sync/"), &database)
        .await
        .build()
        .unwrap();
    let report = client.sync("x").await.unwrap();
    assert_eq!((report.objects, report.bytes), (3, body().len() as u64));
    assert_eq!(
        (report.inserted(), report.updated(), report.unchanged()),
        (1, 1, 1)
    );
    assert_eq!(report.model("lab.Blog").unwrap().pairs_added, 2);
    assert!(report.model("lab.author").is_none());
    assert_eq!((report.attempts, report.skipped), (1, 0));
    assert!(report.changed() && !report.dry_run && !report.not_modified);
    assert_eq!(report.warnings, []);
}
