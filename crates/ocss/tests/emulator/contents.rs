//! Contents of a datastore.

use ocss::emulator::Emulator;

use crate::support::{Ask, text};

const STORE: &str = "/v2/services/datastore/my-datastore-client-id/content/";

fn total(emulator: &Emulator, query: &str) -> String {
    let answer = Ask::get(format!("{STORE}{query}")).alice().of(emulator);
    let body = text(&answer);
    let (_, rest) = body
        .split_once("<os:totalResults>")
        .unwrap_or_else(|| panic!("{body}"));
    rest.split_once('<').unwrap().0.to_owned()
}

fn create(emulator: &Emulator, content_type: &str, data: &str) -> (String, String) {
    let inside = format!("<content type=\"{content_type}\">{data}</content>");
    let answer = Ask::new("POST", STORE).entry(&inside).alice().of(emulator);
    assert_eq!(answer.status(), 201, "{}", text(&answer));
    let location = answer.headers()["location"].to_str().unwrap();
    let path = location
        .strip_prefix("https://api.obexcode.com")
        .unwrap()
        .to_owned();
    (path, text(&answer).to_owned())
}

#[test]
fn the_counts_of_the_documentation_come_out() {
    let emulator = Emulator::builder().build();
    assert_eq!(total(&emulator, ""), "15");
    assert_eq!(total(&emulator, "?since=2009-11-01T123000Z"), "10");
    assert_eq!(
        total(&emulator, "?since=2009-11-01T13%3A30%3A00%2B01%3A00"),
        "10"
    );
    assert_eq!(total(&emulator, "?since=2009-12-09T130500Z"), "5");
    assert_eq!(total(&emulator, "?dataclass=contacts"), "8");
    assert_eq!(
        total(&emulator, "?dataclass=contacts&since=2009-11-01T123000Z"),
        "5"
    );
    assert_eq!(total(&emulator, "?dataclass=Contacts"), "0");
}

#[test]
fn typing_errors_in_a_filter_are_refused() {
    let emulator = Emulator::builder().build();
    for query in [
        "?sinze=2009-11-01T123000Z",
        "?since=",
        "?since=2009-11-01T12:30:00+01:00",
        "?since=1&since=2",
    ] {
        let answer = Ask::get(format!("{STORE}{query}")).alice().of(&emulator);
        assert_eq!(answer.status(), 400, "{query}");
    }
}

#[test]
fn a_dataclass_is_taken_from_the_type_when_none_is_given() {
    let emulator = Emulator::builder().build();
    for (content_type, data, dataclass) in [
        ("text/x-vcard", "x", "contacts"),
        ("TEXT/VCARD;charset=utf-8", "x", "contacts"),
        ("text/calendar", "x", "events"),
        ("text/plain", "x", "notes"),
        ("text", "x", "notes"),
        ("text/html", "x", "Misc"),
        ("application/octet-stream", "AA==", "Misc"),
    ] {
        let (_, entry) = create(&emulator, content_type, data);
        let expected = format!("<dataclass>{dataclass}</dataclass>");
        assert!(entry.contains(&expected), "{content_type}: {entry}");
    }
}

#[test]
fn data_comes_back_as_it_was_sent() {
    let emulator = Emulator::builder().build();
    for (content_type, data) in [
        ("text/plain", " a&#13;\nb \t\n]]&gt;&lt;&amp;\u{1F35E}"),
        ("text/plain", ""),
        ("image/png", "iVBORw0KGgo="),
        (
            "application/xml",
            "<a xmlns=\"u\" b=\"1\">x<c xmlns=\"u\"></c></a>",
        ),
    ] {
        let (path, _) = create(&emulator, content_type, data);
        let answer = Ask::get(path).alice().of(&emulator);
        let expected = format!("<content type=\"{content_type}\">{data}</content>");
        assert!(text(&answer).contains(&expected), "{}", text(&answer));
    }
}

#[test]
fn xml_is_one_element_or_characters_and_nothing_of_it_is_lost() {
    let emulator = Emulator::builder().build();
    let strict = Emulator::builder().strict(true).build();
    let post = |emulator: &Emulator, content_type: &str, data: &str| {
        let inside = format!("<content type=\"{content_type}\">{data}</content>");
        Ask::new("POST", STORE).entry(&inside).alice().of(emulator)
    };
    let declared = "&lt;?xml version='1.0'?&gt;&#13;\n&lt;a/&gt;";
    let answer = post(&emulator, "application/xml", declared);
    assert!(text(&answer).contains(&format!(">{declared}</content>")));
    assert_eq!(post(&strict, "application/xml", declared).status(), 400);
    assert_eq!(post(&strict, "application/xml", "\n<a/>\n").status(), 201);
    assert_eq!(post(&emulator, "application/xml", "a<b/>").status(), 400);
    assert_eq!(post(&emulator, "application/xml", "<a/><b/>").status(), 400);
    assert_eq!(post(&emulator, "xhtml", "a").status(), 400);

    let bare = Ask::new("POST", STORE).header("content-type", "image/svg+xml");
    let bare = bare.body(&b"<?xml version='1.0'?>\r\n<a/>"[..]).alice();
    let answer = bare.of(&emulator);
    assert!(text(&answer).contains(declared), "{}", text(&answer));
}

#[test]
fn only_the_white_space_of_xml_is_taken_off_properties() {
    let emulator = Emulator::builder().build();
    let inside = "<client xmlns=\"http://schemas.obexcode.com/syncserver/2009\">\
                  <name>\n\u{a0}mine\u{85} \t</name></client>";
    let made = Ask::new("POST", "/v2/services/datastore/").entry(inside);
    let made = made.alice().of(&emulator);
    assert!(
        text(&made).contains(">\u{a0}mine\u{85}</name>"),
        "{}",
        text(&made)
    );
}

#[test]
fn base64_may_be_broken_into_lines() {
    let emulator = Emulator::builder().build();
    let (_, entry) = create(&emulator, "image/png", "\n  iVBO\n  Rw0KGgo=\n");
    assert!(entry.contains(">iVBORw0KGgo=<"), "{entry}");
}

#[test]
fn bare_data_is_taken_too() {
    let emulator = Emulator::builder().build();
    let post = |content_type: &str, data: &'static [u8]| {
        let ask = Ask::new("POST", STORE)
            .header("content-type", content_type)
            .header("slug", "Caf%C3%A9");
        ask.body(data).alice().of(&emulator)
    };
    let answer = post("text/x-vcard", b"BEGIN:VCARD\r\n");
    assert_eq!(answer.status(), 201);
    assert!(text(&answer).contains("<title>Café</title>"));
    assert!(text(&answer).contains("<content type=\"text/x-vcard\">BEGIN:VCARD&#13;\n</content>"));
    assert!(text(&post("image/png", b"\xff\0")).contains(">/wA=<"));
    assert_eq!(post("text/plain", b"\xff").status(), 400);
    assert_eq!(post("text/plain", b"\x01").status(), 400);
    assert_eq!(post("", b"x").status(), 415);
}

#[test]
fn a_stale_change_is_refused_and_changes_nothing() {
    let emulator = Emulator::builder().build();
    let (path, _) = create(&emulator, "text/plain", "one");
    let etag = Ask::get(&path).alice().of(&emulator).headers()["etag"]
        .to_str()
        .unwrap()
        .to_owned();
    let put = |etag: &str, data: &str| {
        let ask = Ask::new("PUT", &path).header("if-match", etag);
        ask.entry(&format!("<content type=\"text/plain\">{data}</content>"))
            .alice()
            .of(&emulator)
            .status()
    };
    assert_eq!(put(&etag, "two"), 200);
    assert_eq!(put(&etag, "three"), 412);
    assert_eq!(put("*", "four"), 200);
    assert_eq!(
        Ask::new("DELETE", &path)
            .header("if-match", &etag)
            .alice()
            .of(&emulator)
            .status(),
        412
    );
    assert!(text(&Ask::get(&path).alice().of(&emulator)).contains(">four<"));
}

#[test]
fn a_deleted_item_is_a_change_and_nothing_else() {
    let emulator = Emulator::builder().build();
    let path = format!("{STORE}my-content-id");
    assert_eq!(
        Ask::new("DELETE", &path).alice().of(&emulator).status(),
        204
    );
    assert_eq!(Ask::get(&path).alice().of(&emulator).status(), 404);
    assert_eq!(total(&emulator, ""), "14");
    assert_eq!(total(&emulator, "?since=2009-12-09T130500Z"), "6");
    let changes = Ask::get(format!("{STORE}?since=2010-01-01T000000Z"))
        .alice()
        .of(&emulator);
    let changes = text(&changes);
    assert!(changes.contains("<operation>delete</operation>"));
    assert!(!changes.contains("<content type="), "{changes}");
}
