//! How deep and how large an object may be.

use synctools::wire::{ReaderOptions, WireErrorKind};

use crate::support::read_pieces;

fn nested(levels: usize) -> String {
    // The object and its fields are two levels.
    let (open, close) = ("[".repeat(levels - 2), "]".repeat(levels - 2));
    format!(r#"[{{"model": "a.b", "fields": {{"x": {open}{close}}}}}]"#)
}

#[test]
fn an_object_may_be_as_deep_as_the_limit_and_no_deeper() {
    let options = ReaderOptions::new().max_depth(10);
    for size in [1, 4096] {
        let read = |body: &str| read_pieces(body.as_bytes().chunks(size), options);
        assert!(read(&nested(10)).is_ok());
        assert_eq!(
            read(&nested(11)).unwrap_err().kind(),
            WireErrorKind::TooDeep
        );
    }
}

#[test]
fn no_depth_overflows_the_stack() {
    let options = ReaderOptions::new().max_depth(usize::MAX);
    let error = read_pieces([nested(100_000).as_bytes()], options).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::TooDeep);
}

#[test]
fn an_object_may_be_as_large_as_the_limit_and_no_larger() {
    let body = |size: usize| {
        let object = r#"{"model": "a.b", "fields": {"x": ""}}"#;
        let filler = "x".repeat(size - object.len());
        format!("[{}]", object.replace("\"\"", &format!("\"{filler}\"")))
    };
    let options = ReaderOptions::new().max_object(1000);
    for piece in [1, 999, 5000] {
        let read = |body: &str| read_pieces(body.as_bytes().chunks(piece), options);
        assert!(read(&body(1000)).is_ok(), "pieces of {piece}");
        assert_eq!(
            read(&body(1001)).unwrap_err().kind(),
            WireErrorKind::TooLarge,
            "pieces of {piece}"
        );
    }
}

#[test]
fn an_object_without_an_end_is_given_up_at_the_limit() {
    let options = ReaderOptions::new().max_object(1000);
    let endless =
        std::iter::once(&b"[{\"x\": \""[..]).chain(std::iter::repeat_n(&[b'x'; 100][..], 50));
    let error = read_pieces(endless, options).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::TooLarge);
}

#[test]
fn no_object_has_more_fields_than_a_model_can_have() {
    let body = |fields: usize| {
        let fields = vec![r#""":1"#; fields].join(",");
        format!(r#"[{{"model": "a.b", "fields": {{{fields}}}}}]"#)
    };
    let read = |body: String| read_pieces([body.as_bytes()], ReaderOptions::new());
    assert!(read(body(1 << 16)).is_ok());
    let error = read(body((1 << 16) + 1)).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::TooLarge);
}
