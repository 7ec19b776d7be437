//! What is in a directory of a tree, however deep.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::slice;
use std::vec;

use serde::de::Deserializer;
use serde::ser::{Error as _, Serialize, SerializeSeq, Serializer};

use super::BrowseNode;
use crate::wire::Wire;

/// The nodes in a directory: a list, by all that a `Vec` can do.
///
/// Trees can have thousands of levels, and what the compiler derives would use
/// the stack for each. This list is copied, compared, shown and dropped without.
#[derive(Default)]
pub struct Children(Vec<BrowseNode>);

impl Children {
    /// All nodes below, each directory before what is in it.
    pub(super) fn descendants(&self) -> impl Iterator<Item = &BrowseNode> {
        let mut open = vec![self.0.iter()];
        std::iter::from_fn(move || {
            loop {
                match open.last_mut()?.next() {
                    Some(node) => {
                        if !node.children.is_empty() {
                            open.push(node.children.iter());
                        }
                        return Some(node);
                    }
                    None => open.pop(),
                };
            }
        })
    }
}

impl From<Vec<BrowseNode>> for Children {
    fn from(nodes: Vec<BrowseNode>) -> Self {
        Self(nodes)
    }
}

impl From<Children> for Vec<BrowseNode> {
    fn from(mut children: Children) -> Self {
        std::mem::take(&mut children.0)
    }
}

impl Deref for Children {
    type Target = Vec<BrowseNode>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Children {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl IntoIterator for Children {
    type Item = BrowseNode;
    type IntoIter = vec::IntoIter<BrowseNode>;

    fn into_iter(self) -> Self::IntoIter {
        Vec::from(self).into_iter()
    }
}

impl<'a> IntoIterator for &'a Children {
    type Item = &'a BrowseNode;
    type IntoIter = slice::Iter<'a, BrowseNode>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        // The lists in these are emptied into this one, so that none of them
        // has anything in it when it is dropped.
        if self.0.iter().all(|node| node.children.is_empty()) {
            return;
        }
        let mut nodes = std::mem::take(&mut self.0);
        while let Some(mut node) = nodes.pop() {
            nodes.append(&mut node.children.0);
        }
    }
}

impl Clone for Children {
    fn clone(&self) -> Self {
        let mut open = vec![(self.0.iter(), Vec::with_capacity(self.len()))];
        let mut done = Vec::new();
        while let Some((nodes, copies)) = open.last_mut() {
            match nodes.next() {
                Some(node) => {
                    copies.push(node.without_children());
                    if !node.children.is_empty() {
                        let copies = Vec::with_capacity(node.children.len());
                        open.push((node.children.iter(), copies));
                    }
                }
                None => {
                    done = std::mem::take(copies);
                    open.pop();
                    let parent = open.last_mut().and_then(|(_, copies)| copies.last_mut());
                    if let Some(parent) = parent {
                        parent.children = Self(std::mem::take(&mut done));
                    }
                }
            }
        }
        Self(done)
    }
}

impl PartialEq for Children {
    fn eq(&self, other: &Self) -> bool {
        // In the same order and with as many children each, the trees are one.
        self.len() == other.len()
            && self
                .descendants()
                .zip(other.descendants())
                .all(|(a, b)| a.children.len() == b.children.len() && a.is_same_but_children(b))
    }
}

/// As the paths of all nodes below.
impl fmt::Debug for Children {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        let mut path = String::new();
        let mut open = vec![(self.0.iter(), 0)];
        while let Some((nodes, parent)) = open.last_mut() {
            path.truncate(*parent);
            match nodes.next() {
                Some(node) => {
                    path.push_str(&node.name);
                    list.entry(&path);
                    path.push('/');
                    open.push((node.children.iter(), path.len()));
                }
                None => {
                    open.pop();
                }
            }
        }
        list.finish()
    }
}

impl Wire for Children {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::read(deserializer).map(Self)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Level(self, 1).serialize(serializer)
    }
}

/// Children that many levels down.
pub(super) struct Level<'a>(pub(super) &'a Children, pub(super) usize);

/// The same guard of the stack that `serde_json` has when it reads.
const DEEPEST: usize = 64;

impl Serialize for Level<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(children, level) = *self;
        if level > DEEPEST {
            let message = format!("a tree of more than {DEEPEST} levels cannot be written");
            return Err(S::Error::custom(message));
        }
        let mut list = serializer.serialize_seq(Some(children.len()))?;
        for node in children {
            list.serialize_element(&node.at(level))?;
        }
        list.end()
    }
}
