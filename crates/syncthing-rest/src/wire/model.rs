//! The macro that turns a described struct into a model.

/// Defines a model: the struct as written, plus `extra`.
///
/// A field reads `name: Type => "key"`. What may follow:
///
/// - `name: Type = value => "key"`: the default, where it is not the type's own;
/// - `"key" | "other"`: another spelling that some daemons send;
/// - `"key" or text`: what is written for `None`, where the daemon always has
///   the key. Without it a `None` leaves the key out.
///
/// `or text as name` after the struct takes a mere text for an object with that
/// field only.
macro_rules! model {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $(
                $(#[$field_meta:meta])*
                $field_vis:vis $field:ident: $type:ty $(= $default:expr)? => $key:literal $(| $alias:literal)* $(or $none:expr)?
            ),* $(,)?
        }
        $(or text as $text_field:ident)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        $vis struct $name {
            $(
                $(#[$field_meta])*
                #[doc = concat!("\n\nJSON: `", $key, "`.")]
                $field_vis $field: $type,
            )*
            /// What the daemon sent beside these; written back last.
            $vis extra: sync_core::json::Extra,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($field: $crate::wire::model!(@default $($default)?),)*
                    extra: sync_core::json::Extra::new(),
                }
            }
        }

        const _: () = {
            use std::fmt;

            #[allow(unused_imports)]
            use serde::de::{Deserialize, Deserializer, IntoDeserializer, MapAccess, Visitor};
            use serde::ser::{Serialize, SerializeMap, Serializer};

            use $crate::wire::{Read, Wire, Write};

            #[allow(non_camel_case_types)]
            enum Key {
                $($field,)*
                Unknown(String),
            }

            impl<'de> Deserialize<'de> for Key {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    struct Keys;

                    impl Visitor<'_> for Keys {
                        type Value = Key;

                        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                            f.write_str("a key")
                        }

                        fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                            Ok(match key {
                                $($key $(| $alias)* => Key::$field,)*
                                unknown => Key::Unknown(unknown.to_owned()),
                            })
                        }
                    }

                    deserializer.deserialize_identifier(Keys)
                }
            }

            impl Wire for $name {
                fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    struct Fields;

                    impl<'de> Visitor<'de> for Fields {
                        type Value = $name;

                        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                            f.write_str(concat!("the object of a ", stringify!($name)))
                        }

                        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                            let mut model = $name::default();
                            while let Some(key) = map.next_key::<Key>()? {
                                match key {
                                    $(Key::$field => {
                                        if let Read(Some(value)) = map.next_value::<Read<$type>>()? {
                                            model.$field = value;
                                        }
                                    })*
                                    Key::Unknown(key) => {
                                        model.extra.insert(key, map.next_value()?);
                                    }
                                }
                            }
                            Ok(model)
                        }

                        $(
                            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                                let mut model = $name::default();
                                model.$text_field = Wire::read(text.into_deserializer())?;
                                Ok(model)
                            }
                        )?
                    }

                    $crate::wire::model!(@read deserializer, Fields $(, $text_field)?)
                }

                fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    let mut map = serializer.serialize_map(None)?;
                    $(
                        if !self.$field.is_absent() {
                            map.serialize_entry($key, &Write(&self.$field))?;
                        }
                        $(else {
                            map.serialize_entry($key, $none)?;
                        })?
                    )*
                    for (key, value) in self.extra.iter() {
                        map.serialize_entry(key, value)?;
                    }
                    map.end()
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    Self::read(deserializer)
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    self.write(serializer)
                }
            }
        };
    };
    (@default) => {
        Default::default()
    };
    (@default $default:expr) => {
        $default
    };
    (@read $deserializer:ident, $visitor:ident) => {
        $deserializer.deserialize_map($visitor)
    };
    (@read $deserializer:ident, $visitor:ident, $text_field:ident) => {
        $deserializer.deserialize_any($visitor)
    };
}
pub(crate) use model;
