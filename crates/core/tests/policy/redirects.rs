//! Where a redirect may lead, and what goes along.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, IF_NONE_MATCH, RANGE, REFERER, USER_AGENT,
};
use http::{HeaderName, HeaderValue, Method};
use sync_core::auth::HeaderAuth;
use sync_core::policy::Redirects;
use sync_core::testing::mock::{self, ReplyTransport};
use sync_core::{Call, CallOptions, Error, ErrorKind, Operation, Pipeline, Secret, Service};

use crate::support::*;

const KEY: HeaderName = HeaderName::from_static("x-api-key");
const AWAY: &str = "http://away.test";
const SECRETS: [&str; 4] = [
    "the-api-key",
    "the-token",
    "the-simperium-token",
    "the-cookie",
];

fn redirect(code: u16, to: &str) -> mock::Answer {
    Ok(with(status(code), "location", to))
}

/// Redirects every path but `/end`, from `map`.
fn mapped(map: &'static [(&'static str, u16, &'static str)]) -> Arc<ReplyTransport> {
    replies(move |request| {
        let uri = request.uri().to_string();
        match map.iter().find(|(from, ..)| *from == uri) {
            Some((_, code, to)) => redirect(*code, to),
            None => Ok(ok("end")),
        }
    })
}

fn client(transport: Arc<ReplyTransport>, redirects: Redirects) -> Pipeline {
    builder(transport)
        .auth(HeaderAuth::new(KEY, Secret::from("the-api-key")).unwrap())
        .header(HeaderName::from_static("access_token"), "the-token")
        .header(USER_AGENT, "agent/1")
        .header(HOST, "tunnel.test")
        .options(CallOptions::new().retry(attempts(3)).redirects(redirects))
        .build()
        .unwrap()
}

fn anywhere() -> Redirects {
    Redirects::Anywhere { max: 5 }
}

/// A call with all that must not leave the origin, and some that may.
fn loaded(client: &Pipeline, operation: &'static Operation) -> Call<bytes::Bytes> {
    client
        .call(operation)
        .header(AUTHORIZATION, "Bearer the-token")
        .header(
            HeaderName::from_static("x-simperium-token"),
            "the-simperium-token",
        )
        .header(COOKIE, "session=the-cookie")
        .header(REFERER, "http://home.test/the-token")
        .header(ACCEPT, "image/png")
        .header(RANGE, "bytes=0-9")
}

fn has_secret(request: &http::Request<bytes::Bytes>) -> bool {
    let text = format!("{:?} {}", header_text(request), request.uri());
    SECRETS.iter().any(|secret| text.contains(secret))
}

fn header_text(request: &http::Request<bytes::Bytes>) -> Vec<(String, String)> {
    let pairs = request.headers().iter();
    pairs
        .map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

fn refused(error: &Error, code: u16, reason: &str) {
    assert_eq!(error.kind(), ErrorKind::Service, "{error:?}");
    assert_eq!(error.status().unwrap(), code);
    let text = error.to_string();
    assert!(
        text.contains("a redirect was not followed") && text.contains(reason),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_redirect_within_the_origin_keeps_headers_and_credentials() {
    for code in [301, 302, 307, 308] {
        let transport = queue([redirect(code, "/other?x=1"), Ok(ok("end"))]);
        let client = client(Arc::clone(&transport), Redirects::default());
        assert_eq!(loaded(&client, &GET).await.unwrap(), "end");
        let second = &transport.requests()[1];
        assert_eq!(second.uri(), "http://home.test/other?x=1");
        assert_eq!(second.headers()[KEY], "the-api-key");
        assert_eq!(second.headers()[AUTHORIZATION], "Bearer the-token");
        assert_eq!(second.headers()[HOST], "tunnel.test");
    }
}

#[tokio::test(start_paused = true)]
async fn relative_locations_are_resolved_against_where_they_were_found() {
    let transport = mapped(&[
        ("http://home.test/item", 302, "/a/b/c"),
        ("http://home.test/a/b/c", 302, "../d#fragment"),
        ("http://home.test/a/d", 302, "//home.test:80/end?q"),
    ]);
    client(Arc::clone(&transport), Redirects::default())
        .call(&GET)
        .await
        .unwrap();
    assert_eq!(transport.requests()[3].uri(), "http://home.test:80/end?q");
    assert!(
        transport
            .requests()
            .iter()
            .all(|request| request.headers().contains_key(KEY))
    );
}

#[tokio::test(start_paused = true)]
async fn another_origin_is_refused_by_default() {
    for to in [
        "http://away.test/",
        "//away.test/",
        "https://home.test/",
        "http://home.test:81/",
    ] {
        let transport = queue([redirect(302, to)]);
        let client = client(Arc::clone(&transport), Redirects::default());
        let error = client.call(&GET).await.unwrap_err();
        refused(&error, 302, "another origin");
        assert_eq!(transport.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn no_redirect_is_followed_when_none_is_wanted() {
    let transport = queue([redirect(302, "/other")]);
    let error = client(transport, Redirects::None)
        .call(&GET)
        .await
        .unwrap_err();
    refused(&error, 302, "follows none");
}

#[tokio::test(start_paused = true)]
async fn another_origin_gets_only_harmless_headers() {
    let transport = mapped(&[("http://home.test/item", 302, "http://away.test/end")]);
    let client = client(Arc::clone(&transport), anywhere());
    let mut sensitive = HeaderValue::from_static("etag-the-token");
    sensitive.set_sensitive(true);
    let call = loaded(&client, &GET).header(IF_NONE_MATCH, sensitive);
    call.await.unwrap();
    let request = &transport.requests()[1];
    assert!(!has_secret(request), "{:?}", header_text(request));
    let names: Vec<String> = header_text(request)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let allowed = ["accept", "accept-encoding", "range", "user-agent"];
    assert!(
        names.iter().all(|name| allowed.contains(&name.as_str())),
        "{names:?}"
    );
    assert_eq!(request.headers()[ACCEPT], "image/png");
    assert_eq!(request.headers()[USER_AGENT], "agent/1");
}

#[tokio::test(start_paused = true)]
async fn a_detour_over_another_origin_loses_the_credentials_for_good() {
    let transport = mapped(&[
        ("http://home.test/item", 302, "http://away.test/steer"),
        (
            "http://away.test/steer",
            302,
            "http://home.test/delete-everything",
        ),
        ("http://home.test/delete-everything", 302, "/end"),
    ]);
    let client = client(Arc::clone(&transport), anywhere());
    loaded(&client, &GET).await.unwrap();
    let requests = transport.requests();
    assert_eq!(requests.len(), 4);
    assert!(has_secret(&requests[0]));
    for request in &requests[1..] {
        assert!(!has_secret(request), "{}", request.uri());
    }
}

#[tokio::test(start_paused = true)]
async fn https_is_never_left_for_http() {
    for to in ["http://home.test/item", "http://away.test/"] {
        let transport = queue([redirect(302, to)]);
        let client = Pipeline::builder("https://home.test")
            .transport(Arc::clone(&transport))
            .options(CallOptions::new().redirects(anywhere()))
            .build()
            .unwrap();
        refused(
            &client.call(&GET).await.unwrap_err(),
            302,
            "from https to http",
        );
        assert_eq!(transport.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn http_may_be_left_for_https() {
    let transport = mapped(&[("http://home.test/item", 301, "https://home.test/end")]);
    client(Arc::clone(&transport), anywhere())
        .call(&GET)
        .await
        .unwrap();
    // Another origin all the same.
    assert!(!has_secret(&transport.requests()[1]));
}

#[tokio::test(start_paused = true)]
async fn redirects_in_a_circle_end_at_the_limit() {
    let transport = replies(|_| redirect(302, "/item"));
    let client = client(Arc::clone(&transport), Redirects::SameOrigin { max: 3 });
    refused(&client.call(&GET).await.unwrap_err(), 302, "3 in a row");
    assert_eq!(transport.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_303_after_a_post_is_fetched_without_the_body() {
    for body in [sync_core::Body::from("data"), one_shot(["data"])] {
        let transport = queue([redirect(303, "/result"), Ok(ok("end"))]);
        let client = client(Arc::clone(&transport), Redirects::default());
        let call = client
            .call(&POST)
            .header(CONTENT_TYPE, "text/plain")
            .body(body);
        assert_eq!(call.await.unwrap(), "end");
        let requests = transport.requests();
        assert_eq!(
            (requests[0].method(), &**requests[0].body()),
            (&Method::POST, &b"data"[..])
        );
        assert_eq!(
            (requests[1].method(), &**requests[1].body()),
            (&Method::GET, &b""[..])
        );
        assert!(!requests[1].headers().contains_key(CONTENT_TYPE));
        assert!(requests[1].headers().contains_key(KEY));
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_stays_a_head() {
    for code in [302, 303, 307] {
        let transport = queue([redirect(code, "/other"), Ok(ok(""))]);
        client(Arc::clone(&transport), Redirects::default())
            .call(&HEAD)
            .await
            .unwrap();
        assert_eq!(transport.requests()[1].method(), Method::HEAD);
    }
}

#[tokio::test(start_paused = true)]
async fn a_307_repeats_the_body_only_if_it_can_be_read_again() {
    let transport = queue([redirect(307, "/other"), Ok(ok("end"))]);
    let client_ = client(Arc::clone(&transport), Redirects::default());
    client_.call(&POST).body("data").await.unwrap();
    assert_eq!(transport.requests()[1].method(), Method::POST);
    assert_eq!(transport.requests()[1].body(), "data");

    let transport = queue([redirect(307, "/other"), Ok(ok("end"))]);
    let client_ = client(Arc::clone(&transport), Redirects::default());
    let error = client_
        .call(&POST)
        .body(one_shot(["data"]))
        .await
        .unwrap_err();
    refused(&error, 307, "read only once");
    assert_eq!(transport.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_never_goes_to_another_origin() {
    for code in [307, 308] {
        let transport = queue([redirect(code, AWAY), Ok(ok("end"))]);
        let error = client(Arc::clone(&transport), anywhere())
            .call(&POST)
            .body("data")
            .await
            .unwrap_err();
        refused(&error, code, "body to another origin");
        assert_eq!(transport.calls(), 1);
    }
    // Not even that of a GET.
    let transport = queue([redirect(307, AWAY), Ok(ok("end"))]);
    client(Arc::clone(&transport), anywhere())
        .call(&GET)
        .body("data")
        .await
        .unwrap();
    assert_eq!(transport.requests()[1].body(), "");
}

#[tokio::test(start_paused = true)]
async fn a_302_after_a_post_is_refused_as_its_method_is_anyones_guess() {
    for code in [301, 302] {
        let transport = queue([redirect(code, "/other")]);
        let error = client(Arc::clone(&transport), anywhere())
            .call(&POST)
            .await
            .unwrap_err();
        refused(&error, code, "method");
        assert_eq!(transport.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_none_or_is_a_trap_is_refused() {
    for (to, reason) in [
        ("http://user:hunter2@home.test/", "credentials"),
        ("http://home.test@away.test/", "credentials"),
        ("ftp://home.test/x", "away from HTTP"),
        ("javascript:alert(1)", "no valid address"),
        ("mailto:a@b", "no valid address"),
        ("http:///nohost", "no valid address"),
        ("http://home.test:99999/", "away from HTTP"),
        ("a b", "no valid address"),
        ("%zz", "no valid address"),
        ("h\u{e9}", "no valid address"),
        ("\\\\away.test", "no valid address"),
    ] {
        let transport = replies(move |_| redirect(302, to));
        let error = client(Arc::clone(&transport), anywhere())
            .call(&GET)
            .await
            .unwrap_err();
        refused(&error, 302, reason);
        assert_eq!(transport.calls(), 1, "{to}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test(start_paused = true)]
async fn answers_that_only_look_like_redirects_are_plain_errors() {
    for (code, location) in [(304, "/x"), (300, "/x"), (305, "/x"), (302, "")] {
        let answer = if location.is_empty() {
            status(code)
        } else {
            with(status(code), "location", location)
        };
        let error = client(queue([Ok(answer)]), anywhere())
            .call(&GET)
            .await
            .unwrap_err();
        assert_eq!(error.status().unwrap(), code);
        assert!(!error.to_string().contains("redirect"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_no_retry_and_a_retry_goes_on_from_where_it_led() {
    let transport = queue([
        redirect(307, "/a"),
        redirect(307, "/b"),
        Ok(status(503)),
        Ok(ok("end")),
    ]);
    let client = client(Arc::clone(&transport), Redirects::default());
    client.call(&GET).retry(attempts(2)).await.unwrap();
    let paths: Vec<String> = transport
        .requests()
        .iter()
        .map(|r| r.uri().path().to_owned())
        .collect();
    assert_eq!(paths, ["/item", "/a", "/b", "/b"]);
}

#[tokio::test(start_paused = true)]
async fn a_uri_of_another_origin_is_called_without_credentials() {
    let transport = mapped(&[("http://away.test/item", 307, "http://home.test/end")]);
    let client = client(Arc::clone(&transport), anywhere());
    let mut call = client.call_uri(&GET, "http://away.test/item".parse().unwrap());
    for (name, value) in [
        (AUTHORIZATION, "Bearer the-token"),
        (COOKIE, "the-cookie"),
        (KEY, "the-api-key"),
    ] {
        call = call.header(name, value);
    }
    call.await.unwrap();
    assert_eq!(transport.calls(), 2);
    for request in transport.requests() {
        assert!(!has_secret(&request), "{:?}", header_text(&request));
        assert!(!request.headers().contains_key(HOST));
    }
}

#[tokio::test(start_paused = true)]
async fn a_uri_of_the_own_origin_is_called_with_credentials() {
    let transport = mapped(&[]);
    let client = client(Arc::clone(&transport), Redirects::default());
    client
        .call_uri(&GET, "http://HOME.test:80/next?page=2".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(transport.requests()[0].headers()[KEY], "the-api-key");
}

#[tokio::test(start_paused = true)]
async fn an_upload_to_another_origin_keeps_the_type_of_its_body() {
    let transport = mapped(&[]);
    let client = client(Arc::clone(&transport), Redirects::default());
    client
        .call_uri(&PUT, "http://away.test/upload?signature=s".parse().unwrap())
        .header(CONTENT_TYPE, "image/png")
        .body("data")
        .await
        .unwrap();
    let request = &transport.requests()[0];
    assert_eq!(request.headers()[CONTENT_TYPE], "image/png");
    assert_eq!(request.body(), "data");
}

#[tokio::test(start_paused = true)]
async fn a_uri_that_cannot_be_called_is_refused_before_anything_is_sent() {
    for uri in [
        "/relative",
        "ftp://home.test/",
        "http://user:hunter2@home.test/",
        "home.test:80",
    ] {
        let transport = mapped(&[]);
        let client = client(Arc::clone(&transport), Redirects::default());
        let error = client
            .call_uri(&GET, uri.parse().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode, "{uri}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert_eq!(transport.calls(), 0);
    }
}

/// Counts what it sees, and takes every failure for a refused credential.
#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicU32>);

impl Service for Counting {
    fn observe(&self, _: &http::response::Parts) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn explain(
        &self,
        _: &Operation,
        head: &http::response::Parts,
        _: &bytes::Bytes,
    ) -> sync_core::ApiError {
        let mut error = sync_core::ApiError::new(head.status);
        error.not_executed = true;
        error
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_sees_only_answers_of_its_own_origin() {
    let service = Counting::default();
    let transport = mapped(&[
        ("http://home.test/item", 302, "http://away.test/steer"),
        ("http://away.test/steer", 302, "http://home.test/end"),
    ]);
    let client = builder(transport)
        .service(service.clone())
        .options(CallOptions::new().redirects(anywhere()))
        .build()
        .unwrap();
    client.call(&GET).await.unwrap();
    assert_eq!(service.0.load(Ordering::SeqCst), 1);

    // Nor does it explain a stranger's errors.
    let transport = replies(|_| Ok(status(400)));
    let client = builder(transport).service(service.clone()).build().unwrap();
    let error = client
        .call_uri(&GET, AWAY.parse().unwrap())
        .await
        .unwrap_err();
    assert!(!error.api().unwrap().not_executed);
    assert_eq!(service.0.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn odd_addresses_lead_home_or_nowhere() {
    const HOME: &[(&str, &str)] = &[
        ("", "http://home.test/item"),
        ("#top", "http://home.test/item"),
        ("?a=1", "http://home.test/item?a=1"),
        ("/a/../b", "http://home.test/b"),
        ("/%2e%2e/b", "http://home.test/b"),
        ("http://home.test:80/x", "http://home.test:80/x"),
        ("HTTP://HOME.TEST/x", "http://HOME.TEST/x"),
    ];
    const NOWHERE: &[&str] = &[
        " ",
        "x y",
        "/\u{fc}",
        "//evil.test/x",
        "///evil.test",
        "/\\evil.test/x",
        "\\\\evil.test\\x",
        "http:x",
        "http:/x",
        "http:///x",
        "http://user:pw@home.test/x",
        "http://home.test@evil.test/",
        "http://home.test\t.evil.test/",
        "http://home.test.:80/x",
        "http://home.test:8080/x",
        "http://[::1]/x",
        "http://[::1/x",
        "http://0x7f.1/x",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://home.test/x",
    ];
    for (location, target) in HOME {
        let transport = queue([redirect(302, location), Ok(ok("end"))]);
        let client = client(Arc::clone(&transport), Redirects::default());
        client.call(&GET).await.unwrap();
        assert_eq!(transport.requests()[1].uri(), *target, "{location:?}");
    }
    for location in NOWHERE {
        let transport = queue([redirect(302, location)]);
        let client = client(Arc::clone(&transport), Redirects::default());
        let error = client.call(&GET).await.unwrap_err();
        assert_eq!(transport.requests().len(), 1, "{location:?}");
        assert_eq!(error.status().unwrap(), 302);
        let text = error.to_string();
        assert!(text.contains("was not followed"), "{location:?}: {text}");
        assert!(!text.contains("pw") && !text.contains("evil"), "{text}");
    }
}
