//! One operation with one fault.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use ocss::emulator::{Account, Emulator, Fault, LoggedRequest, Verdict};
use ocss::{ErrorClass, OcssErrorExt as _, SyncServerApi, SyncServerApiBuilder, SyncServerAuth};
use sync_core::policy::{Backoff, RetryPolicy};
use sync_core::testing::{LogCapture, SecretSearch};

use crate::operations::{self, Operation};

/// What is to come of an operation: the class of its error, if it fails.
pub(crate) type Want = Option<ErrorClass>;

pub(crate) fn secrets() -> [&'static str; 6] {
    [
        "consumer-secret-alice",
        "access-secret-alice",
        operations::PINCODE,
        operations::OLD_PASSWORD,
        operations::NEW_PASSWORD,
        operations::TOKEN_SECRET,
    ]
}

/// A client of alice's.
pub(crate) fn client(emulator: &Emulator) -> SyncServerApiBuilder {
    let alice = Account::alice();
    let auth = SyncServerAuth::new(
        alice.consumer_key(),
        alice.consumer_secret().clone(),
        alice.access_key(),
        alice.access_secret().clone(),
    );
    let backoff = Backoff::new(Duration::ZERO, Duration::ZERO);
    let retry = RetryPolicy::default().max_attempts(3).backoff(backoff);
    SyncServerApi::builder()
        .base_url(emulator.url())
        .auth(auth)
        .retry(retry)
}

/// What the faulty request was seen to be.
pub(crate) struct Seen {
    pub(crate) outcome: Result<(), ErrorClass>,
    /// The requests that met the fault.
    pub(crate) struck: Vec<LoggedRequest>,
    /// All that were made.
    pub(crate) requests: Vec<LoggedRequest>,
}

impl Seen {
    /// How many requests were made with this method.
    pub(crate) fn method_count(&self, method: &str) -> usize {
        let of_method = |request: &&LoggedRequest| request.method == *method;
        self.requests.iter().filter(of_method).count()
    }
}

/// Runs an operation whose decisive request meets a fault, `times` times,
/// and checks all that holds for every operation and every fault.
pub(crate) async fn run(
    api: &SyncServerApi,
    emulator: &Arc<Emulator>,
    operation: &Operation,
    fault: &Fault,
    times: u32,
) -> Seen {
    let what = || format!("{} and {fault:?}", operation.name);
    let logs = LogCapture::start();
    let search = SecretSearch::new(secrets());
    emulator.reset();
    emulator
        .fault(operation.request, times, fault.clone())
        .unwrap();
    let outcome = (operation.run)(api.clone(), Arc::clone(emulator)).await;
    emulator.clear_faults();

    let requests = emulator.requests();
    let struck: Vec<LoggedRequest> = requests
        .iter()
        .filter(|request| request.fault.is_some())
        .cloned()
        .collect();
    assert!(
        !struck.is_empty(),
        "{}: the request was never made: {requests:?}",
        what()
    );
    if operation.method() == "POST" {
        let executed = struck.iter().filter(|request| request.executed).count();
        assert!(executed <= 1, "{}: it was done {executed} times", what());
    }
    let mut nonces = std::collections::BTreeSet::new();
    for request in &requests {
        let Verdict::Verified { nonce, .. } = &request.oauth else {
            panic!("{}: {request:?} {:?}", what(), request.oauth)
        };
        assert!(nonces.insert(nonce), "{}: a nonce was used again", what());
    }

    // The same client works on.
    emulator.reset();
    let vendor = api.phones().vendors().get("some-vendor-id").await;
    let name = vendor
        .unwrap_or_else(|error| panic!("{}: not usable: {error:?}", what()))
        .name()
        .await;
    assert_eq!(name.unwrap(), "HTC", "{}", what());
    let clients = api.clients().list().await;
    assert_eq!(clients.unwrap().len(), 6, "{}", what());

    let absent = |shown: &dyn Debug| search.assert_absent(&what(), &format!("{shown:?}{shown:#?}"));
    absent(api);
    if let Err(error) = &outcome {
        search.assert_absent_in_error(error);
    }
    logs.assert_no_secret(&secrets());
    Seen {
        outcome: outcome.map_err(|error| error.class()),
        struck,
        requests,
    }
}
