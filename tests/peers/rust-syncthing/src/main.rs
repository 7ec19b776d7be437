//! The crate `syncthing`; see the README beside.

use std::env;
use std::io;
use std::time::Instant;

use http::uri::Authority;
use serde_json::json;
use syncthing::Client;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let url: http::Uri = arguments[1].parse()?;
    let authority: Authority = url.authority().cloned().expect("an authority");
    let client = Client::with_authority(env::var("API_KEY")?, authority)?;
    let begun = Instant::now();
    let done = match arguments[0].as_str() {
        "pings" => pings(&client, arguments[2].parse()?),
        "events" => client.get_all_events(Some(0), None).map(|events| events.len()),
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

fn pings(client: &Client, count: usize) -> anyhow::Result<usize> {
    for _ in 0..count {
        client.ping()?;
    }
    Ok(count)
}
