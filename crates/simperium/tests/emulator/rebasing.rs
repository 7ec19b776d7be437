//! What the service makes of changes, and why it refuses some.

use serde_json::{Value, json};

use super::support::{Socket, TOKEN, emulator};

fn change(ccid: &str, sv: u64, v: Value) -> Value {
    json!({"id": "n", "o": "M", "ccid": ccid, "sv": sv, "v": v})
}

async fn with_note(text: &str) -> (simperium::emulator::Emulator, Socket) {
    let emulator = emulator();
    let mut socket = Socket::channel(&emulator, "c").await;
    let new = json!({"id": "n", "o": "M", "ccid": "new", "v": {"t": {"o": "+", "v": text}}});
    assert_eq!(socket.change(&new).await["ev"], 1);
    (emulator, socket)
}

#[tokio::test]
async fn a_late_change_comes_back_rebased() {
    let (emulator, mut socket) = with_note("AC").await;
    let first = change("1", 1, json!({"t": {"o": "d", "v": "=1\t+B\t=1"}}));
    assert_eq!(socket.change(&first).await["v"]["t"]["v"], "=1\t+B\t=1");
    let late = change(
        "2",
        1,
        json!({"t": {"o": "d", "v": "=2\t+D"}, "x": {"o": "+", "v": 1}}),
    );
    let echo = socket.change(&late).await;
    assert_eq!(echo["v"]["t"]["v"], "=3\t+D");
    assert_eq!((&echo["sv"], &echo["ev"]), (&json!(2), &json!(3)));
    let objects = emulator.objects("app", TOKEN, "note");
    assert_eq!(objects["n"], (3, json!({"t": "ABCD", "x": 1})));
}

#[tokio::test]
async fn a_whole_object_is_compared_with_the_version_it_was_made_from() {
    let (emulator, mut socket) = with_note("hello world").await;
    socket
        .change(&change(
            "1",
            1,
            json!({"t": {"o": "d", "v": "=6\t+brave \t=5"}}),
        ))
        .await;
    let whole = json!({"id": "n", "o": "M", "ccid": "2", "sv": 1, "d": {"t": "hello world!"}});
    assert_eq!(socket.change(&whole).await["v"]["t"]["v"], "=17\t+!");
    // It counts, also beside a diff.
    let both =
        json!({"id": "n", "o": "M", "ccid": "3", "sv": 3, "v": {"t": {"o": "-"}}, "d": {"u": 1}});
    socket.change(&both).await;
    assert_eq!(
        emulator.objects("app", TOKEN, "note")["n"],
        (4, json!({"u": 1}))
    );
}

#[tokio::test]
async fn every_refusal_has_its_code_and_changes_nothing() {
    let (emulator, mut socket) = with_note("AC").await;
    emulator.configure(|config| config.max_object_bytes = 200);
    let gone = json!({"id": "zz", "o": "-", "ccid": "b"});
    for (change, code) in [
        (change("new", 1, json!({"a": {"o": "+", "v": 1}})), 409),
        (change("a", 1, json!({"t": {"o": "r", "v": "AC"}})), 412),
        (change("a", 9, json!({"a": {"o": "+", "v": 1}})), 405),
        (
            json!({"id": "n", "o": "M", "ccid": "a", "v": {"a": {"o": "+", "v": 1}}}),
            405,
        ),
        (json!({"id": "n", "o": "-", "ccid": "a", "sv": 4}), 405),
        (
            json!({"id": "zz", "o": "M", "ccid": "a", "sv": 1, "v": {}}),
            404,
        ),
        (gone, 404),
        (change("a", 1, json!({"t": {"o": "d", "v": "=99"}})), 440),
        (change("a", 1, json!({"q": {"o": "-"}})), 440),
        (change("a", 1, json!({"q": {"o": "?"}})), 440),
        (
            change("a", 1, json!({"a": {"o": "+", "v": "x".repeat(300)}})),
            413,
        ),
        (json!({"id": "a b", "o": "M", "ccid": "a", "v": {}}), 400),
        (json!({"id": "n", "o": "Q", "ccid": "a", "v": {}}), 400),
        (json!({"id": "n", "o": "M", "ccid": "a", "sv": 1}), 400),
        (
            json!({"id": "n", "o": "M", "ccid": "", "sv": 1, "v": {}}),
            400,
        ),
        (
            json!({"id": "n", "o": "M", "ccid": "a", "sv": 1, "d": []}),
            400,
        ),
        (
            json!({"id": "n", "o": "M", "ccid": "a", "sv": "x", "v": {}}),
            400,
        ),
    ] {
        let answer = socket.change(&change).await;
        assert_eq!(answer["error"], code, "{change}");
        assert_eq!(
            (&answer["id"], &answer["ccids"][0]),
            (&change["id"], &change["ccid"])
        );
        assert_eq!(answer["clientid"], "c");
    }
    assert_eq!(emulator.changes_made(), 1);
    // A refused change does not use up its id.
    let good = change("a", 1, json!({"a": {"o": "+", "v": 1}}));
    assert_eq!(socket.change(&good).await["ev"], 2);
}

#[tokio::test]
async fn a_refusal_is_told_to_its_sender_alone() {
    let (emulator, mut socket) = with_note("x").await;
    let mut other = Socket::channel(&emulator, "d").await;
    socket.change(&change("1", 9, json!({}))).await;
    assert_eq!(other.ask("h:1").await, "h:2");
}

#[tokio::test]
async fn a_version_that_is_gone_is_no_base() {
    let (emulator, mut socket) = with_note("v1").await;
    emulator.configure(|config| {
        config.versions_kept = 2;
        config.tenths_kept = 0;
    });
    for sv in 1..=3_u64 {
        let edit = json!({"t": {"o": "r", "v": format!("v{}", sv + 1)}});
        socket.change(&change(&sv.to_string(), sv, edit)).await;
    }
    let stale = change("s", 2, json!({"u": {"o": "+", "v": 1}}));
    assert_eq!(socket.change(&stale).await["error"], 405);
    let stale = change("s", 3, json!({"u": {"o": "+", "v": 1}}));
    assert_eq!(socket.change(&stale).await["ev"], 5);
}

#[tokio::test]
async fn a_source_version_may_come_as_text() {
    let (_emulator, mut socket) = with_note("x").await;
    let text =
        json!({"id": "n", "o": "M", "ccid": "1", "sv": "1", "v": {"t": {"o": "d", "v": "=1\t+y"}}});
    assert_eq!(socket.change(&text).await["sv"], 1);
}
