//! Questions to a mirror, and to the content in it.
//!
//! A [`Mirror`](crate::mirror::Mirror) answers them from its store, without the
//! service: [`entries`](crate::mirror::Mirror::entries) of a content type,
//! [`assets`](crate::mirror::Mirror::assets), and what
//! [refers](crate::mirror::Mirror::referrers) to them. Results are types of
//! one's own, `serde_json::Value`, or [`RawJson`](crate::model::RawJson) for the exact text.
//!
//! ```
//! use contentstack_sync::query::{Direction, field};
//! # use contentstack_sync::mirror::Mirror;
//! # use contentstack_sync::query::QueryError;
//!
//! #[derive(serde::Deserialize)]
//! struct Article {
//!     title: String,
//! }
//!
//! # async fn ask(mirror: Mirror) -> Result<(), QueryError> {
//! let articles: Vec<Article> = mirror
//!     .entries("article")
//!     .locale("fr-fr")
//!     .fallback(["en-us"])
//!     .filter(field("featured").eq(true))
//!     .filter(field("author").refers_to(field("title").eq("Ada")))
//!     .order_by("date", Direction::Descending)
//!     .limit(20)
//!     .include_references(2)
//!     .find()
//!     .await?;
//! # let _ = articles; Ok(())
//! # }
//! ```
//!
//! # From DataSync's query SDK
//!
//! | DataSync | here |
//! |---|---|
//! | `contentType(t).entries()`, `.entry(uid)` | `mirror.entries(t)`, `.uid(uid)` |
//! | `contentType(t).assets()`, `schemas()` | `mirror.assets()`, `mirror.schema(t)` |
//! | `language(l)` | [`locale`](Query::locale), and [`fallback`](Query::fallback) |
//! | `where`, `equalTo`, `notEqualTo` | [`field(f).eq(v)`](Field::eq), [`ne`](Field::ne) |
//! | `lessThan`, `lessThanOrEqualTo`, `greaterThan`, `greaterThanOrEqualTo` | [`lt`](Field::lt), [`le`](Field::le), [`gt`](Field::gt), [`ge`](Field::ge) |
//! | `containedIn`, `notContainedIn`, `tags` | [`contained_in`](Field::contained_in), [`not_contained_in`](Field::not_contained_in), [`Query::tags`] |
//! | `exists`, `notExists`, `regex` | [`exists`](Field::exists), [`missing`](Field::missing), [`regex`](Field::regex) |
//! | `and`, `or` | `&`, `\|`, `!`, or [`Condition::all`], [`Condition::any`] |
//! | `query({…})` | [`filter`](Query::filter), any number of times |
//! | `queryReferences` | [`refers_to`](Field::refers_to) |
//! | `ascending`, `descending` | [`order_by`](Query::order_by), any number of times |
//! | `limit`, `skip`, `only`, `except` | the same |
//! | `include`, `includeReferences(depth)` | [`include`](Query::include), [`include_references`](Query::include_references) |
//! | `excludeReferences` | what happens anyway |
//! | assets in place of their uids | [`include_assets`](Query::include_assets) |
//! | `includeCount`, `includeContentType` | [`include_count`](Query::include_count), [`include_content_type`](Query::include_content_type) |
//! | `find`, `findOne`, `count` | [`find`](Query::find) or [`fetch`](Query::fetch), [`first`](Query::first), [`count`](Query::count) |

mod builder;
mod condition;
mod error;
mod include;
mod lookup;
mod mirror;
mod number;
mod order;
pub(crate) mod path;
mod project;
pub mod references;
pub mod rich_text;
mod run;
mod schema;
mod stream;
pub mod urls;
mod value;

pub use self::builder::{AssetQuery, Assets, Entries, EntryQuery, Query, Results};
pub use self::condition::{Condition, Field, field};
pub use self::error::QueryError;
pub use self::order::Direction;
pub use self::path::FieldPath;
pub use self::stream::QueryStream;
pub use self::value::Operand;

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
