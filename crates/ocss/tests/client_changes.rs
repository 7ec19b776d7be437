//! Changes on their way: what is staged, read or given up meanwhile.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use futures_util::poll;
use http::StatusCode;
use ocss::emulator::Fault;
use ocss::{OcssErrorExt as _, SyncServerApi};
use support::{Lab, store};

async fn content(api: &SyncServerApi) -> ocss::api::Content {
    let contents = store(api).await.contents();
    contents.get("my-content-id").await.unwrap()
}

fn delay(lab: &Lab, method: &str) {
    let slow = Fault::slow(Duration::from_secs(5));
    lab.emulator.fault(method, 1, slow).unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_staged_after_a_refresh_is_not_taken_for_what_was_on_its_way() {
    let lab = Lab::plain();
    let content = content(&lab.alice()).await;
    delay(&lab, "PUT");
    content.set_title("first");
    let mut sending = Box::pin(content.update());
    assert!(poll!(&mut sending).is_pending());
    content.refresh();
    content.set_title("second");
    sending.await.unwrap();
    assert_eq!(content.title().await.unwrap().as_deref(), Some("second"));
    lab.requests();
    content.update().await.unwrap();
    assert_eq!(lab.methods(), ["PUT"]);
    content.refresh();
    assert_eq!(content.title().await.unwrap().as_deref(), Some("second"));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_drops_what_is_staged_even_while_it_is_on_its_way_to_fail() {
    let lab = Lab::plain();
    let content = content(&lab.alice()).await;
    let title = content.title().await.unwrap();
    content.set_title("never");
    let fault = Fault::status(StatusCode::INTERNAL_SERVER_ERROR);
    lab.emulator.fault("PUT", 1, fault).unwrap();
    let sending = content.update();
    content.refresh();
    assert!(sending.await.is_ok(), "there is nothing left to send");
    lab.emulator.clear_faults();

    content.set_title("kept");
    let fault = Fault::status(StatusCode::INTERNAL_SERVER_ERROR);
    lab.emulator.fault("PUT", 1, fault).unwrap();
    assert!(content.update().await.unwrap_err().is_server());
    assert_eq!(content.title().await.unwrap().as_deref(), Some("kept"));
    content.refresh();
    assert_eq!(content.title().await.unwrap(), title);
    lab.requests();
    content.update().await.unwrap();
    assert!(lab.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_update_that_is_given_up_leaves_nothing_out_of_date_behind() {
    let lab = Lab::plain();
    let content = content(&lab.alice()).await;
    content.snapshot().await.unwrap();
    delay(&lab, "PUT");
    content.set_title("done");
    content.set_dataclass("notes");
    {
        let mut sending = Box::pin(content.update());
        assert!(poll!(&mut sending).is_pending());
    }
    assert_eq!(
        content.snapshot().await.unwrap().title.as_deref(),
        Some("done")
    );
    // What is staged still is, and goes out with the entity tag of now.
    lab.requests();
    content.update().await.unwrap();
    assert_eq!(lab.methods(), ["PUT"]);
    let now = content.snapshot().await.unwrap();
    assert_eq!(now.dataclass.unwrap().as_str(), "notes");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_is_given_up_is_seen_by_the_next_reader() {
    let lab = Lab::plain();
    let content = content(&lab.alice()).await;
    delay(&lab, "DELETE");
    {
        let mut deleting = Box::pin(content.delete());
        assert!(poll!(&mut deleting).is_pending());
    }
    assert!(content.data().await.unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn a_listing_is_not_kept_over_a_change_that_is_given_up_or_fails() {
    let lab = Lab::plain();
    let contents = store(&lab.alice()).await.contents();
    assert_eq!(contents.list().await.unwrap().len(), 15);
    delay(&lab, "POST");
    {
        let mut making = Box::pin(contents.new("x", "text/plain").send());
        assert!(poll!(&mut making).is_pending());
    }
    assert_eq!(contents.list().await.unwrap().len(), 16);

    delay(&lab, "DELETE");
    {
        let mut deleting = Box::pin(contents.delete("my-content-id"));
        assert!(poll!(&mut deleting).is_pending());
    }
    assert_eq!(contents.list().await.unwrap().len(), 15);

    let member = contents.list().await.unwrap().remove(0);
    let id = member.id().clone();
    lab.emulator.fault("PUT", 1, Fault::truncate()).unwrap();
    let changed = contents.update_with(&id, |change| change.title("other"));
    assert!(changed.await.unwrap_err().is_connection());
    let listed = contents.list().await.unwrap();
    let listed = listed.iter().find(|content| *content.id() == id).unwrap();
    assert_eq!(listed.title().await.unwrap().as_deref(), Some("other"));
}

#[tokio::test(start_paused = true)]
async fn one_who_fails_does_not_fail_those_who_ask_at_the_same_time() {
    let lab = Lab::plain();
    let content = content(&lab.alice()).await;
    content.refresh();
    lab.requests();
    let fault = Fault::status(StatusCode::INTERNAL_SERVER_ERROR);
    lab.emulator.fault("GET", 1, fault).unwrap();
    let (one, two, three) = tokio::join!(content.data(), content.title(), content.dataclass());
    assert!(one.unwrap_err().is_server());
    two.unwrap();
    three.unwrap();
    assert_eq!(lab.methods(), ["GET", "GET"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_before_a_refresh_is_handed_out_and_not_kept() {
    let lab = Lab::plain();
    let api = lab.alice();
    let (mine, theirs) = (content(&api).await, content(&api).await);
    mine.refresh();
    delay(&lab, "GET");
    let mut reading = Box::pin(mine.title());
    assert!(poll!(&mut reading).is_pending());
    theirs
        .update_with(|change| change.title("newer"))
        .await
        .unwrap();
    mine.refresh();
    assert_ne!(reading.await.unwrap().as_deref(), Some("newer"));
    assert_eq!(mine.title().await.unwrap().as_deref(), Some("newer"));
}

#[tokio::test]
async fn what_was_refreshed_is_deleted_where_its_entry_said() {
    let lab = Lab::plain();
    let users = lab.alice().clients().gdata();
    let user = users.new("kari@example.com").await.unwrap();
    user.refresh();
    lab.requests();
    user.delete().await.unwrap();
    let requests = lab.requests();
    assert_eq!(requests.len(), 1);
    let expected = format!("/v2/services/google/{}/edit", user.id());
    assert_eq!(requests[0].path(), expected);
}
