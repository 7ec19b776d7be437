//! The websocket protocol.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{ADMIN, Ask, Socket, TOKEN, emulator, init, opening};

#[tokio::test]
async fn only_a_websocket_request_opens_a_socket() {
    let emulator = emulator();
    assert_eq!(opening().without("upgrade").status(&emulator).await, 426);
    assert_eq!(
        opening()
            .header("sec-websocket-version", "8")
            .status(&emulator)
            .await,
        400
    );
    let elsewhere = opening().header("host", "auth.example.com");
    assert_eq!(elsewhere.status(&emulator).await, 404);
    assert_eq!(emulator.sockets(), 0);
    let _socket = Socket::open(&emulator).await;
    assert_eq!(emulator.sockets(), 1);
}

#[tokio::test]
async fn a_channel_needs_a_good_token_and_a_good_name() {
    let emulator = emulator();
    let mut socket = Socket::open(&emulator).await;
    for (bucket, token, code) in [
        ("note", "short", 400),
        ("note", "f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0", 401),
        ("bad/name", TOKEN, 500),
        ("note", ADMIN, 500),
    ] {
        let answer = socket.ask(&init(3, bucket, "c", token)).await;
        let refusal = answer.strip_prefix("3:auth:").unwrap();
        let refusal: Value = serde_json::from_str(refusal).unwrap();
        assert_eq!(refusal["code"], code);
        // And so it is not open.
        let answer = socket.ask("3:cv:x").await;
        assert!(answer.starts_with("3:auth:{"), "{answer}");
    }
    // Whoever waits for an answer gets one.
    for (payload, code) in [
        ("", 400),
        ("{}", 400),
        (
            r#"{"clientid":"c","app_id":"app","name":"note","token":null}"#,
            400,
        ),
        (
            &format!(r#"{{"clientid":"c","app_id":"app","token":"{TOKEN}"}}"#),
            500,
        ),
    ] {
        let answer = socket.ask(&format!("3:init:{payload}")).await;
        let refusal = answer.strip_prefix("3:auth:").unwrap();
        let refusal: Value = serde_json::from_str(refusal).unwrap();
        assert_eq!(refusal["code"], code, "{payload}");
    }
    let joe = emulator.create_user("app", "joe@example.com", "x");
    let answer = socket.ask(&init(3, "note", "c", joe.token.expose())).await;
    assert_eq!(answer, "3:auth:joe@example.com");
    let text = init(4, "note", "c", ADMIN);
    let text = text.replace(r#""library""#, r#""username":"joe@example.com","library""#);
    assert_eq!(socket.ask(&text).await, "4:auth:joe@example.com");
}

#[tokio::test]
async fn a_heartbeat_is_answered_with_the_next_number() {
    let emulator = emulator();
    let mut socket = Socket::open(&emulator).await;
    assert_eq!(socket.ask("h:41").await, "h:42");
    // What cannot be read is passed over.
    for nonsense in ["", "x", "0", "0:new:", "h:x", "0:e:n", "9:"] {
        socket.send(nonsense).await;
    }
    assert_eq!(socket.ask("h:0").await, "h:1");
}

#[tokio::test]
async fn every_channel_of_a_bucket_hears_of_a_change() {
    let emulator = emulator();
    let mut ann = Socket::channel(&emulator, "c1").await;
    let mut other = Socket::channel(&emulator, "c2").await;
    other.send(&init(1, "todo", "c2", TOKEN)).await;
    assert!(other.next().await.starts_with("1:auth:"));
    let change = json!({"id": "n1", "o": "M", "ccid": "x", "v": {"t": {"o": "+", "v": "hi"}}});
    let echo = ann.change(&change).await;
    assert_eq!(
        (&echo["clientid"], &echo["ccids"]),
        (&json!("c1"), &json!(["x"]))
    );
    assert_eq!((&echo["ev"], echo.get("sv")), (&json!(1), None));
    assert_eq!(other.changes(0).await, json!([echo]));
    // Writes over HTTP are heard, too; and the other channel heard nothing.
    Ask::post("note/i/n1", &json!({"t": "ho"}))
        .of(&emulator)
        .await;
    Ask::post("todo/i/n1", &json!({"t": "ha"}))
        .of(&emulator)
        .await;
    assert!(ann.next().await.starts_with("0:c:[{"));
    assert!(other.next().await.starts_with("0:c:[{"));
    assert!(other.next().await.starts_with("1:c:[{"));
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_before_the_end_is_done_all_the_same() {
    for latency in [0, 50] {
        let emulator = emulator();
        let mut socket = Socket::channel(&emulator, "c").await;
        emulator.configure(|config| {
            config.latency = Duration::from_millis(latency)..Duration::from_millis(latency)
        });
        for n in 1..=3 {
            let change = json!({"id": format!("n{n}"), "o": "M", "ccid": "x", "v": {}});
            socket.send(&format!("0:c:{change}")).await;
        }
        drop(socket);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(emulator.objects("app", TOKEN, "note").len(), 3, "{latency}");
        assert_eq!(emulator.sockets(), 0);
    }
}

#[tokio::test]
async fn a_change_of_any_size_is_answered() {
    let emulator = emulator();
    let mut socket = Socket::channel(&emulator, "c").await;
    let text = "x".repeat(17 << 20);
    let change = json!({"id": "n", "o": "M", "ccid": "x", "v": {"t": {"o": "+", "v": text}}});
    assert_eq!(socket.change(&change).await["error"], 413);
}

#[tokio::test]
async fn init_can_have_the_first_command() {
    let emulator = emulator();
    let mut socket = Socket::channel(&emulator, "c").await;
    let change = json!({"id": "n1", "o": "M", "ccid": "x", "v": {}});
    let cv = socket.change(&change).await["cv"].clone();
    let with = |cmd: &str| {
        let cmd = format!(r#""cmd":"{cmd}","library""#);
        init(5, "note", "d", TOKEN).replace(r#""library""#, &cmd)
    };
    socket
        .send(&with(&format!("cv:{}", cv.as_str().unwrap())))
        .await;
    assert!(socket.next().await.starts_with("5:auth:"));
    assert_eq!(socket.next().await, "5:c:[]");
    socket.send(&with("i:1:::100")).await;
    assert!(socket.next().await.starts_with("5:auth:"));
    let page = socket.next().await;
    let page: Value = serde_json::from_str(page.strip_prefix("5:i:").unwrap()).unwrap();
    let entry = json!({"id": "n1", "v": 1, "d": {}});
    assert_eq!(page, json!({"current": cv, "index": [entry]}));
}

#[tokio::test]
async fn a_client_catches_up_with_changes_or_is_told_to_begin_anew() {
    let emulator = emulator();
    let mut socket = Socket::channel(&emulator, "c").await;
    let mut cvs = Vec::new();
    for number in 1..=3 {
        let change = json!({"id": format!("n{number}"), "o": "M", "ccid": "x", "v": {}});
        let cv = socket.change(&change).await["cv"].clone();
        cvs.push(cv.as_str().unwrap().to_owned());
    }
    let missed = socket.ask(&format!("0:cv:{}", cvs[0])).await;
    let missed: Vec<Value> = serde_json::from_str(missed.strip_prefix("0:c:").unwrap()).unwrap();
    assert_eq!(missed.len(), 2);
    assert_eq!(missed[1]["cv"], cvs[2].as_str());
    assert_eq!(socket.ask("0:cv:nope").await, "0:cv:?");
    emulator.forget(0);
    assert_eq!(socket.ask(&format!("0:cv:{}", cvs[0])).await, "0:cv:?");
    assert_eq!(socket.ask(&format!("0:cv:{}", cvs[2])).await, "0:c:[]");
    emulator.unknown_cv(1);
    assert_eq!(socket.ask(&format!("0:cv:{}", cvs[2])).await, "0:cv:?");
}

#[tokio::test]
async fn versions_are_read_by_key_and_number() {
    let emulator = emulator();
    let mut socket = Socket::channel(&emulator, "c").await;
    let change = json!({"id": "a.b", "o": "M", "ccid": "x", "v": {"t": {"o": "+", "v": 1}}});
    socket.change(&change).await;
    assert_eq!(
        socket.ask("0:e:a.b.1").await,
        "0:e:a.b.1\n{\"data\":{\"t\":1}}"
    );
    assert_eq!(socket.ask("0:e:a.b.2").await, "0:e:a.b.2\n?");
    assert_eq!(socket.ask("0:e:a.1").await, "0:e:a.1\n?");
}

#[tokio::test]
async fn a_bucket_is_emptied_by_one_change() {
    let emulator = emulator();
    let mut socket = Socket::channel(&emulator, "c").await;
    let empty = |ccid: &str, id: &str, o: &str| json!({"id": id, "o": o, "ccid": ccid});
    assert_eq!(
        socket.change(&empty("0", "note", "EMPTY")).await["error"],
        412
    );
    for key in ["a", "b"] {
        socket
            .change(&json!({"id": key, "o": "M", "ccid": key, "v": {}}))
            .await;
    }
    assert_eq!(
        socket.change(&empty("1", "other", "EMPTY")).await["error"],
        400
    );
    assert_eq!(
        socket.change(&empty("2", "note", "DROP")).await["error"],
        401
    );
    let emptied = socket.change(&empty("3", "note", "EMPTY")).await;
    assert_eq!(
        (&emptied["o"], &emptied["id"]),
        (&json!("EMPTY"), &json!("note"))
    );
    assert!(emulator.objects("app", TOKEN, "note").is_empty());
    assert_eq!(
        socket.change(&empty("3", "note", "EMPTY")).await["error"],
        409
    );
    // The number goes on.
    let again = socket
        .change(&json!({"id": "a", "o": "M", "ccid": "4", "v": {}}))
        .await;
    assert_eq!(again["ev"], 3);
}

#[tokio::test]
async fn the_server_can_ask_what_a_client_has() {
    let emulator = emulator();
    let mut socket = Socket::channel(&emulator, "c").await;
    emulator.ask_index();
    assert_eq!(socket.next().await, "0:index");
    let answer = r#"0:index:{"current":"1","index":[{"id":"a","v":1}],"pending":[]}"#;
    socket.send(answer).await;
    emulator.log_level(2);
    assert_eq!(socket.next().await, "log:2");
    socket.send(r#"log:{"log":"all is well"}"#).await;
    assert_eq!(socket.ask("h:1").await, "h:2");
    let frames = emulator.frames();
    assert!(
        frames
            .iter()
            .any(|frame| frame.from_client && frame.text == answer)
    );
    // The token is in the frame, and not in what is printed of it.
    assert!(frames.iter().any(|frame| frame.text.contains("\"token\"")));
    assert!(!format!("{frames:?}").contains("\"token\""));
    emulator.send_raw("c:?");
    assert_eq!(socket.next().await, "0:c:?");
}

#[tokio::test]
async fn a_namespace_is_told() {
    let emulator = emulator();
    let options = Ask::post("__options__/i/note", &json!({"namespace": "space"}));
    options
        .header("x-simperium-token", ADMIN)
        .of(&emulator)
        .await;
    let mut socket = Socket::channel(&emulator, "c").await;
    let told = r#"0:o:{"namespace":"space","expose_namespace":false}"#;
    assert_eq!(socket.next().await, told);
}
