//! The versions of an entity.

use std::collections::HashMap;

use http::StatusCode;
use serde_json::json;
use simperium::emulator::Fault;

use super::support::{answered, emulator, ok, todo};

#[tokio::test]
async fn the_versions_that_are_kept_come_newest_first() {
    let emulator = emulator();
    let todo = todo(&emulator);
    for n in 1..=85 {
        todo.put("k", &json!({"n": n})).await.unwrap();
    }
    let versions = todo.versions("k").collect().await.unwrap();
    let numbers: Vec<u64> = versions
        .iter()
        .filter_map(|version| version.version)
        .collect();
    let expected: Vec<u64> = (26..=85).rev().chain([21, 11, 1]).collect();
    assert_eq!(numbers, expected);
    for version in &versions {
        assert_eq!(version.data, json!({"n": version.version}));
    }
}

#[tokio::test]
async fn what_is_gone_is_left_out_and_what_fails_is_asked_for_again() {
    let emulator = emulator();
    emulator.configure(|config| config.versions_kept = 2);
    let todo = todo(&emulator);
    for n in 1..=9 {
        todo.put("k", &json!({"n": n})).await.unwrap();
    }
    // As often as one call asks.
    let fault = Fault::status(StatusCode::INTERNAL_SERVER_ERROR);
    emulator.fault("/v/8", 5, fault).unwrap();
    let mut versions = todo.versions("k");
    let mut seen = Vec::new();
    let mut errors = 0;
    while let Some(version) = versions.next().await {
        match version {
            Ok(version) => seen.push(version.version.unwrap()),
            Err(_) => errors += 1,
        }
    }
    assert_eq!((seen, errors), (vec![9, 8, 1], 1));
    assert!(versions.next().await.is_none());
}

#[tokio::test]
async fn an_error_that_does_not_pass_is_the_last() {
    let emulator = emulator();
    let todo = todo(&emulator);
    for n in 1..=9 {
        todo.put("k", &json!({"n": n})).await.unwrap();
    }
    for (path, before) in [("/v/8", 1), ("/i/k$", 0)] {
        let fault = Fault::status(StatusCode::FORBIDDEN);
        emulator.fault(path, 1, fault).unwrap();
        let mut versions = todo.versions("k");
        for _ in 0..before {
            assert!(versions.next().await.unwrap().is_ok());
        }
        assert!(versions.next().await.unwrap().is_err(), "{path}");
        assert!(versions.next().await.is_none(), "{path}");
    }
}

#[tokio::test]
async fn a_version_of_another_form_is_one_error_among_the_versions() {
    let emulator = emulator();
    let todo = todo(&emulator);
    for n in [json!(1), json!("two"), json!(3)] {
        todo.put("k", &json!({ "n": n })).await.unwrap();
    }
    let counts = todo.api().bucket_as::<HashMap<String, u32>>("todo");
    let mut versions = counts.unwrap().versions("k");
    let mut seen = Vec::new();
    while let Some(version) = versions.next().await {
        seen.push(version.ok().map(|version| version.data["n"]));
    }
    assert_eq!(seen, [Some(3), None, Some(1)]);
}

#[tokio::test]
async fn nothing_comes_of_what_is_not_there() {
    let emulator = emulator();
    assert!(
        todo(&emulator)
            .versions("nope")
            .collect()
            .await
            .unwrap()
            .is_empty()
    );
    let mut bad = todo(&emulator).versions("a/b");
    assert!(bad.next().await.unwrap().is_err());
    assert!(bad.next().await.is_none());
    // Without a version there is nothing to count from.
    let (todo, transport) = answered([ok("{}")]);
    assert_eq!(todo.versions("k").collect().await.unwrap().len(), 1);
    assert_eq!(transport.calls(), 1);
}
