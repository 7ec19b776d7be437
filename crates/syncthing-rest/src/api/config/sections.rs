//! Options, web interface, LDAP.

use bytes::Bytes;
use http::HeaderValue;
use serde::Serialize;
use sync_core::{Call, Error, ErrorKind};

use super::{Configuration, IdKey, checks, patch};
use crate::error::SyncthingError;
use crate::model::config::{Gui, Ldap, Options};
use crate::{Endpoint, endpoints};

impl Configuration {
    /// The options: `GET /rest/config/options`.
    pub fn options(&self) -> Call<Options> {
        self.client.call(&endpoints::OPTIONS).json()
    }

    /// Changes options: `PATCH /rest/config/options`, an object of the keys to
    /// change. A `null` changes nothing, lists are replaced as a whole, keys
    /// that the daemon does not know are dropped without a word.
    ///
    /// # Errors
    ///
    /// [`SyncthingError::BadRequest`] for a value of the wrong type.
    pub fn patch_options(&self, changes: &(impl Serialize + ?Sized)) -> Call<()> {
        patch(
            self.client.call(&endpoints::OPTIONS_PATCH),
            changes,
            IdKey::None,
        )
    }

    /// Replaces all options: `PUT /rest/config/options`, safely. Prefer
    /// [`patch_options`](Self::patch_options).
    ///
    /// The daemon resets what a `PUT` leaves out to built-in defaults, which
    /// turns public discovery, relays and crash reports on again. So the present
    /// options are read first, and nothing is sent if a key of them is missing:
    /// start from [`options`](Self::options).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with [`SyncthingError::WouldReset`], which has the
    /// keys; and whatever the daemon says.
    pub async fn replace_options(&self, options: &Options) -> Result<(), Error> {
        self.replace_section(&endpoints::OPTIONS, &endpoints::OPTIONS_PUT, options)
            .await
    }

    /// The web interface and API: `GET /rest/config/gui`. It holds the API key
    /// and the password's hash; their `Debug` does not show them.
    pub fn gui(&self) -> Call<Gui> {
        self.client.call(&endpoints::GUI).json()
    }

    /// Changes the web interface: `PATCH /rest/config/gui`, an object of the
    /// keys to change.
    ///
    /// Any change restarts the daemon's listener: after 0.1 s all connections
    /// are cut, running event streams among them, and the API is back another
    /// 0.1 s later. A new address, API key or TLS setting needs a new client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], with nothing sent, when the API key would become
    /// empty: the daemon makes one up then.
    pub fn patch_gui(&self, changes: &(impl Serialize + ?Sized)) -> Call<()> {
        patch(
            self.client.call(&endpoints::GUI_PATCH),
            changes,
            IdKey::None,
        )
    }

    /// Replaces all of the web interface's configuration:
    /// `PUT /rest/config/gui`, safely: see
    /// [`replace_options`](Self::replace_options) and, for what happens then,
    /// [`patch_gui`](Self::patch_gui).
    ///
    /// # Errors
    ///
    /// As both.
    pub async fn replace_gui(&self, gui: &Gui) -> Result<(), Error> {
        checks::gui(gui)?;
        self.replace_section(&endpoints::GUI, &endpoints::GUI_PUT, gui)
            .await
    }

    /// How users are looked up in a directory: `GET /rest/config/ldap`.
    pub fn ldap(&self) -> Call<Ldap> {
        self.client.call(&endpoints::LDAP).json()
    }

    /// Changes that: `PATCH /rest/config/ldap`, an object of the keys to change.
    pub fn patch_ldap(&self, changes: &(impl Serialize + ?Sized)) -> Call<()> {
        patch(
            self.client.call(&endpoints::LDAP_PATCH),
            changes,
            IdKey::None,
        )
    }

    /// Replaces all of that: `PUT /rest/config/ldap`, safely: see
    /// [`replace_options`](Self::replace_options).
    ///
    /// # Errors
    ///
    /// As [`replace_options`](Self::replace_options).
    pub async fn replace_ldap(&self, ldap: &Ldap) -> Result<(), Error> {
        self.replace_section(&endpoints::LDAP, &endpoints::LDAP_PUT, ldap)
            .await
    }

    /// Sends `new` by `put` if it has all the keys that `get` finds.
    pub(super) async fn replace_section(
        &self,
        get: &'static Endpoint,
        put: &'static Endpoint,
        new: &impl Serialize,
    ) -> Result<(), Error> {
        let text = serde_json::to_vec(new).map_err(|error| {
            Error::encode("the value cannot be written as JSON")
                .with_source(error)
                .with_operation(put.operation())
        })?;
        let text = Bytes::from(text);
        let new = text.clone();
        let keys = self
            .client
            .call(get)
            .decode_with(move |_, current| {
                checks::left_out(&current, &new)
                    .map_err(|_| Error::decode("the answer is not the JSON object that was agreed"))
            })
            .await?;
        if !keys.is_empty() {
            let message = format!(
                "the daemon would reset what is left out: {}",
                keys.join(", ")
            );
            return Err(Error::new(ErrorKind::Config, message)
                .with_detail(SyncthingError::WouldReset { keys })
                .with_operation(put.operation()));
        }
        self.client
            .call(put)
            .content_type(HeaderValue::from_static("application/json"))
            .body(text)
            .empty()
            .await
    }
}
