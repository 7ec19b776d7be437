//! Bodies, as they are written and read.

pub(crate) mod answer;
pub(crate) mod index;
pub(crate) mod object;
