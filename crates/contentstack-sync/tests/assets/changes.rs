//! Assets that change, and go.

use serde_json::json;
use sync_core::testing::Reply;

use crate::site::Site;

#[tokio::test]
async fn a_file_goes_when_no_locale_has_it_any_more() {
    let site = Site::new().await;
    site.file("blta1", "/f/a.txt", "a");
    site.publish(
        "blta1",
        "/f/a.txt",
        json!({"locale": "fr-fr", "file_size": "1"}),
    );
    site.file("blta2", "/f/b.txt", "b");
    site.run().await;
    std::fs::write(site.folder.path().join("mine.txt"), "mine").unwrap();

    site.unpublish("blta1", "en-us");
    assert_eq!(site.run().await.removed, 0);
    site.unpublish("blta1", "fr-fr");
    let report = site.run().await;
    assert_eq!((report.removed, report.downloaded), (1, 0));
    assert_eq!(site.contents(), ["b", "mine"]);
    assert!(
        !site.folder.path().join("blta1").exists(),
        "nor its folders"
    );
    assert_eq!(site.run().await.removed, 0);
}

#[tokio::test]
async fn a_new_version_comes_before_the_old_one_goes() {
    let site = Site::new().await;
    site.file("blta1", "/f/1/a.txt", "old");
    site.run().await;
    // It cannot be had at first: the old file stays.
    site.publish(
        "blta1",
        "/f/2/a.txt",
        json!({"filename": "a.txt", "file_size": "3"}),
    );
    let report = site.run().await;
    assert_eq!((report.failed.len(), report.removed), (1, 1));
    site.serve("/f/2/a.txt", |_| Reply::ok().body("new"));
    let report = site.download().retry_now().run().await.unwrap();
    assert_eq!(report.downloaded, 1);
    assert_eq!(site.contents(), ["new"]);
}

#[tokio::test]
async fn what_was_removed_can_be_kept() {
    let site = Site::new().await;
    site.file("blta1", "/f/a.txt", "a");
    site.run().await;
    site.unpublish("blta1", "en-us");
    site.mirror.sync().await.unwrap();
    let report = site.download().keep_removed().run().await.unwrap();
    assert_eq!((report.removed, site.contents()), (0, vec!["a".to_owned()]));
    assert_eq!(site.run().await.removed, 1, "until it is not");
}

#[tokio::test]
async fn a_half_of_what_is_gone_goes_too() {
    let site = Site::new().await;
    site.serve("/f/a.txt", |_| {
        Reply::ok()
            .header("etag", "\"1\"")
            .content_length(9)
            .body("half")
            .then_close()
    });
    site.publish("blta1", "/f/a.txt", json!({"file_size": "9"}));
    let report = site.run().await;
    assert_eq!((report.failed.len(), site.partials()), (1, vec![4]));
    site.unpublish("blta1", "en-us");
    assert_eq!(site.run().await.removed, 0);
    assert!(site.partials().is_empty());
}

#[tokio::test]
async fn a_published_again_file_of_the_same_address_stays() {
    let site = Site::new().await;
    site.file("blta1", "/f/a.txt", "a");
    site.run().await;
    site.unpublish("blta1", "en-us");
    site.file("blta1", "/f/a.txt", "a");
    let report = site.run().await;
    assert_eq!((report.removed, report.downloaded), (0, 0));
    assert_eq!(site.contents(), ["a"]);
}
