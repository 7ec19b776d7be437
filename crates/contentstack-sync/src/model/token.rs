//! Tokens: where a sync goes on. Opaque, and of two kinds that only their
//! place in the answer tells apart.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Its text is whatever the service made it, and is never checked. It
        /// gives access to content, so `Debug` does not show it.
        #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text. Whoever calls this keeps it out of logs.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self(text.as_str().into())
            }
        }

        impl From<&$name> for $name {
            fn from(token: &$name) -> Self {
                token.clone()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}

token! {
    /// Asks for the next page of a result (`pagination_token`).
    PaginationToken
}

token! {
    /// Asks for what has changed since it was given out (`sync_token`).
    SyncToken
}

/// What comes after a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    /// Another page of the same result.
    Page(PaginationToken),
    /// Nothing for now; later, with this, what has changed.
    Sync(SyncToken),
}
