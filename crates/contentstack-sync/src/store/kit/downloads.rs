//! The queue of files.

use super::super::{Change, Download, DownloadState, Millis, Seq};
use super::behaviours;
use super::check::{Context, Outcome, put_as, same, with};
use crate::model::Key;

behaviours![
    what_is_wanted_follows_from_the_rows,
    what_failed_is_put_off,
    what_no_row_has_any_more_is_stale,
];

fn asset(uid: &str, second: u32, url: Option<&str>) -> Change {
    with(put_as(Key::asset(uid, "en-us"), second, "1"), url, &[])
}

fn done(url: &str) -> Download {
    Download {
        uid: "a".into(),
        url: url.into(),
        state: DownloadState::Done {
            path: "a/1.jpg".into(),
            size: 48213,
        },
        attempts: 1,
    }
}

async fn wanted(context: &Context, now: u64) -> Outcome<Vec<String>> {
    let wanted = context
        .store
        .wanted_downloads(Millis(now), Seq::default(), 10)
        .await?;
    let urls = wanted.iter().map(|(row, noted)| {
        let attempts = noted.as_ref().map_or(0, |download| download.attempts);
        format!(
            "{} after {attempts}",
            row.url.as_deref().unwrap_or_default()
        )
    });
    Ok(urls.collect())
}

async fn what_is_wanted_follows_from_the_rows(context: &Context) -> Outcome {
    let changes = vec![
        asset("a", 10, Some("/1")),
        asset("b", 10, Some("/2")),
        asset("folder", 10, None),
        with(
            put_as(Key::entry("page", "en-us"), 10, "1"),
            Some("/page"),
            &[],
        ),
    ];
    let generation = context.mirror(changes).await?;
    same(
        "at first",
        &wanted(context, 0).await?,
        &vec!["/1 after 0".into(), "/2 after 0".into()],
    )?;
    context.store.note_download(done("/1")).await?;
    same(
        "then",
        &wanted(context, 0).await?,
        &vec!["/2 after 0".to_owned()],
    )?;
    same(
        "what was noted",
        &context.store.download("/1").await?,
        &Some(done("/1")),
    )?;
    // Another version has another url.
    context
        .change(generation, vec![asset("a", 20, Some("/3"))])
        .await?;
    let both = vec!["/2 after 0".to_owned(), "/3 after 0".to_owned()];
    same("after a new version", &wanted(context, 0).await?, &both)?;
    let wanted = context
        .store
        .wanted_downloads(Millis(0), Seq::default(), 1)
        .await?;
    let after = wanted.first().map_or(Seq::default(), |(row, _)| row.seq);
    let rest = context.store.wanted_downloads(Millis(0), after, 10).await?;
    same("one after the other", &(wanted.len(), rest.len()), &(1, 1))
}

async fn what_failed_is_put_off(context: &Context) -> Outcome {
    context
        .mirror(vec![asset("a", 10, Some("/1")), asset("b", 10, Some("/2"))])
        .await?;
    let failed = |url: &str, retry_at| Download {
        state: DownloadState::Failed {
            error: "not now".to_owned(),
            retry_at,
        },
        attempts: 3,
        ..done(url)
    };
    let later = failed("/1", Some(Millis(500)));
    context.store.note_download(later.clone()).await?;
    context.store.note_download(failed("/2", None)).await?;
    same("too early", &wanted(context, 499).await?, &vec![])?;
    same(
        "in time",
        &wanted(context, 500).await?,
        &vec!["/1 after 3".to_owned()],
    )?;
    same(
        "what was noted",
        &context.store.download("/1").await?,
        &Some(later),
    )?;
    context.store.forget_download("/2").await?;
    same(
        "forgotten",
        &wanted(context, 0).await?,
        &vec!["/2 after 0".to_owned()],
    )
}

async fn what_no_row_has_any_more_is_stale(context: &Context) -> Outcome {
    let generation = context.mirror(vec![asset("a", 10, Some("/1"))]).await?;
    context.store.note_download(done("/1")).await?;
    same("in use", &context.store.stale_downloads(10).await?, &vec![])?;
    context
        .change(generation, vec![asset("a", 20, Some("/2"))])
        .await?;
    same(
        "not any more",
        &context.store.stale_downloads(10).await?,
        &vec![done("/1")],
    )?;
    context.store.forget_download("/1").await?;
    same(
        "forgotten",
        &context.store.stale_downloads(10).await?,
        &vec![],
    )?;
    same(
        "what was noted",
        &context.store.download("/1").await?,
        &None,
    )
}
