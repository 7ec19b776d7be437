//! The calls of the service.

use sync_core::Operation;

use crate::error::Sent;

const SYNC: &str = "/v3/stacks/sync";

pub(super) static INIT: Operation = Operation::get("contentstack", "sync.init", SYNC);
pub(super) static PAGE: Operation = Operation::get("contentstack", "sync.page", SYNC);
pub(super) static DELTA: Operation = Operation::get("contentstack", "sync.delta", SYNC);
pub(super) static CONTENT_TYPES: Operation =
    Operation::get("contentstack", "content_types", "/v3/content_types");

pub(super) static CONTENT_TYPE: Operation =
    Operation::get("contentstack", "content_type", "/v3/content_types/{uid}");

/// Which token an operation sends.
pub(super) fn sent(operation: &Operation) -> Sent {
    match operation.name() {
        "sync.page" => Sent::Page,
        "sync.delta" => Sent::Sync,
        _ => Sent::Nothing,
    }
}
