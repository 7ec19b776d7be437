//! The frames of the websocket protocol, read and written (pure).
//!
//! No I/O, no clock: text in, values out, and back. The emulator and the
//! syncer speak through the same frames; what they do with them is theirs.
//!
//! A frame is text. All but heartbeats and log requests have the form
//! `{channel}:{command}:{payload}`; only the first two colons separate.
//! [`ClientFrame`] is what a client sends, [`ServerFrame`] what a server does.
//! Change objects, [`ClientChange`] and [`ServerChange`], are the same over
//! HTTP (`POST …/changes`, `GET …/changes`, `GET …/all`).
//!
//! ```
//! use simperium::protocol::{ClientCommand, ClientFrame, ServerCommand, ServerFrame};
//!
//! let frame = ClientFrame::parse("0:e:shopping.list.12")?;
//! let ClientFrame::Channel { channel: 0, command: ClientCommand::Entity(wanted) } = frame else {
//!     unreachable!()
//! };
//! assert_eq!((wanted.key.as_str(), wanted.version), ("shopping.list", 12));
//!
//! let answer = ServerFrame::Channel { channel: 0, command: ServerCommand::UnknownCv };
//! assert_eq!(answer.to_string(), "0:cv:?");
//! # Ok::<(), simperium::protocol::FrameError>(())
//! ```
//!
//! # Where peers differ
//!
//! What is read is read as the peers of the service send it: `sv` and `ev` as
//! number or digits in a string, `cv` as string or number, a single `ccid` for
//! `ccids`, an error code as number or string, `client_id` for `clientid`, and
//! the `auth:expired` and `c:?` of API 1.0. What is written has the form of the
//! present clients and servers.

mod change;
mod client;
mod code;
mod error;
mod lenient;
mod part;
mod server;

pub use self::change::{Change, ClientChange, Operation, Refusal, ServerChange};
pub use self::client::{
    ClientCommand, ClientFrame, IndexQuery, Init, KnownEntry, LocalIndex, PendingEntry,
};
pub use self::code::ChangeErrorCode;
pub use self::error::FrameError;
pub use self::part::EntityVersion;
pub use self::server::{
    AuthReply, BucketOptions, IndexEntry, IndexPage, ServerCommand, ServerFrame,
};
