//! What the tests of the pool begin with.

use std::sync::Arc;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;

use super::{Host, Places, PoolSettings};
use crate::hyper::connect::Protocol;
use crate::hyper::io::{Io, Raw, Stream};
use crate::hyper::origin::Origin;

pub(super) fn host(uri: &'static str, protocol: Protocol, places: &Arc<Places>) -> Arc<Host> {
    let origin = Origin::take(&mut Uri::from_static(uri)).unwrap();
    let settings = PoolSettings::default();
    Arc::new(Host::new(origin, protocol, settings, Arc::clone(places)).unwrap())
}

/// A byte stream on a place of its own, and the server's end of it.
pub(super) fn io(host: &Arc<Host>) -> (Io, DuplexStream) {
    let (here, there) = tokio::io::duplex(64 << 10);
    let io = Io {
        stream: Stream::Plain(TokioIo::new(Raw::Other(Box::new(here)))),
        is_proxied: false,
        _place: host.places.take(host).ok().unwrap(),
    };
    (io, there)
}
