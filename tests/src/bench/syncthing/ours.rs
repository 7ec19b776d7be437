//! Our own client's part, in a process of its own, by the rules that the other
//! clients keep too (`tests/peers/README.md`).

use std::env;
use std::io;
use std::ops::ControlFlow;

use serde_json::json;
use syncthing_rest::Client;
use tokio::time::Instant;

use super::Result;

/// Does the task, and waits until standard input ends.
pub(super) fn main(arguments: &[String]) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // As a task: before it returns to the future that it blocks on itself, the
    // runtime asks the operating system for events, once more for each ping.
    let task = runtime.spawn(task(arguments.to_vec()));
    let line = match runtime.block_on(task)? {
        Ok((seconds, found)) => json!({"seconds": seconds, "found": found}),
        Err(error) => json!({"error": error.to_string()}),
    };
    println!("{line}");
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

async fn task(arguments: Vec<String>) -> Result<(f64, usize)> {
    let text = |at: usize| arguments.get(at).ok_or("an argument is missing");
    let client = Client::builder(text(1)?)
        .api_key(env::var("API_KEY")?)
        .build()?;
    let begun = Instant::now();
    let found = match text(0)?.as_str() {
        "pings" => pings(&client, text(2)?.parse()?).await?,
        "browse" => {
            let tree = client.folder(text(2)?.as_str()).browse().await?;
            let found = tree.iter().map(|node| node.count()).sum();
            // Until it was handed out; to free it is not part of the task.
            std::mem::forget(tree);
            found
        }
        "visit" => visit(&client, text(2)?).await?,
        "events" => client.events().backlog().await?.len(),
        other => return Err(format!("there is no task `{other}`").into()),
    };
    Ok((begun.elapsed().as_secs_f64(), found))
}

async fn pings(client: &Client, count: usize) -> Result<usize> {
    for _ in 0..count {
        client.system().ping().await?;
    }
    Ok(count)
}

async fn visit(client: &Client, folder: &str) -> Result<usize> {
    let mut found = 0;
    let visit = client.folder(folder).browse().visit(|_| {
        found += 1;
        ControlFlow::<()>::Continue(())
    });
    // Nothing breaks it off.
    let _ = visit.await?;
    Ok(found)
}
