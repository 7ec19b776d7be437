//! Chance from a seed and time without a clock.

use std::time::Duration;

use serde_json::json;
use simperium::emulator::Emulator;
use tokio::time::Instant;

use super::support::{Ask, Socket, TOKEN};

fn slow(seed: u64) -> Emulator {
    let builder = Emulator::builder().seed(seed);
    let latency = Duration::from_millis(20)..Duration::from_millis(400);
    builder.configure(|config| config.latency = latency).build()
}

/// Two devices and a writer over HTTP, with latency; everything that was said.
async fn run(seed: u64) -> (Vec<String>, Duration) {
    let emulator = slow(seed);
    let begun = Instant::now();
    let mut first = Socket::channel(&emulator, "c1").await;
    let mut second = Socket::channel(&emulator, "c2").await;
    let mut random = fastrand::Rng::with_seed(seed);
    for number in 0..20 {
        let key = random.usize(..3);
        let id = format!("k{key}");
        let change = json!({"id": id, "o": "M", "ccid": format!("x{number}"), "v": {"n": {"o": "+", "v": number}}});
        match random.u8(..3) {
            0 => first.send(&format!("0:c:{change}")).await,
            1 => second.send(&format!("0:c:{change}")).await,
            _ => {
                let path = format!("note/i/{id}?ccid=h{number}");
                Ask::post(&path, &json!({"h": number})).of(&emulator).await;
            }
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let frames = emulator.frames();
    assert!(!emulator.objects("app", TOKEN, "note").is_empty());
    let texts = frames.iter().map(|frame| format!("{frame:?}")).collect();
    (texts, begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_run() {
    for seed in 0..20 {
        let (first, elapsed) = run(seed).await;
        assert_eq!(run(seed).await, (first.clone(), elapsed), "seed {seed}");
        assert_ne!(run(seed + 1).await.0, first, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn latency_is_as_long_as_it_is_said_and_keeps_the_order_of_a_socket() {
    let emulator = slow(3);
    for _ in 0..20 {
        let begun = Instant::now();
        Ask::get("n/index").of(&emulator).await;
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(20), "{took:?}");
        // Timers of tokio are exact to the millisecond above.
        assert!(took <= Duration::from_millis(402), "{took:?}");
    }
    let mut socket = Socket::open(&emulator).await;
    for number in 0..50 {
        socket.send(&format!("h:{number}")).await;
    }
    for number in 1..=50 {
        assert_eq!(socket.next().await, format!("h:{number}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_ends_with_the_service() {
    let emulator = slow(5);
    let mut socket = Socket::channel(&emulator, "c").await;
    drop(emulator);
    assert!(socket.is_cut().await);
}
