//! The exact requests of calls that no recording has.

use std::sync::Arc;

use serde_json::json;
use simperium::model::{BulkChange, Ccid, ClientId, Cv};
use simperium::{Admin, Api, Auth, Bucket};
use sync_core::testing::mock::ReplyTransport;

use super::support::{ok, versioned};

fn service() -> Arc<ReplyTransport> {
    Arc::new(ReplyTransport::new(|request| match request.uri().path() {
        path if path.ends_with('/') => ok(r#"{"status":"success"}"#),
        path if path.ends_with("/user") => ok(r#"{"userid":"u1"}"#),
        path if path.ends_with("/buckets") => ok(r#"{"buckets":[{"name":"todo"}]}"#),
        path if path.contains("/changes") || path.contains("/all") => ok("[]"),
        path if path.contains("__options__") => versioned(ok("{}"), "1"),
        _ => versioned(ok(""), "7"),
    }))
}

fn api(service: &Arc<ReplyTransport>) -> Api {
    Api::builder("app", "a-token")
        .client_id(ClientId::new("me").unwrap())
        .transport(Arc::clone(service))
        .build()
        .unwrap()
}

fn todo(service: &Arc<ReplyTransport>) -> Bucket {
    api(service).bucket("todo").unwrap()
}

/// The last request, as `METHOD URI BODY`.
fn last(service: &ReplyTransport) -> String {
    let request = service.requests().pop().unwrap();
    let body = std::str::from_utf8(request.body()).unwrap();
    format!("{} {} {body}", request.method(), request.uri())
}

#[tokio::test]
async fn calls_about_users() {
    let service = service();
    let auth = Auth::builder("app", "key")
        .provider("ours")
        .transport(Arc::clone(&service))
        .build()
        .unwrap();
    let base = "POST https://auth.simperium.com/1/app";
    auth.update("joe", "old").new_password("new").await.unwrap();
    assert_eq!(
        last(&service),
        format!(r#"{base}/update/ {{"username":"joe","password":"old","new_password":"new"}}"#)
    );
    auth.update("joe", "old").new_username("jim").await.unwrap();
    assert_eq!(
        last(&service),
        format!(r#"{base}/update/ {{"username":"joe","password":"old","new_username":"jim"}}"#)
    );
    auth.reset_password("joe", "new").await.unwrap();
    assert_eq!(
        last(&service),
        format!(r#"{base}/reset_password/ {{"username":"joe","new_password":"new"}}"#)
    );
    auth.delete("joe").await.unwrap();
    assert_eq!(
        last(&service),
        format!(r#"{base}/delete/ {{"username":"joe"}}"#)
    );
    // The answer is no user, which is not what counts here.
    assert!(auth.create("joe", "new").await.is_err());
    assert_eq!(
        last(&service),
        format!(r#"{base}/create/ {{"username":"joe","password":"new","provider":"ours"}}"#)
    );
    for request in service.requests() {
        assert_eq!(request.headers()["x-simperium-api-key"], "key");
        assert_eq!(request.headers()["content-type"], "application/json");
    }
}

#[tokio::test]
async fn calls_about_an_app() {
    let service = service();
    let base = "GET https://api.simperium.com/1/app";
    assert_eq!(api(&service).user().await.unwrap().userid, "u1");
    assert_eq!(last(&service), format!("{base}/user "));
    assert_eq!(api(&service).buckets().await.unwrap()[0].name, "todo");
    assert_eq!(last(&service), format!("{base}/buckets "));
    let admin = Admin::new(api(&service));
    admin.options("to%do").unwrap().get().await.unwrap();
    assert_eq!(last(&service), format!("{base}/__options__/i/to%25do "));
    admin.as_user("u1").unwrap().user().await.unwrap();
    let request = service.requests().pop().unwrap();
    assert_eq!(request.headers()["x-simperium-user"], "u1");
}

#[tokio::test]
async fn calls_about_entities() {
    let service = service();
    let todo = todo(&service);
    let base = "https://api.simperium.com/1/app/todo";
    todo.delete_version("a.b@c", 3).ccid("x").await.unwrap();
    assert_eq!(
        last(&service),
        format!("DELETE {base}/i/a.b%40c/v/3?clientid=me&ccid=x ")
    );
    todo.put("k", &json!({"a": 1})).ccid("x").await.unwrap();
    assert_eq!(
        last(&service),
        format!(r#"POST {base}/i/k?clientid=me&ccid=x&replace=1 {{"a":1}}"#)
    );
    todo.changes(Cv::new("5")).no_wait().await.unwrap();
    assert_eq!(
        last(&service),
        format!("GET {base}/changes?clientid=me&cv=5&wait=0 ")
    );
    todo.changes(None).await.unwrap();
    assert_eq!(last(&service), format!("GET {base}/changes?clientid=me "));
    todo.all(None).await.unwrap();
    assert_eq!(
        last(&service),
        format!("GET {base}/all?clientid=me&batch=100 ")
    );
    let x = Ccid::new("x").unwrap();
    let change = BulkChange::replace("k", 2, &json!({"a": 1})).unwrap();
    todo.bulk([change.with_ccid(&x)]).post().await.unwrap();
    assert_eq!(
        last(&service),
        format!(
            r#"POST {base}/changes?clientid=me [{{"id":"k","o":"M","ccid":"x","sv":2,"d":{{"a":1}}}}]"#
        )
    );
}

#[tokio::test]
async fn the_host_can_be_another() {
    let service = service();
    for (host, base) in [
        ("127.0.0.1:8080", "https://127.0.0.1:8080/1/app"),
        ("http://localhost:8080", "http://localhost:8080/1/app"),
        ("https://proxy/simperium/", "https://proxy/simperium/1/app"),
    ] {
        let api = Api::builder("app", "a-token")
            .host(host)
            .transport(Arc::clone(&service))
            .build()
            .unwrap();
        api.user().await.unwrap();
        assert_eq!(last(&service), format!("GET {base}/user "));
    }
}
