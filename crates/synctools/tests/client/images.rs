//! Files of image fields.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sync_core::testing::{Gate, Reply, Script, ScriptedServer};
use synctools::client::Images;
use synctools::images::{Existing, ImageError, ImageReport, Media, NameError};
use synctools::store::Condition;
use synctools::{Client, ErrorKind};

use crate::media::{Files, Site, image};
use crate::support::serve;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

/// Syncs with the images of the rows that came.
async fn sync(site: &Site, media: Media) -> ImageReport {
    let client = site.client(media).await;
    let report = client.sync("authors").images(true).await.unwrap();
    assert_eq!(report.warnings, []);
    report.images.unwrap()
}

#[tokio::test]
async fn files_come_with_the_rows_that_name_them() {
    let files = Files::new()
        .file("photos/a.png", PNG)
        .file("photos/deep/er/b.png", b"b");
    let site = Site::new(&["photos/a.png", "", "photos/deep/er/b.png"], files).await;
    let report = sync(&site, site.media()).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!((report.downloaded, report.existing), (2, 0));
    assert_eq!(report.bytes, PNG.len() as u64 + 1);
    assert_eq!(
        site.files(),
        [
            ("photos/a.png".to_owned(), PNG.to_vec()),
            ("photos/deep/er/b.png".to_owned(), b"b".to_vec()),
        ]
    );
    // A file that is no image is no image.
    assert!(
        site.asked()
            .iter()
            .all(|request| !request.path().contains("cv/"))
    );
}

#[tokio::test]
async fn names_are_asked_for_as_by_the_python_client_where_that_works() {
    let names = [
        "photos/a.png",
        "photos/sp ace.png",
        "photos/üni.png",
        "photos/has#hash.png",
        "photos/has?q.png",
        "photos/per%20cent.png",
    ];
    let ours = [
        "/media/photos/a.png",
        "/media/photos/sp%20ace.png",
        "/media/photos/%C3%BCni.png",
        // The original asks for `/media/photos/has`, `/media/photos/has?q.png`
        // and `/media/photos/per%20cent.png`, and gets none of them.
        "/media/photos/has%23hash.png",
        "/media/photos/has%3Fq.png",
        "/media/photos/per%2520cent.png",
    ];
    let python = include_str!("vectors/python-client/image-requests/requests.http");
    for target in &ours[..3] {
        assert!(
            python.contains(&format!("GET {target} HTTP/1.1")),
            "{target}"
        );
    }
    let mut files = Files::new();
    for target in ours {
        files = files.file(target.strip_prefix("/media/").unwrap(), PNG);
    }
    let site = Site::new(&names, files).await;
    let report = sync(&site, site.media().concurrency(1)).await;
    assert!(report.is_complete(), "{report:?}");
    let targets: Vec<_> = site
        .asked()
        .into_iter()
        .map(|request| request.target)
        .collect();
    assert_eq!(targets, ours);
    let mut names = names.map(str::to_owned);
    names.sort();
    assert_eq!(site.names(), names);
}

#[tokio::test]
async fn names_that_leave_the_media_root_are_refused() {
    let names = [
        ("../evil.png", NameError::Climbs),
        ("photos/../../evil.png", NameError::Climbs),
        ("/etc/evil.png", NameError::Absolute),
        ("..\\evil.png", NameError::Backslash),
        ("c:/evil.png", NameError::Drive),
        ("a\u{0}b.png", NameError::Control),
        ("photos/", NameError::EmptySegment),
    ];
    let mut photos: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
    photos.push("good.png");
    let site = Site::new(&photos, Files::new().file("good.png", PNG)).await;
    let report = sync(&site, site.media()).await;
    assert_eq!(report.downloaded, 1);
    assert_eq!(report.failed.len(), names.len());
    for (name, why) in names {
        let failure = report
            .failed
            .iter()
            .find(|failure| failure.name == name)
            .unwrap();
        assert!(
            matches!(failure.error, ImageError::Name(found) if found == why),
            "{failure:?}"
        );
        assert_eq!(failure.model, "lab.author");
        assert_eq!(failure.field, "photo");
        assert!(failure.pk.starts_with("00000000-0000"));
    }
    assert_eq!(site.asked().len(), 1);
    assert_eq!(site.names(), ["good.png"]);
    assert!(!site.folder.path().join("evil.png").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_only_within_the_media_root() {
    let files = Files::new()
        .file("out/a.png", PNG)
        .file("in/b.png", PNG)
        .file("dangling/c.png", PNG)
        .file("file.png", PNG);
    let names = ["out/a.png", "in/b.png", "dangling/c.png", "file.png"];
    let site = Site::new(&names, files).await;
    let outside = site.folder.path().join("outside");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::create_dir_all(site.root().join("real")).unwrap();
    let link = std::os::unix::fs::symlink::<&std::path::Path, std::path::PathBuf>;
    link(&outside, site.root().join("out")).unwrap();
    link("real".as_ref(), site.root().join("in")).unwrap();
    link("nowhere".as_ref(), site.root().join("dangling")).unwrap();
    let victim = outside.join("victim");
    std::fs::write(&victim, "precious").unwrap();
    link(&victim, site.root().join("file.png")).unwrap();

    let report = sync(&site, site.media().existing(Existing::Replace)).await;
    assert_eq!(report.downloaded, 2, "{report:?}");
    let refused: Vec<_> = report
        .failed
        .iter()
        .map(|failure| failure.name.as_str())
        .collect();
    assert_eq!(refused.len(), 2);
    assert!(refused.contains(&"out/a.png") && refused.contains(&"dangling/c.png"));
    assert!(
        report
            .failed
            .iter()
            .all(|failure| matches!(failure.error, ImageError::Link))
    );
    assert_eq!(std::fs::read(site.root().join("real/b.png")).unwrap(), PNG);
    // The link was replaced, and not what it led to.
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    assert_eq!(std::fs::read(site.root().join("file.png")).unwrap(), PNG);
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
}

#[tokio::test]
async fn what_is_no_whole_image_leaves_no_file() {
    let files = Files::new()
        .answer("html.png", |_| {
            Reply::ok()
                .header("content-type", "text/html; charset=utf-8")
                .body("<h1>login</h1>")
        })
        .answer("page.png", |_| {
            Reply::ok().body("\n<!DOCTYPE html><p>login")
        })
        .answer("empty.png", |_| image(b""))
        .answer("chunked.png", |_| {
            Reply::ok().header("content-type", "image/png").chunk("")
        })
        .answer("large.png", |_| image(&[7; 101]))
        .answer("endless.png", |_| Reply::ok().chunks(vec![7; 60], 3))
        .answer("refused.png", |_| Reply::new(403).body("no"))
        .file("good.png", PNG);
    let names = [
        "html.png",
        "page.png",
        "empty.png",
        "chunked.png",
        "large.png",
        "endless.png",
        "refused.png",
        "missing.png",
        "good.png",
    ];
    let site = Site::new(&names, files).await;
    let report = sync(&site, site.media().max_size(100)).await;
    assert_eq!(report.downloaded, 1);
    assert_eq!(site.names(), ["good.png"]);
    assert_eq!(report.failed.len(), names.len() - 1);
    for failure in &report.failed {
        let as_expected = match failure.name.as_str() {
            "html.png" | "page.png" => matches!(failure.error, ImageError::NotAnImage(_)),
            "empty.png" | "chunked.png" => matches!(failure.error, ImageError::Empty),
            "large.png" | "endless.png" => matches!(failure.error, ImageError::TooLarge(100)),
            "refused.png" | "missing.png" => {
                let status = match &failure.error {
                    ImageError::Http(error) => error.status().map(|status| status.as_u16()),
                    _ => None,
                };
                status
                    == Some(if failure.name == "refused.png" {
                        403
                    } else {
                        404
                    })
            }
            _ => false,
        };
        assert!(as_expected, "{failure:?}");
    }
}

#[tokio::test]
async fn a_file_that_breaks_off_is_asked_for_again_and_never_left_in_part() {
    let cut = || {
        Reply::ok()
            .header("content-type", "image/png")
            .content_length(100)
            .chunk("half")
            .unfinished()
            .then_close()
    };
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let files = Files::new()
        .answer("once.png", move |_| {
            match count.fetch_add(1, Ordering::SeqCst) {
                0 => cut(),
                _ => image(PNG),
            }
        })
        .answer("always.png", move |_| cut());
    let site = Site::new(&["once.png", "always.png"], files).await;
    let report = sync(&site, site.media()).await;
    assert_eq!(report.downloaded, 1);
    assert_eq!(site.files(), [("once.png".to_owned(), PNG.to_vec())]);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    let failure = &report.failed[0];
    assert_eq!(failure.name, "always.png");
    assert!(matches!(failure.error, ImageError::Cut(_)), "{failure:?}");
}

#[tokio::test]
async fn files_that_are_there_are_treated_as_wanted() {
    let files = || {
        Files::new()
            .answer("same.png", |request| {
                match request.header("if-modified-since") {
                    Some(_) => Reply::new(304),
                    None => image(b"12345"),
                }
            })
            .file("other.png", b"123456")
    };
    let cases = [
        (Existing::Keep, 0, "local", vec![]),
        (Existing::SameSize, 1, "123456", vec!["HEAD", "HEAD", "GET"]),
        (Existing::Unmodified, 1, "123456", vec!["GET", "GET"]),
        (Existing::Replace, 2, "123456", vec!["GET", "GET"]),
    ];
    for (existing, downloaded, other, methods) in cases {
        let site = Site::new(&["same.png", "other.png"], files()).await;
        site.put("same.png", b"local");
        site.put("other.png", b"local");
        let report = sync(&site, site.media().existing(existing).concurrency(1)).await;
        assert!(report.is_complete(), "{existing:?}: {report:?}");
        assert_eq!(report.downloaded, downloaded, "{existing:?}");
        assert_eq!(report.existing, 2 - downloaded, "{existing:?}");
        assert_eq!(site.files()[0].1, other.as_bytes(), "{existing:?}");
        let asked: Vec<_> = site.asked().iter().map(|r| r.method.to_string()).collect();
        assert_eq!(asked, methods, "{existing:?}");
    }
}

#[tokio::test]
async fn only_the_rows_that_came_or_whole_tables() {
    let local = "INSERT INTO lab_author (id, name, photo) VALUES \
                 ('00000000000000000000000000000099', 'x', 'local.png')";
    for (images, names) in [
        (Images::Synced, vec!["came.png"]),
        (Images::Tables, vec!["came.png", "local.png"]),
        (Images::No, vec![]),
    ] {
        let files = Files::new().file("came.png", PNG).file("local.png", PNG);
        let site = Site::new(&["came.png"], files).await;
        site.database.connect().execute_batch(local).unwrap();
        let client = site.client(site.media()).await;
        client.sync("authors").images(images).await.unwrap();
        assert_eq!(site.names(), names, "{images:?}");
    }
}

#[tokio::test]
async fn images_of_rows_that_are_here() {
    let files = Files::new().file("1.png", PNG).file("2.png", PNG);
    let site = Site::new(&["1.png", "2.png", ""], files).await;
    let client = site.client(site.media()).await;
    client.sync("authors").await.unwrap();
    assert!(site.asked().is_empty());

    let second = Condition::equals("pk", "00000000-0000-0000-0000-000000000002");
    let report = client
        .images("lab.author", "photo")
        .filter(second)
        .await
        .unwrap();
    assert_eq!(report.downloaded, 1);
    assert_eq!(site.names(), ["2.png"]);
    let report = client.images("lab.Author", "photo").await.unwrap();
    assert_eq!((report.downloaded, report.existing), (1, 1));

    for (model, field) in [
        ("lab.nope", "photo"),
        ("lab.author", "nope"),
        ("lab.author", "cv"),
    ] {
        let error = client.images(model, field).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{model} {field}");
    }
}

#[tokio::test]
async fn without_media_nothing_begins() {
    let site = Site::new(&["1.png"], Files::new()).await;
    let client = crate::support::client(site.server.url("/sync/"), &site.database).await;
    let client = client.build().unwrap();
    let error = client.sync("authors").images(true).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(site.server.requests().is_empty());
    assert!(site.database.rows("lab_author").is_empty());
}

#[tokio::test]
async fn a_dry_run_and_a_failed_sync_download_nothing() {
    let site = Site::new(&["1.png", "2.png"], Files::new().file("1.png", PNG)).await;
    let client = site.client(site.media()).await;
    let report = client
        .sync("authors")
        .images(true)
        .dry_run(true)
        .await
        .unwrap();
    assert!(report.images.is_none());
    let stop =
        |_: &mut synctools::client::Incoming<'_>| synctools::client::Verdict::Stop("no".into());
    client
        .sync("authors")
        .images(true)
        .map(stop)
        .await
        .unwrap_err();
    assert!(site.asked().is_empty());
    assert!(site.names().is_empty());
}

#[tokio::test]
async fn the_token_goes_to_the_media_host_only_when_asked() {
    let site = Site::new(&["1.png"], Files::new().file("1.png", PNG)).await;
    sync(&site, site.media()).await;
    assert_eq!(site.asked()[0].header("authorization"), None);
    sync(
        &site,
        site.media().existing(Existing::Replace).send_token(true),
    )
    .await;
    assert!(site.asked()[1].header("authorization").is_some());
}

#[tokio::test]
async fn redirects_lead_to_other_hosts_only_when_allowed() {
    let cdn = serve(image(PNG)).await;
    let target = cdn.url("/signed/1.png?key=x");
    let files = || {
        let target = target.clone();
        Files::new().answer("1.png", move |_| {
            Reply::new(302).header("location", &target)
        })
    };
    let site = Site::new(&["1.png"], files()).await;
    let report = sync(&site, site.media()).await;
    assert_eq!(report.failed.len(), 1);
    assert!(cdn.requests().is_empty());
    assert!(site.names().is_empty());

    let media = site.media().send_token(true).redirect_to(["127.0.0.1"]);
    let report = sync(&site, media).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(site.names(), ["1.png"]);
    let request = &cdn.requests()[0];
    assert_eq!(request.target, "/signed/1.png?key=x");
    assert_eq!(request.header("authorization"), None);
}

#[tokio::test]
async fn no_more_files_at_a_time_than_allowed() {
    // Each answer waits until as many requests are here as are allowed.
    let gate = Gate::new();
    let here = Arc::new(AtomicUsize::new(0));
    let (opened, count) = (gate.clone(), Arc::clone(&here));
    let media = ScriptedServer::builder()
        .otherwise(Script::new().serve_async(move |_| {
            let (gate, here) = (opened.clone(), Arc::clone(&count));
            async move {
                if here.fetch_add(1, Ordering::SeqCst) == 2 {
                    gate.open();
                }
                image(PNG).hold(&gate)
            }
        }))
        .start()
        .await
        .unwrap();
    let names: Vec<String> = (0..10).map(|number| format!("{number}.png")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let site = Site::new(&names, Files::new()).await;
    let settings = Media::new(media.url("/m"), site.root()).concurrency(3);
    let report = sync(&site, settings).await;
    assert_eq!(report.downloaded, 10);
    assert!(media.connections() <= 3, "{}", media.connections());
}

#[tokio::test]
async fn more_names_than_are_kept_in_memory() {
    let names = vec!["1.png"; 5000];
    let site = Site::new(&names, Files::new().file("1.png", PNG)).await;
    let report = sync(&site, site.media()).await;
    assert_eq!((report.downloaded, report.existing), (1, 4999));
    assert_eq!(site.asked().len(), 1);
    assert_eq!(site.names(), ["1.png"]);
}

#[tokio::test]
async fn a_media_url_that_is_none_is_found_before_anything_is_sent() {
    let site = Site::new(&[], Files::new()).await;
    for url in ["", "/media/", "ftp://h/", "http://u:p@h/"] {
        let client = Client::builder()
            .token("t")
            .schema(crate::support::schema())
            .store(site.database.store().await)
            .media(Media::new(url, site.root()));
        assert_eq!(
            client.build().unwrap_err().kind(),
            ErrorKind::Config,
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_download_that_is_dropped_leaves_no_part_of_a_file() {
    let gate = Gate::new();
    let never = gate.clone();
    let files = Files::new().answer("1.png", move |_| {
        Reply::ok()
            .header("content-type", "image/png")
            .chunk(PNG)
            .wait(&never)
            .chunk("end")
    });
    let site = Site::new(&["1.png"], files).await;
    let client = site.client(site.media()).await;
    let task = tokio::spawn(client.sync("authors").images(true).into_future());
    gate.reached().await;
    while site.names().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!site.names().contains(&"1.png".to_owned()));
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    while !site.names().is_empty() {
        tokio::task::yield_now().await;
    }
    // The rows were committed before.
    assert_eq!(site.database.rows("lab_author").len(), 1);
}
