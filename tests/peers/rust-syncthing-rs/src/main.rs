//! The crate `syncthing-rs`; see the README beside.

use std::env;
use std::io;
use std::time::{Duration, Instant};

use serde_json::json;
use syncthing_rs::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let client = Client::builder(env::var("API_KEY")?)
        .base_url(format!("{}/rest", arguments[1]))
        .build()?;
    let begun = Instant::now();
    let done = match arguments[0].as_str() {
        "pings" => pings(&client, arguments[2].parse()?).await,
        "events" => events(&client).await,
        other => Err(anyhow::anyhow!("it has no {other}")),
    };
    let line = match done {
        Ok(found) => json!({"seconds": begun.elapsed().as_secs_f64(), "found": found}),
        Err(error) => json!({"error": format!("{error:#}")}),
    };
    println!("{line}");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

async fn pings(client: &Client, count: usize) -> anyhow::Result<usize> {
    for _ in 0..count {
        client.ping().await?;
    }
    Ok(count)
}

/// It never ends by itself: what came within two seconds of silence counts.
async fn events(client: &Client) -> anyhow::Result<usize> {
    let (sender, mut receiver) = tokio::sync::broadcast::channel(10_000);
    let reading = client.get_events(sender, false);
    let counting = async {
        let mut count = 0;
        while let Ok(Ok(_)) = tokio::time::timeout(Duration::from_secs(2), receiver.recv()).await {
            count += 1;
        }
        count
    };
    tokio::select! {
        read = reading => read.map(|()| 0).map_err(anyhow::Error::from),
        count = counting => Ok(count),
    }
}
