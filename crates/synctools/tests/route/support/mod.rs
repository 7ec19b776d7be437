//! What the tests of the route share.

pub(crate) mod http;
pub(crate) mod lab;
pub(crate) mod route;
pub(crate) mod scripted;
