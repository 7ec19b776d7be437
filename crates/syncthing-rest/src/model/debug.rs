//! Numbers for who looks for a fault. Both answers: until 1.30.

use std::collections::BTreeMap;

use super::DeviceId;
use crate::wire::model;

model! {
    /// How long the calls of one path took.
    pub struct HttpMetric {
        /// How many there were.
        pub count: i64 => "count",
        /// Milliseconds of all.
        pub sum_ms: i64 => "sumMs",
        /// Calls per second, in the last 1, 5 and 15 minutes.
        pub rates_per_s: Vec<f64> => "ratesPerS",
        /// Milliseconds of the 50th, 95th and 99th percentile.
        pub percentiles_ms: Vec<f64> => "percentilesMs",
    }
}

/// By path: `GET /rest/debug/httpmetrics`.
pub type HttpMetrics = BTreeMap<String, HttpMetric>;

/// Per cent by device: `GET /rest/debug/peerCompletion`.
pub type PeerCompletion = BTreeMap<DeviceId, i64>;
