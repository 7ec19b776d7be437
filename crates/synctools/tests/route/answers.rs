//! What is answered beyond what Django answers, and what is not.

use std::time::{Duration, SystemTime};

use synctools::Clock;
use synctools::route::{Answer, BoxError, Object, Queryset, Route};
use synctools::value::Value;
use synctools::wire::Profile;

use crate::support::http::{TOKEN, exchange, get, raw, request};
use crate::support::lab::{Folder, Lab, fill, schema};
use crate::support::route::{all, builder};

async fn lab(name: &str) -> Lab {
    Lab::new(name, Profile::Django5).await
}

/// The recorded database behind other paths.
async fn with(
    name: &str,
    paths: impl FnOnce(synctools::route::RouteBuilder) -> synctools::route::RouteBuilder,
) -> Lab {
    let folder = Folder::new(name);
    fill(&folder.file()).close().unwrap();
    let build = |store| paths(Route::builder(store, schema()).token(TOKEN));
    Lab::serve(folder, build).await
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let lab = lab("etag").await;
    let first = get(lab.address(), "/sync/lab/", "").await;
    let tag = first.header("etag").unwrap();
    assert!(tag.starts_with("W/\""));
    let condition = format!("If-None-Match: \"other\", {tag}\r\n");
    for headers in [
        &*condition,
        &format!("{condition}Accept-Encoding: gzip\r\n"),
    ] {
        let same = get(lab.address(), "/sync/lab/", headers).await;
        assert_eq!((same.status, same.body.len()), (304, 0));
        assert_eq!(same.header("etag"), Some(tag));
        assert_eq!(same.header("vary"), first.header("vary"));
        assert_eq!(same.header("content-type"), None);
    }
    let head = format!(
        "HEAD /sync/lab/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}{condition}\r\n",
        crate::support::http::AUTHORIZATION,
    );
    assert_eq!(exchange(lab.address(), head.as_bytes()).await.status, 304);

    // Another path, another form, and another state of the database.
    for target in ["/sync/one-model/", "/sync/lab/?format=ndjson"] {
        assert_eq!(get(lab.address(), target, &condition).await.status, 200);
    }
    let database = lab.database();
    let rename = "UPDATE lab_tag SET name = 'renamed' WHERE id = 2";
    assert_eq!(database.execute(rename, []).unwrap(), 1);
    let changed = get(lab.address(), "/sync/lab/", &condition).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), Some(tag));
    assert!(changed.text().contains("renamed"));
}

#[tokio::test]
async fn an_answer_without_a_body_does_not_say_that_there_is_none() {
    let lab = lab("head").await;
    let first = get(lab.address(), "/sync/lab/", "").await;
    let condition = format!("If-None-Match: {}\r\n", first.header("etag").unwrap());
    let known = get(lab.address(), "/sync/lab/", &condition).await;
    let mut head = request("/sync/lab/", "Accept-Encoding: gzip\r\n");
    head.splice(..3, *b"HEAD");
    let head = exchange(lab.address(), &head).await;
    assert_eq!((known.status, head.status), (304, 200));
    for answer in [known, head.clone()] {
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("content-length"), None);
        assert_eq!(answer.header("transfer-encoding"), None);
    }
    assert_eq!(head.header("etag"), first.header("etag"));
    assert_eq!(head.header("content-type"), Some("application/json"));
    assert_eq!(head.header("content-encoding"), Some("gzip"));
}

#[tokio::test]
async fn another_route_does_not_know_the_tag() {
    let folder = Folder::new("etag-nonce");
    fill(&folder.file()).close().unwrap();
    let path = folder.file();
    let build = |store| builder(store, &schema(), Profile::Django5);
    let lab = Lab::serve(folder, build).await;
    let first = get(lab.address(), "/sync/lab/", "").await;
    let condition = format!("If-None-Match: {}\r\n", first.header("etag").unwrap());
    // As after a restart: the file may have changed while nobody looked.
    let store = synctools::store::SqliteStore::open(path).await.unwrap();
    let again = build(store).build().unwrap();
    let again = again.listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let answer = get(again.address(), "/sync/lab/", &condition).await;
    assert_eq!((answer.status, answer.body), (200, first.body));
}

#[tokio::test]
async fn what_depends_on_something_unknown_has_no_tag() {
    let lab = with("etag-unknown", |route| {
        let edited = || Queryset::new(all("lab.tag")).map(|_| Ok(()));
        route
            .queryset("nulled", |_| Queryset::new(all("lab.node")).null("parent"))
            .queryset("mapped", move |_| edited())
            .queryset("retained", |_| {
                Queryset::new(all("lab.tag")).retain(|_| true)
            })
            .queryset("objects", |_| Queryset::objects([]))
            .queryset("declared", move |_| edited().depends_on("v1"))
            .queryset("declared-anew", move |_| edited().depends_on("v2"))
    })
    .await;
    for path in ["/mapped/", "/retained/", "/objects/"] {
        assert_eq!(
            get(lab.address(), path, "").await.header("etag"),
            None,
            "{path}"
        );
    }
    let mut tags = Vec::new();
    for path in ["/nulled/", "/declared/", "/declared-anew/"] {
        tags.push(
            get(lab.address(), path, "")
                .await
                .header("etag")
                .unwrap()
                .to_owned(),
        );
    }
    tags.dedup();
    assert_eq!(tags.len(), 3);
    assert!(tags.iter().all(|tag| tag.starts_with("W/")));
}

#[tokio::test]
async fn arguments_are_part_of_what_a_tag_stands_for() {
    let lab = lab("etag-arguments").await;
    let first = get(lab.address(), "/sync/blog/first/", "").await;
    let condition = format!("If-None-Match: {}\r\n", first.header("etag").unwrap());
    let other = get(lab.address(), "/sync/blog/second/", &condition).await;
    assert_eq!(other.status, 200);
    let same = get(lab.address(), "/sync/blog/first", &condition).await;
    assert_eq!(same.status, 304);
}

#[tokio::test]
async fn a_time_of_the_last_change_is_told_and_known_again() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let lab = with("last-modified", |route| {
        let answer = move |_: &_| Answer::app("sites").last_modified(now - Duration::from_secs(9));
        let fresh = move |_: &_| Answer::app("sites").last_modified(now);
        route
            .clock(Clock::fixed(now))
            .etag(false)
            .queryset("sites", answer)
            .queryset("fresh", fresh)
    })
    .await;
    let first = get(lab.address(), "/sites/", "").await;
    assert_eq!(first.header("etag"), None);
    let time = first.header("last-modified").unwrap();
    assert_eq!(time, "Sun, 06 Nov 1994 08:49:28 GMT");
    let condition = format!("If-Modified-Since: {time}\r\n");
    assert_eq!(get(lab.address(), "/sites/", &condition).await.status, 304);
    let older = "If-Modified-Since: Sun, 06 Nov 1994 08:49:27 GMT\r\n";
    assert_eq!(get(lab.address(), "/sites/", older).await.status, 200);
    // More could be written within the same second.
    let fresh = get(lab.address(), "/fresh/", "").await;
    assert_eq!(fresh.header("last-modified"), None);
}

#[tokio::test]
async fn whoever_asks_gets_one_object_per_line() {
    let lab = lab("ndjson").await;
    let array = get(lab.address(), "/sync/lab/", "").await;
    let objects: Vec<serde_json::Value> = serde_json::from_slice(&array.body).unwrap();
    for (target, headers) in [
        ("/sync/lab/?format=ndjson", ""),
        ("/sync/lab/", "Accept: application/x-ndjson, */*\r\n"),
    ] {
        let lines = get(lab.address(), target, headers).await;
        assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
        assert!(lines.text().ends_with("}\n"));
        let parsed = lines.text().lines().map(serde_json::from_str);
        let parsed: Result<Vec<serde_json::Value>, _> = parsed.collect();
        assert_eq!(parsed.unwrap(), objects);
    }
    let none = get(lab.address(), "/sync/empty/?format=ndjson", "").await;
    assert_eq!((none.status, none.body.len()), (200, 0));
}

#[tokio::test]
async fn lines_are_not_sent_where_a_cut_cannot_be_seen() {
    let lab = lab("http-1-0").await;
    let request = format!(
        "GET /sync/lab/?format=ndjson HTTP/1.0\r\n{}\r\n",
        crate::support::http::AUTHORIZATION
    );
    let answer = exchange(lab.address(), request.as_bytes()).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.body, get(lab.address(), "/sync/lab/", "").await.body);
}

#[tokio::test]
async fn objects_are_edited_on_their_way() {
    let lab = with("edits", |route| {
        route
            .queryset("edited", |_| {
                Queryset::new(all("lab.blog"))
                    .null("related")
                    .set("title", Value::text("hidden"))
                    .omit("owner")
                    .omit("follows")
                    .map(|object: &mut Object<'_>| {
                        let slug = object.get("slug").and_then(Value::as_str);
                        let slug = format!("{}-x", slug.unwrap_or_default());
                        object.set("slug", Value::text(slug))?;
                        Ok(())
                    })
                    .retain(|object| object.pk() != Some(&Value::Int(1)))
            })
            .queryset("no-such-field", |_| {
                Queryset::new(all("lab.blog")).null("nothing")
            })
            .queryset("fails", |_| {
                Queryset::new(all("lab.blog")).map(|_| Err("no".into()))
            })
    })
    .await;
    let edited = get(lab.address(), "/edited/", "").await;
    let expected = r#"[{"model": "lab.blog", "pk": 2, "fields": {"title": "hidden", "slug": "second-x", "categories": [], "authors": [], "related": []}}]"#;
    assert_eq!(edited.text(), expected);
    for path in ["/no-such-field/", "/fails/"] {
        assert_eq!(get(lab.address(), path, "").await.status, 500, "{path}");
    }
}

#[tokio::test]
async fn parents_come_before_their_children() {
    let lab = with("order", |route| route.app("lab", "lab")).await;
    let answer = get(lab.address(), "/lab/", "").await;
    let objects: Vec<serde_json::Value> = serde_json::from_slice(&answer.body).unwrap();
    let place = |model: &str, pk: serde_json::Value| {
        let found = objects
            .iter()
            .position(|one| one["model"] == model && one["pk"] == pk);
        found.unwrap_or_else(|| panic!("{model} {pk}"))
    };
    assert_eq!(objects.len(), 39);
    assert!(place("lab.group", 1.into()) < place("lab.membership", 1.into()));
    assert!(place("lab.node", 10.into()) < place("lab.node", 5.into()));
    assert!(place("lab.place", 2.into()) < place("lab.restaurant", 2.into()));
    // Nothing else is moved.
    let models: Vec<_> = objects
        .iter()
        .map(|one| one["model"].as_str().unwrap())
        .collect();
    let mut distinct = models.clone();
    distinct.dedup();
    let declared = [
        "category",
        "author",
        "profile",
        "blog",
        "node",
        "cyca",
        "cycb",
        "group",
        "membership",
        "place",
        "restaurant",
        "legacy",
        "tag",
        "tagged",
        "everything",
    ];
    assert_eq!(distinct, declared.map(|name| format!("lab.{name}")));
}

#[tokio::test]
async fn a_manager_may_hide_rows_of_an_app() {
    use synctools::store::Condition;
    let lab = with("manager", |route| {
        route
            .app("lab", "lab.Tag")
            .queryset("all", |_| all("lab.tag"))
            .manager("lab.tag", |query| {
                query.filter(Condition::equals("name", Value::text("t2")))
            })
    })
    .await;
    let hidden = get(lab.address(), "/lab/", "").await;
    let expected = r#"[{"model": "lab.tag", "pk": 2, "fields": {"name": "t2"}}]"#;
    assert_eq!(hidden.text(), expected);
    assert!(
        get(lab.address(), "/all/", "")
            .await
            .text()
            .contains("\"t1\"")
    );
}

#[tokio::test]
async fn hostile_paths_are_not_found() {
    let lab = lab("hostile").await;
    for target in [
        "/sync/../sync/categories/",
        "/sync/./categories/",
        "//sync/categories/",
        "/sync//categories/",
        "/SYNC/categories/",
        "/sync/categories%00/",
        "/sync/categories%0a",
        "/sync/categories%2f%2f",
        "/sync/%ff/",
        "/sync/blog/%2e%2e%2fetc%2fpasswd/",
        "/sync/blog//",
        "/sync/",
        "/sync",
        "/",
        "/sync/categories;x=1/",
    ] {
        let answer = get(lab.address(), target, "").await;
        assert_eq!(answer.status, 404, "{target}");
    }
    let quoted = get(lab.address(), "/sync/blog/%27%20OR%201%3D1%20--/", "").await;
    assert_eq!((quoted.status, quoted.text()), (200, "[]"));
    let encoded = get(lab.address(), "/sync/c%61tegories%2F", "").await;
    assert_eq!(encoded.status, 200);
    let absolute = get(lab.address(), "http://example.com/sync/categories/", "").await;
    assert_eq!(absolute.status, 200);
    let garbage = raw(lab.address(), b"\x16\x03\x01 nonsense\r\n\r\n").await;
    assert!(garbage.starts_with(b"HTTP/1.1 400"));
}

#[tokio::test]
async fn a_connection_takes_more_than_one_request() {
    let lab = lab("keep-alive").await;
    let close = String::from_utf8(request("/sync/sliced/", "")).unwrap();
    let keep = close.replace("Connection: close\r\n", "");
    let both = raw(lab.address(), format!("{keep}{keep}{close}").as_bytes()).await;
    let text = String::from_utf8(both).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 3);
    assert_eq!(text.matches("\"café ☃\"}}]").count(), 3);
}

#[tokio::test]
async fn a_body_that_is_sent_along_does_no_harm() {
    let lab = lab("bodies").await;
    let post = format!(
        "POST /sync/categories/ HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: 9000000\r\n\r\n",
        crate::support::http::AUTHORIZATION
    );
    let answer = raw(lab.address(), post.as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 405"));
}

#[tokio::test]
async fn the_error_of_a_function_is_not_told() {
    let lab = with("errors", |route| {
        let fails = |_: &_| Err::<Answer, BoxError>("the password is 1234".into());
        route.queryset("fails", fails)
    })
    .await;
    let answer = get(lab.address(), "/fails/", "").await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text().contains("1234"));
}
