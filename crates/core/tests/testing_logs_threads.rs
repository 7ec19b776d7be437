//! A capture of one thread beside threads that capture nothing. Alone in its
//! process, as any other capture would hide the fault.

#![cfg(feature = "testing")]

use sync_core::testing::LogCapture;
use tracing::trace;

fn place() {
    trace!("here");
}

#[test]
fn a_thread_that_captures_nothing_silences_no_place_for_the_one_that_does() {
    let logs = LogCapture::start();
    // It comes first.
    std::thread::spawn(place).join().unwrap();
    assert!(!logs.text().contains("here"));
    place();
    assert!(logs.text().contains("here"));
}
