//! Two deltas, one after the other, as one.

use std::borrow::Cow;

use super::units;
use crate::jsondiff::delta::{Delta, DeltaOp};
use crate::jsondiff::error::DeltaError;

/// The delta that does what `first` and then `second` do. No text is needed
/// for it.
///
/// ```
/// use simperium::jsondiff::text;
///
/// let both = text::compose(&"=2\t+D".into(), &"=1\t-1\t=1\t+%C3%A9".into())?;
/// assert_eq!(both.as_str(), "=1\t-1\t+D%C3%A9");
/// # Ok::<(), simperium::jsondiff::DeltaError>(())
/// ```
///
/// # Errors
///
/// One of the deltas is broken, or the second is for a text of another length.
pub fn compose(first: &Delta, second: &Delta) -> Result<Delta, DeltaError> {
    let mut out = Builder::default();
    let mut made = Made {
        ops: first.ops(),
        pending: None,
    };
    for op in second.ops() {
        match op? {
            DeltaOp::Insert(text) => out.insert(&text),
            DeltaOp::Keep(units) => made.take(units, true, &mut out)?,
            DeltaOp::Delete(units) => made.take(units, false, &mut out)?,
        }
    }
    made.finish(&mut out)?;
    Ok(out.finish())
}

/// What the first delta makes, still to be kept or deleted by the second.
struct Made<'a, I: Iterator<Item = Result<DeltaOp<'a>, DeltaError>>> {
    ops: I,
    pending: Option<Part<'a>>,
}

/// What is left of one token.
enum Part<'a> {
    Delete(usize),
    Keep(usize),
    Insert {
        text: Cow<'a, str>,
        at: usize,
        units: usize,
    },
}

impl<'a> From<DeltaOp<'a>> for Part<'a> {
    fn from(op: DeltaOp<'a>) -> Self {
        match op {
            DeltaOp::Delete(len) => Self::Delete(len),
            DeltaOp::Keep(len) => Self::Keep(len),
            DeltaOp::Insert(text) => Self::Insert {
                at: 0,
                units: units::len(&text),
                text,
            },
        }
    }
}

impl<'a, I: Iterator<Item = Result<DeltaOp<'a>, DeltaError>>> Made<'a, I> {
    fn next(&mut self) -> Result<Option<Part<'a>>, DeltaError> {
        match self.pending.take() {
            Some(part) => Ok(Some(part)),
            None => Ok(self.ops.next().transpose()?.map(Part::from)),
        }
    }

    fn take(&mut self, mut wanted: usize, keep: bool, out: &mut Builder) -> Result<(), DeltaError> {
        while wanted > 0 {
            match self.next()?.ok_or(DeltaError::Length)? {
                Part::Delete(len) => out.delete(len),
                Part::Keep(len) => {
                    let part = len.min(wanted);
                    if keep {
                        out.keep(part)
                    } else {
                        out.delete(part)
                    }
                    wanted -= part;
                    if len > part {
                        self.pending = Some(Part::Keep(len - part));
                    }
                }
                Part::Insert { text, at, units } => {
                    let part = units.min(wanted);
                    let len =
                        units::byte_at(&text[at..], part).ok_or(DeltaError::SplitCharacter)?;
                    if keep {
                        out.insert(&text[at..at + len]);
                    }
                    wanted -= part;
                    if units > part {
                        self.pending = Some(Part::Insert {
                            text,
                            at: at + len,
                            units: units - part,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Nothing may be left but what the first delta deletes.
    fn finish(&mut self, out: &mut Builder) -> Result<(), DeltaError> {
        while let Some(part) = self.next()? {
            match part {
                Part::Delete(len) => out.delete(len),
                Part::Keep(0) | Part::Insert { units: 0, .. } => {}
                Part::Keep(_) | Part::Insert { .. } => return Err(DeltaError::Length),
            }
        }
        Ok(())
    }
}

/// Joins what belongs together, deletions before insertions.
#[derive(Default)]
struct Builder {
    delta: Delta,
    kept: usize,
    deleted: usize,
    inserted: String,
}

impl Builder {
    fn keep(&mut self, units: usize) {
        if self.deleted > 0 || !self.inserted.is_empty() {
            self.flush();
        }
        self.kept = self.kept.saturating_add(units);
    }

    fn delete(&mut self, units: usize) {
        self.deleted = self.deleted.saturating_add(units);
    }

    fn insert(&mut self, text: &str) {
        self.inserted.push_str(text);
    }

    fn flush(&mut self) {
        for (op, len) in [
            (DeltaOp::Keep(self.kept), self.kept),
            (DeltaOp::Delete(self.deleted), self.deleted),
        ] {
            if len > 0 {
                self.delta.push(&op);
            }
        }
        let inserted = std::mem::take(&mut self.inserted);
        if !inserted.is_empty() {
            self.delta.push(&DeltaOp::Insert(inserted.into()));
        }
        (self.kept, self.deleted) = (0, 0);
    }

    fn finish(mut self) -> Delta {
        self.flush();
        self.delta
    }
}
