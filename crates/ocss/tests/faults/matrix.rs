//! All faults, and what each has to lead to.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use ocss::ErrorClass::{Client, Connection, NotAllowed, NotFound, Server};
use ocss::emulator::{Emulator, Fault};

use crate::operations::{ALL, Answer, Operation};
use crate::run::{Want, client, run};

/// More often than anything is repeated.
const ALWAYS: u32 = 100;

/// Runs all operations with this fault, without a socket and in virtual time.
async fn all(fault: Fault, want: impl Fn(&Operation) -> Want) {
    let emulator = Arc::new(Emulator::builder().build());
    for operation in ALL {
        let api = client(&emulator)
            .transport(emulator.transport())
            .build()
            .unwrap();
        let seen = run(&api, &emulator, operation, &fault, ALWAYS).await;
        let expected = want(operation).map_or(Ok(()), Err);
        assert_eq!(seen.outcome, expected, "{} and {fault:?}", operation.name);
    }
}

/// What comes of an answer that cannot be understood.
fn unreadable(operation: &Operation) -> Want {
    (operation.answer != Answer::Nothing).then_some(Server)
}

#[tokio::test(start_paused = true)]
async fn every_status_has_its_class() {
    for (status, class) in [
        (400, Client),
        (401, NotAllowed),
        (403, NotAllowed),
        (404, NotFound),
        (405, NotAllowed),
        (406, Client),
        (409, Client),
        (410, NotFound),
        (412, Client),
        (413, Client),
        (415, Client),
        (422, Client),
        (429, Client),
        (500, Server),
        (501, Server),
        (503, Server),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        all(Fault::status(status), |operation| {
            match (operation.answer, status.as_u16()) {
                (Answer::Polled, 404 | 410) => Some(Client),
                (Answer::MaybeEntry, 404 | 410) => None,
                _ => Some(class),
            }
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_names_an_oauth_problem_is_not_allowed() {
    let body = "oauth_problem=signature_invalid";
    let fault = Fault::status_with(StatusCode::BAD_REQUEST, HeaderMap::new(), body);
    all(fault, |_| Some(NotAllowed)).await;
}

#[tokio::test(start_paused = true)]
async fn a_closed_connection_is_a_connection_error() {
    all(Fault::reset_before(), |_| Some(Connection)).await;
    all(Fault::reset(), |_| Some(Connection)).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_is_a_connection_error() {
    all(Fault::slow(Duration::from_secs(86_400)), |_| {
        Some(Connection)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_late_is_waited_for() {
    all(Fault::slow(Duration::from_secs(5)), |_| None).await;
}

#[tokio::test(start_paused = true)]
async fn half_an_answer_is_none() {
    all(Fault::malformed(), unreadable).await;
}

#[tokio::test(start_paused = true)]
async fn a_page_for_people_is_no_answer() {
    all(Fault::html(), unreadable).await;
}

#[tokio::test(start_paused = true)]
async fn a_hostile_document_is_refused() {
    all(Fault::xxe(), unreadable).await;
}

#[tokio::test(start_paused = true)]
async fn another_document_is_no_answer() {
    // Without a word about it, a change was made all the same.
    all(Fault::body("application/atom+xml", ""), |operation| {
        (!matches!(operation.answer, Answer::Nothing | Answer::Changed)).then_some(Server)
    })
    .await;
    for body in [
        "not XML at all",
        "<rss/>",
        "<entry xmlns='http://www.w3.org/2005/Atom'/>",
        "<entry xmlns='http://www.w3.org/2005/Atom'><id>x</id>",
        "<o:entry/>",
    ] {
        all(Fault::body("application/atom+xml", body), unreadable).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_strangers_is_not_followed() {
    for location in [
        "http://stranger.invalid/x",
        "https://localhost:1/x",
        "ftp://localhost/x",
    ] {
        for status in [StatusCode::FOUND, StatusCode::TEMPORARY_REDIRECT] {
            all(Fault::redirect(status, location), |_| Some(Server)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_in_a_circle_ends() {
    let emulator = Arc::new(Emulator::builder().build());
    let api = client(&emulator)
        .transport(emulator.transport())
        .build()
        .unwrap();
    let vendor = &ALL[0];
    let here = "http://localhost/v2/phones/vendors/some-vendor-id";
    let fault = Fault::redirect(StatusCode::TEMPORARY_REDIRECT, here);
    let seen = run(&api, &emulator, vendor, &fault, ALWAYS).await;
    assert_eq!(seen.outcome, Err(Server));
    assert!(seen.struck.len() <= 6, "{:?}", seen.struck);
}

#[tokio::test(start_paused = true)]
async fn pages_that_go_in_a_circle_or_to_strangers_end_the_walk() {
    let lists = |operation: &Operation| (operation.answer == Answer::Feed).then_some(Server);
    all(Fault::next_loops(), lists).await;
    all(
        Fault::next_leads_to("http://stranger.invalid/v2/phones/vendors/?page=2"),
        lists,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_was_created_is_fetched_if_need_be() {
    all(Fault::bare_created(), |operation| match operation.answer {
        Answer::Created | Answer::Changed | Answer::Nothing => None,
        _ => Some(Server),
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nobody_needs_an_entity_tag() {
    all(Fault::no_etag(), |_| None).await;
}

#[tokio::test]
async fn connections_that_break_on_a_socket_are_connection_errors() {
    let emulator = Arc::new(Emulator::builder().start().await.unwrap());
    for fault in [Fault::reset_before(), Fault::reset()] {
        for operation in ALL {
            // A client of its own: what all of these repeat is more than one
            // client's retry budget.
            let api = client(&emulator).build().unwrap();
            let seen = run(&api, &emulator, operation, &fault, ALWAYS).await;
            let what = format!("{} and {fault:?}", operation.name);
            assert_eq!(seen.outcome, Err(Connection), "{what}");
            let tries = match operation.method() {
                "POST" => 1..=1,
                _ if operation.name == "change a password" => 1..=1,
                _ => 2..=3,
            };
            assert!(
                tries.contains(&seen.struck.len()),
                "{what}: {:?}",
                seen.struck
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_is_asked_for_again_only_where_nothing_was_changed() {
    let emulator = Arc::new(Emulator::builder().start().await.unwrap());
    for operation in ALL {
        let api = client(&emulator).build().unwrap();
        let seen = run(&api, &emulator, operation, &Fault::truncate(), 1).await;
        let expected = match operation.method() {
            // The answer to a deletion has no body that could be cut.
            "GET" | "DELETE" => Ok(()),
            // It was done: its answer had begun. Another would be one too many.
            _ => Err(Connection),
        };
        assert_eq!(seen.outcome, expected, "{}", operation.name);
        assert_eq!(seen.struck.len(), 1, "{}", operation.name);
        if expected.is_err() {
            let sent = seen.method_count(operation.method());
            assert_eq!(sent, 1, "{}", operation.name);
        }
    }
}

#[tokio::test]
async fn a_password_is_changed_once_even_if_nobody_says_that_it_was() {
    let emulator = Arc::new(Emulator::builder().start().await.unwrap());
    let change = ALL
        .iter()
        .find(|operation| operation.name == "change a password")
        .unwrap();
    for fault in [Fault::reset(), Fault::reset_before(), Fault::truncate()] {
        let api = client(&emulator).build().unwrap();
        let seen = run(&api, &emulator, change, &fault, 1).await;
        assert_eq!(seen.outcome, Err(Connection), "{fault:?}");
        assert_eq!(seen.method_count("PUT"), 1, "{fault:?}");
    }
}
