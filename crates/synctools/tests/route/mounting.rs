//! Routes as parts of something larger, and routes that can't be.

use std::convert::Infallible;
use std::error::Error;
use std::process::Command;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use synctools::route::{BoxError, Route, RouteBuilder, RouteError};
use tower_service::Service;

use crate::support::route::all;
use crate::support::scripted::{MODEL, Scripted, Step, schema};

fn builder() -> RouteBuilder {
    Route::builder(Scripted::new([Step::Rows(1)]), schema())
}

/// What axum asks of a service that is mounted, and does with it.
async fn mounted<S, B>(mut service: S, target: &str) -> Response<Bytes>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let request = Request::get(target).body(Full::default()).unwrap();
    std::future::poll_fn(|context| service.poll_ready(context))
        .await
        .unwrap();
    let (parts, body) = service.call(request).await.unwrap().into_parts();
    let body = body.collect().await.map_err(Into::into).unwrap();
    Response::from_parts(parts, body.to_bytes())
}

#[tokio::test]
async fn a_route_is_a_service() {
    let route = builder()
        .public()
        .queryset("items", |_| all(MODEL))
        .build()
        .unwrap();
    let response = mounted(route.clone(), "/items/").await;
    assert_eq!(response.status(), 200);
    assert!(response.body().starts_with(b"[{\"model\": \"big.item\""));
    assert_eq!(mounted(route, "/others/").await.status(), 404);
}

#[tokio::test]
async fn a_prefix_is_written_in_any_way() {
    for prefix in ["sync", "/sync", "sync/", "/sync/"] {
        let route = builder()
            .public()
            .prefix(prefix)
            .queryset("items", |_| all(MODEL));
        let route = route.build().unwrap();
        assert_eq!(mounted(route.clone(), "/sync/items/").await.status(), 200);
        assert_eq!(mounted(route, "/items/").await.status(), 404);
    }
}

#[tokio::test]
async fn the_first_path_that_matches_answers() {
    let route = builder()
        .public()
        .queryset("items", |_| synctools::route::Answer::new())
        .queryset(".*", |_| all(MODEL))
        .build()
        .unwrap();
    assert_eq!(mounted(route.clone(), "/items/").await.body(), "[]");
    assert_ne!(mounted(route, "/others/").await.body(), "[]");
}

#[test]
fn a_route_without_a_token_does_not_start() {
    assert_eq!(
        builder().token("").build().unwrap_err(),
        RouteError::EmptyToken
    );
    let error = builder().token("secret").public().build().unwrap_err();
    assert_eq!(error, RouteError::PublicWithToken);
    assert!(builder().public().build().is_ok());
    assert!(builder().token("secret").build().is_ok());
}

#[test]
fn what_cannot_be_served_is_an_error_at_the_start() {
    let builder = || builder().public();
    let unknown = |label: &str| RouteError::UnknownLabel(label.to_owned());
    for label in ["small", "big.thing", "Big", ""] {
        let error = builder().app("items", label).build().unwrap_err();
        assert_eq!(error, unknown(label));
    }
    assert!(builder().app("items", "big").build().is_ok());
    assert!(builder().app("items", "big.Item").build().is_ok());
    let error = builder()
        .manager("big.thing", |query| query)
        .build()
        .unwrap_err();
    assert_eq!(error, unknown("big.thing"));
    let error = builder().queryset("(", |_| all(MODEL)).build().unwrap_err();
    assert!(matches!(error, RouteError::Path { path, .. } if path == "("));
}

#[test]
fn no_secret_is_shown() {
    let builder = builder().token("sekret-token");
    assert!(!format!("{builder:?}").contains("sekret"));
    assert!(!format!("{:?}", builder.build().unwrap()).contains("sekret"));
}

/// Says, in a process of its own, what comes of the environment.
#[test]
fn what_the_environment_says() {
    println!("outcome: {:?}", builder().build().map(|_| ()));
}

#[test]
fn the_token_may_come_from_the_environment() -> Result<(), Box<dyn Error>> {
    for (token, expected) in [
        (None, "outcome: Err(NoToken)"),
        (Some(""), "outcome: Err(EmptyToken)"),
        (Some("secret"), "outcome: Ok(())"),
    ] {
        let mut command = Command::new(std::env::current_exe()?);
        let name = "mounting::what_the_environment_says";
        command.args(["--exact", name, "--nocapture"]);
        command.env_remove("SYNCTOOL_API_TOKEN");
        command.envs(token.map(|token| ("SYNCTOOL_API_TOKEN", token)));
        let output = String::from_utf8(command.output()?.stdout)?;
        assert!(output.contains(expected), "{output}");
    }
    Ok(())
}
