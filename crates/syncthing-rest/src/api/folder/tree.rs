//! The JSON of a folder's tree, taken apart node by node.
//!
//! `serde` goes into what is nested by recursion, which is why `serde_json`
//! stops at some sixty levels of directories; real trees have up to thousands.
//! A [`Splitter`] keeps what it is in on a list of its own instead, and hands
//! out each node as a flat object, as the pieces of an answer arrive. What an
//! object says is left to `serde_json`.

use sync_core::Error;

/// How many bytes the nodes that are open may have. Each has some 150.
const LARGEST: usize = 64 << 20;

/// Takes the nodes of a tree.
pub(super) trait Nodes {
    /// What is in a directory comes next; `fields` is the object of all that
    /// was said of the directory before.
    fn enter(&mut self, fields: &[u8]) -> Result<(), Problem>;

    /// A node is complete; `fields` is the object of all but its children.
    fn leave(&mut self, fields: &[u8], entered: bool) -> Result<(), Problem>;
}

/// Why a tree cannot be read on.
#[derive(Debug)]
pub(super) enum Problem {
    /// It is no list of nodes, or no JSON.
    NoTree,
    /// A node is not what was agreed.
    BadNode,
    /// There are more levels than this.
    TooDeep(u32),
    /// Nodes that go on and on.
    TooLarge,
    /// The children of a directory come before its name.
    NoName,
    /// Nobody wants the rest.
    Stopped,
}

impl From<serde_json::Error> for Problem {
    // serde_json's message may quote what it saw.
    fn from(_: serde_json::Error) -> Self {
        Self::BadNode
    }
}

/// Splits a tree, however deep, without recursion.
pub(super) struct Splitter {
    state: State,
    /// What the open nodes say of themselves, one after the other, each an
    /// object without its last brace.
    fields: Vec<u8>,
    open: Vec<Open>,
    levels: u32,
    /// How many bytes were taken.
    offset: usize,
    line: usize,
    /// Where the line begins.
    line_from: usize,
}

struct Open {
    /// Where its fields begin.
    from: usize,
    /// Where the key begins that was read last, with the comma before it.
    key: usize,
    /// Whether its children have come.
    entered: bool,
}

#[derive(Clone, Copy)]
enum State {
    Begin,
    /// An element of a list, or before the first one the list's end.
    Element {
        first: bool,
    },
    AfterElement,
    /// A key of a node, or before the first one the node's end.
    Key {
        first: bool,
    },
    InKey {
        escaped: bool,
    },
    Colon {
        children: bool,
    },
    Children,
    Value,
    /// In a text, that many braces and brackets deep.
    InText {
        escaped: bool,
        depth: usize,
    },
    /// In a list or an object that has no name here.
    InNested {
        depth: usize,
    },
    /// In a number or a word.
    InScalar,
    AfterValue,
    /// In the word `null`, of which this much is to come.
    Null {
        rest: &'static [u8],
        of: Null,
    },
    End,
}

/// What is `null`.
#[derive(Clone, Copy)]
enum Null {
    Tree,
    Element,
    Children,
}

impl Splitter {
    /// For trees of up to this many levels.
    pub(super) fn new(levels: u32) -> Self {
        Self {
            state: State::Begin,
            fields: Vec::new(),
            open: Vec::new(),
            levels,
            offset: 0,
            line: 1,
            line_from: 0,
        }
    }

    /// Takes the next piece of the JSON.
    pub(super) fn feed(&mut self, mut piece: &[u8], nodes: &mut impl Nodes) -> Result<(), Problem> {
        while let Some(&first) = piece.first() {
            let used = self.step(first, piece, nodes)?;
            let (done, rest) = piece.split_at(used);
            self.offset += done.len();
            piece = rest;
        }
        match self.fields.len() > LARGEST {
            true => Err(Problem::TooLarge),
            false => Ok(()),
        }
    }

    /// Whether that was all.
    pub(super) fn finish(&self) -> Result<(), Problem> {
        match self.state {
            State::End => Ok(()),
            _ => Err(Problem::NoTree),
        }
    }

    /// The error for a problem, with its place.
    pub(super) fn error(&self, problem: &Problem) -> Error {
        let what = match problem {
            Problem::TooDeep(levels) => {
                return Error::decode(format!(
                    "the tree has more than {levels} levels, which is the limit"
                ));
            }
            Problem::NoName => {
                "a directory's name comes after its children, so that they have no path"
            }
            Problem::TooLarge => "the answer has nodes that are too large",
            Problem::NoTree | Problem::BadNode | Problem::Stopped => {
                "the answer is not the tree that was agreed"
            }
        };
        Error::decode(format!(
            "{what} (line {}, column {})",
            self.line,
            self.offset - self.line_from + 1
        ))
    }

    /// Takes at least one byte; says how many.
    fn step(&mut self, first: u8, piece: &[u8], nodes: &mut impl Nodes) -> Result<usize, Problem> {
        match self.state {
            State::InKey { escaped } => return self.key(escaped, piece),
            State::InText { escaped, depth } => return Ok(self.text(escaped, depth, piece)),
            State::InNested { depth } => return Ok(self.nested(depth, piece)),
            State::InScalar => {
                let end = piece.iter().position(|byte| b",]} \t\r\n".contains(byte));
                if end == Some(0) {
                    self.state = State::AfterValue;
                } else {
                    return Ok(self.take(piece, end.unwrap_or(piece.len())));
                }
            }
            State::Null { rest, of } => return self.null(first, rest, of),
            _ => {}
        }
        if matches!(first, b' ' | b'\t' | b'\r' | b'\n') {
            return Ok(self.blank(piece));
        }
        self.state = match (self.state, first) {
            (State::Begin, b'[') => State::Element { first: true },
            (State::Begin, b'n') => Null::Tree.begin(),
            (State::Element { .. }, b'{') => self.begin()?,
            (State::Element { .. }, b'n') => Null::Element.begin(),
            (State::Element { first: true } | State::AfterElement, b']') => {
                match self.open.is_empty() {
                    true => State::End,
                    false => State::AfterValue,
                }
            }
            (State::AfterElement, b',') => State::Element { first: false },
            (State::Key { .. }, b'"') => self.begin_key(),
            (State::Key { first: true } | State::AfterValue, b'}') => self.leave(nodes)?,
            (State::AfterValue, b',') => State::Key { first: false },
            (State::Colon { children: true }, b':') => State::Children,
            (State::Colon { children: false }, b':') => {
                self.fields.push(b':');
                State::Value
            }
            (State::Children, b'[') => self.enter(nodes)?,
            (State::Children, b'n') => Null::Children.begin(),
            (State::Value, b'"') => {
                self.fields.push(first);
                State::InText {
                    escaped: false,
                    depth: 0,
                }
            }
            (State::Value, b'{' | b'[') => {
                self.fields.push(first);
                State::InNested { depth: 1 }
            }
            (State::Value, b',' | b'}' | b']') => return Err(Problem::NoTree),
            (State::Value, _) => {
                self.fields.push(first);
                State::InScalar
            }
            _ => return Err(Problem::NoTree),
        };
        Ok(1)
    }

    fn blank(&mut self, piece: &[u8]) -> usize {
        let mut length = 0;
        for byte in piece {
            match byte {
                b'\n' => self.new_line(length),
                b' ' | b'\t' | b'\r' => {}
                _ => break,
            }
            length += 1;
        }
        length
    }

    /// A line ends with this byte of what is being taken.
    fn new_line(&mut self, at: usize) {
        self.line += 1;
        self.line_from = self.offset + at + 1;
    }

    fn take(&mut self, piece: &[u8], length: usize) -> usize {
        self.fields.extend_from_slice(&piece[..length]);
        length
    }

    fn begin(&mut self) -> Result<State, Problem> {
        if self.open.len() >= self.levels as usize {
            return Err(Problem::TooDeep(self.levels));
        }
        let from = self.fields.len();
        self.fields.push(b'{');
        self.open.push(Open {
            from,
            key: from,
            entered: false,
        });
        Ok(State::Key { first: true })
    }

    fn begin_key(&mut self) -> State {
        if let Some(node) = self.open.last_mut() {
            node.key = self.fields.len();
        }
        if self.fields.last() != Some(&b'{') {
            self.fields.push(b',');
        }
        self.fields.push(b'"');
        State::InKey { escaped: false }
    }

    fn key(&mut self, escaped: bool, piece: &[u8]) -> Result<usize, Problem> {
        let (length, escaped, ended) = in_text(escaped, piece);
        self.take(piece, length);
        self.state = State::InKey { escaped };
        if ended {
            let from = self.open.last().map_or(0, |node| node.key);
            let key = &self.fields[from..];
            let key = key.strip_prefix(b",").unwrap_or(key);
            let children = match key.contains(&b'\\') {
                true => serde_json::from_slice::<String>(key)? == "children",
                false => key == br#""children""#,
            };
            if children {
                self.fields.truncate(from);
            }
            self.state = State::Colon { children };
        }
        Ok(length)
    }

    fn text(&mut self, escaped: bool, depth: usize, piece: &[u8]) -> usize {
        let (length, escaped, ended) = in_text(escaped, piece);
        self.state = match (ended, depth) {
            (false, _) => State::InText { escaped, depth },
            (true, 0) => State::AfterValue,
            (true, _) => State::InNested { depth },
        };
        self.take(piece, length)
    }

    fn nested(&mut self, depth: usize, piece: &[u8]) -> usize {
        for (at, byte) in piece.iter().enumerate() {
            self.state = match byte {
                b'{' | b'[' => State::InNested { depth: depth + 1 },
                b'}' | b']' if depth == 1 => State::AfterValue,
                b'}' | b']' => State::InNested { depth: depth - 1 },
                b'"' => State::InText {
                    escaped: false,
                    depth,
                },
                b'\n' => {
                    self.new_line(at);
                    continue;
                }
                _ => continue,
            };
            return self.take(piece, at + 1);
        }
        self.take(piece, piece.len())
    }

    fn null(&mut self, first: u8, rest: &'static [u8], of: Null) -> Result<usize, Problem> {
        self.state = match rest.split_first() {
            Some((&next, [])) if next == first => match of {
                Null::Tree => State::End,
                Null::Element => State::AfterElement,
                Null::Children => State::AfterValue,
            },
            Some((&next, rest)) if next == first => State::Null { rest, of },
            _ => return Err(Problem::NoTree),
        };
        Ok(1)
    }

    fn enter(&mut self, nodes: &mut impl Nodes) -> Result<State, Problem> {
        let from = match self.open.last_mut() {
            Some(node) if !node.entered => {
                node.entered = true;
                node.from
            }
            // Children twice.
            _ => return Err(Problem::NoTree),
        };
        self.fields.push(b'}');
        nodes.enter(&self.fields[from..])?;
        self.fields.pop();
        Ok(State::Element { first: true })
    }

    fn leave(&mut self, nodes: &mut impl Nodes) -> Result<State, Problem> {
        let node = self.open.pop().ok_or(Problem::NoTree)?;
        self.fields.push(b'}');
        nodes.leave(&self.fields[node.from..], node.entered)?;
        self.fields.truncate(node.from);
        Ok(State::AfterElement)
    }
}

impl Null {
    fn begin(self) -> State {
        State::Null {
            rest: b"ull",
            of: self,
        }
    }
}

/// How much of a piece belongs to the text it begins in, whether it ends behind
/// a backslash, and whether the text ends.
fn in_text(mut escaped: bool, piece: &[u8]) -> (usize, bool, bool) {
    for (at, byte) in piece.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return (at + 1, false, true),
            _ => {}
        }
    }
    (piece.len(), escaped, false)
}

#[cfg(test)]
mod tests;
