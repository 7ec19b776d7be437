//! What is there, and what can be done with it.

use ocss::emulator::{Account, Emulator, Layout, Message};

use crate::support::{Ask, text};

const SOME_CLIENT: &str = "/v2/services/syncml/some-client-id";

/// What stands between the first `before` and the `after` that follows it.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap().0
}

#[test]
fn the_models_of_the_documentation_are_there() {
    let emulator = Emulator::builder().build();
    let vendors = Ask::get("/v2/phones/vendors/").of(&emulator);
    let mut counts = Vec::new();
    for entry in text(&vendors).split("<entry>").skip(1) {
        let models = between(
            entry,
            "rel=\"models\" href=\"https://api.obexcode.com",
            "\"",
        );
        let models = Ask::get(models).of(&emulator);
        let total = between(text(&models), "<os:totalResults>", "<").to_owned();
        counts.push((between(entry, "<title>", "<").to_owned(), total));
    }
    let expected = [
        ("HTC", "26"),
        ("Nokia", "188"),
        ("LG", "5"),
        ("Sony Ericsson", "84"),
    ];
    let found: Vec<(&str, &str)> = counts
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    assert_eq!(&found[..4], expected);
}

#[test]
fn a_walk_through_the_pages_meets_every_entry_once() {
    let emulator = Emulator::builder().page_size(7).build();
    let mut path = "/v2/phones/models/".to_owned();
    let mut ids = std::collections::BTreeSet::new();
    let mut pages = 0;
    loop {
        let page = Ask::get(&path).of(&emulator);
        pages += 1;
        for entry in text(&page).split("<entry>").skip(1) {
            assert!(ids.insert(between(entry, "<uuid>", "<").to_owned()));
        }
        let head = text(&page).split("<entry>").next().unwrap();
        if !head.contains("rel=\"next\"") {
            break;
        }
        path = between(head, "rel=\"next\" href=\"https://api.obexcode.com", "\"").to_owned();
    }
    assert_eq!((ids.len(), pages), (361, 52));
    for page in ["0", "-1", "x", ""] {
        let answer = Ask::get(format!("/v2/phones/models/?page={page}")).of(&emulator);
        assert_eq!(answer.status(), 400, "{page}");
    }
    // Where others have deleted meanwhile, the walk just ends.
    for page in ["53", "18446744073709551615"] {
        let answer = Ask::get(format!("/v2/phones/models/?page={page}")).of(&emulator);
        assert_eq!(answer.status(), 200, "{page}");
        let feed = text(&answer);
        assert!(
            !feed.contains("<entry>") && !feed.contains("rel=\"next\""),
            "{feed}"
        );
        assert!(feed.contains(">361</os:totalResults>"), "{feed}");
    }
}

#[test]
fn a_moved_service_tells_where_everything_is() {
    let emulator = Emulator::builder().layout(Layout::Moved).build();
    assert_eq!(Ask::get("/v2/phones/vendors/").of(&emulator).status(), 404);
    let service = Ask::get("/v2/").of(&emulator);
    let document = text(&service);
    for collection in document.split("<collection ").skip(1) {
        let href = between(collection, "href=\"https://api.obexcode.com", "\"");
        let role = between(collection, "oc:role=\"", "\"");
        if !role.starts_with("phones.detect") {
            assert_eq!(Ask::get(href).alice().of(&emulator).status(), 200, "{role}");
        }
    }
    let stores = document
        .split("<collection ")
        .find(|part| part.contains("clients.datastore"));
    let href = between(stores.unwrap(), "href=\"https://api.obexcode.com", "\"");
    let store = Ask::get(format!("{href}my-datastore-client-id"))
        .alice()
        .of(&emulator);
    let contents = between(
        text(&store),
        "rel=\"contents\" href=\"https://api.obexcode.com",
        "\"",
    );
    let contents = Ask::get(contents).alice().of(&emulator);
    assert!(text(&contents).contains("<os:totalResults>15<"));
}

#[test]
fn links_can_have_another_scheme_than_the_connection() {
    let emulator = Emulator::builder().https_links(true).build();
    let mut request = Ask::get("/v2/phones/models/some-model-id").request();
    *request.uri_mut() = "http://127.0.0.1:8080/v2/phones/models/some-model-id"
        .parse()
        .unwrap();
    let answer = emulator.handle(&request);
    assert!(
        text(&answer).contains("href=\"https://127.0.0.1:8080/v2/phones/vendors/some-vendor-id\"")
    );
    assert!(!text(&answer).contains("http://127"));
}

#[test]
fn a_phone_is_detected_when_its_owner_visits_the_page() {
    let emulator = Emulator::builder().build();
    let invite = Ask::new("POST", "/v2/phones/detect/manual")
        .entry("<oc:phone_number>+4712345678</oc:phone_number>");
    let answer = invite.alice().of(&emulator);
    assert_eq!(answer.status(), 201);
    let code = between(text(&answer), "<oc:code>", "<").to_owned();
    let messages = emulator.messages();
    let [Message::Invitation { number, code: sent }] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!((number.as_str(), sent), ("+4712345678", &code));

    let poll = || Ask::get(format!("/v2/phones/detect/poll?code={code}"));
    assert_eq!(poll().alice().of(&emulator).status(), 204);
    assert!(emulator.visit(&code, None));
    assert!(text(&poll().alice().of(&emulator)).contains("unidentified"));
    assert!(emulator.visit(&code, Some("some-model-id")));
    assert!(text(&poll().alice().of(&emulator)).contains("HTC 1"));
    assert_eq!(
        poll().signed(&Account::bob()).of(&emulator).status(),
        400,
        "it is alice's code"
    );
    assert!(!emulator.visit("nonsense", None) && !emulator.visit(&code, Some("nonsense")));
}

#[test]
fn a_number_must_be_one() {
    let emulator = Emulator::builder().build();
    // A bare `+` in a query is a space.
    for number in ["+4799988877", "", "abc", "%2B", "12345678901234567890123"] {
        let answer = Ask::get(format!("/v2/phones/detect/auto?number={number}"))
            .alice()
            .of(&emulator);
        assert_eq!(answer.status(), 400, "{number}");
    }
}

#[test]
fn what_a_phone_is_told_to_do_is_remembered() {
    let emulator = Emulator::builder().build();
    let setup = |inside: &str| {
        Ask::new("POST", format!("{SOME_CLIENT}/setup/"))
            .entry(inside)
            .alice()
            .of(&emulator)
    };
    assert_eq!(setup("<oc:pincode>0042</oc:pincode>").status(), 201);
    assert_eq!(setup("").status(), 400);
    let messages = emulator.messages();
    let [Message::Setup { number, pincode }] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!(
        (number.as_str(), pincode.expose().as_str()),
        ("+4799988877", "0042")
    );
    let sync = |id: &str| {
        Ask::new("POST", format!("/v2/services/syncml/{id}/sync/"))
            .alice()
            .of(&emulator)
            .status()
    };
    assert_eq!(sync("some-client-id"), 202);
    assert_eq!(sync("my-datastore-client-id"), 404);
    assert_eq!(emulator.syncs(), ["some-client-id"]);
    assert_eq!(emulator.executions(), 2);
}

#[test]
fn a_password_changes_with_the_old_one_only() {
    let emulator = Emulator::builder().build();
    let put = |old: &str, new: &str| {
        let inside = format!(
            "<oc:client><oc:old_pass>{old}</oc:old_pass><oc:password>{new}</oc:password></oc:client>"
        );
        Ask::new("PUT", "/v2/services/activesync/another-client-id")
            .entry(&inside)
            .alice()
            .of(&emulator)
            .status()
    };
    assert_eq!(put("wrong", "new"), 403);
    let refused = "new</oc:password><oc:username/><oc:password>";
    assert_eq!(put("old-secret", refused), 400, "and changes nothing");
    assert_eq!(put("old-secret", "new"), 200);
    assert_eq!(put("old-secret", "newer"), 403);
    assert_eq!(put("new", "newer"), 200);
}

#[test]
fn a_client_that_is_gone_takes_its_bindings_with_it() {
    let emulator = Emulator::builder().build();
    let ask = |method: &str, path: &str| Ask::new(method, path).alice().of(&emulator).status();
    assert_eq!(ask("GET", "/v2/syncengine/bindings/123"), 200);
    assert_eq!(ask("DELETE", SOME_CLIENT), 204);
    assert_eq!(ask("DELETE", SOME_CLIENT), 404);
    assert_eq!(ask("GET", SOME_CLIENT), 404);
    assert_eq!(ask("GET", "/v2/syncengine/bindings/123"), 404);
    emulator.reset();
    assert_eq!(ask("GET", SOME_CLIENT), 200);
}

#[test]
fn entries_that_lack_something_create_nothing() {
    let emulator = Emulator::builder().build();
    for (path, inside) in [
        (
            "services/syncml/",
            "<oc:client><oc:phone_number>+4712345678</oc:phone_number></oc:client>",
        ),
        (
            "services/syncml/",
            "<oc:client><oc:phone_number>+4712345678</oc:phone_number><oc:model_uuid>x</oc:model_uuid></oc:client>",
        ),
        (
            "services/activesync/",
            "<oc:client><oc:username>x</oc:username></oc:client>",
        ),
        ("services/datastore/", ""),
        ("services/google/", "<title>x</title>"),
        (
            "syncengine/bindings/",
            "<oc:source>some-client-id</oc:source>",
        ),
        (
            "syncengine/bindings/",
            "<oc:source>some-client-id</oc:source><oc:target>bobs-store</oc:target>",
        ),
        (
            "syncengine/bindings/",
            "<oc:source>empty-store</oc:source><oc:target>empty-store</oc:target>",
        ),
        (
            "syncengine/bindings/",
            "<oc:source>empty-store</oc:source><oc:target>some-client-id</oc:target><oc:dominant>both</oc:dominant>",
        ),
        (
            "services/google/4f1d2dd0-49e4-11de-b387-002215064801/datastores/",
            "<oc:datastore><oc:dataclass>contacts</oc:dataclass></oc:datastore>",
        ),
        (
            "services/datastore/empty-store/content/",
            "<title>x</title>",
        ),
        (
            "services/datastore/empty-store/content/",
            "<content type=\"image/png\">?</content>",
        ),
        (
            "services/datastore/empty-store/content/",
            "<content type=\"image/png\" src=\"http://x/\"/>",
        ),
    ] {
        let answer = Ask::new("POST", format!("/v2/{path}"))
            .entry(inside)
            .alice()
            .of(&emulator);
        assert_eq!(answer.status(), 400, "{path} {inside}: {}", text(&answer));
    }
    let garbage =
        Ask::new("POST", "/v2/services/datastore/").header("content-type", "application/atom+xml");
    assert_eq!(garbage.body("<entry").alice().of(&emulator).status(), 400);
    let json = Ask::new("POST", "/v2/services/datastore/")
        .header("content-type", "application/json")
        .body("{}");
    assert_eq!(json.alice().of(&emulator).status(), 415);
    assert_eq!(emulator.executions(), 0);
}

#[test]
fn a_strict_service_keeps_its_datastore_clients() {
    let emulator = Emulator::builder().strict(true).build();
    for method in ["PUT", "DELETE"] {
        let answer = Ask::new(method, "/v2/services/datastore/empty-store")
            .alice()
            .of(&emulator);
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], "GET");
    }
}

#[test]
fn a_gdata_client_is_changed_at_its_edit_link_too() {
    let emulator = Emulator::builder().build();
    let edit = "/v2/services/google/4f1d2dd0-49e4-11de-b387-002215064801/edit";
    let put = Ask::new("PUT", edit)
        .entry("<oc:client><oc:user_id>other@example.com</oc:user_id></oc:client>");
    assert!(text(&put.alice().of(&emulator)).contains("<user_id>other@example.com</user_id>"));
    assert_eq!(Ask::new("DELETE", edit).alice().of(&emulator).status(), 204);
}

#[test]
fn the_number_of_a_binding_has_one_spelling() {
    let emulator = Emulator::builder().build();
    for (id, status) in [("123", 200), ("0123", 404), ("+123", 404), ("%2B123", 404)] {
        let path = format!("/v2/syncengine/bindings/{id}");
        assert_eq!(
            Ask::get(&path).alice().of(&emulator).status(),
            status,
            "{id}"
        );
    }
}
