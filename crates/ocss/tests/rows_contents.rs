//! S31 to S35 of the reference's table: contents of datastores.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use ocss::OcssErrorExt as _;
use ocss::model::{ContentOperation, Dataclass};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use support::{Lab, store};

row!(s31_data_is_the_same_bytes_both_ways, |lab| {
    let contents = store(&lab.alice()).await.contents();
    for (data, media_type) in [
        ("BEGIN:VCARD\r\nN:Ny;Åse\r\nEND:VCARD\r\n", "text/x-vcard"),
        ("a\rb\nc\r\n\td  ", "text/plain"),
        ("", "text/plain"),
        (" \n ", "text/plain; charset=utf-8"),
        ("]]>&amp;<![CDATA[x]]>&#13;", "text/calendar"),
        ("<a xmlns=\"urn:x\">\n<b/> c &amp; d</a>", "application/xml"),
        ("<?xml version='1.0'?>\n<a/>\n", "application/xml"),
        ("<a>\r\n</a>", "image/svg+xml"),
        ("<not well-formed", "text/xml"),
        ("", "application/xml"),
        ("\u{1F600} \u{FFFD}\u{10FFFD}\u{85}\u{2028}", "text/plain"),
    ] {
        let made = contents.new(data, media_type).await.unwrap();
        assert_eq!(
            made.data().await.unwrap(),
            data,
            "{media_type}: as answered"
        );
        let read = contents.get(made.id()).await.unwrap();
        assert_eq!(read.data().await.unwrap(), data, "{media_type}: as read");
        let listed = contents
            .list()
            .await
            .unwrap()
            .into_iter()
            .find(|content| *content == made);
        assert_eq!(
            listed.unwrap().text().await.unwrap(),
            data,
            "{media_type}: as listed"
        );
    }
    let bytes: Vec<u8> = (0..=255).collect();
    let made = contents
        .new(bytes.clone(), "application/octet-stream")
        .await
        .unwrap();
    made.refresh();
    assert_eq!(made.data().await.unwrap().as_bytes(), bytes);
    assert!(made.text().await.unwrap_err().is_server());
});

row!(
    s31_what_xml_cannot_hold_is_refused_before_it_is_sent,
    |lab| {
        let contents = store(&lab.alice()).await.contents();
        lab.requests();
        for (data, media_type) in [
            (b"a\0b".to_vec(), "text/plain"),
            (b"\x0b".to_vec(), "text/x-vcard"),
            ("\u{FFFE}".into(), "text/plain"),
            (vec![0xff], "text/plain"),
            (b"x".to_vec(), "no media type"),
        ] {
            let error = contents.new(data.clone(), media_type).await.unwrap_err();
            assert!(error.is_client() && error.is_local(), "{data:?}: {error:?}");
        }
        let error = contents
            .new("x", "text/plain")
            .title("\u{1}")
            .await
            .unwrap_err();
        assert!(error.is_local());
        assert!(lab.requests().iter().all(|request| request.method == "GET"));
    }
);

#[test]
fn s31_any_text_of_xml_survives() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let lab = Lab::plain();
    let contents = runtime.block_on(store(&lab.alice())).contents();
    let legal = any::<Vec<char>>().prop_map(|chars| {
        let legal = |c: &char| matches!(*c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
        chars.into_iter().filter(legal).collect::<String>()
    });
    let lines = proptest::collection::vec("[a-z \r\n\t\\]>&;<\"']{0,8}", 0..8)
        .prop_map(|parts| parts.concat());
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(200)
    });
    runner
        .run(&prop_oneof![legal, lines], |text| {
            runtime.block_on(async {
                let made = contents
                    .new(&text, "text/plain")
                    .title(&text)
                    .await
                    .unwrap();
                made.refresh();
                assert_eq!(made.data().await.unwrap(), text.as_str());
                contents.delete(&made).await.unwrap();
            });
            Ok(())
        })
        .unwrap();
}

#[test]
fn s09_ids_of_any_characters_are_one_segment_and_never_vanish() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let lab = Lab::plain();
    let models = lab.anonymous().phones().models();
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(200)
    });
    let ids = prop_oneof!["\\PC{1,12}", "[./?#%& ]{1,4}"];
    runner
        .run(&ids, |id| {
            let error = runtime.block_on(models.get(id.as_str())).unwrap_err();
            match id.as_str() {
                "." | ".." => assert!(error.is_local()),
                _ => {
                    assert!(error.is_not_found(), "{id:?}: {error:?}");
                    let message = error.ocss().unwrap().to_string();
                    assert_eq!(message, format!("No Model with ID '{id}'"));
                }
            }
            Ok(())
        })
        .unwrap();
}

row!(s32_filters_work_alone_and_together, |lab| {
    let contents = store(&lab.alice()).await.contents();
    assert_eq!(contents.len().await.unwrap(), 15);
    assert_eq!(
        contents.since("2009-11-01T123000Z").len().await.unwrap(),
        10
    );
    assert_eq!(contents.since("2009-12-09T130500Z").len().await.unwrap(), 5);
    assert_eq!(contents.dataclass("contacts").len().await.unwrap(), 8);
    let both = contents.dataclass("contacts").since("2009-11-01T123000Z");
    assert_eq!(both.len().await.unwrap(), 5);
    assert_eq!(both.list().await.unwrap().len(), 5);
    assert_eq!(
        contents
            .since("2009-11-01T123000Z")
            .dataclass(Dataclass::CONTACTS)
            .len()
            .await
            .unwrap(),
        5
    );
    for content in both.list().await.unwrap() {
        assert!(content.operation().await.unwrap().is_some());
        assert!(both.contains(content.id()).await.unwrap());
        assert_eq!(both.get(content.id()).await.unwrap(), content);
    }
    assert!(both.get("no-such-id").await.unwrap_err().is_not_found());
    for content in contents.list().await.unwrap() {
        assert_eq!(
            content.operation().await.unwrap(),
            None,
            "only changes have one"
        );
    }
});

row!(s33_any_text_is_a_dataclass_and_case_counts, |lab| {
    let contents = store(&lab.alice()).await.contents();
    for dataclass in ["contacts", "recipes", "a b+c/ø&=", "Contacts"] {
        let made = contents
            .new("x", "text/plain")
            .dataclass(dataclass)
            .await
            .unwrap();
        assert_eq!(made.dataclass().await.unwrap().unwrap(), dataclass);
        let listed = contents.dataclass(dataclass).list().await.unwrap();
        assert!(listed.contains(&made), "{dataclass}");
    }
    assert_eq!(contents.dataclass("Contacts").len().await.unwrap(), 1);
});

row!(s34_without_a_dataclass_the_service_assigns_one, |lab| {
    let contents = store(&lab.alice()).await.contents();
    for (media_type, assigned) in [
        ("text/x-vcard", "contacts"),
        ("text/calendar", "events"),
        ("text/plain", "notes"),
        ("application/x-unheard-of", "Misc"),
    ] {
        lab.requests();
        let made = contents.new("x", media_type).await.unwrap();
        let sent = String::from_utf8(lab.requests()[0].body.to_vec()).unwrap();
        assert!(!sent.contains("dataclass"), "{sent}");
        assert_eq!(
            made.dataclass().await.unwrap().unwrap(),
            assigned,
            "{media_type}"
        );
    }
});

row!(s35_a_content_has_its_properties, |lab| {
    let store = store(&lab.alice()).await;
    let content = store.contents().get("my-content-id").await.unwrap();
    assert_eq!(format!("{content:?}"), "<Content id='my-content-id'>");
    let text = content.text().await.unwrap();
    assert!(
        text.starts_with("BEGIN:VCARD\r\n") && text.contains("Zoë"),
        "{text:?}"
    );
    assert_eq!(
        content.dataclass().await.unwrap(),
        Some(Dataclass::CONTACTS)
    );
    assert_eq!(content.title().await.unwrap().as_deref(), Some("Person0"));
    assert_eq!(
        content.media_type().await.unwrap().as_deref(),
        Some("text/x-vcard")
    );
    assert_eq!(content.operation().await.unwrap(), None);

    content
        .update_with(|change| change.data("moi", "text/plain").title("t"))
        .await
        .unwrap();
    content.refresh();
    let now = content.snapshot().await.unwrap();
    assert_eq!(now.data.unwrap(), "moi");
    assert_eq!(
        (now.media_type.as_deref(), now.title.as_deref()),
        (Some("text/plain"), Some("t"))
    );
    assert_eq!(
        now.dataclass,
        Some(Dataclass::CONTACTS),
        "what was not changed stays"
    );
});

row!(s35_operations_tell_what_happened, |lab| {
    let contents = store(&lab.alice()).await.contents();
    let changes = contents.changes("2009-11-01T123000Z").await.unwrap();
    let told: std::collections::HashSet<_> = changes
        .changes
        .iter()
        .map(|change| change.operation.clone())
        .collect();
    assert!(
        told.contains(&ContentOperation::Insert) && told.contains(&ContentOperation::Update),
        "{told:?}"
    );
    let made = contents.new("x", "text/plain").await.unwrap();
    contents.delete("my-content-id").await.unwrap();
    let listed = contents
        .since(changes.next_mark().unwrap())
        .list()
        .await
        .unwrap();
    let find = |id: &str| listed.iter().find(|content| *content.id() == id).cloned();
    let inserted = find(made.id().as_str()).unwrap();
    assert_eq!(
        inserted.operation().await.unwrap(),
        Some(ContentOperation::Insert)
    );
    let deleted = find("my-content-id").unwrap();
    assert_eq!(
        deleted.operation().await.unwrap(),
        Some(ContentOperation::Delete)
    );
    assert!(deleted.data().await.unwrap_err().is_not_found());
});
