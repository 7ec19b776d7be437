//! How far a device is.

use crate::wire::{model, text_enum};

model! {
    /// How much of a folder a device has: `GET /rest/db/completion`.
    pub struct Completion {
        /// Per cent of the bytes. It is 100 if there are no bytes, 95 if only
        /// deletions are missing, and 100 too for a device that does not take
        /// part: ask [`is_complete`](Self::is_complete).
        pub completion: f64 => "completion",
        /// Bytes of the folder, all devices considered.
        pub global_bytes: i64 => "globalBytes",
        /// Bytes that the device needs.
        pub need_bytes: i64 => "needBytes",
        /// Items of the folder, all devices considered.
        pub global_items: i64 => "globalItems",
        /// Items that the device needs.
        pub need_items: i64 => "needItems",
        /// Deletions that the device needs.
        pub need_deletes: i64 => "needDeletes",
        /// The device's sequence; no meaning for a sum of folders.
        pub sequence: i64 => "sequence",
        /// Whether the device takes part. Since 1.20.
        pub remote_state: Option<RemoteState> => "remoteState",
    }
}

impl Completion {
    /// Whether the device needs nothing, as far as its index is known here.
    ///
    /// A remote device must take part for that: with 1.20 and later, a device
    /// that is away, paused, or not sharing the folder is not complete. For this
    /// device, for which the state is always unknown, and for a sum of folders,
    /// use [`needs_nothing`](Self::needs_nothing); older daemons do not say it at
    /// all, there the connection has to be looked at.
    pub fn is_complete(&self) -> bool {
        let takes_part = match &self.remote_state {
            Some(state) => *state == RemoteState::Valid,
            None => true,
        };
        takes_part && self.needs_nothing()
    }

    /// Whether no items, deletions or bytes are missing.
    pub fn needs_nothing(&self) -> bool {
        self.need_items == 0 && self.need_deletes == 0 && self.need_bytes == 0
    }
}

text_enum! {
    /// Whether a device takes part in a folder.
    #[derive(Default)]
    pub enum RemoteState {
        /// It is not connected, or is this device.
        #[default]
        Unknown = "unknown",
        /// It does not share the folder.
        NotSharing = "notSharing",
        /// It has paused the folder.
        Paused = "paused",
        /// It does.
        Valid = "valid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(json: &str) -> Completion {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_hundred_per_cent_is_not_complete() {
        assert!(!completion(r#"{"completion":100,"remoteState":"paused"}"#).is_complete());
        assert!(
            !completion(r#"{"completion":100,"remoteState":"new","needItems":0}"#).is_complete()
        );
        assert!(
            !completion(r#"{"completion":100,"remoteState":"valid","needDeletes":1}"#)
                .is_complete()
        );
        assert!(completion(r#"{"completion":100,"remoteState":"valid"}"#).is_complete());
        assert!(completion(r#"{"completion":100}"#).is_complete());
    }

    #[test]
    fn this_device_needs_nothing_though_its_state_is_unknown() {
        let local = completion(r#"{"completion":100,"remoteState":"unknown"}"#);
        assert!(local.needs_nothing() && !local.is_complete());
    }
}
