//! What a transport may know about the call it serves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Method;

/// Whether executing a request twice does the same as executing it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Repeating is harmless (RFC 9110 section 9.2.2, or an idempotency key).
    Idempotent,
    /// Repeating may do the work twice.
    NotIdempotent,
}

/// One operation of a service: the constant part of a request.
///
/// ```
/// use sync_core::Operation;
///
/// const STATUS: Operation = Operation::get("syncthing", "db.status", "/rest/db/status");
/// const FOLDER: Operation = Operation::patch("syncthing", "config.folder.patch", "/rest/config/folders/{id}")
///     .idempotent();
/// # assert_eq!(STATUS.name(), "db.status");
/// # assert_eq!(FOLDER.template(), "/rest/config/folders/{id}");
/// ```
#[derive(Clone, Debug)]
pub struct Operation {
    service: &'static str,
    name: &'static str,
    method: Method,
    template: &'static str,
    idempotency: Idempotency,
}

impl Operation {
    /// An operation; its idempotency follows from `method` (RFC 9110).
    pub const fn new(
        service: &'static str,
        name: &'static str,
        method: Method,
        template: &'static str,
    ) -> Self {
        let idempotency = match method {
            Method::GET
            | Method::HEAD
            | Method::PUT
            | Method::DELETE
            | Method::OPTIONS
            | Method::TRACE => Idempotency::Idempotent,
            _ => Idempotency::NotIdempotent,
        };
        Self {
            service,
            name,
            method,
            template,
            idempotency,
        }
    }

    /// A `GET` operation.
    pub const fn get(service: &'static str, name: &'static str, template: &'static str) -> Self {
        Self::new(service, name, Method::GET, template)
    }

    /// A `POST` operation, not idempotent unless [said so](Self::idempotent).
    pub const fn post(service: &'static str, name: &'static str, template: &'static str) -> Self {
        Self::new(service, name, Method::POST, template)
    }

    /// A `PUT` operation.
    pub const fn put(service: &'static str, name: &'static str, template: &'static str) -> Self {
        Self::new(service, name, Method::PUT, template)
    }

    /// A `PATCH` operation, not idempotent unless [said so](Self::idempotent).
    pub const fn patch(service: &'static str, name: &'static str, template: &'static str) -> Self {
        Self::new(service, name, Method::PATCH, template)
    }

    /// A `DELETE` operation.
    pub const fn delete(service: &'static str, name: &'static str, template: &'static str) -> Self {
        Self::new(service, name, Method::DELETE, template)
    }

    /// The same operation, declared safe to repeat.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotency = Idempotency::Idempotent;
        self
    }

    /// The same operation, declared unsafe to repeat once it may have arrived.
    #[must_use]
    pub const fn not_idempotent(mut self) -> Self {
        self.idempotency = Idempotency::NotIdempotent;
        self
    }

    /// The service, for example `syncthing`.
    pub const fn service(&self) -> &'static str {
        self.service
    }

    /// The operation's name within the service, for example `db.status`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The request method.
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The path with `{placeholders}`: a label of low cardinality for metrics.
    pub const fn template(&self) -> &'static str {
        self.template
    }

    /// Whether the operation may be repeated.
    pub const fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    pub(crate) const fn is_idempotent(&self) -> bool {
        matches!(self.idempotency, Idempotency::Idempotent)
    }
}

/// One attempt of a call, handed to a transport beside its request, or in the
/// extensions of that as `Arc<Attempt>`; see
/// [`Transport::send_attempt`](super::Transport::send_attempt).
///
/// A middleware reads it to label what it measures; a transport reads it to
/// learn whether a dropped exchange had timed out.
#[derive(Debug)]
pub struct Attempt {
    operation: &'static Operation,
    number: u32,
    timed_out: AtomicBool,
}

impl Attempt {
    /// The `number`-th attempt (from 1) of `operation`.
    pub fn new(operation: &'static Operation, number: u32) -> Self {
        Self {
            operation,
            number,
            timed_out: AtomicBool::new(false),
        }
    }

    /// The attempt that a request belongs to, if it came through the policy loop.
    pub fn of(extensions: &http::Extensions) -> Option<&Arc<Self>> {
        extensions.get()
    }

    /// What is being called.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// Which try this is, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Says that the wait for this attempt's answer is over. The transport
    /// then closes the connection instead of keeping it: a peer that went
    /// silent once would otherwise swallow every later call too.
    pub fn mark_timed_out(&self) {
        self.timed_out.store(true, Ordering::Release);
    }

    /// Whether [`mark_timed_out`](Self::mark_timed_out) was called.
    pub fn has_timed_out(&self) -> bool {
        self.timed_out.load(Ordering::Acquire)
    }
}
