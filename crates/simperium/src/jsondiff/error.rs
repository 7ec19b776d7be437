//! What can be wrong with a difference, and where.

use std::fmt;

/// Why a difference could not be read, made or applied.
///
/// A change that fails this way is never applied in part: reload the object
/// it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at {path}")]
pub struct DiffError {
    path: Path,
    kind: DiffErrorKind,
}

impl DiffError {
    pub(crate) fn new(kind: impl Into<DiffErrorKind>) -> Self {
        Self {
            path: Path::default(),
            kind: kind.into(),
        }
    }

    /// Puts a step before the path.
    pub(crate) fn within(mut self, step: impl Into<Step>) -> Self {
        self.path.put_before(step);
        self
    }

    /// What is wrong.
    pub fn kind(&self) -> &DiffErrorKind {
        &self.kind
    }

    /// Where in the object it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What is wrong with a difference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiffErrorKind {
    /// The outermost value is not a JSON object.
    #[error("not an object")]
    NotAnObject,
    /// An operation that no version of the protocol knows. The official
    /// programs pass over it, and then hold another object than its sender.
    #[error("an unknown operation")]
    UnknownOperation,
    /// An operation without its value, or with one of the wrong form.
    #[error("an operation of the wrong form")]
    MalformedOperation,
    /// An operation on a key or an index that is not there.
    #[error("an operation on something missing")]
    Missing,
    /// An operation on a value of another type.
    #[error("an operation on a value of another type")]
    WrongType,
    /// A sum that no number can hold: of integers, more than 38 digits (64 bits
    /// without the feature `exact-numbers`); of others, more than a double.
    #[error("a number out of range")]
    NumberRange,
    /// A text delta that cannot be read or does not fit its text.
    #[error(transparent)]
    Delta(#[from] DeltaError),
    /// The lines of a list's delta are not its elements as JSON.
    #[error("a list delta that breaks its elements")]
    ListText,
    /// More levels than the limit.
    #[error("nested too deeply")]
    TooDeep,
}

/// Why a text delta cannot be read or applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeltaError {
    /// A token that begins with none of `=`, `-` and `+`.
    #[error("a delta with an unknown token")]
    Token,
    /// A `=` or `-` without a number of its own, or a negative one.
    #[error("a delta with a broken number")]
    Number,
    /// Inserted text that is not escaped, or whose escapes are not UTF-8.
    #[error("a delta with broken escapes")]
    Escape,
    /// Inserted text with one half of a surrogate pair, which no string of
    /// this language can hold.
    #[error("a delta with half a character")]
    LoneSurrogate,
    /// The kept and deleted lengths are not those of the text.
    #[error("a delta of another length than its text")]
    Length,
    /// A length that ends between the halves of a surrogate pair.
    #[error("a delta that cuts a character in two")]
    SplitCharacter,
}

/// A way into an object, shown as `notes[3].title`.
#[derive(Clone, Default)]
pub struct Path(Steps);

/// Most ways have one step.
#[derive(Clone, Default)]
enum Steps {
    #[default]
    None,
    One(Step),
    Many(Vec<Step>),
}

impl Path {
    /// The steps, from the outermost.
    pub fn steps(&self) -> &[Step] {
        match &self.0 {
            Steps::None => &[],
            Steps::One(step) => std::slice::from_ref(step),
            Steps::Many(steps) => steps,
        }
    }

    pub(crate) fn push(&mut self, step: impl Into<Step>) {
        let at = self.steps().len();
        self.insert(at, step.into());
    }

    pub(crate) fn pop(&mut self) {
        match &mut self.0 {
            Steps::Many(steps) => drop(steps.pop()),
            one => *one = Steps::None,
        }
    }

    /// The same way from one step further out.
    pub(crate) fn put_before(&mut self, step: impl Into<Step>) {
        self.insert(0, step.into());
    }

    fn insert(&mut self, at: usize, step: Step) {
        match &mut self.0 {
            Steps::None => self.0 = Steps::One(step),
            Steps::Many(steps) => steps.insert(at, step),
            one => {
                if let Steps::One(other) = std::mem::take(one) {
                    let mut steps = vec![other];
                    steps.insert(at, step);
                    *one = Steps::Many(steps);
                }
            }
        }
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Path").field(&self.steps()).finish()
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.steps() == other.steps()
    }
}

impl Eq for Path {}

impl PartialOrd for Path {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Path {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.steps().cmp(other.steps())
    }
}

impl std::hash::Hash for Path {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.steps().hash(state);
    }
}

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into an object.
    Key(String),
    /// Into a list.
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps().is_empty() {
            return f.write_str("the top");
        }
        for (at, step) in self.steps().iter().enumerate() {
            match step {
                Step::Key(key) if at == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
