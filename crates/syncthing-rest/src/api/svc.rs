//! Small services.

use bytes::Bytes;
use http::header::ACCEPT_LANGUAGE;
use sync_core::Call;

use super::or_default;
use crate::model::svc::{DeviceIdCheck, RandomString, UsageReport};
use crate::{Client, endpoints};

/// Small services: [`Client::svc`].
#[derive(Clone, Debug)]
pub struct Services {
    client: Client,
}

impl Services {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Has the daemon check a device ID: `GET /rest/svc/deviceid`.
    ///
    /// Parsing a [`DeviceId`](crate::model::DeviceId) does the same without it.
    /// A text that is no ID is no error of the call: see
    /// [`DeviceIdCheck::error`].
    pub fn check_device_id(&self, text: &str) -> Call<DeviceIdCheck> {
        self.client
            .call(&endpoints::SVC_DEVICE_ID)
            .query("id", text)
            .json()
    }

    /// The languages of an `Accept-Language` header, as the daemon reads it:
    /// `GET /rest/svc/lang`. In lower case; best first since 1.27, as written
    /// before.
    pub fn languages(&self, accept_language: &str) -> Call<Vec<String>> {
        let call = self.client.call(&endpoints::SVC_LANG);
        or_default(call.header(ACCEPT_LANGUAGE, accept_language))
    }

    /// A text that cannot be guessed, for keys and passwords:
    /// `GET /rest/svc/random/string`. `None` for the daemon's usual length, 32.
    pub fn random_string(&self, length: impl Into<Option<u32>>) -> Call<RandomString> {
        self.client
            .call(&endpoints::SVC_RANDOM)
            .query_opt("length", length.into().map(|length| length.to_string()))
            .json()
    }

    /// What would be reported about this installation: `GET /rest/svc/report`.
    /// Nothing is reported by asking. `version` is that of the report, up to
    /// [`ur_version_max`](crate::model::system::SystemStatus::ur_version_max);
    /// `None` for the newest.
    pub fn usage_report(&self, version: impl Into<Option<u32>>) -> Call<UsageReport> {
        self.client
            .call(&endpoints::SVC_REPORT)
            .query_opt("version", version.into().map(|version| version.to_string()))
            .json()
    }

    /// A text as QR code, in PNG: `GET /qr/`.
    pub fn qr_code(&self, text: &str) -> Call<Bytes> {
        self.client.call(&endpoints::QR).query("text", text)
    }

    /// What the web interface starts from: `GET /meta.js`, a line of JavaScript
    /// that sets `metadata` to the device's IDs.
    pub fn meta(&self) -> Call<String> {
        self.client.call(&endpoints::META).text()
    }
}
