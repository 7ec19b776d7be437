//! Files that do not come as they should.

use contentstack_sync::store::{DownloadState, Millis};
use serde_json::json;
use sync_core::testing::{Gate, Received, Reply};

use crate::site::Site;

const TEXT: &str = "0123456789";

/// A server that knows ranges, and breaks off after `cut` bytes of each answer.
fn ranged(request: &Received, cut: usize) -> Reply {
    let start = match request.header("range") {
        Some(range) if request.header("if-range") == Some("\"1\"") => {
            let start = range
                .strip_prefix("bytes=")
                .unwrap()
                .strip_suffix('-')
                .unwrap();
            start.parse().unwrap()
        }
        _ => 0,
    };
    let rest = &TEXT[start..];
    let reply = if start == 0 {
        Reply::ok()
    } else {
        Reply::new(206).header("content-range", format!("bytes {start}-9/10"))
    };
    let reply = reply
        .header("etag", "\"1\"")
        .content_length(rest.len() as u64);
    let given = rest[..rest.len().min(cut)].to_owned();
    if given.len() < rest.len() {
        reply.body(given).then_close()
    } else {
        reply.body(given)
    }
}

#[tokio::test]
async fn a_cut_file_goes_on_where_it_broke_off() {
    let site = Site::new().await;
    site.serve("/f/cut.txt", |request| ranged(request, 4));
    site.publish("blta1", "/f/cut.txt", json!({"file_size": "10"}));
    let report = site.run().await;
    assert_eq!(
        (report.downloaded, report.bytes),
        (1, 10),
        "{:?}",
        report.failed
    );
    assert_eq!(site.contents(), [TEXT]);
    let ranges: Vec<_> = site
        .requests()
        .iter()
        .map(|request| request.header("range").map(str::to_owned))
        .collect();
    assert_eq!(
        ranges,
        [None, Some("bytes=4-".into()), Some("bytes=8-".into())]
    );
}

#[tokio::test]
async fn a_run_that_was_dropped_is_gone_on_with() {
    let site = Site::new().await;
    let gate = Gate::new();
    let held = gate.clone();
    site.serve("/f/big.txt", move |request| match request.header("range") {
        None => Reply::ok()
            .header("etag", "\"1\"")
            .content_length(10)
            .body("01234")
            .wait(&held),
        Some(_) => ranged(request, 10),
    });
    site.publish("blta1", "/f/big.txt", json!({"file_size": 10}));
    site.mirror.sync().await.unwrap();
    let (half, mut is_half) = tokio::sync::mpsc::unbounded_channel();
    let running = site.download().on_event(move |event| {
        if let contentstack_sync::assets::DownloadEvent::Received { bytes, .. } = event {
            half.send(*bytes).unwrap();
        }
    });
    let mut received = 0;
    tokio::select! {
        report = running.run() => panic!("{report:?}"),
        () = async { while received < 5 { received += is_half.recv().await.unwrap(); } } => {}
    }
    assert!(
        site.files().is_empty(),
        "not in its place before it is whole"
    );
    let report = site.run().await;
    assert_eq!(
        (report.downloaded, report.resumed),
        (1, 1),
        "{:?}",
        report.failed
    );
    assert_eq!(site.contents(), [TEXT]);
    let last = site.requests().pop().unwrap();
    assert_eq!(last.header("range"), Some("bytes=5-"));
    assert_eq!(last.header("if-range"), Some("\"1\""));
}

#[tokio::test]
async fn a_file_that_changed_meanwhile_is_taken_as_a_whole() {
    let site = Site::new().await;
    site.serve("/f/x.txt", |request| match request.header("range") {
        None => Reply::ok()
            .header("etag", "\"1\"")
            .content_length(10)
            .body("old")
            .then_close(),
        Some(_) => Reply::ok().header("etag", "\"2\"").body("0123456789"),
    });
    site.publish("blta1", "/f/x.txt", json!({"file_size": "10"}));
    let report = site.run().await;
    assert_eq!((report.downloaded, report.resumed), (1, 0));
    assert_eq!(site.contents(), [TEXT]);
}

#[tokio::test]
async fn wrong_parts_are_not_put_together() {
    for bad in ["bytes 2-9/10", "bytes 3-9/11", "bytes 3-12/13", "nonsense"] {
        let site = Site::new().await;
        site.serve("/f/x.txt", move |request| match request.header("range") {
            Some(_) => Reply::new(206).header("content-range", bad).body("3456789"),
            None => Reply::ok()
                .header("etag", "\"1\"")
                .content_length(10)
                .body("012")
                .then_close(),
        });
        site.publish("blta1", "/f/x.txt", json!({"file_size": "10"}));
        let report = site.run().await;
        assert_eq!((report.downloaded, report.failed.len()), (0, 1), "{bad}");
        assert!(site.files().is_empty());
    }
    // A server that does not like where the file ends has it whole.
    let site = Site::new().await;
    site.serve("/f/x.txt", |request| match request.header("range") {
        Some(_) => Reply::new(416),
        None if request.connection == 1 || request.connection == 2 => Reply::ok()
            .header("etag", "\"1\"")
            .content_length(10)
            .body("012")
            .then_close(),
        None => Reply::ok().body(TEXT),
    });
    site.publish("blta1", "/f/x.txt", json!({"file_size": "10"}));
    let report = site.run().await;
    assert_eq!(report.downloaded, 1, "{:?}", report.failed);
}

#[tokio::test]
async fn without_a_validator_a_cut_file_begins_anew() {
    for tag in [None, Some("W/\"weak\"")] {
        let site = Site::new().await;
        site.serve("/f/x.txt", move |_| {
            let reply = Reply::ok().content_length(10).body("012").then_close();
            match tag {
                Some(tag) => reply.header("etag", tag),
                None => reply,
            }
        });
        site.publish("blta1", "/f/x.txt", json!({"file_size": "10"}));
        let report = site.run().await;
        assert_eq!((report.downloaded, report.failed.len()), (0, 1));
        assert!(
            report.failed[0].error.contains("broke off"),
            "{:?}",
            report.failed
        );
        for request in site.requests() {
            assert_eq!(request.header("range"), None);
        }
    }
}

#[tokio::test]
async fn a_file_of_the_wrong_size_never_gets_its_place() {
    type Make = fn() -> Reply;
    let cases: [(Make, &str); 5] = [
        // Said in advance.
        (|| Reply::ok().body("0123"), "4 bytes, where 10"),
        (|| Reply::ok().body("0123456789ab"), "12 bytes, where 10"),
        // Found out.
        (|| Reply::ok().chunk("0123"), "4 bytes, where 10"),
        (
            || Reply::ok().chunks("0123456789", 100_000),
            "where 10 were",
        ),
        (
            || Reply::ok().until_close().body("01234"),
            "5 bytes, where 10",
        ),
    ];
    for (reply, error) in cases {
        let site = Site::new().await;
        site.serve("/f/x.txt", move |_| reply());
        site.publish("blta1", "/f/x.txt", json!({"file_size": "10"}));
        let report = site.run().await;
        assert_eq!((report.downloaded, report.failed.len()), (0, 1), "{error}");
        assert!(
            report.failed[0].error.contains(error),
            "{:?}",
            report.failed
        );
        assert!(site.files().is_empty());
        assert_eq!(site.partials(), [0], "nothing wrong is gone on with");
    }
}

#[tokio::test]
async fn a_size_that_is_not_known_is_taken_from_the_answer() {
    let site = Site::new().await;
    for (number, size) in [json!(null), json!(""), json!("big"), json!(-1)]
        .iter()
        .enumerate()
    {
        let path = format!("/f/{number}");
        site.serve(&path, |_| Reply::ok().body("text"));
        site.publish(&format!("blta{number}"), &path, json!({"file_size": size}));
    }
    let report = site.run().await;
    assert_eq!(report.downloaded, 4, "{:?}", report.failed);
}

#[tokio::test]
async fn too_large_a_file_is_refused_before_and_while_it_comes() {
    let site = Site::new().await;
    site.file("blta1", "/f/said.txt", "0123456789");
    site.serve("/f/chunked.txt", |_| Reply::ok().chunks("0123456789", 1000));
    site.publish("blta2", "/f/chunked.txt", json!({}));
    site.mirror.sync().await.unwrap();
    let report = site.download().max_size(9).run().await.unwrap();
    assert_eq!((report.downloaded, report.failed.len()), (0, 2));
    for failure in &report.failed {
        assert!(
            failure.error.contains("larger than the 9 bytes"),
            "{failure:?}"
        );
        assert_eq!(failure.retry_at, None);
    }
    assert_eq!(
        site.requests().len(),
        1,
        "the one whose size is known is not asked for"
    );
}

#[tokio::test]
async fn a_failure_is_noted_and_tried_again_in_its_time() {
    let site = Site::new().await;
    site.file("blta1", "/f/good.txt", "good");
    site.publish("blta2", "/f/late.txt", json!({"file_size": "4"}));
    site.publish("blta3", "/f/x.txt", json!({"url": "ftp://127.0.0.1/x"}));
    let report = site.run().await;
    assert_eq!((report.downloaded, report.failed.len()), (1, 2));
    let note = |path: &str| {
        let url = site.server.url(path);
        let store = site.mirror.store().clone();
        async move { store.download(&url).await.unwrap().unwrap() }
    };
    let first = note("/f/late.txt").await;
    let DownloadState::Failed { error, retry_at } = first.state else {
        panic!("{first:?}");
    };
    assert!(error.contains("404"), "{error}");
    assert!(retry_at.unwrap() > Millis::from(std::time::UNIX_EPOCH));

    // Its time has not come, and the bad address never has one.
    let again = site.run().await;
    assert_eq!((again.downloaded, again.failed.len()), (0, 0));
    assert_eq!(site.requests().len(), 2);
    let forced = site.download().retry_now().run().await.unwrap();
    assert_eq!(forced.failed.len(), 1);
    assert_eq!(forced.failed[0].attempts, 2);
    assert!(forced.failed[0].retry_at.unwrap() > retry_at.unwrap());

    site.serve("/f/late.txt", |_| Reply::ok().body("late"));
    let forced = site.download().retry_now().run().await.unwrap();
    assert_eq!((forced.downloaded, forced.failed.len()), (1, 0));
    assert_eq!(note("/f/late.txt").await.attempts, 3);
    assert_eq!(site.contents(), ["good", "late"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_a_failure_of_that_file() {
    let site = Site::new().await;
    site.file("blta1", "/f/a.txt", "a");
    site.file("blta2", "/f/b.txt", "b");
    // Where a folder should be.
    std::fs::write(site.folder.path().join("blta1"), "in the way").unwrap();
    let report = site.run().await;
    assert_eq!((report.downloaded, report.failed.len()), (1, 1));
    assert!(report.failed[0].error.contains("cannot be written"));
    assert!(report.failed[0].retry_at.is_some());
}
