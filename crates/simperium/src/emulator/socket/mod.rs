//! Sockets: connections with their channels.

mod channel;
mod handshake;
mod line;
mod serve;

use std::collections::BTreeMap;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

pub(super) use self::handshake::handshake;
pub use self::line::Line;
pub(super) use self::serve::serve;

use super::bucket::Logged;
use super::log::LoggedFrame;
use super::state::State;
use super::submit::Place;

/// A socket, as the service sees it. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    outgoing: mpsc::UnboundedSender<Outgoing>,
    channels: BTreeMap<u32, Channel>,
    /// Whether a listening socket took it.
    listened: bool,
    _alive: oneshot::Sender<()>,
}

/// A frame on its way to a client.
#[derive(Debug)]
pub(super) struct Outgoing {
    due: Instant,
    text: String,
}

/// A channel that `init` opened.
#[derive(Clone, Debug)]
struct Channel {
    place: Place,
    clientid: String,
    token: String,
    admin: bool,
}

/// What a task needs to serve a socket.
#[derive(Debug)]
pub(super) struct Opened {
    id: u64,
    outgoing: mpsc::UnboundedReceiver<Outgoing>,
    killed: oneshot::Receiver<()>,
}

impl State {
    /// A new socket.
    pub(super) fn open(&mut self, listened: bool) -> Opened {
        self.last_connection += 1;
        let id = self.last_connection;
        let (outgoing, receiver) = mpsc::unbounded_channel();
        let (alive, killed) = oneshot::channel();
        let connection = Connection {
            outgoing,
            channels: BTreeMap::new(),
            listened,
            _alive: alive,
        };
        self.connections.insert(id, connection);
        Opened {
            id,
            outgoing: receiver,
            killed,
        }
    }

    /// Closes what a listening socket took.
    pub(super) fn kick_listened(&mut self) {
        self.connections
            .retain(|_, connection| !connection.listened);
    }

    /// Sends a frame to a socket, if it is still there.
    fn send(&mut self, socket: u64, text: String) {
        if self.silent {
            return;
        }
        let due = Instant::now() + self.delay() / 2;
        let Some(connection) = self.connections.get(&socket) else {
            return;
        };
        self.log.frames.push(|| LoggedFrame {
            socket,
            from_client: false,
            text: text.clone(),
        });
        // A task that ended meanwhile takes the connection out itself.
        let _ = connection.outgoing.send(Outgoing { due, text });
    }

    /// Tells a change to every channel of its bucket.
    pub(super) fn broadcast(&mut self, place: &Place, logged: &Logged) {
        let mut listening = Vec::new();
        for (socket, connection) in &self.connections {
            for (number, channel) in &connection.channels {
                if channel.place == *place {
                    listening.push((*socket, *number));
                }
            }
        }
        for (socket, channel) in listening {
            self.send(socket, format!("{channel}:c:[{}]", logged.text));
        }
    }

    /// Asks every channel what its client has.
    pub(super) fn ask_index(&mut self) {
        for (socket, channel) in self.open_channels() {
            self.send(socket, format!("{channel}:index"));
        }
    }

    /// Tells every client how much it shall log.
    pub(super) fn tell_log_level(&mut self, level: u8) {
        let sockets: Vec<u64> = self.connections.keys().copied().collect();
        for socket in sockets {
            self.send(socket, format!("log:{level}"));
        }
    }

    /// Sends a text to every channel, as it is.
    pub(super) fn send_raw(&mut self, command: &str) {
        for (socket, channel) in self.open_channels() {
            self.send(socket, format!("{channel}:{command}"));
        }
    }

    fn open_channels(&self) -> Vec<(u64, u32)> {
        let connections = self.connections.iter();
        connections
            .flat_map(|(socket, connection)| {
                connection
                    .channels
                    .keys()
                    .map(move |channel| (*socket, *channel))
            })
            .collect()
    }
}
