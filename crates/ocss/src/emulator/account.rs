//! Who may use the server.

use std::fmt;

use sync_core::Secret;

use crate::oauth1::{Claims, Refusal, word};

/// A user of the server with the two pairs of keys that sign for them.
#[derive(Clone)]
pub struct Account {
    pub(super) name: String,
    pub(super) consumer_key: String,
    pub(super) consumer_secret: Secret<String>,
    pub(super) access_key: String,
    pub(super) access_secret: Secret<String>,
    pub(super) may_detect: bool,
}

impl Account {
    /// A user who may not detect phones by their number alone. The keys are in
    /// the order of `SyncServerAuth::new`.
    pub fn new(
        name: impl Into<String>,
        consumer_key: impl Into<String>,
        consumer_secret: impl Into<String>,
        access_key: impl Into<String>,
        access_secret: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            consumer_key: consumer_key.into(),
            consumer_secret: Secret::new(consumer_secret.into()),
            access_key: access_key.into(),
            access_secret: Secret::new(access_secret.into()),
            may_detect: false,
        }
    }

    /// Lets the user detect phones by their number alone.
    #[must_use]
    pub const fn may_detect(mut self) -> Self {
        self.may_detect = true;
        self
    }

    /// The user that owns most of the default data, and may detect phones.
    pub fn alice() -> Self {
        Self::new(
            "alice",
            "consumer-key-alice",
            "consumer-secret-alice",
            "access-key-alice",
            "access-secret-alice",
        )
        .may_detect()
    }

    /// A user whose keys are full of characters that need encoding, and who
    /// may not detect phones.
    pub fn bob() -> Self {
        Self::new(
            "bob",
            "consumer-key-bob",
            "consumer&secret%bob=",
            "access-key-bob",
            "access+secret/bob",
        )
    }

    /// A user whose keys are not ASCII, and who has nothing.
    pub fn utf8() -> Self {
        Self::new("utf8", "konsøment", "hemmeligæ", "tøken", "ключ")
    }

    /// The user's name, as it stands in `author`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key of the consumer.
    pub fn consumer_key(&self) -> &str {
        &self.consumer_key
    }

    /// The secret of the consumer.
    pub const fn consumer_secret(&self) -> &Secret<String> {
        &self.consumer_secret
    }

    /// The key of the access token.
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    /// The secret of the access token.
    pub const fn access_secret(&self) -> &Secret<String> {
        &self.access_secret
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The account that claims are about, or why there is none.
pub(super) fn claimed<'a>(
    accounts: &'a [Account],
    claims: &Claims,
) -> Result<&'a Account, Refusal> {
    let mut of_consumer = accounts
        .iter()
        .filter(|account| account.consumer_key == claims.consumer_key)
        .peekable();
    if of_consumer.peek().is_none() {
        return Err(Refusal::new(word::CONSUMER_KEY_UNKNOWN));
    }
    let token = claims.token.as_deref().unwrap_or_default();
    of_consumer
        .find(|account| account.access_key == token)
        .ok_or(Refusal::new(word::TOKEN_REJECTED))
}
