//! What is not a body is refused, with the place.

use synctools::wire::{Format, Reader, ReaderOptions, WireErrorKind};

use crate::support::read_pieces;

use WireErrorKind as K;

/// The kind, the byte and the object of the error, which must not depend on
/// how the body is cut.
fn error(body: &[u8]) -> (WireErrorKind, u64, Option<u64>) {
    let options = ReaderOptions::new();
    let error = read_pieces([body], options).unwrap_err();
    let cut = read_pieces(body.chunks(1), options).unwrap_err();
    assert_eq!(cut.kind(), error.kind(), "{}", body.escape_ascii());
    (error.kind(), error.offset(), error.object())
}

#[test]
fn what_is_not_an_array_of_objects_is_refused() {
    for (body, expected) in [
        ("<html>hi</html>", (K::NotAnArray, 0, None)),
        ("\u{feff}[]", (K::ByteOrderMark, 0, None)),
        (
            r#"{"model": "a.b", "fields": {}}"#,
            (K::NotAnArray, 0, None),
        ),
        ("null", (K::NotAnArray, 0, None)),
        ("[1]", (K::NotAnObject, 1, Some(0))),
        ("[[]]", (K::NotAnObject, 1, Some(0))),
        ("[,]", (K::Syntax, 1, Some(0))),
        ("[] []", (K::TrailingData, 3, None)),
        ("[]\0", (K::TrailingData, 2, None)),
        ("  [ ] x", (K::TrailingData, 6, None)),
    ] {
        assert_eq!(error(body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn what_is_wrong_within_objects_is_found_at_its_byte() {
    let first = r#"[{"model": "a.b", "pk": 1, "fields": {}}, "#;
    let at = first.len() as u64;
    for (rest, kind, offset) in [
        (r#"{"model": 'a'}]"#, K::Syntax, 10),
        (r#"{"model" "a"}]"#, K::Syntax, 9),
        (r#"{"pk": 01}]"#, K::Syntax, 8),
        (r#"{"pk": 1.}]"#, K::Syntax, 9),
        (r#"{"pk": -}]"#, K::Syntax, 8),
        (r#"{"pk": 1e+}]"#, K::Syntax, 10),
        (r#"{"pk": +1}]"#, K::Syntax, 7),
        (r#"{"pk": trux}]"#, K::Syntax, 7),
        (r#"{"pk": NaN}]"#, K::NotANumber, 7),
        (r#"{"pk": -Infinity}]"#, K::NotANumber, 7),
        (r#"{"pk": [1 2]}]"#, K::Syntax, 10),
        (r#"{"pk": [1]] }]"#, K::Syntax, 10),
        (r#"{"pk": 1,}]"#, K::Syntax, 9),
        (r#"{"pk": "\x"}]"#, K::Escape, 8),
        (r#"{"pk": "\u12g4"}]"#, K::Escape, 8),
        ("{\"pk\": \"a\nb\"}]", K::ControlCharacter, 9),
        (r#"{"pk": 1, "fields": {}}]"#, K::NoModel, 0),
        (r#"{"model": 1, "fields": {}}]"#, K::NoModel, 0),
        (r#"{"model": "a.b"}]"#, K::NoFields, 0),
        (r#"{"model": "a.b", "fields": []}]"#, K::NoFields, 0),
    ] {
        let body = format!("{first}{rest}");
        assert_eq!(
            error(body.as_bytes()),
            (kind, at + offset, Some(1)),
            "{rest}"
        );
    }
}

#[test]
fn bytes_that_are_not_utf8_are_found() {
    let body = b"[{\"model\": \"a.b\", \"fields\": {\"x\": \"\xff\"}}]";
    assert_eq!(error(body), (K::Utf8, 35, Some(0)));
}

#[test]
fn a_missing_comma_and_a_comma_too_many_are_found() {
    let object = r#"{"model": "a.b", "fields": {}}"#;
    for body in [
        format!("[{object} {object}]"),
        format!("[{object},]"),
        format!("[{object},,{object}]"),
    ] {
        assert_eq!(error(body.as_bytes()).0, K::Syntax, "{body}");
    }
}

#[test]
fn two_objects_in_one_line_are_refused() {
    let body = r#"{"model": "a.b", "fields": {}} {"model": "a.b", "fields": {}}"#;
    let options = ReaderOptions::new().format(Format::Lines);
    let error = read_pieces([body.as_bytes()], options).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (K::TrailingData, 31));
}

#[test]
fn nothing_is_read_after_an_error() {
    let mut reader = Reader::new(ReaderOptions::new());
    reader.push(b"[x");
    assert_eq!(reader.next_object().unwrap_err().kind(), K::Syntax);
    reader.push(br#"[{"model": "a.b", "fields": {}}]"#);
    reader.end();
    assert_eq!(reader.next_object().unwrap_err().kind(), K::Failed);
    assert!(!reader.is_complete());
}

#[test]
fn an_error_says_where_it_is() {
    let error = read_pieces([&b"[1]"[..]], ReaderOptions::new()).unwrap_err();
    assert_eq!(error.to_string(), "not an object (byte 1, object 0)");
}

#[test]
fn numbers_that_are_none_are_taken_where_that_is_asked_for() {
    let body = r#"[{"model": "a.b", "pk": NaN, "fields": {"x": Infinity, "y": [-Infinity]}}]"#;
    let options = ReaderOptions::new().not_a_number(true);
    assert_eq!(read_pieces([body.as_bytes()], options).unwrap().len(), 1);
    let cut = body.as_bytes().chunks(1);
    assert_eq!(read_pieces(cut, options).unwrap().len(), 1);
}

#[test]
fn keys_come_in_any_order_and_unknown_ones_are_read_over() {
    let body = r#"[{"fields": {"x": {"fields": {}}}, "extra": [{"model": 1}], "pk": "k", "model": "a.b"}]"#;
    let mut reader = Reader::new(ReaderOptions::new());
    reader.push(body.as_bytes());
    let object = reader.next_object().unwrap().unwrap();
    assert_eq!(object.model().as_written(), "a.b");
    assert_eq!(object.pk().unwrap().kind(), "text");
    let keys: Vec<&str> = object.fields().map(|(key, _)| key.as_written()).collect();
    assert_eq!(keys, ["x"]);
}

#[test]
fn the_last_of_equal_keys_counts() {
    let body = r#"[{"model": "a.b", "fields": {"x": 1}, "fields": {"y": 1}, "model": "a.c"}]"#;
    let mut reader = Reader::new(ReaderOptions::new());
    reader.push(body.as_bytes());
    let object = reader.next_object().unwrap().unwrap();
    assert_eq!(object.model().as_written(), "a.c");
    let keys: Vec<&str> = object.fields().map(|(key, _)| key.as_written()).collect();
    assert_eq!(keys, ["y"]);
}
