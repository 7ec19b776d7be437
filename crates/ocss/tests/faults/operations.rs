//! Everything that the client can ask of the service.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use ocss::api::{ClientRef, DatastoreClient};
use ocss::emulator::Emulator;
use ocss::model::{AddDatastore, Dominant, GdataClass};
use ocss::time::Timestamp;
use ocss::{Error, SyncServerApi};

/// Secrets that operations send.
pub(crate) const PINCODE: &str = "0815-4711-pin";
pub(crate) const OLD_PASSWORD: &str = "old-secret";
pub(crate) const NEW_PASSWORD: &str = "new-secret-9";
pub(crate) const TOKEN_SECRET: &str = "gdata-token-secret";
pub(crate) const TOKEN_KEY: &str = "gdata-token-key";

const GDATA: &str = "4f1d2dd0-49e4-11de-b387-002215064801";
const STORE: &str = "my-datastore-client-id";

type Doing = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

/// What is done with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is an entry that is needed.
    Entry,
    /// It is a listing.
    Feed,
    /// It is an entry, and 204, 404 and 410 mean that there is none.
    MaybeEntry,
    /// It is an entry, and 404 is the caller's mistake.
    Polled,
    /// It is the entry of what was created.
    Created,
    /// It is an entry that is not at any place of its own.
    Told,
    /// It is the entry of what was changed, if the service sends it.
    Changed,
    /// Only the status matters.
    Nothing,
}

/// An operation, whose last request is the one that matters.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// A pattern for that request.
    pub(crate) request: &'static str,
    pub(crate) answer: Answer,
    pub(crate) run: fn(SyncServerApi, Arc<Emulator>) -> Doing,
}

impl Operation {
    pub(crate) fn method(&self) -> &'static str {
        self.request
            .trim_start_matches('^')
            .split(' ')
            .next()
            .unwrap()
    }
}

async fn store(api: &SyncServerApi) -> Result<DatastoreClient, Error> {
    api.clients().datastore().get(STORE).await
}

fn mark() -> Timestamp {
    Timestamp::from_civil(2009, 11, 1, 12, 30, 0).unwrap()
}

macro_rules! operations {
    ($($name:literal $request:literal $answer:ident |$api:ident $(, $emulator:ident)?| $body:expr;)*) => {
        &[$(Operation {
            name: $name,
            request: $request,
            answer: Answer::$answer,
            run: |$api, _emulator| Box::pin(async move { $(let $emulator = _emulator;)? $body; Ok(()) }),
        },)*]
    };
}

pub(crate) const ALL: &[Operation] = operations! {
    "vendor" "^GET /v2/phones/vendors/some" Entry |api| api.phones().vendors().get("some-vendor-id").await?;
    "vendors" "^GET /v2/phones/vendors/" Feed |api| api.phones().vendors().list().await?;
    "models of a vendor" "^GET .*/models/" Feed |api|
        api.phones().vendors().get("some-vendor-id").await?.models().list().await?;
    "model" "^GET /v2/phones/models/some" Entry |api| api.phones().models().get("some-model-id").await?;
    "models, streamed" "^GET /v2/phones/models/" Feed |api| {
        let mut models = api.phones().models().stream();
        while models.try_next().await?.is_some() {}
    };
    "detect_auto" "^GET .*/auto" MaybeEntry |api| api.phones().models().detect_auto("+4799988877").await?;
    "detect_manual" "^POST .*/manual" Told |api| api.phones().models().detect_manual("+4799988877").await?;
    "detect_poll" "^GET .*/poll" Polled |api, emulator| {
        let models = api.phones().models();
        let code = models.detect_manual("+4799988877").await?;
        assert!(emulator.visit(code.as_str(), Some("some-model-id")));
        models.detect_poll(&code).await?
    };
    "client" "^GET /v2/services/some-client-id" Entry |api| api.clients().get("some-client-id").await?;
    "clients" "^GET /v2/services/" Feed |api| api.clients().list().await?;
    "binding" "^GET .*/bindings/123" Entry |api| api.clients().bindings().get(123).await?;
    "bind" "^POST .*/bindings/" Created |api|
        api.clients().bind(ClientRef::from("another-client-id"), ClientRef::from("empty-store")).await?;
    "change a binding" "^PUT .*/bindings/123" Changed |api|
        api.clients().bindings().get(123).await?.update_with(|change| change.dominant(Dominant::Target)).await?;
    "delete a binding" "^DELETE .*/bindings/123" Nothing |api| api.clients().bindings().delete(123).await?;
    "SyncML client" "^GET .*/syncml/some" Entry |api| api.clients().syncml().get("some-client-id").await?;
    "new SyncML client" "^POST .*/syncml/$" Created |api|
        api.clients().syncml().new("+4712345678", "some-model-id").send().await?;
    "delete a SyncML client" "^DELETE .*/syncml/" Nothing |api|
        api.clients().syncml().delete("some-client-id").await?;
    "send_setup" "^POST .*/setup/" Nothing |api|
        api.clients().syncml().get("some-client-id").await?.send_setup(PINCODE).await?;
    "sync" "^POST .*/sync/" Nothing |api| api.clients().syncml().get("some-client-id").await?.sync().await?;
    "new ActiveSync client" "^POST .*/activesync/" Created |api|
        api.clients().activesync().new("kari", NEW_PASSWORD).await?;
    "change a password" "^PUT .*/activesync/" Changed |api| {
        let client = api.clients().activesync().get("another-client-id").await?;
        client.update_with(|change| change.password(OLD_PASSWORD, NEW_PASSWORD)).await?
    };
    "delete an ActiveSync client" "^DELETE .*/activesync/" Nothing |api|
        api.clients().activesync().delete("another-client-id").await?;
    "datastore" "^GET .*/datastore/my" Entry |api| store(&api).await?;
    "new datastore" "^POST .*/datastore/$" Created |api| api.clients().datastore().new("mine").await?;
    "rename a datastore" "^PUT .*/datastore/" Changed |api|
        store(&api).await?.update_with(|change| change.name("other")).await?;
    "delete a datastore" "^DELETE .*/datastore/" Nothing |api| api.clients().datastore().delete(STORE).await?;
    "contents" "^GET .*/content/" Feed |api| store(&api).await?.contents().list().await?;
    "contents since" "^GET .*/content/.*since" Feed |api|
        store(&api).await?.contents().since(mark()).dataclass("contacts").list().await?;
    "changes" "^GET .*/content/.*since" Feed |api| store(&api).await?.contents().changes(mark()).await?;
    "content" "^GET .*/content/my" Entry |api| store(&api).await?.contents().get("my-content-id").await?;
    "new content" "^POST .*/content/" Created |api|
        store(&api).await?.contents().new("BEGIN:VCARD\r\n", "text/x-vcard").send().await?;
    "change a content" "^PUT .*/content/" Changed |api| {
        let content = store(&api).await?.contents().get("my-content-id").await?;
        content.update_with(|change| change.title("other")).await?
    };
    "delete a content" "^DELETE .*/content/" Nothing |api|
        store(&api).await?.contents().delete("my-content-id").await?;
    "GData client" "^GET .*/google/" Entry |api| api.clients().gdata().get(GDATA).await?;
    "new GData client" "^POST .*/google/$" Created |api| api.clients().gdata().new("new@example.com").await?;
    "change a GData client" "^PUT .*/google/" Changed |api| {
        let client = api.clients().gdata().get(GDATA).await?;
        client.update_with(|change| change.user_id("other@example.com")).await?
    };
    "add_datastore" "^POST .*/datastores/" Changed |api| {
        let scopes = ["https://www.example.com/feeds/"];
        let datastore =
            AddDatastore::new(GdataClass::Contacts, "https://www.example.com/feeds/x", TOKEN_KEY, TOKEN_SECRET, scopes);
        api.clients().gdata().get(GDATA).await?.add_datastore(datastore).await?
    };
    "delete a GData client" "^DELETE .*/google/" Nothing |api| api.clients().gdata().delete(GDATA).await?;
};
