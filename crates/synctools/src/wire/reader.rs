//! Reading a body piece by piece.

use crate::wire::object::{self, LARGEST, Member, Object, Parts};
use crate::wire::scan::{Outline, Stop};
use crate::wire::{Format, WireError, WireErrorKind};

/// How a [`Reader`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReaderOptions {
    format: Format,
    max_depth: usize,
    max_object: usize,
    not_a_number: bool,
}

impl Default for ReaderOptions {
    fn default() -> Self {
        Self {
            format: Format::Array,
            max_depth: 128,
            max_object: 64 << 20,
            not_a_number: false,
        }
    }
}

impl ReaderOptions {
    /// An array, 128 levels, 64 MiB for an object, finite numbers only.
    pub fn new() -> Self {
        Self::default()
    }

    /// The form of the body. It is an array by default.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// How deep an object may be nested, itself included: 128 by default, and
    /// 512 at most.
    #[must_use]
    pub fn max_depth(mut self, levels: usize) -> Self {
        self.max_depth = levels.min(512);
        self
    }

    /// How many bytes one object may have, which is also what is kept in
    /// memory at most: 64 MiB by default, and 4 GiB at most.
    #[must_use]
    pub fn max_object(mut self, bytes: usize) -> Self {
        self.max_object = bytes.min(LARGEST);
        self
    }

    /// Whether `NaN`, `Infinity` and `-Infinity` are taken, which JSON does
    /// not have, and Python writes and reads. They are not by default.
    #[must_use]
    pub fn not_a_number(mut self, taken: bool) -> Self {
        self.not_a_number = taken;
        self
    }
}

/// Where in the body the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before anything but space.
    Start,
    /// Behind the `[`.
    First,
    /// Behind an object.
    Behind,
    /// Behind a comma.
    Next,
    /// At the beginning of a line.
    Line,
    /// Behind the object of a line.
    LineEnd,
    /// Behind the `]`.
    Done,
    /// Behind an error.
    Failed,
}

/// Reads a body that comes in pieces of any size, and hands out its objects as
/// soon as they are there. It keeps one object in memory, and what the last
/// piece brought.
///
/// ```
/// use synctools::wire::{Reader, ReaderOptions};
///
/// let mut reader = Reader::new(ReaderOptions::new());
/// let mut models = Vec::new();
/// for piece in [r#"[{"model": "blog.post", "pk": 1, "fi"#, r#"elds": {}}]"#] {
///     reader.push(piece.as_bytes());
///     while let Some(object) = reader.next_object()? {
///         models.push(object.model().decode()?.into_owned());
///     }
/// }
/// // Only now is it known that the body is whole.
/// reader.end();
/// assert!(reader.next_object()?.is_none());
/// assert_eq!(models, ["blog.post"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A body in lines has no last bracket: that it is whole, only the clean end of
/// the transfer can say.
#[derive(Debug)]
pub struct Reader {
    options: ReaderOptions,
    state: State,
    /// What is there and not yet read is behind `start`.
    buffer: Vec<u8>,
    start: usize,
    /// Where in the body the buffer begins.
    base: u64,
    /// Of an object that is not there as a whole.
    outline: Option<Outline>,
    fields: Vec<Member>,
    objects: u64,
    ended: bool,
}

/// What is next.
enum Step {
    Object(Parts),
    Wait,
}

impl Reader {
    /// A reader at the beginning of a body.
    pub fn new(options: ReaderOptions) -> Self {
        Self {
            options,
            state: State::Start,
            buffer: Vec::new(),
            start: 0,
            base: 0,
            outline: None,
            fields: Vec::new(),
            objects: 0,
            ended: false,
        }
    }

    /// Takes the next piece of the body. [Read](Reader::next_object) what is
    /// there before the next one, or it is all kept.
    pub fn push(&mut self, piece: &[u8]) {
        if self.state == State::Failed {
            return;
        }
        self.base += self.start as u64;
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(piece);
    }

    /// Says that the body has come to its clean end.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// How many objects have been handed out.
    pub fn objects(&self) -> u64 {
        self.objects
    }

    /// How many bytes of the body have been read.
    pub fn bytes(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Whether the body was read to its end, and was whole.
    pub fn is_complete(&self) -> bool {
        let at_end = match self.state {
            State::Done | State::Line | State::LineEnd => true,
            State::Start => self.options.format == Format::Lines,
            _ => false,
        };
        self.ended && at_end && self.start == self.buffer.len()
    }

    /// The next object; nothing when more of the body is needed, and nothing
    /// at the end of a whole one, once [its end](Reader::end) is known.
    ///
    /// # Errors
    ///
    /// When the body is not what a synctool server sends, or came to its end
    /// too early. Nothing can be read afterwards.
    pub fn next_object(&mut self) -> Result<Option<Object<'_>>, WireError> {
        let parts = match self.step() {
            Ok(Step::Object(parts)) => parts,
            Ok(Step::Wait) => return Ok(None),
            Err(error) => {
                self.state = State::Failed;
                self.buffer = Vec::new();
                self.start = 0;
                return Err(error);
            }
        };
        let (index, offset) = (self.objects, self.bytes());
        let begin = self.start;
        self.start += parts.length;
        self.objects += 1;
        self.state = match self.options.format {
            Format::Array => State::Behind,
            Format::Lines => State::LineEnd,
        };
        let bytes = &self.buffer[begin..self.start];
        let object = match std::str::from_utf8(bytes) {
            Ok(text) => Object::new(text, &parts, &self.fields, index, offset),
            Err(error) => Err(WireError {
                kind: WireErrorKind::Utf8,
                offset: offset + error.valid_up_to() as u64,
                object: Some(index),
            }),
        };
        if object.is_err() {
            self.state = State::Failed;
        }
        object.map(Some)
    }

    fn error(&self, kind: WireErrorKind) -> WireError {
        let in_object = matches!(
            self.state,
            State::First | State::Next | State::Line | State::Behind
        ) && kind != WireErrorKind::Truncated
            || self.outline.is_some();
        WireError {
            kind,
            offset: self.bytes(),
            object: in_object.then_some(self.objects),
        }
    }

    /// Goes through what is between objects, up to the next one.
    fn step(&mut self) -> Result<Step, WireError> {
        loop {
            let newline = self.skip_space();
            let Some(byte) = self.buffer.get(self.start).copied() else {
                return self.wait();
            };
            match (self.state, byte) {
                (State::Failed, _) => return Err(self.error(WireErrorKind::Failed)),
                (State::Start, 0xef) => return Err(self.error(WireErrorKind::ByteOrderMark)),
                (State::Start, _) if self.options.format == Format::Lines => {
                    self.state = State::Line;
                }
                (State::Start, b'[') => {
                    self.start += 1;
                    self.state = State::First;
                }
                (State::Start, _) => return Err(self.error(WireErrorKind::NotAnArray)),
                (State::First | State::Behind, b']') => {
                    self.start += 1;
                    self.state = State::Done;
                }
                (State::Behind, b',') => {
                    self.start += 1;
                    self.state = State::Next;
                }
                (State::First | State::Next | State::Line, b'{') => return self.object(),
                (State::First | State::Next | State::Line, _) => {
                    let begins =
                        matches!(byte, b'"' | b'-' | b'0'..=b'9' | b'[' | b't' | b'f' | b'n');
                    return Err(self.error(if begins {
                        WireErrorKind::NotAnObject
                    } else {
                        WireErrorKind::Syntax
                    }));
                }
                (State::LineEnd, _) if newline => self.state = State::Line,
                (State::LineEnd | State::Done, _) => {
                    return Err(self.error(WireErrorKind::TrailingData));
                }
                (State::Behind, _) => return Err(self.error(WireErrorKind::Syntax)),
            }
        }
    }

    /// Skips space, and tells whether a line ended in it.
    fn skip_space(&mut self) -> bool {
        let mut newline = false;
        while let Some(byte @ (b' ' | b'\t' | b'\n' | b'\r')) = self.buffer.get(self.start) {
            newline |= *byte == b'\n';
            self.start += 1;
        }
        if newline && self.state == State::LineEnd {
            self.state = State::Line;
        }
        newline
    }

    /// There is nothing more for now: well or not.
    fn wait(&self) -> Result<Step, WireError> {
        if self.state == State::Failed {
            return Err(self.error(WireErrorKind::Failed));
        }
        if !self.ended {
            return Ok(Step::Wait);
        }
        match (self.state, self.options.format) {
            (State::Start, Format::Array) => Err(self.error(WireErrorKind::Empty)),
            (State::Start, Format::Lines) => Ok(Step::Wait),
            (State::Done | State::Line | State::LineEnd, _) => Ok(Step::Wait),
            _ => Err(self.error(WireErrorKind::Truncated)),
        }
    }

    fn object(&mut self) -> Result<Step, WireError> {
        let bytes = &self.buffer[self.start..];
        // What was not whole is looked at again only when it may be.
        if let Some(outline) = &mut self.outline {
            let whole = outline.closes(bytes) || bytes.len() > self.options.max_object;
            if !whole && !self.ended {
                return Ok(Step::Wait);
            }
        }
        let options = &self.options;
        let parsed = object::parse(
            bytes,
            options.max_depth,
            options.not_a_number,
            &mut self.fields,
        );
        match parsed {
            Ok(parts) if parts.length > options.max_object => {
                Err(self.error(WireErrorKind::TooLarge))
            }
            Ok(parts) => {
                self.outline = None;
                Ok(Step::Object(parts))
            }
            Err(Stop::Bad(kind, at)) => Err(WireError {
                kind,
                offset: self.bytes() + at as u64,
                object: Some(self.objects),
            }),
            Err(Stop::More) if bytes.len() > options.max_object => {
                Err(self.error(WireErrorKind::TooLarge))
            }
            Err(Stop::More) if self.ended => Err(WireError {
                kind: WireErrorKind::Truncated,
                offset: self.base + self.buffer.len() as u64,
                object: Some(self.objects),
            }),
            Err(Stop::More) => {
                let mut outline = Outline::default();
                outline.closes(bytes);
                self.outline = Some(outline);
                Ok(Step::Wait)
            }
        }
    }
}
