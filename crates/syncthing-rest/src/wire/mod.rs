//! How the typed models meet the daemon's JSON.
//!
//! Three rules hold for every model, and this is their one place: a field that
//! is absent or `null` has its default (a list that is `null` is empty), a key
//! without a name here is kept as its exact text, and a number is written in the
//! form every daemon accepts.

mod model;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use sync_core::Secret;
use sync_core::json::RawJson;

pub(crate) use model::model;
pub(crate) use text::text_enum;

/// A type that a model's field can have.
pub(crate) trait Wire: Sized {
    /// Reads a value that is not `null`.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Writes the value.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// What `null` stands for; `None` for the same as an absent key. Go writes
    /// an empty list or map so, whatever a key's default is.
    fn of_null() -> Option<Self> {
        None
    }

    /// Whether the key is left out when the value is written.
    fn is_absent(&self) -> bool {
        false
    }

    /// Whether this is the daemon's way to say "none", such as the empty device
    /// ID or Go's zero time. An `Option` of it is `None` then.
    fn means_none(&self) -> bool {
        false
    }
}

/// Reads `null` as what it [stands for](Wire::of_null) and anything else as `Some`.
pub(crate) struct Read<T>(pub(crate) Option<T>);

impl<'de, T: Wire> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value: Option<NotNull<T>> = Option::deserialize(deserializer)?;
        Ok(Self(value.map(|value| value.0).or_else(T::of_null)))
    }
}

struct NotNull<T>(T);

impl<'de, T: Wire> Deserialize<'de> for NotNull<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

/// Writes a field's value.
pub(crate) struct Write<'a, T>(pub(crate) &'a T);

impl<T: Wire> Serialize for Write<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// Types whose own serde form is already the daemon's.
macro_rules! via_serde {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::wire::Wire for $type {
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer)
            }

            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, serializer)
            }
        }
    )+};
}
pub(crate) use via_serde;

via_serde!(bool, u32, u64, i64, String, serde_json::Value, RawJson);

/// Daemons before 1.23.3 read some of today's fractions as integers and refuse
/// `10.0` there, so a whole number is written without a fraction.
impl Wire for f64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Up to here a float holds every whole number.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if self.fract() == 0.0 && self.abs() <= EXACT {
            serializer.serialize_i64(*self as i64)
        } else {
            serializer.serialize_f64(*self)
        }
    }
}

/// The one place that writes a secret out: the configuration goes back to the
/// daemon it came from, and leaving its secrets out would reset them.
impl Wire for Secret<String> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Secret::deserialize(deserializer)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<T: Wire> Wire for Option<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = T::read(deserializer)?;
        Ok((!value.means_none()).then_some(value))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(serializer),
            None => serializer.serialize_none(),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Wire> Wire for Box<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Box::new)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::write(self, serializer)
    }
}

/// A `null` in a list is no element.
impl<T: Wire> Wire for Vec<T> {
    fn of_null() -> Option<Self> {
        Some(Self::new())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);

        impl<'de, T: Wire> Visitor<'de> for List<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Vec<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(Read(element)) = access.next_element::<Read<T>>()? {
                    list.extend(element);
                }
                Ok(list)
            }
        }

        deserializer.deserialize_seq(List(PhantomData))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for element in self {
            list.serialize_element(&Write(element))?;
        }
        list.end()
    }
}

/// A `null` under a key is the value type's default.
impl<K, V> Wire for BTreeMap<K, V>
where
    K: for<'de> Deserialize<'de> + Serialize + Ord,
    V: Wire + Default,
{
    fn of_null() -> Option<Self> {
        Some(Self::new())
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, V>(PhantomData<(K, V)>);

        impl<'de, K: Deserialize<'de> + Ord, V: Wire + Default> Visitor<'de> for Entries<K, V> {
            type Value = BTreeMap<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut map = BTreeMap::new();
                while let Some((key, Read(value))) = access.next_entry::<K, Read<V>>()? {
                    map.insert(key, value.unwrap_or_default());
                }
                Ok(map)
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self {
            map.serialize_entry(key, &Write(value))?;
        }
        map.end()
    }
}
