//! The frames of one socket, in and out.

use std::sync::Weak;

use futures_util::{Sink, SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use super::{Opened, Outgoing};
use crate::emulator::engine::Engine;

/// Serves a socket until one of its ends closes it, or the service is gone.
pub(in crate::emulator) async fn serve<S>(engine: Weak<Engine>, stream: S, opened: Opened)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Opened {
        id,
        mut outgoing,
        killed,
    } = opened;
    // What is too large is refused, and not a reason to hang up: who sends it
    // would send it again.
    let config = WebSocketConfig::default()
        .max_message_size(None)
        .max_frame_size(None);
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let (sink, mut frames) = socket.split();
    // Frames wait here while they travel.
    let (arriving, mut arrived) = mpsc::unbounded_channel::<(Instant, String)>();

    let source = &engine;
    let reading = async move {
        while let Some(Ok(message)) = frames.next().await {
            let text = match message {
                Message::Text(text) => text.as_str().to_owned(),
                // A close is answered by reading on, until there is no more.
                _ => continue,
            };
            let Some(engine) = source.upgrade() else {
                return;
            };
            let due = Instant::now() + engine.state().delay() / 2;
            if arriving.send((due, text)).is_err() {
                return;
            }
        }
    };
    let working = async {
        while let Some((due, text)) = arrived.recv().await {
            until(due).await;
            let Some(engine) = engine.upgrade() else {
                return;
            };
            engine.state().frame(id, &text);
        }
    };
    let writing = async {
        // Whether anybody hears it does not matter to what came before.
        let _ = write(sink, &mut outgoing).await;
        while outgoing.recv().await.is_some() {}
    };
    tokio::select! {
        biased;
        // Never anything but the end of the connection.
        _ = killed => {}
        // What came before the other end went away is done all the same.
        _ = async { tokio::join!(reading, working) } => {}
        () = writing => {}
    }
    if let Some(engine) = engine.upgrade() {
        engine.state().connections.remove(&id);
    }
}

/// Sends what is to be sent, until there is no more or nobody to take it.
async fn write(
    mut sink: impl Sink<Message, Error = tungstenite::Error> + Unpin,
    outgoing: &mut mpsc::UnboundedReceiver<Outgoing>,
) -> Result<(), tungstenite::Error> {
    while let Some(next) = outgoing.recv().await {
        let mut next = Some(next);
        while let Some(Outgoing { due, text }) = next {
            if due > Instant::now() {
                sink.flush().await?;
                tokio::time::sleep_until(due).await;
            }
            sink.feed(Message::text(text)).await?;
            next = outgoing.try_recv().ok();
        }
        sink.flush().await?;
    }
    Ok(())
}

async fn until(due: Instant) {
    if due > Instant::now() {
        tokio::time::sleep_until(due).await;
    }
}
