//! The token is seen by the service, and by nobody else.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::json;
use simperium::emulator::Emulator;
use simperium::syncer::{Event, Status};
use sync_core::testing::{LogCapture, SecretSearch};
use sync_core::transport::OnUpgrade;
use sync_core::{Body, Transport, TransportError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;

use super::support::*;

/// Opens sockets of which a test has the other end. The emulator's would do,
/// but it logs what it reads.
#[derive(Debug)]
struct Bare {
    emulator: Emulator,
    sockets: mpsc::UnboundedSender<DuplexStream>,
}

#[async_trait::async_trait]
impl Transport for Bare {
    async fn send(&self, request: Request<Body>) -> Result<Response<Body>, TransportError> {
        let (head, _) = request.into_parts();
        let request = Request::from_parts(head, Bytes::new());
        let mut answer = self.emulator.handle(&request).await;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            answer.extensions_mut().insert(OnUpgrade::ready(theirs));
            self.sockets.send(ours).unwrap();
        }
        Ok(answer.map(Body::from))
    }
}

/// The next frame of a client, which has to be a short text.
async fn read(socket: &mut DuplexStream) -> String {
    let mut head = [0; 2];
    socket.read_exact(&mut head).await.unwrap();
    assert_eq!((head[0], head[1] & 0x80), (0x81, 0x80));
    let length = match head[1] & 0x7f {
        126 => usize::from(socket.read_u16().await.unwrap()),
        length => usize::from(length),
    };
    let mut mask = [0; 4];
    socket.read_exact(&mut mask).await.unwrap();
    let mut text = vec![0; length];
    socket.read_exact(&mut text).await.unwrap();
    for (byte, mask) in text.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    String::from_utf8(text).unwrap()
}

async fn write(socket: &mut DuplexStream, text: &str) {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 126);
    let frame = [&[0x81, length], text.as_bytes()].concat();
    socket.write_all(&frame).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_token_is_in_no_log_and_no_debug_output() {
    // Of the process, with what libraries write through `log`: the websocket's
    // logs every frame.
    let logs = LogCapture::global().unwrap();
    let token = "t0ken-that-nobody-is-to-see";
    let search = SecretSearch::new([token]);
    let (sockets, mut opened) = mpsc::unbounded_channel();
    let transport = Arc::new(Bare {
        emulator: emulator(),
        sockets,
    });
    let builder = with_token(&emulator(), token).transport(transport);
    search.assert_absent("the builder", &format!("{builder:?}"));
    let syncer = builder.start().await.unwrap();
    let notes = notes(&syncer);
    let mut events = notes.subscribe();

    let mut socket = opened.recv().await.unwrap();
    let init = read(&mut socket).await;
    assert!(
        init.starts_with("0:init:") && init.contains(token),
        "{init}"
    );
    // What is not secret is logged, so that something would be seen.
    write(&mut socket, "0:auth:ann@example.com").await;
    write(&mut socket, r#"0:i:{"current":"1","index":[]}"#).await;
    write(&mut socket, "0:c:[]").await;
    notes
        .put("n", &json!({"text": "seen-in-frames"}))
        .await
        .unwrap();
    while !read(&mut socket).await.contains("seen-in-frames") {}

    write(&mut socket, r#"0:auth:{"msg":"Token invalid","code":401}"#).await;
    until(&mut events, |event| {
        search.assert_absent("an event", &format!("{event:?}"));
        matches!(event, Event::Connection(Status::Unauthorized)).then_some(())
    })
    .await;
    search.assert_absent("the syncer", &format!("{syncer:?} {notes:?} {events:?}"));
    let error = syncer.api().user().await.unwrap_err();
    search.assert_absent("an error", &format!("{error} {error:?}"));

    let text = logs.text();
    assert!(text.contains("the socket is open"));
    assert!(text.contains("seen-in-frames"), "no frame is logged");
    logs.assert_no_secret(&[token]);
}
