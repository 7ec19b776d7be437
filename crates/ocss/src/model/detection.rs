//! What detecting a phone gives.

use std::fmt;

use crate::api::Model;

/// The code of one manual detection, given out by
/// [`detect_manual`](crate::api::Models::detect_manual). Opaque.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DetectionCode(String);

impl DetectionCode {
    /// A code that was kept somewhere.
    pub fn new(code: impl Into<String>) -> Self {
        Self(code.into())
    }

    /// The text, to be kept somewhere.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for DetectionCode {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DetectionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a manual detection is. The documented Python interface says `None`,
/// `False` and a model.
#[derive(Clone, Debug, PartialEq)]
pub enum Detection {
    /// The phone has not visited the detection page yet.
    Pending,
    /// It has, and no model could be told.
    Unidentified,
    /// It has, and this is its model.
    Identified(Model),
}

impl Detection {
    /// The model, if one was identified.
    pub fn model(self) -> Option<Model> {
        match self {
            Self::Identified(model) => Some(model),
            Self::Pending | Self::Unidentified => None,
        }
    }
}
