//! A sync happens as a whole or not at all.

use super::super::{StoreErrorKind, SyncOptions};
use super::behaviours;
use super::check::{Context, Outcome, Violation, refused, same};

behaviours![
    a_sync_is_not_seen_before_it_is_finished,
    a_dropped_sync_leaves_nothing,
    a_rolled_back_sync_leaves_nothing,
    an_error_leaves_nothing,
    nothing_can_be_written_after_an_error,
    a_dry_run_reports_and_leaves_nothing,
    an_empty_sync_is_one,
];

async fn a_sync_is_not_seen_before_it_is_finished(context: &Context) -> Outcome {
    let mut sync = context.begin(SyncOptions::new()).await?;
    sync.write(context.rows(r#"tag 1 {"name": "a"}"#)?).await?;
    context.has("tag", &["name"], &[]).await?;
    sync.finish().await?;
    context.has("tag", &["name"], &["1 \"a\""]).await
}

async fn a_dropped_sync_leaves_nothing(context: &Context) -> Outcome {
    let mut sync = context.begin(SyncOptions::new()).await?;
    sync.write(context.rows(r#"tag 1 {"name": "a"}"#)?).await?;
    drop(sync);
    // The next one can begin, and finds nothing of it.
    let report = context.sync(r#"tag 1 {"name": "b"}"#).await?;
    context.counted(&report, "tag", (1, 0, 0, 0))?;
    context.has("tag", &["name"], &["1 \"b\""]).await
}

async fn a_rolled_back_sync_leaves_nothing(context: &Context) -> Outcome {
    context.sync(r#"tag 1 {"name": "a"}"#).await?;
    let mut sync = context.begin(SyncOptions::new()).await?;
    sync.write(context.rows(r#"tag 1 {"name": "b"}"#)?).await?;
    sync.rollback().await?;
    context.has("tag", &["name"], &["1 \"a\""]).await
}

async fn an_error_leaves_nothing(context: &Context) -> Outcome {
    context.sync(r#"tag 1 {"name": "a"}"#).await?;
    let result = context
        .try_sync(
            SyncOptions::new(),
            r#"tag 1 {"name": "b"}
               tag 2 {"name": "c"}
               node 1 {"name": "n", "parent": 7}"#,
        )
        .await?;
    refused("a sync", result, StoreErrorKind::ForeignKey)?;
    context.has("tag", &["name"], &["1 \"a\""]).await?;
    context.has("node", &["name"], &[]).await?;
    // And the next one is none the worse.
    context.sync(r#"tag 2 {"name": "c"}"#).await?;
    context.has("tag", &["name"], &["1 \"a\"", "2 \"c\""]).await
}

async fn nothing_can_be_written_after_an_error(context: &Context) -> Outcome {
    let mut sync = context.begin(SyncOptions::new()).await?;
    let wrong = context.rows(r#"tag 1 {"name": null}"#)?;
    // It may be found at once, or later.
    let mut failed = sync.write(wrong).await.is_err();
    for id in 2..50 {
        if failed {
            break;
        }
        let rows = context.rows(&format!(r#"tag {id} {{"name": "t{id}"}}"#))?;
        failed = sync.write(rows).await.is_err();
    }
    if failed {
        let more = context.rows(r#"tag 99 {"name": "x"}"#)?;
        refused("more rows", sync.write(more).await, StoreErrorKind::Closed)?;
    }
    if sync.finish().await.is_ok() {
        return Err(Violation("a sync that failed was finished".into()));
    }
    context.has("tag", &["name"], &[]).await
}

async fn a_dry_run_reports_and_leaves_nothing(context: &Context) -> Outcome {
    context.sync(r#"tag 1 {"name": "a"}"#).await?;
    let options = SyncOptions::new().dry_run(true);
    let lines = r#"tag 1 {"name": "b"}
                   tag 2 {"name": "c"}"#;
    let report = context.sync_with(options.clone(), lines).await?;
    same("a dry run", &report.dry_run, &true)?;
    context.counted(&report, "tag", (1, 1, 0, 0))?;
    context.has("tag", &["name"], &["1 \"a\""]).await?;
    // What would fail fails here too.
    let lines = r#"node 1 {"name": "n", "parent": 7}"#;
    let result = context.try_sync(options, lines).await?;
    refused("a dry run", result, StoreErrorKind::ForeignKey)?;
    Ok(())
}

async fn an_empty_sync_is_one(context: &Context) -> Outcome {
    context.sync(r#"tag 1 {"name": "a"}"#).await?;
    let report = context.sync("").await?;
    same("changes", &report.changed(), &false)?;
    context.has("tag", &["name"], &["1 \"a\""]).await
}
