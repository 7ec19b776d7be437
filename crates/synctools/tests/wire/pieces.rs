//! Where a body is cut into pieces does not matter.

use synctools::wire::{Format, ReaderOptions, WireErrorKind};

use crate::support::read_pieces;

const EVERYTHING: &[u8] = include_bytes!("../vectors/dj5.2.1-py311/qs-everything.body.json");
const LAB: &[u8] = include_bytes!("../vectors/dj2.2.28-py311/app-lab.body.json");

fn whole(body: &[u8]) -> Vec<String> {
    read_pieces([body], ReaderOptions::new()).unwrap()
}

#[test]
fn a_cut_at_every_byte_changes_nothing() {
    let expected = whole(EVERYTHING);
    assert_eq!(expected.len(), 5);
    for at in 0..=EVERYTHING.len() {
        let (head, tail) = EVERYTHING.split_at(at);
        let read = read_pieces([head, tail], ReaderOptions::new());
        assert_eq!(read.as_ref(), Ok(&expected), "cut at {at}");
    }
}

#[test]
fn pieces_of_every_size_change_nothing() {
    let expected = whole(LAB);
    for size in [1, 2, 3, 7, 64, 300, 4096] {
        let read = read_pieces(LAB.chunks(size), ReaderOptions::new());
        assert_eq!(read.as_ref(), Ok(&expected), "pieces of {size}");
    }
}

#[test]
fn a_body_that_stops_at_any_byte_is_not_whole() {
    for at in 1..EVERYTHING.len() {
        let error = read_pieces([&EVERYTHING[..at]], ReaderOptions::new()).unwrap_err();
        assert_eq!(error.kind(), WireErrorKind::Truncated, "stopped at {at}");
        assert_eq!(error.offset(), at as u64, "stopped at {at}");
    }
    let error = read_pieces([], ReaderOptions::new()).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::Empty);
}

#[test]
fn lines_may_be_cut_and_end_without_a_newline() {
    let options = ReaderOptions::new().format(Format::Lines);
    let body = "{\"model\": \"a.b\", \"fields\": {}}\r\n\n{\"model\": \"a.c\", \"fields\": {}}";
    for at in 0..=body.len() {
        let (head, tail) = body.as_bytes().split_at(at);
        let read = read_pieces([head, tail], options).unwrap();
        assert_eq!(read.len(), 2, "cut at {at}");
    }
    let error = read_pieces([&body.as_bytes()[..body.len() - 1]], options).unwrap_err();
    assert_eq!(error.kind(), WireErrorKind::Truncated);
    assert_eq!(read_pieces([], options), Ok(Vec::new()));
}

#[test]
fn objects_are_there_before_the_body_is() {
    use synctools::wire::Reader;

    let mut reader = Reader::new(ReaderOptions::new());
    reader.push(br#"[{"model": "a.b", "pk": 1, "fields": {}}"#);
    assert_eq!(reader.next_object().unwrap().unwrap().index(), 0);
    assert!(reader.next_object().unwrap().is_none());
    assert!(!reader.is_complete());
    reader.push(b"]");
    assert!(reader.next_object().unwrap().is_none());
    assert!(!reader.is_complete(), "more may follow");
    reader.end();
    assert!(reader.next_object().unwrap().is_none());
    assert!(reader.is_complete());
}
