//! Many seeds of bad luck: nothing is executed twice that must not be, and
//! every call ends in a success or in an error that says what happened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderName, StatusCode};
use sync_core::policy::RetryBudget;
use sync_core::testing::mock::{self, LoopbackTransport};
use sync_core::testing::{Fault, FaultTransport};
use sync_core::transport::Delivery;
use sync_core::{Body, CallOptions, Error, ErrorKind, Operation, Pipeline};

use crate::support::*;

const CALL: HeaderName = HeaderName::from_static("x-call");
const ANSWER: &str = "{\"answer\":42}";

/// How often the server executed each call.
type Executions = Arc<Mutex<BTreeMap<String, u32>>>;

fn server(executions: Executions) -> LoopbackTransport {
    LoopbackTransport::new(move |request: http::Request<Body>| {
        let executions = Arc::clone(&executions);
        async move {
            let call = request.headers()[CALL].to_str().unwrap().to_owned();
            let sent = request.into_body().collect(1 << 20).await.unwrap();
            assert!(
                sent.is_empty() || sent == "data",
                "a body was cut or replaced: {sent:?}"
            );
            if !call.starts_with("item.get") {
                assert_eq!(sent, "data", "{call} came without its body");
            }
            *executions.lock().unwrap().entry(call).or_default() += 1;
            ok(ANSWER)
        }
    })
}

fn faults() -> Vec<Fault> {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    vec![
        Fault::NotSent,
        Fault::LostAnswer,
        Fault::Stall,
        Fault::StallAfter,
        Fault::Status(unavailable, None),
        Fault::Status(unavailable, Some(Duration::from_secs(3))),
        Fault::Status(unavailable, Some(Duration::from_secs(3600))),
        Fault::Status(StatusCode::TOO_MANY_REQUESTS, Some(Duration::from_secs(1))),
        Fault::Status(StatusCode::INTERNAL_SERVER_ERROR, None),
        Fault::Status(StatusCode::BAD_REQUEST, None),
        Fault::Truncate(0),
        Fault::Truncate(5),
        Fault::Slow(1, Duration::from_secs(1)),
        Fault::Slow(4, Duration::from_secs(40)),
        Fault::Corrupt,
    ]
}

async fn call(
    client: &Pipeline,
    operation: &'static Operation,
    name: &str,
    one_shot_body: bool,
) -> Result<u32, Error> {
    let call = client.call(operation).header(CALL, name);
    let call = match operation.method() {
        &http::Method::GET => call,
        _ if one_shot_body => call.body(one_shot(["da", "ta"])),
        _ => call.body("data"),
    };
    let answer = call.json::<BTreeMap<String, u32>>().await?;
    Ok(answer["answer"])
}

#[tokio::test(start_paused = true)]
async fn nothing_is_executed_twice_that_must_not_be_whatever_goes_wrong() {
    let mut outcomes = BTreeMap::<&str, u32>::new();
    let mut repeated = 0;
    for seed in 0..500 {
        let executions = Executions::default();
        let transport =
            FaultTransport::new(server(Arc::clone(&executions))).with_random(seed, 0.6, faults());
        let client = builder(transport)
            .options(
                CallOptions::new()
                    .retry(attempts(4))
                    .total_timeout(secs(200)),
            )
            .budget(RetryBudget::new(1000, 0.0))
            .build()
            .unwrap();
        for operation in [&GET, &PUT, &KEYED, &POST] {
            for one_shot_body in [false, true] {
                let name = format!("{}-{one_shot_body}", operation.name());
                let result = call(&client, operation, &name, one_shot_body).await;
                let executed = executions.lock().unwrap().get(&name).copied().unwrap_or(0);
                let case = || format!("seed {seed}, {name}: executed {executed} times, {result:?}");

                let may_repeat = operation.name() != "item.post"
                    && (!one_shot_body || operation.name() == "item.get");
                assert!(executed <= if may_repeat { 4 } else { 1 }, "{}", case());
                repeated += u32::from(executed > 1);

                match &result {
                    Ok(answer) => {
                        assert_eq!(*answer, 42);
                        assert!(executed >= 1, "{}", case());
                        *outcomes.entry("success").or_default() += 1;
                    }
                    Err(error) => {
                        check(error, executed, operation, &case());
                        let outcome = match error.last().kind() {
                            ErrorKind::Transport(_) => "transport",
                            ErrorKind::Service => "service",
                            ErrorKind::Decode => "decode",
                            kind => panic!("{kind:?}: {}", case()),
                        };
                        *outcomes.entry(outcome).or_default() += 1;
                    }
                }
            }
        }
    }
    // All that can happen did happen.
    assert_eq!(outcomes.len(), 4, "{outcomes:?}");
    assert!(
        outcomes["success"] > 1000 && repeated > 100,
        "{outcomes:?}, {repeated} repeated"
    );
}

/// An error says no less than what the server has done.
fn check(error: &Error, executed: u32, operation: &Operation, case: &str) {
    assert!((1..=4).contains(&error.attempts()), "{case}");
    assert_eq!(
        error.operation().unwrap().name(),
        operation.name(),
        "{case}"
    );
    if executed > 0 && error.attempts() == 1 {
        assert_ne!(error.delivery(), Delivery::NotSent, "{case}");
    }
    let said = [Some(error.delivery()), error.repeated_after()];
    if executed > 0 {
        assert!(
            said.iter()
                .any(|said| matches!(said, Some(Delivery::MaybeSent | Delivery::Answered))),
            "{case}"
        );
    }
    assert!(!error.to_string().contains('\n'), "{case}");
    // A failure that may pass was either tried again or not for a reason.
    assert_eq!(
        error.is_retryable(),
        error.stop_reason().is_some(),
        "{case}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_has_the_same_story() {
    let mut stories = Vec::new();
    for _ in 0..2 {
        let transport = Arc::new(
            FaultTransport::new(server(Executions::default())).with_random(9, 0.6, faults()),
        );
        let client = pipeline(Arc::clone(&transport));
        let mut story = Vec::new();
        for number in 0..50 {
            let (result, took) = timed(call(&client, &PUT, &number.to_string(), false)).await;
            story.push((result.map_err(|error| error.to_string()), took));
        }
        stories.push((story, transport.history()));
    }
    assert_eq!(stories[0], stories[1]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_gets_no_more_than_the_budget_of_extra_load() {
    let transport = Arc::new(
        FaultTransport::new(mock::ReplyTransport::new(|_| Ok(ok(ANSWER)))).with_random(
            1,
            1.0,
            [Fault::Status(StatusCode::SERVICE_UNAVAILABLE, None)],
        ),
    );
    let client = builder(Arc::clone(&transport))
        .budget(RetryBudget::new(20, 0.0))
        .build()
        .unwrap();
    for _ in 0..200 {
        client.call(&GET).await.unwrap_err();
    }
    assert_eq!(transport.history().len(), 200 + 20);
}
