//! The way to a place inside an object.

use std::fmt;

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

    /// One step further in.
    #[cfg(feature = "sync")]
    pub(crate) fn push(&mut self, step: impl Into<Step>) {
        let at = self.steps().len();
        self.insert(at, step.into());
    }

    /// One step back out.
    #[cfg(feature = "sync")]
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
