//! The capture of logs sees everything, and finds secrets in it.

#![cfg(feature = "testing")]

use sync_core::testing::{LogCapture, SecretSearch};
use tracing::{Level, trace, trace_span};

const SECRET: &str = "XX6406JTI3NH673Q";

#[test]
fn spans_fields_and_events_are_captured_at_trace_level() {
    let logs = LogCapture::start();
    let span = trace_span!(
        "call",
        operation = "db.status",
        status = tracing::field::Empty
    );
    let _entered = span.enter();
    span.record("status", 200);
    trace!(target: "h2::codec", frame = ?[1, 2], "send");
    assert!(tracing::enabled!(target: "any", Level::TRACE));

    let text = logs.text();
    for part in [
        "call operation=db.status",
        "status=200",
        "TRACE h2::codec: send frame=[1, 2]",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(logs.has_target("h2"));
    assert!(!logs.has_target("rustls"));
}

#[test]
fn a_capture_ends_when_it_is_dropped() {
    let first = LogCapture::start();
    let second = LogCapture::start();
    trace!("to the second");
    drop(second);
    trace!("to the first");
    let text = first.text();
    assert!(
        text.contains("to the first") && !text.contains("to the second"),
        "{text}"
    );
}

#[test]
fn the_global_capture_sees_other_threads_and_the_log_crate() {
    let logs = LogCapture::global().unwrap();
    std::thread::spawn(|| trace!("from another thread"))
        .join()
        .unwrap();
    log::trace!(target: "rustls::client", "through {}", "log");
    let text = logs.text();
    assert!(text.contains("from another thread"), "{text}");
    assert!(text.contains("TRACE rustls::client: through log"), "{text}");
    // A later capture starts where it starts.
    let later = LogCapture::global().unwrap();
    trace!("later");
    assert!(later.text().contains("later") && !later.text().contains("through log"));
}

#[test]
fn logs_without_the_secret_pass() {
    let logs = LogCapture::start();
    trace!(key = "[redacted]", "sending");
    logs.assert_no_secret(&[SECRET]);
}

#[test]
#[should_panic(expected = "the logs: Some(secret 1 leaks (in base64)")]
fn a_secret_in_an_authorization_header_is_found() {
    let logs = LogCapture::start();
    // user:XX6406JTI3NH673Q
    trace!(authorization = "Basic dXNlcjpYWDY0MDZKVEkzTkg2NzNR");
    logs.assert_no_secret(&["another secret", SECRET]);
}

#[test]
#[should_panic(expected = "an error: Some(secret 0 leaks")]
fn a_secret_in_the_cause_of_an_error_is_found() {
    let cause = sync_core::TransportError::new(
        sync_core::transport::TransportErrorKind::Protocol,
        sync_core::transport::Delivery::MaybeSent,
    )
    .with_source(format!("bad header {SECRET}"));
    SecretSearch::new([SECRET]).assert_absent_in_error(&std::io::Error::other(cause));
}

#[test]
#[should_panic(expected = "too short")]
fn a_secret_that_would_be_found_by_chance_is_refused() {
    let _ = SecretSearch::new(["abc"]);
}
