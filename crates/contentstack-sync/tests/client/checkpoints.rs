//! Where to go on after a restart, and where not.

use std::fs;
use std::path::PathBuf;

use contentstack_sync::model::{Checkpoint, CheckpointError, Filter, ItemType, Position};
use contentstack_sync::{ContentstackErrorExt as _, ErrorKind, Stack};
use serde_json::{Value, json};

use crate::support::{answered, builder, last, ok, page, queries};

fn stack() -> Stack {
    builder().host("http://127.0.0.1:1").build().unwrap()
}

fn every_position() -> [Position; 3] {
    [
        Position::Start,
        Position::Page("cs_page".into()),
        Position::Delta("cs_delta".into()),
    ]
}

fn filter() -> Filter {
    Filter::new()
        .content_type("article")
        .locale("en-us")
        .start_from("2026-01-01")
        .types(ItemType::ENTRIES)
}

/// A folder for one test, empty at first and gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let files = fs::read_dir(&self.0).unwrap();
        files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_sync_goes_on_where_its_checkpoint_is() {
    let (first, _) = answered([ok(&page([1], "cs_p1")), ok(&last([2], "cs_end"))]);
    let mut pages = first.sync_init().locale("en-us").pages();
    pages.next().await.unwrap().unwrap();
    let stored = serde_json::to_string(&pages.checkpoint()).unwrap();

    let checkpoint: Checkpoint = serde_json::from_str(&stored).unwrap();
    let (second, transport) = answered([ok(&last([2], "cs_end"))]);
    let mut pages = second
        .sync_init()
        .locale("en-us")
        .resume(&checkpoint)
        .unwrap()
        .pages();
    assert!(pages.next().await.unwrap().unwrap().is_last());
    assert_eq!(
        queries(&transport),
        ["pagination_token=cs_p1&environment=production"]
    );
    assert_eq!(pages.checkpoint().filter, checkpoint.filter);

    let (third, transport) = answered([ok(&last([], "cs_end"))]);
    third.resume(&pages.checkpoint()).unwrap().await.unwrap();
    assert_eq!(
        queries(&transport),
        ["sync_token=cs_end&environment=production"]
    );
}

#[tokio::test]
async fn a_checkpoint_at_the_start_keeps_its_filter() {
    let (stack, transport) = answered([ok(&last([], "cs_end"))]);
    let checkpoint = Checkpoint::new(stack.fingerprint().clone(), filter(), Position::Start);
    stack.resume(&checkpoint).unwrap().await.unwrap();
    assert_eq!(
        queries(&transport),
        [
            "init=true&content_type_uid=article&start_from=2026-01-01&locale=en-us\
          &type=entry_published%2Centry_unpublished%2Centry_deleted&environment=production"
        ]
    );
}

#[test]
fn checkpoints_are_written_and_read_whole() {
    for position in every_position() {
        for filter in [Filter::new(), filter()] {
            let checkpoint =
                Checkpoint::new(stack().fingerprint().clone(), filter, position.clone());
            let text = serde_json::to_string(&checkpoint).unwrap();
            assert_eq!(
                serde_json::from_str::<Checkpoint>(&text).unwrap(),
                checkpoint
            );
        }
    }
}

/// The form on disk: what one version writes, later ones must read.
#[test]
fn the_form_of_a_checkpoint_does_not_change_by_accident() {
    let checkpoint = Checkpoint::new("00ff".into(), filter(), Position::Page("cs_page".into()));
    assert_eq!(
        serde_json::to_value(&checkpoint).unwrap(),
        json!({
            "version": 1,
            "position": {"page": "cs_page"},
            "filter": {
                "content_type": "article",
                "locale": "en-us",
                "start_from": "2026-01-01",
                "types": ["entry_published", "entry_unpublished", "entry_deleted"],
            },
            "stack": "00ff",
        })
    );
    let minimal = json!({"version": 1, "position": "start", "stack": "00ff"});
    let read: Checkpoint = serde_json::from_value(minimal).unwrap();
    assert_eq!(
        (read.position, read.filter),
        (Position::Start, Filter::new())
    );
}

#[test]
fn a_checkpoint_of_another_stack_is_refused() {
    let checkpoint = stack().sync_token("cs_delta").checkpoint();
    assert!(stack().resume(&checkpoint).is_ok());
    for other in [
        builder().host("http://127.0.0.1:2"),
        builder().host("http://127.0.0.1:1").branch("other"),
        Stack::builder("blt_other", "cs", "production").host("http://127.0.0.1:1"),
        Stack::builder("blt_api_key", "cs", "staging").host("http://127.0.0.1:1"),
    ] {
        let error = other.build().unwrap().resume(&checkpoint).unwrap_err();
        assert_eq!(error.checkpoint(), Some(CheckpointError::OtherStack));
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("another stack"), "{error}");
    }
    // With another delivery token it is the same environment.
    let renewed = Stack::builder("blt_api_key", "cs_new", "production").host("http://127.0.0.1:1");
    assert!(renewed.build().unwrap().resume(&checkpoint).is_ok());
}

#[test]
fn a_checkpoint_of_a_sync_with_another_filter_is_refused() {
    let stack = stack();
    let checkpoint = stack.sync_token("cs_delta").filter(filter()).checkpoint();
    assert!(
        stack
            .sync_init()
            .filter(filter())
            .resume(&checkpoint)
            .is_ok()
    );
    for other in [
        Filter::new(),
        filter().locale("fr-fr"),
        filter().content_type("page"),
        filter().start_from("2026-01-02"),
        filter().types(ItemType::ALL),
    ] {
        let error = stack
            .sync_init()
            .filter(other)
            .resume(&checkpoint)
            .unwrap_err();
        assert_eq!(error.checkpoint(), Some(CheckpointError::OtherFilter));
        assert!(error.to_string().contains("another filter"), "{error}");
    }
}

#[test]
fn a_checkpoint_of_another_version_is_refused() {
    let mut checkpoint = stack().sync_token("cs_delta").checkpoint();
    checkpoint.version += 1;
    let error = stack().resume(&checkpoint).unwrap_err();
    assert_eq!(error.checkpoint(), Some(CheckpointError::OtherVersion));
}

/// DataSync keeps any token in one place and loads it as a sync token.
#[test]
fn a_checkpoint_knows_of_which_kind_its_token_is() {
    let same = "cs1";
    let page = serde_json::to_value(stack().pagination(same).checkpoint()).unwrap();
    let delta = serde_json::to_value(stack().sync_token(same).checkpoint()).unwrap();
    assert_eq!(page["position"], json!({"page": "cs1"}));
    assert_eq!(delta["position"], json!({"delta": "cs1"}));
}

#[test]
fn a_file_keeps_a_checkpoint() {
    let folder = Folder::new("keeps");
    let path = folder.0.join("checkpoint.json");
    assert_eq!(Checkpoint::load(&path).unwrap(), None);
    for position in every_position() {
        let checkpoint = Checkpoint::new(stack().fingerprint().clone(), filter(), position);
        checkpoint.save(&path).unwrap();
        assert_eq!(Checkpoint::load(&path).unwrap(), Some(checkpoint));
        // Nothing is left beside it.
        assert_eq!(folder.names(), ["checkpoint.json"]);
    }
}

#[cfg(unix)]
#[test]
fn only_the_user_may_read_a_checkpoint() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new("private");
    let path = folder.0.join("checkpoint.json");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    stack().sync_token("cs").checkpoint().save(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_old_one() {
    let folder = Folder::new("failed");
    let path = folder.0.join("checkpoint.json");
    let old = stack().sync_token("cs_old").checkpoint();
    old.save(&path).unwrap();
    // In the way of the file beside it.
    let beside = folder
        .0
        .join(format!("checkpoint.json.{}.tmp", std::process::id()));
    fs::create_dir(&beside).unwrap();
    assert!(
        stack()
            .sync_token("cs_new")
            .checkpoint()
            .save(&path)
            .is_err()
    );
    assert_eq!(Checkpoint::load(&path).unwrap(), Some(old));
    assert!(stack().sync_token("cs").checkpoint().save("/").is_err());
}

#[test]
fn a_file_that_is_no_checkpoint_says_so_and_quotes_nothing() {
    let folder = Folder::new("unreadable");
    let path = folder.0.join("checkpoint.json");
    let good: Value = serde_json::to_value(stack().sync_token("cs_secret").checkpoint()).unwrap();
    let mut future = good.clone();
    future["version"] = json!(2);
    future["position"] = json!({"cs_secret_new_form": 1});
    let mut odd = good.clone();
    odd["position"] = json!({"page": ["cs_secret"]});
    for (text, why) in [
        (String::new(), CheckpointError::Unreadable),
        ("{".to_owned(), CheckpointError::Unreadable),
        ("\"cs_secret\"".to_owned(), CheckpointError::Unreadable),
        (odd.to_string(), CheckpointError::Unreadable),
        (future.to_string(), CheckpointError::OtherVersion),
    ] {
        fs::write(&path, text).unwrap();
        let error = Checkpoint::load(&path).unwrap_err();
        assert_eq!(error.checkpoint(), Some(why));
        assert!(!format!("{error:?}").contains("cs_secret"), "{error:?}");
    }
    assert_eq!(Checkpoint::load(&folder.0).unwrap_err().checkpoint(), None);
}
