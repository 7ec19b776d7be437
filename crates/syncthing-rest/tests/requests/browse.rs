//! Visiting a folder's tree.

use std::ops::ControlFlow;

use sync_core::testing::{Gate, Reply, Script, ScriptedServer};
use syncthing_rest::api::Entry;
use syncthing_rest::model::db::FileType;
use syncthing_rest::{Client, Error, ErrorKind};

use crate::common::{Answer, Daemon};

const TREE: &str = r#"[
 {"name":"docs","modTime":"2026-11-21T06:21:41.097501274Z","size":128,"type":"FILE_INFO_TYPE_DIRECTORY","children":[
  {"name":"deep","size":128,"type":"FILE_INFO_TYPE_DIRECTORY","children":[
   {"name":"ü \"x\"","size":3,"type":"FILE_INFO_TYPE_FILE","owner":{"uid":[1]}}]},
  {"name":"pipe","modTime":null,"size":0,"type":"FILE_INFO_TYPE_FIFO"}]},
 {"name":"link","size":0,"type":"FILE_INFO_TYPE_SYMLINK"}]"#;

async fn visit(answer: &str) -> (Vec<Entry>, Result<(), Error>) {
    let daemon = Daemon::start().await;
    daemon.answer(Answer::new(200, answer));
    let mut entries = Vec::new();
    let visit = daemon.client().folder("f").browse().visit(|entry| {
        entries.push(entry);
        ControlFlow::<()>::Continue(())
    });
    let result = visit.await;
    assert_eq!(daemon.only().target, "/rest/db/browse?folder=f");
    (entries, result.map(|flow| assert!(flow.is_continue())))
}

fn paths(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.path.as_str()).collect()
}

#[tokio::test]
async fn every_entry_is_shown_with_its_path_after_its_directory() {
    let (entries, result) = visit(TREE).await;
    result.unwrap();
    assert_eq!(
        paths(&entries),
        [
            "docs",
            "docs/deep",
            "docs/deep/ü \"x\"",
            "docs/pipe",
            "link"
        ]
    );
    let types: Vec<_> = entries
        .iter()
        .map(|entry| entry.file_type.clone())
        .collect();
    let other = FileType::Other(String::from("FILE_INFO_TYPE_FIFO"));
    let (directory, file) = (FileType::Directory, FileType::File);
    assert_eq!(
        types,
        [directory.clone(), directory, file, other, FileType::Symlink]
    );
    assert_eq!(
        entries[0].modified.unwrap().to_string(),
        "2026-11-21T06:21:41.097501274Z"
    );
    assert_eq!((entries[3].modified, entries[2].size), (None, 3));
}

#[tokio::test]
async fn an_empty_folder_has_nothing_to_show() {
    for empty in ["[]", "null"] {
        let (entries, result) = visit(empty).await;
        result.unwrap();
        assert!(entries.is_empty());
    }
}

#[tokio::test]
async fn paths_begin_in_the_folder_whatever_the_prefix() {
    let daemon = Daemon::start().await;
    daemon.answer(Answer::new(200, TREE));
    let mut first = None;
    let browse = daemon
        .client()
        .folder("f")
        .browse()
        .prefix("a/b/")
        .levels(1);
    let visit = browse.visit(|entry| {
        first.get_or_insert(entry.path);
        ControlFlow::<()>::Continue(())
    });
    assert!(visit.await.unwrap().is_continue());
    assert_eq!(first.as_deref(), Some("a/b/docs"));
    assert_eq!(
        daemon.only().target,
        "/rest/db/browse?folder=f&prefix=a%2Fb&levels=1"
    );
}

#[tokio::test]
async fn a_visit_that_is_broken_off_has_the_value_of_the_break() {
    let daemon = Daemon::start().await;
    daemon.answer(Answer::new(200, TREE));
    let mut shown = 0;
    let visit = daemon.client().folder("f").browse().visit(|entry| {
        shown += 1;
        match entry.path.ends_with("deep") {
            true => ControlFlow::Break(entry.path),
            false => ControlFlow::Continue(()),
        }
    });
    assert_eq!(
        visit.await.unwrap(),
        ControlFlow::Break(String::from("docs/deep"))
    );
    assert_eq!(shown, 2);
}

#[tokio::test]
async fn keys_may_come_in_any_order_if_the_name_precedes_the_children() {
    let (entries, result) = visit(
        r#"[{"size":1,"name":"a","children":[{"name":"b"}],"type":"FILE_INFO_TYPE_DIRECTORY"}]"#,
    )
    .await;
    result.unwrap();
    assert_eq!(paths(&entries), ["a/b", "a"]);
    assert_eq!(entries[1].file_type, FileType::Directory);

    let (_, result) = visit(r#"[{"children":[{"name":"b"}],"name":"a"}]"#).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("name"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_no_tree_is_an_error_with_a_place_and_no_value() {
    for bad in [
        r#"{"a":1}"#,
        r#"[{"name":7}]"#,
        r#"[{"name":"secret"},"secret"]"#,
        "[] x",
        r#"[{"name":"secret"#,
    ] {
        let (_, result) = visit(bad).await;
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{bad}");
        assert_eq!(error.operation().unwrap().name(), "db.browse");
        let message = error.to_string();
        assert!(
            message.contains("line 1") && !message.contains("secret"),
            "{message}"
        );
    }
}

fn node(number: usize) -> String {
    format!(r#"{{"name":"file-{number}","size":1,"type":"FILE_INFO_TYPE_FILE"}},"#)
}

#[tokio::test]
async fn a_cut_answer_is_an_error_after_what_was_shown() {
    let nodes: String = (0..1000).map(node).collect();
    let reply = Reply::ok()
        .content_length(1 << 20)
        .body(format!("[{nodes}"))
        .unfinished()
        .then_close();
    let script = Script::new()
        .expect("GET", "/rest/db/browse?folder=f")
        .reply(reply);
    let server = ScriptedServer::builder()
        .connection(script)
        .start()
        .await
        .unwrap();
    let client = Client::builder(server.url("")).build().unwrap();
    let visit = client
        .folder("f")
        .browse()
        .visit(|_| ControlFlow::<()>::Continue(()));
    let error = visit.await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error}");
    server.finish().await.unwrap();
}

#[tokio::test]
async fn entries_are_shown_before_the_answer_has_ended() {
    let gate = Gate::new();
    let nodes: String = (0..1000).map(node).collect();
    let reply = Reply::ok()
        .chunk(format!("[{nodes}"))
        .wait(&gate)
        .chunk(r#"{"name":"last"}]"#);
    let script = Script::new()
        .expect("GET", "/rest/db/browse?folder=f")
        .reply(reply);
    let server = ScriptedServer::builder()
        .connection(script)
        .start()
        .await
        .unwrap();
    let client = Client::builder(server.url("")).build().unwrap();
    let mut last = String::new();
    let visit = client.folder("f").browse().visit(|entry| {
        // Without this entry being shown the answer would never end.
        gate.open();
        last = entry.path;
        ControlFlow::<()>::Continue(())
    });
    assert!(visit.await.unwrap().is_continue());
    assert_eq!(last, "last");
    server.finish().await.unwrap();
}

/// A tree of one directory in another, and a file in the last.
fn nested(levels: usize) -> String {
    let open = r#"[{"name":"d","size":128,"type":"FILE_INFO_TYPE_DIRECTORY","children":"#;
    let (open, close) = (open.repeat(levels - 1), "}]".repeat(levels - 1));
    format!(r#"{open}[{{"name":"f","size":1,"type":"FILE_INFO_TYPE_FILE"}}]{close}"#)
}

/// Runs `work` with a stack that recursion into a deep tree would use up.
fn on_a_small_stack<F: Future<Output = ()>>(work: impl FnOnce() -> F + Send + 'static) {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(work());
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10);
    thread.spawn(run).unwrap().join().unwrap();
}

/// As many as a path of Windows has at the most, and some.
const DEEP: usize = 17_000;

#[test]
fn a_tree_of_any_depth_is_visited() {
    on_a_small_stack(async || {
        let daemon = Daemon::start().await;
        daemon.answer(Answer::new(200, nested(DEEP)));
        let (mut shown, mut last) = (0, None);
        let visit = daemon.client().folder("f").browse().visit(|entry| {
            shown += 1;
            last = Some(entry);
            ControlFlow::<()>::Continue(())
        });
        assert!(visit.await.unwrap().is_continue());
        let last = last.unwrap();
        assert_eq!((shown, last.path.len()), (DEEP, 2 * DEEP - 1));
        assert!(last.path.ends_with("d/d/f") && last.size == 1);
    });
}

#[test]
fn a_tree_of_any_depth_is_read_copied_compared_shown_and_dropped() {
    on_a_small_stack(async || {
        let daemon = Daemon::start().await;
        daemon.answer(Answer::new(200, nested(DEEP)));
        let tree = daemon.client().folder("f").browse().await.unwrap();
        assert_eq!(tree[0].count(), DEEP);
        let file = tree[0].descendants().last().unwrap();
        assert_eq!((&*file.name, file.size), ("f", 1));
        let mut other = tree.clone();
        assert_eq!(other, tree);
        let mut at = &mut other[0];
        while !at.children.is_empty() {
            at = &mut at.children[0];
        }
        at.size = 2;
        assert_ne!(other, tree);
        // Each with its path, of which a part is long enough.
        let below = tree[0].descendants().nth(DEEP - 2000).unwrap();
        assert!(format!("{below:?}").contains("\"d/d/d\", \"d/d/d/d\""));
        let error = serde_json::to_string(&tree).unwrap_err();
        assert!(error.to_string().contains("64 levels"), "{error}");
    });
}

#[tokio::test]
async fn more_levels_than_are_allowed_are_an_error_that_says_so() {
    let daemon = Daemon::start().await;
    let browse = || daemon.client().folder("f").browse().max_levels(3);
    daemon.answer(Answer::new(200, nested(3)));
    assert_eq!(browse().await.unwrap()[0].count(), 3);
    daemon.answer(Answer::new(200, nested(4)));
    let error = browse().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("more than 3 levels"), "{error}");
    daemon.answer(Answer::new(200, nested(4)));
    let visit = browse().visit(|_| ControlFlow::<()>::Continue(()));
    let error = visit.await.unwrap_err();
    assert!(error.to_string().contains("more than 3 levels"), "{error}");
}
