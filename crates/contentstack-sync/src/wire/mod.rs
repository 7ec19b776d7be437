//! Answers as they come, read leniently: nothing in one item spoils its page.

mod head;
mod item;
mod page;
mod text;

pub(crate) use self::head::head;
pub(crate) use self::item::{item, write};
pub(crate) use self::page::page;
pub(crate) use self::text::number;
