//! S1 to S16 of the reference's table: connecting, resources, collections, errors.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use futures_util::TryStreamExt as _;
use ocss::model::{ContentOperation, Id};
use ocss::time::Timestamp;
use ocss::{ErrorClass, OcssError, OcssErrorExt as _, Reason, SyncServerApi, SyncServerAuth};
use support::Lab;

#[test]
fn s01_without_arguments_it_is_the_documented_server_over_https() {
    let api = SyncServerApi::new().unwrap();
    assert_eq!(api.base_url(), "https://api.obexcode.com/v2/");
    assert!(!api.has_auth());
}

row!(s01_what_needs_no_credentials_is_there_without_any, |lab| {
    let api = lab.anonymous();
    let mut found = Vec::new();
    let mut vendors = api.phones().vendors().stream();
    while let Some(vendor) = vendors.try_next().await.unwrap() {
        found.push((
            vendor.name().await.unwrap(),
            vendor.models().len().await.unwrap(),
        ));
    }
    for (name, models) in [
        ("HTC", 26),
        ("Nokia", 188),
        ("LG", 5),
        ("Sony Ericsson", 84),
    ] {
        assert!(found.contains(&(name.to_owned(), models)), "{found:?}");
    }
});

row!(s02_four_values_open_what_is_protected, |lab| {
    let auth = SyncServerAuth::new(
        "consumer-key-alice",
        "consumer-secret-alice",
        "access-key-alice",
        "access-secret-alice",
    );
    let api = lab.builder().auth(auth).build().unwrap();
    assert_eq!(api.clients().len().await.unwrap(), 6);
    assert!(support::all_verified(&lab.requests()));
});

row!(s02_keys_of_any_characters_sign, |lab| {
    assert_eq!(lab.bob().clients().len().await.unwrap(), 1);
    let auth = SyncServerAuth::new("konsøment", "hemmeligæ", "tøken", "ключ");
    let api = lab.builder().auth(auth).build().unwrap();
    assert!(api.clients().is_empty().await.unwrap());
    assert!(support::all_verified(&lab.requests()));
});

row!(s03_times_are_utc_and_texts_pass_unchanged, |lab| {
    let api = lab.alice();
    let store = support::store(&api).await;
    lab.requests();
    let time: Timestamp = "2009-11-01T13:30:00.75+01:00".parse().unwrap();
    assert_eq!(store.contents().since(time).len().await.unwrap(), 10);
    assert_eq!(
        store
            .contents()
            .since("2009-11-01T13:30:00+01:00")
            .len()
            .await
            .unwrap(),
        10
    );
    let requests = lab.requests();
    assert!(
        requests[0].target.ends_with("since=2009-11-01T123000Z"),
        "{}",
        requests[0].target
    );
    let encoded = "since=2009-11-01T13%3A30%3A00%2B01%3A00";
    assert!(
        requests[1].target.ends_with(encoded),
        "{}",
        requests[1].target
    );
});

row!(s04_resources_have_an_id_and_mostly_times, |lab| {
    let vendor = lab
        .anonymous()
        .phones()
        .vendors()
        .get("some-vendor-id")
        .await
        .unwrap();
    assert_eq!(*vendor.id(), "some-vendor-id");
    assert!(vendor.created().await.unwrap().is_some());
    assert!(vendor.modified().await.unwrap() >= vendor.created().await.unwrap());
});

row!(s05_delete_deletes_and_the_handle_knows, |lab| {
    let store = support::store(&lab.alice()).await;
    let content = store.contents().get("my-content-id").await.unwrap();
    content.delete().await.unwrap();
    for error in [
        content.delete().await.unwrap_err(),
        content.data().await.unwrap_err(),
    ] {
        assert!(error.is_not_found(), "{error:?}");
        assert_eq!(
            error.ocss().unwrap().to_string(),
            "No Content with ID 'my-content-id'"
        );
    }
    assert!(!store.contents().contains("my-content-id").await.unwrap());
    content.refresh();
    assert!(content.data().await.unwrap_err().is_not_found());
});

row!(s06_update_sends_what_is_staged_and_what_is_given, |lab| {
    let store = support::store(&lab.alice()).await;
    let content = store.contents().get("my-content-id").await.unwrap();
    lab.requests();
    content.set_title("Kari");
    assert_eq!(content.title().await.unwrap().as_deref(), Some("Kari"));
    assert!(lab.requests().is_empty());
    content
        .update_with(|change| change.dataclass("notes"))
        .await
        .unwrap();
    assert_eq!(lab.methods(), ["PUT"]);

    let fresh = store.contents().get("my-content-id").await.unwrap();
    assert_eq!(fresh.title().await.unwrap().as_deref(), Some("Kari"));
    assert_eq!(fresh.dataclass().await.unwrap().unwrap(), "notes");
    assert_eq!(fresh.data().await.unwrap(), content.data().await.unwrap());
    lab.requests();
    content.update().await.unwrap();
    assert!(lab.requests().is_empty(), "nothing was staged any more");
});

row!(
    s07_refresh_forgets_cache_and_changes_and_sends_nothing,
    |lab| {
        let store = lab
            .alice()
            .clients()
            .datastore()
            .get("my-datastore-client-id")
            .await
            .unwrap();
        let content = store.contents().get("my-content-id").await.unwrap();
        let title = content.title().await.unwrap();
        lab.requests();
        content.set_title("never sent");
        content.refresh();
        assert!(lab.requests().is_empty());
        assert_eq!(content.title().await.unwrap(), title);
        assert_eq!(lab.methods(), ["GET"]);
        content.update().await.unwrap();
        assert!(lab.requests().is_empty());
    }
);

row!(s08_two_handles_of_one_resource_are_equal, |lab| {
    let api = lab.alice();
    let one = api.phones().vendors().get("some-vendor-id").await.unwrap();
    let two = lab
        .alice()
        .phones()
        .vendors()
        .get("some-vendor-id")
        .await
        .unwrap();
    assert_eq!(one, two);
    assert_eq!(std::collections::HashSet::from([one.clone(), two]).len(), 1);
    let nokia = api
        .phones()
        .vendors()
        .list()
        .await
        .unwrap()
        .into_iter()
        .find(|other| *other != one);
    assert!(nokia.is_some());
    lab.requests();
    let generic = api.clients().get("some-client-id").await.unwrap();
    let typed = api.clients().syncml().get("some-client-id").await.unwrap();
    assert_eq!(generic, typed);
    assert_eq!(typed.as_client(), generic);
    assert_eq!(lab.requests().len(), 2, "comparing asks nothing");
});

row!(
    s09_missing_id_is_not_found_with_the_documents_message,
    |lab| {
        let vendors = lab.anonymous().phones().vendors();
        assert!(vendors.contains("some-vendor-id").await.unwrap());
        assert_eq!(
            *vendors.get("some-vendor-id").await.unwrap().id(),
            "some-vendor-id"
        );
        assert!(!vendors.contains("invalid-vendor-id").await.unwrap());
        let error = vendors.get("invalid-vendor-id").await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::NotFound);
        let id = Some(Id::from("invalid-vendor-id"));
        assert_eq!(
            error.ocss(),
            Some(&OcssError::NotFound { kind: "Vendor", id })
        );
        assert_eq!(
            error.ocss().unwrap().to_string(),
            "No Vendor with ID 'invalid-vendor-id'"
        );
        assert!(
            error
                .to_string()
                .contains("No Vendor with ID 'invalid-vendor-id'"),
            "{error}"
        );
    }
);

row!(s09_a_member_is_one_request_and_no_listing, |lab| {
    let vendors = lab.anonymous().phones().vendors();
    assert!(lab.requests().is_empty(), "a handle asks nothing");
    let vendor = vendors.get("some-vendor-id").await.unwrap();
    vendor.name().await.unwrap();
    vendor.created().await.unwrap();
    assert_eq!(lab.methods(), ["GET"]);
});

row!(s10_iterating_yields_resources_and_len_counts_them, |lab| {
    let vendors = lab.anonymous().phones().vendors();
    let streamed: Vec<_> = vendors.stream().try_collect().await.unwrap();
    assert_eq!(vendors.len().await.unwrap(), streamed.len() as u64);
    assert_eq!(vendors.list().await.unwrap(), streamed);
    lab.requests();
    for vendor in &streamed {
        vendor.name().await.unwrap();
    }
    assert_eq!(vendors.list().await.unwrap().len(), 7);
    assert_eq!(vendors.len().await.unwrap(), 7);
    assert!(vendors.contains("some-vendor-id").await.unwrap());
    assert!(
        lab.requests().is_empty(),
        "a listing brings complete resources, and is kept"
    );
    vendors.refresh();
    assert!(lab.requests().is_empty());
    vendors.list().await.unwrap();
    assert!(!lab.requests().is_empty());
});

row!(s10_all_models_are_found_across_pages, |lab| {
    let models: Vec<_> = lab
        .anonymous()
        .phones()
        .models()
        .stream()
        .try_collect()
        .await
        .unwrap();
    let ids: std::collections::HashSet<_> = models.iter().map(|model| model.id().clone()).collect();
    assert_eq!(ids.len(), models.len());
    assert!(models.len() >= 26 + 188 + 5 + 84, "{}", models.len());
});

row!(s11_a_filter_makes_a_new_handle, |lab| {
    let store = support::store(&lab.alice()).await;
    let contents = store.contents();
    let filtered = contents.dataclass("contacts");
    lab.requests();
    assert_eq!(filtered.len().await.unwrap(), 8);
    assert_eq!(contents.len().await.unwrap(), 15);
    assert_eq!(lab.requests().len(), 2);
});

row!(s12_since_takes_times_and_texts, |lab| {
    let store = support::store(&lab.alice()).await;
    let time = Timestamp::from_civil(2009, 11, 1, 12, 30, 0).unwrap();
    assert_eq!(store.contents().since(time).len().await.unwrap(), 10);
    assert_eq!(
        store
            .contents()
            .since(std::time::SystemTime::from(time))
            .len()
            .await
            .unwrap(),
        10
    );
    assert_eq!(
        store
            .contents()
            .since("2009-12-09T130500Z")
            .len()
            .await
            .unwrap(),
        5
    );
    let error = store.contents().since("yesterday").len().await.unwrap_err();
    assert!(error.is_client() && !error.is_local(), "{error:?}");
});

row!(s13_collections_make_delete_update_and_refresh, |lab| {
    let store = support::store(&lab.alice()).await;
    let contents = store.contents();
    assert_eq!(contents.list().await.unwrap().len(), 15);
    let made = contents
        .new("a note", "text/plain")
        .title("t")
        .send()
        .await
        .unwrap();
    assert_eq!(
        contents.list().await.unwrap().len(),
        16,
        "the listing was dropped"
    );

    made.set_title("u");
    contents.update(&made).await.unwrap();
    contents
        .update_with(made.id(), |change| change.dataclass("notes"))
        .await
        .unwrap();
    made.refresh();
    let now = made.snapshot().await.unwrap();
    assert_eq!(
        (now.title.as_deref(), now.dataclass.unwrap().as_str()),
        (Some("u"), "notes")
    );

    contents.delete(&made).await.unwrap();
    let other = contents.new("another", "text/plain").await.unwrap();
    contents.delete(other.id().as_str()).await.unwrap();
    assert_eq!(contents.list().await.unwrap().len(), 15);
    assert!(
        contents
            .delete("no-such-id")
            .await
            .unwrap_err()
            .is_not_found()
    );
    lab.requests();
    contents.refresh();
    assert!(lab.requests().is_empty());

    let elsewhere = lab
        .alice()
        .clients()
        .datastore()
        .get("empty-store")
        .await
        .unwrap();
    let error = elsewhere.contents().delete(&made).await.unwrap_err();
    assert!(error.is_client() && error.is_local(), "{error:?}");
});

row!(s14_every_error_is_of_one_documented_class, |lab| {
    let api = lab.alice();
    let missing = api.phones().models().get("x").await.unwrap_err();
    assert_eq!(missing.class(), ErrorClass::NotFound);
    let store = support::store(&api).await;
    let refused = store.contents().since("?").len().await.unwrap_err();
    assert_eq!(refused.class(), ErrorClass::Client);
    let local = api.phones().models().get("..").await.unwrap_err();
    assert_eq!(
        (local.class(), local.is_local()),
        (ErrorClass::Client, true)
    );
    let denied = lab
        .bob()
        .phones()
        .models()
        .detect_auto("+4799988877")
        .await
        .unwrap_err();
    assert_eq!(denied.class(), ErrorClass::NotAllowed);
    lab.emulator
        .fault("GET", 1, ocss::emulator::Fault::html())
        .unwrap();
    let broken = api.phones().vendors().len().await.unwrap_err();
    assert_eq!(
        (broken.class(), broken.is_protocol()),
        (ErrorClass::Server, true)
    );
});

row!(s15_a_lost_connection_is_made_again, |lab| {
    let api = lab.anonymous();
    api.phones().vendors().len().await.unwrap();
    lab.requests();
    lab.emulator
        .fault("GET", 2, ocss::emulator::Fault::reset())
        .unwrap();
    assert_eq!(api.phones().vendors().len().await.unwrap(), 7);
    assert_eq!(lab.requests().len(), 3);
    lab.emulator
        .fault("GET", 3, ocss::emulator::Fault::reset())
        .unwrap();
    let error = api.phones().vendors().len().await.unwrap_err();
    assert!(error.is_connection(), "{error:?}");
    assert_eq!(error.attempts(), 3);
    assert_eq!(
        api.phones().vendors().len().await.unwrap(),
        7,
        "the client is usable"
    );
});

row!(
    s16_read_only_resources_and_missing_credentials_are_not_allowed,
    |lab| {
        let api = lab.alice();
        let vendor = api.phones().vendors().get("some-vendor-id").await.unwrap();
        let model = api.phones().models().get("some-model-id").await.unwrap();
        lab.requests();
        for error in [
            vendor.update().await.unwrap_err(),
            vendor.delete().await.unwrap_err(),
            model.update().await.unwrap_err(),
            model.delete().await.unwrap_err(),
            api.phones().vendors().new().await.unwrap_err(),
            api.phones()
                .vendors()
                .delete("some-vendor-id")
                .await
                .unwrap_err(),
            api.phones().vendors().update(&vendor).await.unwrap_err(),
            api.phones().models().new().await.unwrap_err(),
            api.clients().new().await.unwrap_err(),
            api.clients().delete("some-client-id").await.unwrap_err(),
        ] {
            assert_eq!(error.reason(), Some(Reason::Unsupported), "{error:?}");
            assert!(error.is_not_allowed() && error.is_local());
        }
        let error = lab.anonymous().clients().len().await.unwrap_err();
        assert_eq!(error.reason(), Some(Reason::Unauthenticated));
        assert!(
            lab.requests().is_empty(),
            "all of that is known without asking"
        );

        let auth = SyncServerAuth::new("consumer-key-alice", "wrong", "access-key-alice", "wrong");
        let wrong = lab.builder().auth(auth).build().unwrap();
        let error = wrong.clients().len().await.unwrap_err();
        assert_eq!(error.reason(), Some(Reason::Unauthenticated));
        assert_eq!(error.oauth_problem(), Some("signature_invalid"));
    }
);

#[tokio::test]
async fn s12_changes_tell_from_when_on_to_ask_the_next_time() {
    let lab = Lab::plain();
    let store = support::store(&lab.alice()).await;
    let contents = store.contents();
    let changes = contents.changes("2009-11-01T123000Z").await.unwrap();
    assert_eq!(changes.changes.len(), 10);
    let mark = changes.next_mark().unwrap().clone();
    let made = contents.new("x", "text/plain").send().await.unwrap();
    contents.delete("my-content-id").await.unwrap();
    let changes = contents.changes(&mark).await.unwrap();
    let told = |id: &Id| {
        changes
            .changes
            .iter()
            .find(|change| change.id == *id)
            .unwrap()
    };
    let inserted = told(made.id());
    assert_eq!(inserted.operation, ContentOperation::Insert);
    assert_eq!(
        inserted.content.as_ref().unwrap().text().await.unwrap(),
        "x"
    );
    let deleted = told(&"my-content-id".into());
    assert_eq!(deleted.operation, ContentOperation::Delete);
    assert_eq!(deleted.content, None);
}
