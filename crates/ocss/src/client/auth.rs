//! Credentials, and what must never be seen of a call.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use sync_core::auth::{Authorize, Authorized, Generation};
use sync_core::{Body, Clock, Error, Secret};

use crate::oauth1::{ClockOffset, Credentials, OAuth1};

/// The four values that the service's web portal gives out: a consumer key and
/// an access token, each with its secret. `Debug` shows none of them.
///
/// ```
/// use ocss::SyncServerAuth;
///
/// let auth = SyncServerAuth::new("consumer-key", "consumer-secret", "access-key", "access-secret");
/// assert_eq!(format!("{auth:?}"), "SyncServerAuth([redacted])");
/// ```
#[derive(Clone)]
pub struct SyncServerAuth(pub(super) Credentials);

impl SyncServerAuth {
    /// In the order of the portal and of the documentation.
    ///
    /// Wherever a service repeats a secret, errors and logs leave it out. One of
    /// less than 4 bytes would take half of every text with it: it is left out
    /// where it stands for itself only, as a signature or as all that is in an
    /// element.
    pub fn new(
        consumer_key: impl Into<String>,
        consumer_secret: impl Into<Secret<String>>,
        access_key: impl Into<String>,
        access_secret: impl Into<Secret<String>>,
    ) -> Self {
        Self(Credentials::new(
            consumer_key,
            consumer_secret.into(),
            access_key,
            access_secret.into(),
        ))
    }
}

impl fmt::Debug for SyncServerAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SyncServerAuth([redacted])")
    }
}

/// What is known of the server's clock.
#[derive(Debug, Default)]
pub(super) struct Skew {
    offset: ClockOffset,
    /// Grows whenever the offset changes.
    generation: AtomicU64,
}

impl Skew {
    /// Follows the server's clock, which says that it is `theirs` now.
    pub(super) fn learn(&self, theirs: u64, clock: &Clock) {
        let ours = clock.now().duration_since(SystemTime::UNIX_EPOCH);
        let ours = ours.map_or(0, |since| since.as_secs());
        let offset = i64::try_from(i128::from(theirs) - i128::from(ours)).unwrap_or(0);
        // A second more or less is the time it took to say so: nothing new.
        if offset.abs_diff(self.offset.get()) > 1 {
            self.offset.set(offset);
            self.generation.fetch_add(1, Ordering::Release);
            tracing::debug!(offset, "following the server's clock");
        }
    }

    fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::Acquire))
    }
}

/// Secrets in the bodies of calls that are under way, such as a new password:
/// an answer may repeat them, an error must not.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<Vec<Kept>>>);

/// A secret, and the call that it is of.
type Kept = (u64, Secret<String>);

/// Keeps secrets known as such for as long as it lives.
pub(crate) struct Held {
    all: InFlight,
    ticket: u64,
}

impl InFlight {
    pub(crate) fn hold(&self, secrets: impl IntoIterator<Item = Secret<String>>) -> Held {
        static TICKETS: AtomicU64 = AtomicU64::new(0);
        let ticket = TICKETS.fetch_add(1, Ordering::Relaxed);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(secrets.into_iter().map(|secret| (ticket, secret)));
        Held {
            all: self.clone(),
            ticket,
        }
    }

    pub(super) fn secrets(&self) -> Vec<Secret<String>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|(_, secret)| secret.clone()).collect()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(ticket, _)| *ticket != self.ticket);
    }
}

/// Signs every attempt of every call, and follows the server's clock.
#[derive(Clone, Debug)]
pub(super) struct Signing {
    oauth: Arc<OAuth1>,
    skew: Arc<Skew>,
    in_flight: InFlight,
}

impl Signing {
    pub(super) fn new(oauth: OAuth1, skew: Arc<Skew>, in_flight: InFlight) -> Self {
        Self {
            oauth: Arc::new(oauth.clock_offset(skew.offset.clone())),
            skew,
            in_flight,
        }
    }
}

#[async_trait]
impl Authorize for Signing {
    fn authorize(&self, head: &mut http::request::Parts, body: &Body) -> Result<Authorized, Error> {
        // Read first: an offset that is learned meanwhile counts as newer.
        let generation = self.skew.generation();
        self.oauth.authorize(head, body)?;
        Ok(Authorized::With(generation))
    }

    /// There are no newer keys to be had, but there may be a better time.
    async fn refresh(&self, refused: Option<Generation>) -> Result<bool, Error> {
        Ok(Some(self.skew.generation()) > refused)
    }

    fn secrets(&self) -> Vec<Secret<String>> {
        let mut secrets = self.oauth.secrets();
        secrets.extend(self.in_flight.secrets());
        let in_markup: Vec<_> = secrets.iter().flat_map(in_markup).collect();
        secrets.extend(in_markup);
        secrets
    }
}

/// The ways a secret is likely to stand in XML, which is what is sent and what
/// an answer may repeat as it came; none when it looks no different there.
fn in_markup(secret: &Secret<String>) -> Vec<Secret<String>> {
    // What writers make of `>`, `"` and `'`, which need no escape in text.
    const HABITS: [[&str; 3]; 9] = [
        [">", "\"", "'"],
        ["&gt;", "\"", "'"],
        [">", "&quot;", "'"],
        ["&gt;", "&quot;", "'"],
        ["&gt;", "&quot;", "&apos;"],
        ["&gt;", "&quot;", "&#39;"],
        ["&gt;", "&quot;", "&#x27;"],
        ["&gt;", "&#34;", "&#39;"],
        ["&gt;", "&#x22;", "&#x27;"],
    ];
    let text = secret.expose();
    // One that is too short to be looked for in every text is found where it
    // is all that an element has.
    let alone = |text: &str| Secret::new(format!(">{text}</"));
    let is_short = !text.is_empty() && text.len() < 4;
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return is_short.then(|| alone(text)).into_iter().collect();
    }
    let escaped = |[gt, quot, apos]: [&str; 3]| {
        // Enough for all of it: growth would leave copies behind.
        let mut escaped = String::with_capacity(6 * text.len());
        for c in text.chars() {
            match c {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str(gt),
                '"' => escaped.push_str(quot),
                '\'' => escaped.push_str(apos),
                other => escaped.push(other),
            }
        }
        Secret::new(escaped)
    };
    let mut all: Vec<_> = HABITS.into_iter().map(escaped).collect();
    if is_short {
        let alone: Vec<_> = all.iter().map(|text| alone(text.expose())).collect();
        all.extend(alone);
    }
    all
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InFlight([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn only_a_better_time_is_worth_another_attempt() {
        let skew = Arc::new(Skew::default());
        let auth = SyncServerAuth::new("ck", "cs", "ak", "as").0;
        let signing = Signing::new(OAuth1::new(auth), Arc::clone(&skew), InFlight::default());
        let clock = Clock::fixed(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000));
        let used = Some(Generation(0));
        assert!(!signing.refresh(used).await.unwrap());
        skew.learn(1_001, &clock);
        assert!(!signing.refresh(used).await.unwrap());
        skew.learn(5_000, &clock);
        assert!(signing.refresh(used).await.unwrap());
        assert!(!signing.refresh(Some(Generation(1))).await.unwrap());
        assert_eq!(skew.offset.get(), 4_000);
    }

    #[test]
    fn secrets_of_a_call_are_known_until_it_ends() {
        let in_flight = InFlight::default();
        let first = in_flight.hold(["one".into()]);
        let second = in_flight.hold(["two".into(), "three".into()]);
        assert_eq!(in_flight.secrets().len(), 3);
        drop(first);
        assert_eq!(in_flight.secrets(), ["two".into(), "three".into()]);
        drop(second);
        assert!(in_flight.secrets().is_empty());
    }
}
