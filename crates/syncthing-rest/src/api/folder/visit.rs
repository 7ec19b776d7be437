//! A folder's tree, shown piece by piece.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io::BufReader;
use std::ops::ControlFlow;
use std::pin::pin;
use std::task::Poll;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use sync_core::{Body, Error, ErrorKind};
use tokio::sync::mpsc;

use super::read::split;
use crate::model::Time;
use crate::model::db::FileType;

/// How many entries are handed over at a time.
const BATCH: usize = 256;
/// How many batches wait for the visitor.
const WAITING: usize = 4;

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

/// Decodes a body on another thread and shows its entries here.
pub(super) async fn run<B>(
    body: Body,
    prefix: String,
    mut visitor: impl FnMut(Entry) -> ControlFlow<B>,
) -> Result<ControlFlow<B>, Error> {
    let (feeder, reader) = split(body);
    let (sender, mut batches) = mpsc::channel(WAITING);
    let decoding =
        tokio::task::spawn_blocking(move || decode(BufReader::new(reader), prefix, sender));
    let mut feeding = pin!(feeder.run());
    let mut fed = false;
    loop {
        let batch = poll_fn(|cx| {
            if !fed {
                if let Poll::Ready(result) = feeding.as_mut().poll(cx) {
                    fed = true;
                    if let Err(error) = result {
                        return Poll::Ready(Err(Error::transport(error)));
                    }
                }
            }
            batches.poll_recv(cx).map(Ok)
        });
        let Some(batch) = batch.await? else { break };
        for entry in batch {
            if let ControlFlow::Break(value) = visitor(entry) {
                return Ok(ControlFlow::Break(value));
            }
        }
    }
    decoding
        .await
        .map_err(|_| Error::new(ErrorKind::Canceled, "the runtime ended"))??;
    Ok(ControlFlow::Continue(()))
}

/// Decodes on a thread that may block. Ends early when nobody takes the entries.
fn decode(
    reader: impl std::io::Read,
    prefix: String,
    sender: mpsc::Sender<Vec<Entry>>,
) -> Result<(), Error> {
    let mut walk = Walk {
        path: prefix,
        batch: Vec::with_capacity(BATCH),
        sender,
        problem: None,
    };
    let mut json = serde_json::Deserializer::from_reader(reader);
    let result = Nodes(&mut walk)
        .deserialize(&mut json)
        .and_then(|()| json.end());
    // What was decoded before an error is true all the same.
    walk.flush();
    match (walk.problem, result) {
        (Some(problem), _) => Err(Error::decode(problem)),
        (None, Ok(())) => Ok(()),
        // serde_json's message may quote what it saw.
        (None, Err(error)) => Err(Error::decode(format!(
            "the answer is not the tree that was agreed (line {}, column {})",
            error.line(),
            error.column()
        ))),
    }
}

/// Where the decoder is in the tree.
struct Walk {
    /// The path of the directory that is being read.
    path: String,
    batch: Vec<Entry>,
    sender: mpsc::Sender<Vec<Entry>>,
    problem: Option<&'static str>,
}

impl Walk {
    /// Passes an entry on; `false` when nobody takes it.
    fn show(&mut self, entry: Entry) -> bool {
        self.batch.push(entry);
        self.batch.len() < BATCH || self.flush()
    }

    fn flush(&mut self) -> bool {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        self.sender.blocking_send(batch).is_ok()
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.path)
        }
    }
}

/// The list of what is in a directory.
struct Nodes<'a>(&'a mut Walk);

impl<'de> DeserializeSeed<'de> for Nodes<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nodes<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of nodes")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut nodes: A) -> Result<(), A::Error> {
        while nodes.next_element_seed(Node(self.0))?.is_some() {}
        Ok(())
    }
}

/// One node.
struct Node<'a>(&'a mut Walk);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        use serde::de::Error as _;

        let Self(walk) = self;
        let stopped = || A::Error::custom("nobody takes the entries");
        let mut path: Option<String> = None;
        let mut file_type: Option<FileType> = None;
        let (mut size, mut modified) = (0, None);
        let mut shown = false;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Name => path = Some(walk.path_of(&map.next_value::<String>()?)),
                Key::ModTime => {
                    modified = map
                        .next_value::<crate::wire::Read<Option<Time>>>()?
                        .0
                        .flatten()
                }
                Key::Size => size = map.next_value::<Option<i64>>()?.unwrap_or_default(),
                Key::Type => file_type = map.next_value()?,
                Key::Children => {
                    let Some(path) = path.as_ref() else {
                        walk.problem = Some(
                            "a directory's name comes after its children, so that they have no path",
                        );
                        return Err(A::Error::custom("no name yet"));
                    };
                    // All daemons say everything about a directory before its
                    // children. Should one not, the directory comes after them.
                    if let Some(file_type) = file_type.clone() {
                        shown = true;
                        let entry = Entry {
                            path: path.clone(),
                            file_type,
                            size,
                            modified,
                        };
                        if !walk.show(entry) {
                            return Err(stopped());
                        }
                    }
                    let parent = std::mem::replace(&mut walk.path, path.clone());
                    map.next_value_seed(Nodes(walk))?;
                    walk.path = parent;
                }
                Key::Unknown => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let entry = Entry {
            path: path.unwrap_or_else(|| walk.path_of("")),
            file_type: file_type.unwrap_or_default(),
            size,
            modified,
        };
        match shown || walk.show(entry) {
            true => Ok(()),
            false => Err(stopped()),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Key {
    Name,
    ModTime,
    Size,
    Type,
    Children,
    #[serde(other)]
    Unknown,
}
