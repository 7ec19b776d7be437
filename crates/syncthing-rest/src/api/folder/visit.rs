//! A folder's tree, as one or shown piece by piece.

use std::borrow::Cow;
use std::ops::ControlFlow;

use serde::{Deserialize, Deserializer};
use sync_core::{Body, Error};

use super::tree::{Nodes, Problem, Splitter};
use crate::model::Time;
use crate::model::db::{BrowseNode, FileType};
use crate::wire::Read;

/// A file or directory, as [`Browse::visit`](super::Browse::visit) shows it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// The path in the folder, with `/`.
    pub path: String,
    /// What it is.
    pub file_type: FileType,
    /// Bytes; of a directory a constant, 128 or 0.
    pub size: i64,
    /// When it was changed.
    pub modified: Option<Time>,
}

/// Reads a whole tree of up to `levels` levels.
pub(super) fn collect(json: &[u8], levels: u32) -> Result<Vec<BrowseNode>, Error> {
    let mut splitter = Splitter::new(levels);
    let mut tree = Tree(vec![Vec::new()]);
    splitter
        .feed(json, &mut tree)
        .and_then(|()| splitter.finish())
        .map_err(|problem| splitter.error(&problem))?;
    Ok(tree.0.pop().unwrap_or_default())
}

/// What the open directories have in them so far, the folder first.
struct Tree(Vec<Vec<BrowseNode>>);

impl Nodes for Tree {
    fn enter(&mut self, _: &[u8]) -> Result<(), Problem> {
        self.0.push(Vec::new());
        Ok(())
    }

    fn leave(&mut self, fields: &[u8], entered: bool) -> Result<(), Problem> {
        let mut node: BrowseNode = serde_json::from_slice(fields)?;
        if let Some(mut children) = entered.then(|| self.0.pop()).flatten() {
            // Lists grow by doubling; of a whole tree that is megabytes.
            children.shrink_to_fit();
            node.children = children.into();
        }
        if let Some(siblings) = self.0.last_mut() {
            siblings.push(node);
        }
        Ok(())
    }
}

/// Shows the entries of a body while it arrives.
pub(super) async fn run<B>(
    mut body: Body,
    prefix: String,
    levels: u32,
    visitor: impl FnMut(Entry) -> ControlFlow<B>,
) -> Result<ControlFlow<B>, Error> {
    let mut splitter = Splitter::new(levels);
    let mut walk = Walk {
        path: prefix,
        open: Vec::new(),
        visitor,
        stopped: None,
    };
    while let Some(piece) = body.chunk().await {
        let piece = piece.map_err(Error::transport)?;
        if let Err(problem) = splitter.feed(&piece, &mut walk) {
            return match walk.stopped {
                Some(value) => Ok(ControlFlow::Break(value)),
                None => Err(splitter.error(&problem)),
            };
        }
    }
    match splitter.finish() {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(problem) => Err(splitter.error(&problem)),
    }
}

/// Where the visit is in the tree.
struct Walk<V, B> {
    /// The path of the directory that is being read.
    path: String,
    open: Vec<Directory>,
    visitor: V,
    stopped: Option<B>,
}

struct Directory {
    /// How long the path is of what it is in.
    parent: usize,
    /// Whether it was shown before what is in it.
    shown: bool,
}

impl<B, V: FnMut(Entry) -> ControlFlow<B>> Walk<V, B> {
    fn show(&mut self, path: String, fields: Fields<'_>) -> Result<(), Problem> {
        let entry = Entry {
            path,
            file_type: fields.file_type.unwrap_or_default(),
            size: fields.size.unwrap_or_default(),
            modified: fields.mod_time,
        };
        match (self.visitor)(entry) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(value) => {
                self.stopped = Some(value);
                Err(Problem::Stopped)
            }
        }
    }
}

impl<B, V: FnMut(Entry) -> ControlFlow<B>> Nodes for Walk<V, B> {
    fn enter(&mut self, fields: &[u8]) -> Result<(), Problem> {
        let fields: Fields<'_> = serde_json::from_slice(fields)?;
        if fields.name.is_empty() {
            return Err(Problem::NoName);
        }
        let parent = self.path.len();
        if parent > 0 {
            self.path.push('/');
        }
        self.path.push_str(&fields.name);
        // All daemons say everything about a directory before its children.
        // Should one not, the directory comes after them.
        let shown = fields.file_type.is_some();
        self.open.push(Directory { parent, shown });
        match shown {
            true => self.show(self.path.clone(), fields),
            false => Ok(()),
        }
    }

    fn leave(&mut self, fields: &[u8], entered: bool) -> Result<(), Problem> {
        let directory = entered.then(|| self.open.pop()).flatten();
        let mut path = None;
        if let Some(Directory { parent, shown }) = directory {
            path = (!shown).then(|| self.path.clone());
            self.path.truncate(parent);
            if shown {
                return Ok(());
            }
        }
        let fields: Fields<'_> = serde_json::from_slice(fields)?;
        let path = path.unwrap_or_else(|| match self.path.is_empty() {
            true => fields.name.to_string(),
            false => format!("{}/{}", self.path, fields.name),
        });
        self.show(path, fields)
    }
}

/// What an [`Entry`] needs of a node.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(default, borrow)]
    name: Cow<'a, str>,
    #[serde(default, deserialize_with = "time")]
    mod_time: Option<Time>,
    size: Option<i64>,
    #[serde(rename = "type")]
    file_type: Option<FileType>,
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    Ok(Read::<Option<Time>>::deserialize(deserializer)?.0.flatten())
}
