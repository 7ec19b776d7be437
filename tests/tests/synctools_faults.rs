//! Whatever happens in the middle of a sync, the database is as before or as
//! after: all of its contents are compared.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use sync_tests::Result;
use sync_tests::synctools::{
    Backend, Case, Database, Django, Framing, Ours, Project, ROWS, Served, Site, TOKEN, fetch,
    listen,
};
use synctools::SyncErrorExt;
use synctools::client::Verdict;
use synctools::store::StoreErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A client in a process of its own.
struct Killable(Child);

impl Killable {
    /// Starts it and reads so many lines of what it says, or all; also the last of
    /// them.
    fn start(arguments: &[&str], lines: usize) -> Result<(Self, String)> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_synctools-client"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take();
        let client = Self(child);
        let output = BufReader::new(output.ok_or("no output")?);
        let mut last = String::new();
        for line in output.lines().take(lines) {
            last = line?;
        }
        Ok((client, last))
    }

    /// SIGKILL.
    fn kill(&mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Killable {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_leaves_the_database_as_before_or_as_after() -> Result<()> {
    for backend in Backend::ALL {
        let Some(mut case) = Case::new(backend).await? else {
            continue;
        };
        let served = Served::whole(case.body.clone()).await?;
        let url = format!("{}all/", served.url());
        let schema = case.schema_file()?;
        let mut chance = fastrand::Rng::with_seed(6);
        // So many lines there are: one for a hundred objects, and that it is
        // about to finish.
        let all = (ROWS + 100) / 100 + 1;
        let (mut before, mut after) = (0, 0);
        for round in 0..16 {
            case.target.become_copy_of(&case.base)?;
            let (lines, moment) = match round % 4 {
                0 => (chance.usize(..=all), Duration::ZERO),
                // What happens when all is there is the most delicate.
                _ => (all, Duration::from_micros(chance.u64(..40_000))),
            };
            let place = case.target.place();
            let schema = schema.clone();
            let url = url.clone();
            let reading = tokio::task::spawn_blocking(move || {
                Killable::start(&[&url, &schema, &place], lines)
            });
            let (mut client, _) = reading.await??;
            tokio::time::sleep(moment).await;
            client.kill()?;
            let contents = case.project.contents()?;
            if contents == case.before {
                before += 1;
            } else {
                assert!(
                    contents == case.after,
                    "{backend:?}: {lines} lines, then {moment:?}"
                );
                after += 1;
            }
        }
        assert!(before > 0, "{backend:?}: {before} before, {after} after");

        // Nothing that was left there is in the way of the next.
        let place = case.target.place();
        let reading = tokio::task::spawn_blocking(move || {
            Killable::start(&[&url, &schema, &place], usize::MAX)
        });
        let (_, last) = reading.await??;
        assert_eq!(last, format!("done {}", ROWS + 100));
        assert!(case.project.contents()? == case.after, "{backend:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_cut_anywhere_changes_nothing() -> Result<()> {
    for backend in Backend::ALL {
        let Some(mut case) = Case::new(backend).await? else {
            continue;
        };
        let end = case.body.len();
        let client = case.client("http://127.0.0.1:1/").await?;
        for framing in [Framing::Close, Framing::Length, Framing::Chunked] {
            // Within the first objects, within the last, and some in the middle.
            let mut cuts: Vec<usize> = (0..200).step_by(13).collect();
            cuts.extend((0..end).step_by(end / 4));
            cuts.extend((end - 40..end).rev().step_by(5));
            for sent in cuts {
                let served = Served::cut(case.body.clone(), framing, sent).await?;
                let url = format!("{}all/", served.url());
                let failed = client.sync_url(url).send_token().await;
                assert!(
                    failed.is_err(),
                    "{backend:?} {framing:?} {sent}: {failed:?}"
                );
            }
            case.assert_unchanged(&format!("{framing:?}"))?;
        }
        // A body that is all there, but whose end the transfer doesn't tell.
        let served = Served::cut(case.body.clone(), Framing::Chunked, end).await?;
        let failed = client.sync_url(served.url()).send_token().await;
        assert!(failed.is_err(), "{failed:?}");
        case.assert_unchanged("no last chunk")?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_in_the_middle_of_a_body_changes_nothing() -> Result<()> {
    if !Django::V2_2.present_or_skip()? {
        return Ok(());
    }
    // More than sockets hold on to.
    const MANY: usize = 50_000;
    let source = Database::sqlite()?;
    let mut there = Project::new(Django::V2_2, &source)?;
    there.ask(json!({"do": "fill", "app": "big", "rows": MANY}))?;
    for backend in Backend::ALL {
        let Some(mut case) = Case::new(backend).await? else {
            continue;
        };
        let site = Site::serve(Django::V2_2, &source)?;
        let client = case.client(&site.api_url()).await?;
        let site = Mutex::new(Some(site));
        let failed = client
            .sync(format!("big/{MANY}"))
            .map(move |_| {
                // With the first object it is gone.
                drop(site.lock().unwrap_or_else(PoisonError::into_inner).take());
                Verdict::Keep
            })
            .await;
        assert!(failed.is_err(), "{failed:?}");
        case.assert_unchanged("the server has died")?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_to_the_database_changes_nothing() -> Result<()> {
    let Some(mut case) = Case::new(Backend::Postgres).await? else {
        return Ok(());
    };
    let served = Served::whole(case.body.clone()).await?;
    for at in [1, 1500, ROWS + 100] {
        let client = case.client(&served.url()).await?;
        let url = case.target.place();
        let mut objects = 0;
        let failed = client
            .sync("all")
            .map(move |_| {
                objects += 1;
                if objects == at {
                    let ended = xtask::peers::postgresql::execute(
                        &url,
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE \
                         datname = current_database() AND pid <> pg_backend_pid()",
                    );
                    if let Err(error) = ended {
                        return Verdict::Stop(error.to_string());
                    }
                }
                Verdict::Keep
            })
            .await;
        let error = failed.err().ok_or("it was synced")?;
        let kind = error.store_error().map(|error| error.kind());
        assert_eq!(kind, Some(StoreErrorKind::Io), "{error:?}");
        case.assert_unchanged(&format!("lost at {at}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_written_to_is_served_as_it_was() -> Result<()> {
    if !Django::V5_2.present_or_skip()? {
        return Ok(());
    }
    for backend in Backend::ALL {
        let Some(source) = Database::new(backend)? else {
            continue;
        };
        let mut there = Project::new(Django::V5_2, &source)?;
        there.ask(json!({"do": "fill", "app": "big", "rows": ROWS}))?;
        let expected = there.serialize(&["big"], &source.folder())?;
        let ours = Ours::on(Django::V5_2, &source, &["big"]).await?;
        let (_server, url) = listen(ours.route_like(Django::V5_2)).await?;
        let begun = begin(&format!("{url}app/big/")).await?;
        // The answer is on its way, and far from its end.
        there.sql(&[
            "DELETE FROM big_bigitem WHERE id > 10",
            "UPDATE big_bigitem SET name = 'another'",
        ])?;
        let body = begun.rest().await?;
        assert!(body == expected, "{backend:?}: {} bytes", body.len());
        let now = fetch(&format!("{url}app/big/")).await?;
        assert!(
            now == there.serialize(&["big"], &source.folder())?,
            "{backend:?}"
        );
    }
    Ok(())
}

/// An answer whose head is there.
struct Begun(tokio::net::TcpStream);

async fn begin(url: &str) -> Result<Begun> {
    use base64::Engine as _;
    let rest = url.strip_prefix("http://").ok_or("no HTTP")?;
    let (host, path) = rest.split_once('/').ok_or("no path")?;
    let mut stream = tokio::net::TcpStream::connect(host).await?;
    let token = base64::engine::general_purpose::STANDARD.encode(format!("{TOKEN}:"));
    let head =
        format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Basic {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut last = [0; 4];
    while &last != b"\r\n\r\n" {
        last.rotate_left(1);
        let [.., byte] = &mut last;
        *byte = stream.read_u8().await?;
    }
    Ok(Begun(stream))
}

impl Begun {
    async fn rest(mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        self.0.read_to_end(&mut body).await?;
        Ok(body)
    }
}
