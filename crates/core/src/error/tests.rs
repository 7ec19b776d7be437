use super::*;

static GET: Operation = Operation::get("demo", "thing.get", "/thing");

fn unavailable() -> Error {
    Error::service(ApiError::new(StatusCode::SERVICE_UNAVAILABLE).with_message("busy"))
        .with_operation(&GET)
        .with_request(RequestLine {
            method: Method::GET,
            uri: String::from("http://h/thing?token=[redacted]"),
        })
        .with_effort(3, Duration::from_millis(1500))
}

#[test]
fn an_error_is_as_large_as_a_pointer() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn display_is_one_line_without_the_source() {
    let error = unavailable().with_source(std::io::Error::other("the cause"));
    assert_eq!(
        error.to_string(),
        "demo thing.get: the service answered with an error: 503 Service Unavailable: busy \
         (GET http://h/thing?token=[redacted], 3 attempts in 1.5s)"
    );
    assert_eq!(
        error.source().map(ToString::to_string).as_deref(),
        Some("the cause")
    );
}

#[test]
fn an_exhausted_error_answers_for_its_last_failure() {
    let error = Error::exhausted(unavailable().with_detail(7u8), StopReason::Attempts);
    assert_eq!(error.kind(), ErrorKind::Exhausted);
    assert_eq!(error.last().kind(), ErrorKind::Service);
    assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(error.detail::<u8>(), Some(&7));
    assert_eq!(error.attempts(), 3);
    assert_eq!(error.delivery(), Delivery::Answered);
    assert!(error.is_retryable());
    assert!(
        error.to_string().contains("the attempts are used up"),
        "{error}"
    );
}

#[test]
fn an_exhausted_error_says_in_its_line_what_failed_last() {
    let error = Error::exhausted(unavailable(), StopReason::Deadline);
    assert_eq!(
        error.to_string(),
        "demo thing.get: gave up: the service answered with an error: 503 Service Unavailable: \
         busy; not tried again: the deadline is too near \
         (GET http://h/thing?token=[redacted], 3 attempts in 1.5s)"
    );
    let refused = TransportError::new(TransportErrorKind::Connect, Delivery::NotSent)
        .with_message("nobody is there");
    let error = Error::exhausted(
        Error::transport(refused).with_effort(2, Duration::ZERO),
        StopReason::Attempts,
    );
    assert_eq!(
        error.to_string(),
        "gave up: could not connect; not tried again: the attempts are used up"
    );
}

#[test]
fn that_the_only_attempt_was_the_last_is_not_said() {
    let refused = TransportError::new(TransportErrorKind::Connect, Delivery::NotSent);
    let error = Error::transport(refused)
        .with_effort(1, Duration::ZERO)
        .with_stop_reason(StopReason::Attempts);
    assert_eq!(error.stop_reason(), Some(StopReason::Attempts));
    assert_eq!(error.to_string(), "could not connect");
}

#[test]
fn words_of_this_side_are_neither_hidden_nor_said_twice() {
    let scrubber = crate::redact::Scrubber::new(["wrong".into()]);
    let api = ApiError::new(StatusCode::UNAUTHORIZED)
        .with_meaning("the password is wrong")
        .with_message("you sent wrong");
    let line = Error::service(api).scrubbed(&scrubber).to_string();
    assert!(
        line.ends_with("401 Unauthorized: the password is wrong (you sent [redacted])"),
        "{line}"
    );
    let api = ApiError::new(StatusCode::NOT_FOUND).with_meaning("there is no such thing");
    let error = Error::service(api).with_message("there is no such thing");
    assert_eq!(error.to_string(), "there is no such thing: 404 Not Found");
}

#[test]
fn a_refused_credential_is_an_auth_error_with_its_status() {
    let error = Error::service(ApiError::new(StatusCode::UNAUTHORIZED));
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    assert!(!error.is_retryable());
}

#[test]
fn a_timeout_names_its_phase_and_becomes_an_io_timeout() {
    let error = Error::transport(TransportError::new(
        TransportErrorKind::Timeout(Phase::Idle),
        Delivery::Answered,
    ));
    assert_eq!(error.is_timeout(), Some(Phase::Idle));
    assert_eq!(
        std::io::Error::from(error).kind(),
        std::io::ErrorKind::TimedOut
    );
}
