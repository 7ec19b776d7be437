//! The tree of a folder.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use sync_core::json::Extra;

use super::Children;
use super::children::Level;
use crate::model::Time;
use crate::wire::{Read, Wire, text_enum};

/// A file or directory of a folder's tree: an element of `GET /rest/db/browse`.
///
/// A tree may have a hundred thousand of these, so it holds no more than it
/// must. [`Browse`](crate::api::Browse) reads trees of any depth. Through `serde`
/// alone, one of more than some sixty levels is an error, as recursion would use
/// up the stack.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BrowseNode {
    /// The name, without its directory.
    pub name: Box<str>,
    /// When it was changed.
    pub mod_time: Option<Time>,
    /// Bytes; of a directory a constant, 128 or 0.
    pub size: i64,
    /// What it is.
    pub file_type: FileType,
    /// What is in it; empty for files and below the last level asked for.
    pub children: Children,
    /// What the daemon sent beside these.
    pub extra: Option<Box<Extra>>,
}

impl BrowseNode {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.file_type == FileType::Directory
    }

    /// How many nodes there are, with this and all below.
    pub fn count(&self) -> usize {
        1 + self.descendants().count()
    }

    /// All nodes below, each directory before what is in it.
    pub fn descendants(&self) -> impl Iterator<Item = &BrowseNode> {
        self.children.descendants()
    }

    pub(super) fn without_children(&self) -> Self {
        Self {
            name: self.name.clone(),
            mod_time: self.mod_time,
            size: self.size,
            file_type: self.file_type.clone(),
            children: Children::default(),
            extra: self.extra.clone(),
        }
    }

    pub(super) fn is_same_but_children(&self, other: &Self) -> bool {
        self.name == other.name
            && self.mod_time == other.mod_time
            && self.size == other.size
            && self.file_type == other.file_type
            && self.extra == other.extra
    }

    /// To be written as a node that many levels down.
    pub(super) fn at(&self, level: usize) -> impl Serialize + '_ {
        At(self, level)
    }
}

enum Key {
    Name,
    ModTime,
    Size,
    Type,
    Children,
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
                    "name" => Key::Name,
                    "modTime" => Key::ModTime,
                    "size" => Key::Size,
                    "type" => Key::Type,
                    "children" => Key::Children,
                    unknown => Key::Unknown(unknown.to_owned()),
                })
            }
        }

        deserializer.deserialize_identifier(Keys)
    }
}

impl Wire for BrowseNode {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = BrowseNode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the object of a BrowseNode")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BrowseNode, A::Error> {
                let mut node = BrowseNode::default();
                while let Some(key) = map.next_key()? {
                    match key {
                        Key::Name => node.name = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        Key::ModTime => {
                            node.mod_time = map.next_value::<Read<Option<Time>>>()?.0.flatten();
                        }
                        Key::Size => node.size = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        Key::Type => {
                            node.file_type = map.next_value::<Option<_>>()?.unwrap_or_default();
                        }
                        Key::Children => {
                            node.children = map.next_value::<Read<_>>()?.0.unwrap_or_default();
                        }
                        Key::Unknown(key) => {
                            node.extra
                                .get_or_insert_default()
                                .insert(key, map.next_value()?);
                        }
                    }
                }
                // Lists grow by doubling; of a whole tree that is megabytes.
                node.children.shrink_to_fit();
                Ok(node)
            }
        }

        deserializer.deserialize_map(Fields)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.at(1).serialize(serializer)
    }
}

struct At<'a>(&'a BrowseNode, usize);

impl Serialize for At<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(node, level) = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &*node.name)?;
        if let Some(time) = &node.mod_time {
            map.serialize_entry("modTime", time)?;
        }
        map.serialize_entry("size", &node.size)?;
        map.serialize_entry("type", &node.file_type)?;
        if !node.children.is_empty() {
            map.serialize_entry("children", &Level(&node.children, level + 1))?;
        }
        for (key, value) in node.extra.iter().flat_map(|extra| extra.iter()) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for BrowseNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(deserializer)
    }
}

impl Serialize for BrowseNode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write(serializer)
    }
}

text_enum! {
    /// What an item is.
    #[derive(Default)]
    pub enum FileType {
        /// A file.
        #[default]
        File = "FILE_INFO_TYPE_FILE",
        /// A directory.
        Directory = "FILE_INFO_TYPE_DIRECTORY",
        /// A symbolic link.
        Symlink = "FILE_INFO_TYPE_SYMLINK",
        /// A symbolic link to a file, from daemons before 0.14.
        SymlinkFile = "FILE_INFO_TYPE_SYMLINK_FILE",
        /// A symbolic link to a directory, from daemons before 0.14.
        SymlinkDirectory = "FILE_INFO_TYPE_SYMLINK_DIRECTORY",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_small() {
        assert!(size_of::<BrowseNode>() <= 96, "{}", size_of::<BrowseNode>());
    }

    #[test]
    fn unknown_fields_of_a_node_stay() {
        let text = r#"[{"name":"a","modTime":null,"size":1,"type":"FILE_INFO_TYPE_FIFO","owner":{"uid":0}},
            {"name":"b","size":128,"type":"FILE_INFO_TYPE_DIRECTORY","children":[{"name":"c","size":2,"type":"FILE_INFO_TYPE_FILE"}]}]"#;
        let tree: Vec<BrowseNode> = serde_json::from_str(text).unwrap();
        assert_eq!(
            tree[0].file_type,
            FileType::Other(String::from("FILE_INFO_TYPE_FIFO"))
        );
        assert_eq!(tree[0].mod_time, None);
        let extra = tree[0].extra.as_deref().unwrap();
        assert_eq!(extra.iter().next().unwrap().1.get(), r#"{"uid":0}"#);
        assert!(tree[1].is_directory() && tree[1].count() == 2);
        let written = serde_json::to_string(&tree).unwrap();
        assert_eq!(
            serde_json::from_str::<Vec<BrowseNode>>(&written).unwrap(),
            tree
        );
        assert!(
            written.contains("FILE_INFO_TYPE_FIFO") && written.contains(r#""owner":{"uid":0}"#)
        );
    }
}
