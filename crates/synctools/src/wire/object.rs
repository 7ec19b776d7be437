//! One object of the body.

use crate::wire::raw::{RawText, RawValue};
use crate::wire::scan::{Cursor, Kind, Stop};
use crate::wire::{WireError, WireErrorKind};

/// A key with its value: where they are in the text of the object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    key: (u32, u32),
    key_escaped: bool,
    value: (u32, u32),
    kind: Kind,
}

/// Where the parts of an object are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub(crate) length: usize,
    model: Option<Member>,
    pk: Option<Member>,
    has_fields: bool,
}

/// The largest object whose places fit into 32 bits.
pub(crate) const LARGEST: usize = u32::MAX as usize;

/// No model has more fields, and what is kept of each is more than a short one
/// takes in the body.
const MOST_FIELDS: usize = 1 << 16;

/// Reads an object from the front of some bytes: its members, and those of its
/// `fields` into a list that is used again and again.
pub(crate) fn parse(
    bytes: &[u8],
    depth: usize,
    not_a_number: bool,
    fields: &mut Vec<Member>,
) -> Result<Parts, Stop> {
    let mut cursor = Cursor::new(bytes, depth, not_a_number);
    let mut parts = Parts {
        length: 0,
        model: None,
        pk: None,
        has_fields: false,
    };
    fields.clear();
    cursor.enter(b'{')?;
    let mut first = true;
    while cursor.more(&mut first, b'}')? {
        let (start, end, escaped) = cursor.key()?;
        match bytes.get(start..end).unwrap_or_default() {
            b"model" => parts.model = Some(member(&mut cursor, (start, end), escaped)?),
            b"pk" => parts.pk = Some(member(&mut cursor, (start, end), escaped)?),
            b"fields" => {
                // The last of equal keys counts.
                fields.clear();
                parts.has_fields = cursor.peek()? == b'{';
                if !parts.has_fields {
                    cursor.value()?;
                    continue;
                }
                cursor.enter(b'{')?;
                let mut first = true;
                while cursor.more(&mut first, b'}')? {
                    let (start, end, escaped) = cursor.key()?;
                    if fields.len() == MOST_FIELDS {
                        return Err(Stop::Bad(WireErrorKind::TooLarge, start));
                    }
                    fields.push(member(&mut cursor, (start, end), escaped)?);
                }
            }
            _ => {
                cursor.value()?;
            }
        }
    }
    parts.length = cursor.at();
    Ok(parts)
}

#[inline]
fn member(cursor: &mut Cursor<'_>, key: (usize, usize), key_escaped: bool) -> Result<Member, Stop> {
    let (start, kind) = cursor.value()?;
    Ok(Member {
        // No object is larger than `LARGEST`.
        key: (key.0 as u32, key.1 as u32),
        key_escaped,
        value: (start as u32, cursor.at() as u32),
        kind,
    })
}

impl Member {
    fn value<'a>(&self, text: &'a str) -> RawValue<'a> {
        RawValue::new(slice(text, self.value), self.kind)
    }
}

fn slice(text: &str, (start, end): (u32, u32)) -> &str {
    text.get(start as usize..end as usize).unwrap_or_default()
}

/// One object of the body: a row, not yet understood.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    text: &'a str,
    fields: &'a [Member],
    model: RawText<'a>,
    pk: Option<RawValue<'a>>,
    index: u64,
    offset: u64,
}

impl<'a> Object<'a> {
    pub(crate) fn new(
        text: &'a str,
        parts: &Parts,
        fields: &'a [Member],
        index: u64,
        offset: u64,
    ) -> Result<Self, WireError> {
        let error = |kind| WireError {
            kind,
            offset,
            object: Some(index),
        };
        let model = match parts.model.map(|member| member.value(text)) {
            Some(RawValue::Text(model)) => model,
            _ => return Err(error(WireErrorKind::NoModel)),
        };
        if !parts.has_fields {
            return Err(error(WireErrorKind::NoFields));
        }
        Ok(Self {
            text,
            fields,
            model,
            pk: parts.pk.map(|member| member.value(text)),
            index,
            offset,
        })
    }

    /// Which object of the body it is, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Where it begins: bytes from the beginning of the body, after
    /// decompression.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Its `model`.
    pub fn model(&self) -> RawText<'a> {
        self.model
    }

    /// Its `pk`, if it has that key.
    pub fn pk(&self) -> Option<RawValue<'a>> {
        self.pk
    }

    /// Its `fields`, in the order in which they stand there.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (RawText<'a>, RawValue<'a>)> + 'a {
        let text = self.text;
        self.fields.iter().map(move |member| {
            let key = RawText {
                text: slice(text, member.key),
                escaped: member.key_escaped,
            };
            (key, member.value(text))
        })
    }

    /// The object, as it is written.
    pub fn as_written(&self) -> &'a str {
        self.text
    }
}
