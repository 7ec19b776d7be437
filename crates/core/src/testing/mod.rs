//! Doubles for tests: of transports, of servers, and of the network's bad days.
//!
//! # Which double to pick
//!
//! | The question | The double |
//! |---|---|
//! | What does my code send? | [`ReplyTransport`](mock::ReplyTransport): answers from a list or a closure and keeps the requests |
//! | Does my client speak with my own server code? | [`LoopbackTransport`](mock::LoopbackTransport): a handler in the same process, bodies streaming both ways |
//! | What happens when no answer comes? | [`NeverTransport`](mock::NeverTransport), with tokio's paused clock |
//! | What happens when calls fail? | [`FaultTransport`]: by plan or by seed, around any transport |
//! | What does the real service answer? | [`Recorder`] once against the service, [`Replayer`] ever after |
//! | What happens on the wire? | [`ScriptedServer`]: byte by byte, with [`Gate`]s instead of sleeps |
//! | Does my own [`Transport`](crate::Transport) keep its promises? | [`contract`]: named behaviours for any transport |
//! | What does my example do as a program? | [`build_example`] |
//! | Does a secret get out? | [`LogCapture`] for the logs, [`SecretSearch`] for anything else |
//!
//! The doubles in the upper half need no socket and are exact under tokio's
//! paused clock. A [`ScriptedServer`] uses real sockets on 127.0.0.1: leave the
//! clock running there, since a paused clock jumps ahead while bytes travel.

mod cassette;
pub mod contract;
mod example;
mod fault;
mod gate;
mod leak;
mod logs;
pub mod mock;
mod record;
mod replay;
pub mod script;

pub use self::cassette::{Cassette, CassetteError, Interaction, Recorded};
pub use self::example::{build_example, gone_reader};
pub use self::fault::{Fault, FaultTransport};
pub use self::gate::Gate;
pub use self::leak::{Leak, SecretSearch};
pub use self::logs::{GlobalLoggerTaken, LogCapture};
pub use self::record::Recorder;
pub use self::replay::{BodyMatch, Order, Replayer};
pub use self::script::{Event, Received, RefusedPort, Reply, Script, ScriptedServer};
