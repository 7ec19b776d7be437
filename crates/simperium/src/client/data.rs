//! The half of the service that has the data.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::auth::TokenSource;
use sync_core::{Call, Error, Operation, Pipeline, Secret};

use super::credentials::{TokenHeader, check, token};
use super::operations;
use super::settings::{Settings, common_settings};
use crate::api::{Bucket, Item};
use crate::model::{Account, AppId, BucketInfo, BucketName, ClientId, Key, NameError};
use crate::wire::answer;

pub(crate) const HOST: &str = "api.simperium.com";
const USER: HeaderName = HeaderName::from_static("x-simperium-user");

/// The buckets of a user. Cheap to clone; clones share connections, the token
/// and the client id.
///
/// ```
/// # #[cfg(feature = "emulator")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use serde_json::json;
///
/// # let server = simperium::emulator::Emulator::builder().start().await?;
/// # let token = server.create_user("my-app", "joe@example.com", "secret").token.clone();
/// let api = simperium::Api::builder("my-app", token)
/// #   .host(server.origin())
///     .build()?;
/// let todo = api.bucket("todo")?;
/// let made = todo.new(&json!({"title": "Wash the car", "done": false})).await?;
/// todo.set(&made.key, &json!({"done": true})).await?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "emulator"))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
    /// Whose buckets are meant, if not those of the token's user.
    user: Option<HeaderValue>,
}

struct Inner {
    pipeline: Pipeline,
    app: AppId,
    client_id: ClientId,
}

/// Makes an [`Api`].
#[must_use]
pub struct ApiBuilder {
    settings: Settings,
    token: Option<Secret<String>>,
    header: TokenHeader,
    source: Option<Arc<dyn TokenSource>>,
    client_id: Option<ClientId>,
}

impl ApiBuilder {
    common_settings!();

    /// The header that the token is sent in.
    pub fn token_header(mut self, header: TokenHeader) -> Self {
        self.header = header;
        self
    }

    /// Where another token comes from when the service refuses the one that is
    /// used. However many calls are refused at a time, it is asked once.
    pub fn token_source(mut self, source: impl TokenSource) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// The client's id, which should stay the same on one device. Default: a
    /// new one, `rs-` and 32 hexadecimal digits.
    pub fn client_id(mut self, id: ClientId) -> Self {
        self.client_id = Some(id);
        self
    }

    /// One for the calls of a syncer.
    #[cfg(feature = "sync")]
    pub(crate) fn with_settings(settings: Settings, source: impl TokenSource) -> Self {
        Self {
            settings,
            token: None,
            header: TokenHeader::default(),
            source: Some(Arc::new(source)),
            client_id: None,
        }
    }

    /// Checks everything. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](sync_core::ErrorKind::Config): the app id, the
    /// token or the host is none.
    pub fn build(self) -> Result<Api, Error> {
        if let Some(token) = &self.token {
            check(token, "the access token")?;
        }
        let client_id = match self.client_id {
            Some(id) => id,
            None => ClientId::random()?,
        };
        let auth = token(self.token.as_ref(), self.header, self.source)?;
        let (app, pipeline) = self.settings.pipeline(auth)?;
        Ok(Api {
            inner: Arc::new(Inner {
                pipeline,
                app,
                client_id,
            }),
            user: None,
        })
    }
}

impl fmt::Debug for ApiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiBuilder")
            .field("settings", &self.settings)
            .field("header", &self.header)
            .field("source", &self.source)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// The buckets of a user of `app`: the one that the token belongs to.
    pub fn builder(app: impl Into<String>, token: impl Into<Secret<String>>) -> ApiBuilder {
        Self::builder_of(app.into(), Some(token.into()))
    }

    /// The same, with tokens from a source only: the first call asks it.
    pub fn builder_with_source(app: impl Into<String>, source: impl TokenSource) -> ApiBuilder {
        Self::builder_of(app.into(), None).token_source(source)
    }

    fn builder_of(app: String, token: Option<Secret<String>>) -> ApiBuilder {
        ApiBuilder {
            settings: Settings::new(app, HOST),
            token,
            header: TokenHeader::default(),
            source: None,
            client_id: None,
        }
    }

    /// A bucket of JSON objects of any form. Nothing is sent, and a bucket
    /// need not be made.
    ///
    /// # Errors
    ///
    /// When this is no name of a bucket.
    pub fn bucket<B>(&self, name: B) -> Result<Bucket<Value>, NameError>
    where
        B: TryInto<BucketName, Error: Into<NameError>>,
    {
        self.bucket_as(name)
    }

    /// A bucket of objects that are a `T`.
    ///
    /// # Errors
    ///
    /// When this is no name of a bucket.
    pub fn bucket_as<T>(
        &self,
        name: impl TryInto<BucketName, Error: Into<NameError>>,
    ) -> Result<Bucket<T>, NameError>
    where
        T: Serialize + DeserializeOwned,
    {
        let name = name.try_into().map_err(Into::into)?;
        Ok(Bucket::of(self.clone(), name))
    }

    /// What an app keeps about its user: the entity `info` of the bucket
    /// `spuser`.
    pub fn spuser(&self) -> Item<Value> {
        self.spuser_as()
    }

    /// The same, as a `T`.
    pub fn spuser_as<T: Serialize + DeserializeOwned>(&self) -> Item<T> {
        self.item("spuser", Key::received("info"))
    }

    pub(super) fn item<T>(&self, bucket: &'static str, key: Key) -> Item<T>
    where
        T: Serialize + DeserializeOwned,
    {
        Item::new(Bucket::of(self.clone(), BucketName::fixed(bucket)), key)
    }

    /// The user that the token belongs to.
    ///
    /// # Errors
    ///
    /// As any call.
    pub async fn user(&self) -> Result<Account, Error> {
        self.call(&operations::USER)
            .decode_with(|head, body| answer::json(head, &body))
            .await
    }

    /// The buckets of the user.
    ///
    /// # Errors
    ///
    /// As any call.
    pub async fn buckets(&self) -> Result<Vec<BucketInfo>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            buckets: Vec<BucketInfo>,
        }

        self.call(&operations::BUCKETS)
            .decode_with(|head, body| answer::json(head, &body))
            .await
            .map(|answer: Answer| answer.buckets)
    }

    /// The app.
    pub fn app(&self) -> &AppId {
        &self.inner.app
    }

    /// The id that changes are sent with.
    pub fn client_id(&self) -> &ClientId {
        &self.inner.client_id
    }

    pub(super) fn with_user(&self, user: &str) -> Result<Self, Error> {
        let header = HeaderValue::from_str(user)
            .ok()
            .filter(|_| !user.trim().is_empty())
            .ok_or_else(|| {
                Error::config("the id of the user is empty, or no header can carry it")
            })?;
        Ok(Self {
            inner: Arc::clone(&self.inner),
            user: Some(header),
        })
    }

    pub(crate) fn call(&self, operation: &'static Operation) -> Call<Bytes> {
        let call = self.inner.pipeline.call(operation);
        match &self.user {
            Some(user) => call.header(USER, user.clone()),
            None => call,
        }
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("app", &self.inner.app)
            .field("client_id", &self.inner.client_id)
            .field("user", &self.user)
            .field("pipeline", &self.inner.pipeline)
            .finish()
    }
}
