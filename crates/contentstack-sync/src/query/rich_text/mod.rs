//! Rich text: the JSON editor's tree, and what HTML rich text embeds.
//!
//! [`Node`] is what a JSON rich text field holds. It is read like any other
//! field of a type of one's own:
//!
//! ```
//! use contentstack_sync::query::rich_text::{Embedded, Node};
//!
//! #[derive(serde::Deserialize)]
//! struct Article {
//!     body: Node,
//! }
//!
//! let article: Article = serde_json::from_str(r#"{"body": {"type": "doc", "children": [
//!     {"type": "p", "children": [{"text": "See "}, {"type": "reference", "children": [{"text": ""}],
//!         "attrs": {"type": "entry", "entry-uid": "blte000000000000002", "content-type-uid": "article"}}]}
//! ]}}"#)?;
//! assert_eq!(article.body.to_text(), "See ");
//! let Some(Embedded::Entry { uid, .. }) = article.body.embedded().next() else { panic!() };
//! assert_eq!(uid, "blte000000000000002");
//! # Ok::<(), serde_json::Error>(())
//! ```

pub(crate) mod html;
mod node;
mod render;

pub use self::node::{Embedded, Mark, Node, Nodes};
