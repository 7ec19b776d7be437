//! How long a call waits for a daemon that works before it answers.

use std::future::{Future, IntoFuture};
use std::ops::ControlFlow;
use std::time::Duration;

use sync_core::testing::mock::NeverTransport;
use syncthing_rest::{Client, Error};
use tokio::time::Instant;

/// How long it takes until the call gives up, in seconds of a clock that jumps.
async fn patience<T>(call: impl IntoFuture<Output = Result<T, Error>>) -> u64 {
    let call: std::pin::Pin<Box<dyn Future<Output = _>>> = Box::pin(call.into_future());
    let begun = Instant::now();
    let Err(error) = call.await else {
        panic!("nobody answers");
    };
    assert!(error.is_timeout().is_some(), "{error}");
    begun.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn long_calls_wait_as_long_as_is_documented_and_no_longer() {
    let client = Client::builder("http://daemon.invalid")
        .transport(NeverTransport::new())
        .build()
        .unwrap();
    let (folder, debug, system) = (client.folder("f"), client.debug(), client.system());
    assert_eq!(patience(folder.scan()).await, 3600);
    assert_eq!(patience(client.db().scan()).await, 3600);
    assert_eq!(patience(folder.browse()).await, 600);
    let visit = folder.browse().visit(|_| ControlFlow::<()>::Continue(()));
    assert_eq!(patience(visit).await, 600);
    let profile = debug.cpu_profile(Duration::from_secs(40));
    assert_eq!(patience(profile).await, 100);
    assert_eq!(patience(debug.support_bundle()).await, 300);
    assert_eq!(patience(system.check_upgrade()).await, 120);
    assert_eq!(patience(system.upgrade()).await, 1800);
    // The others have the limits of all calls, or those that they are given.
    assert_eq!(
        patience(folder.status().timeout(Duration::from_secs(7))).await,
        7
    );
    let scan = folder.scan().call().timeout(Duration::from_secs(9));
    assert_eq!(patience(scan).await, 9);
}
