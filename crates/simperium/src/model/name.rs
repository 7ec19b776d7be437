//! Names that the service takes, checked before anything is sent: what it does
//! with others is not known, and some clients wrote to the wrong entity.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sync_core::Error;

/// What a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameKind {
    /// An app: 1 to 256 of letters, digits and `._-`.
    App,
    /// A bucket: 1 to 64 of letters, digits and `._%-`.
    Bucket,
    /// An entity: 1 to 256 of letters, digits and `._%@-`, and neither `.` nor
    /// `..`, which no path can hold.
    Key,
    /// A change: 1 to 256 visible ASCII characters.
    Ccid,
    /// A client: 1 to 256 visible ASCII characters.
    Client,
}

impl NameKind {
    const fn longest(self) -> usize {
        match self {
            Self::Bucket => 64,
            _ => 256,
        }
    }

    const fn extra(self) -> &'static str {
        match self {
            Self::App => "._-",
            Self::Bucket => "._%-",
            Self::Key => "._%@-",
            Self::Ccid | Self::Client => "",
        }
    }

    fn allows(self, c: char) -> bool {
        match self {
            Self::Ccid | Self::Client => c.is_ascii_graphic(),
            _ => c.is_ascii_alphanumeric() || self.extra().contains(c),
        }
    }

    fn check(self, text: &str) -> Result<(), NameError> {
        let problem = if text.is_empty() {
            NameProblem::Empty
        } else if text.len() > self.longest() {
            NameProblem::TooLong(text.len())
        } else if let Some((at, _)) = text.char_indices().find(|(_, c)| !self.allows(*c)) {
            NameProblem::Character(at)
        } else if self != Self::Ccid && self != Self::Client && matches!(text, "." | "..") {
            NameProblem::Dots
        } else {
            return Ok(());
        };
        Err(NameError {
            kind: self,
            problem,
        })
    }
}

impl fmt::Display for NameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::App => "an app id",
            Self::Bucket => "a bucket name",
            Self::Key => "a key",
            Self::Ccid => "a change id",
            Self::Client => "a client id",
        })
    }
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameProblem {
    /// There is none.
    Empty,
    /// It has this many bytes.
    TooLong(usize),
    /// The character at this byte is not allowed.
    Character(usize),
    /// It is `.` or `..`.
    Dots,
}

/// A name that the service would not take. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NameError {
    kind: NameKind,
    problem: NameProblem,
}

impl NameError {
    /// What the name was to be of.
    pub const fn kind(&self) -> NameKind {
        self.kind
    }

    /// What is wrong with it.
    pub const fn problem(&self) -> NameProblem {
        self.problem
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, problem } = self;
        write!(f, "{kind} has 1 to {} ", kind.longest())?;
        match kind {
            NameKind::Ccid | NameKind::Client => f.write_str("visible ASCII characters")?,
            _ => write!(f, "letters, digits or any of {}", kind.extra())?,
        }
        match problem {
            NameProblem::Empty => f.write_str("; this one is empty"),
            NameProblem::TooLong(bytes) => write!(f, "; this one has {bytes} bytes"),
            NameProblem::Character(at) => write!(f, "; this one has another at byte {at}"),
            NameProblem::Dots => f.write_str(", and is not just dots"),
        }
    }
}

impl std::error::Error for NameError {}

impl From<Infallible> for NameError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// [`ErrorKind::Config`](sync_core::ErrorKind::Config), with the [`NameError`]
/// as its detail.
impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Self::config(error.to_string()).with_detail(error)
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a name.
            ///
            /// # Errors
            ///
            /// What is wrong with it.
            pub fn new(name: impl AsRef<str>) -> Result<Self, NameError> {
                let name = name.as_ref();
                $kind.check(name)?;
                Ok(Self(name.into()))
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NameError;

            fn try_from(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(name: String) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = NameError;

            fn try_from(name: &String) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl From<&Self> for $name {
            fn from(name: &Self) -> Self {
                name.clone()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The id of an app. The service does not tell upper from lower case.
    AppId,
    NameKind::App
);
name!(
    /// The name of a bucket, in the case that it was given in.
    ///
    /// ```
    /// use simperium::model::{BucketName, NameProblem};
    ///
    /// assert!(BucketName::new("todo").is_ok());
    /// let error = BucketName::new("to do").unwrap_err();
    /// assert_eq!(error.problem(), NameProblem::Character(2));
    /// ```
    BucketName,
    NameKind::Bucket
);
name!(
    /// The key of an entity, unique in its bucket. Keys may hold dots.
    Key,
    NameKind::Key
);
name!(
    /// The client's id of one change. The service makes a change with one id
    /// once, however often it is sent.
    Ccid,
    NameKind::Ccid
);
name!(
    /// The id of a client: one app on one device.
    ClientId,
    NameKind::Client
);

impl BucketName {
    /// A name that the service itself gave a meaning.
    pub(crate) fn fixed(name: &'static str) -> Self {
        Self(name.into())
    }
}

impl Key {
    /// A key that the service sent. It is taken as it is: what the service has
    /// can be read.
    pub(crate) fn received(key: &str) -> Self {
        Self(key.into())
    }

    /// A new key: 32 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, Error> {
        Ok(Self(random_hex()?.into()))
    }
}

impl Ccid {
    /// A new id: 32 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, Error> {
        Ok(Self(random_hex()?.into()))
    }

    /// The id with this number: 32 hexadecimal digits.
    #[cfg(feature = "sync")]
    pub(crate) fn numbered(number: u128) -> Self {
        Self(format!("{number:032x}").into())
    }
}

impl ClientId {
    /// A new id: `rs-` and 32 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, Error> {
        Ok(Self(format!("rs-{}", random_hex()?).into()))
    }
}

/// A random UUID (RFC 9562, version 4) without its dashes. From the system:
/// keys that two devices both make would mix two documents.
fn random_hex() -> Result<String, Error> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut bytes = sync_core::random::bytes::<16>()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for half in [byte >> 4, byte & 0x0f] {
            text.push(char::from(DIGITS[usize::from(half)]));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_names_are_names_and_differ() {
        let (one, two) = (Key::random().unwrap(), Key::random().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.as_str().len(), 32);
        assert_eq!(one.as_str().as_bytes()[12], b'4');
        assert!(Key::new(one.as_str()).is_ok());
        assert!(Ccid::new(Ccid::random().unwrap().as_str()).is_ok());
        assert!(ClientId::random().unwrap().as_str().starts_with("rs-"));
    }

    #[test]
    fn limits_are_those_of_the_protocol() {
        assert!(BucketName::new("b".repeat(64)).is_ok());
        assert_eq!(
            BucketName::new("b".repeat(65)).unwrap_err().problem(),
            NameProblem::TooLong(65)
        );
        assert!(Key::new("k".repeat(256)).is_ok());
        assert!(Key::new("k".repeat(257)).is_err());
        assert!(Key::new("a.b%c@d-e_f").is_ok());
        for bad in ["", ".", "..", "a b", "a/b", "é", "a?b", "a#b", "a\0b"] {
            assert!(Key::new(bad).is_err(), "{bad:?}");
        }
        assert!(BucketName::new("a@b").is_err());
        assert!(Ccid::new("550e8400-e29b-41d4-a716-446655440000").is_ok());
    }

    #[test]
    fn an_error_says_what_would_do() {
        assert_eq!(
            Key::new("a?b").unwrap_err().to_string(),
            "a key has 1 to 256 letters, digits or any of ._%@-; this one has another at byte 1"
        );
    }
}
