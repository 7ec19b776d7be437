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
