//! A tour of all endpoints.

mod calls;
mod config;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sync_core::hyper::HyperTransport;
use sync_core::transport::Attempt;
use sync_core::{Body, Error, Transport, TransportError};
use sync_tests::Result;
use sync_tests::syncthing::Lab;
use syncthing_rest::model::{DeviceId, Version as Number};
use syncthing_rest::{Client, Endpoint, SyncthingErrorExt};
use xtask::peers::syncthing::Version;

pub(crate) const USER: &str = "anna";
pub(crate) const PASSWORD: &str = "open sesame, said the thief";
pub(crate) const FOLDER: &str = "tour";

/// The statuses that came for each operation, as seen on the wire.
type Seen = Arc<Mutex<BTreeMap<&'static str, Vec<u16>>>>;

/// Notes which operation each answer belongs to.
#[derive(Debug)]
struct Watched {
    inner: HyperTransport,
    seen: Seen,
}

#[async_trait]
impl Transport for Watched {
    async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Body>, TransportError> {
        let name = Attempt::of(request.extensions()).map(|attempt| attempt.operation().name());
        let response = self.inner.send(request).await?;
        if let (Some(name), Ok(mut seen)) = (name, self.seen.lock()) {
            seen.entry(name)
                .or_default()
                .push(response.status().as_u16());
        }
        Ok(response)
    }
}

/// A daemon, and what was asked of it.
pub(crate) struct Tour {
    pub(crate) lab: Lab,
    pub(crate) client: Client,
    /// Another device, which is not there.
    pub(crate) other: DeviceId,
    daemon: Number,
    seen: Seen,
}

impl Tour {
    pub(crate) async fn start(version: Version) -> Result<Option<Self>> {
        let set_up = |builder: xtask::peers::syncthing::Builder| builder.login(USER, PASSWORD);
        let Some(lab) = Lab::start_with(version, set_up)? else {
            return Ok(None);
        };
        let seen = Seen::default();
        let watched = Watched {
            inner: HyperTransport::builder().build()?,
            seen: Arc::clone(&seen),
        };
        let client = lab.client_builder().transport(watched).build()?;
        client.system().ping().await?;
        let daemon = client.daemon().and_then(|daemon| daemon.version);
        Ok(Some(Self {
            daemon: daemon.ok_or("the daemon does not say its version")?,
            other: DeviceId::from_sha256([7; 32]),
            lab,
            client,
            seen,
        }))
    }

    fn has(&self, endpoint: &Endpoint) -> bool {
        endpoint.since().is_none_or(|since| self.daemon >= *since)
            && endpoint.until().is_none_or(|until| self.daemon < *until)
    }

    /// The answer of an endpoint that this daemon has. Of one that it lacks, the
    /// client must say so, with the versions that have it.
    pub(crate) fn judge<T>(&self, name: &str, answer: Result<T, Error>) -> Result<Option<T>> {
        let endpoint = Endpoint::named(name).ok_or(format!("no endpoint is called {name}"))?;
        if self.has(endpoint) {
            return match answer {
                Ok(answer) => Ok(Some(answer)),
                Err(error) => Err(format!("{name}: {error}").into()),
            };
        }
        let Err(error) = answer else {
            return Err(format!("{name}: {} has it after all", self.daemon).into());
        };
        assert!(error.is_unsupported(), "{name}: {error}");
        let text = error.to_string();
        let bounds = [endpoint.since(), endpoint.until()];
        for version in bounds.into_iter().flatten().chain([&self.daemon]) {
            assert!(
                text.contains(&version.to_string()),
                "no {version} in: {text}"
            );
        }
        Ok(None)
    }

    /// Nothing was left out.
    pub(crate) fn assert_complete(&self) {
        let seen = self.seen.lock().unwrap();
        let names = Endpoint::all()
            .iter()
            .map(|endpoint| endpoint.operation().name());
        // Who has no session cannot end it.
        let has_login = self.has(Endpoint::named("noauth.login").unwrap());
        let left_out: Vec<_> = names
            .filter(|name| !seen.contains_key(name))
            .filter(|name| *name != "noauth.logout" || has_login)
            .collect();
        assert!(left_out.is_empty(), "not called: {left_out:?}");
        let unsaid = seen.iter().filter(|(name, statuses)| {
            let has = Endpoint::named(name).is_some_and(|endpoint| self.has(endpoint));
            // The builds of Debian refuse to upgrade themselves.
            has && !name.starts_with("system.upgrade")
                && !statuses.contains(&200)
                && !statuses.contains(&204)
        });
        let unsaid: Vec<_> = unsaid.collect();
        assert!(unsaid.is_empty(), "never answered with success: {unsaid:?}");
    }
}
