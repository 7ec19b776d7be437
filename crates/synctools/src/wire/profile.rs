//! Which Django a body looks like.

/// Which Django a body looks like, byte for byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// Django 3.1 and later: text as UTF-8.
    #[default]
    Django5,
    /// Django 1.9 to 3.0: everything beyond ASCII as `\u` escapes.
    Django2,
    /// Django 1.8 on Python 3: as [`Profile::Django2`], with `pk` after
    /// `fields`.
    Django18,
    /// Django 1.7 and 1.8 on Python 2: as [`Profile::Django2`], with `fields`
    /// before `model` and `pk`.
    Django18Python2,
}

/// A part of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Model,
    Pk,
    Fields,
}

impl Profile {
    /// Whether everything beyond ASCII is escaped.
    pub fn is_ascii(self) -> bool {
        self != Self::Django5
    }

    /// The parts of an object in their order.
    pub(crate) fn parts(self) -> [Part; 3] {
        match self {
            Self::Django5 | Self::Django2 => [Part::Model, Part::Pk, Part::Fields],
            Self::Django18 => [Part::Model, Part::Fields, Part::Pk],
            Self::Django18Python2 => [Part::Fields, Part::Model, Part::Pk],
        }
    }
}
