//! Django projects with the synctool, and the databases they are on.

mod case;
mod database;
mod ours;
mod project;
#[cfg(any(feature = "demo", feature = "serve"))]
pub mod sample;
mod served;
mod server;

use std::path::{Path, PathBuf};

use serde_json::Value;

pub use self::case::{Case, ROWS};
pub use self::database::{Backend, Database};
pub use self::ours::{APPS, Ours, fetch, listen, store};
pub use self::project::{Django, Project};
pub use self::served::{Framing, Served};
pub use self::server::Site;
pub use crate::contentstack::Folder;

/// What the project's server wants to be told.
pub const TOKEN: &str = "open sesame";

/// A file of the project.
pub fn project_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers/synctools")
        .join(name)
}

/// Where two values are not the same, and what is there; nothing if they are.
pub fn difference(one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        (Value::Object(ones), Value::Object(others)) => {
            let keys = ones.keys().chain(others.keys());
            keys.into_iter().find_map(|key| {
                let inner = difference(&one[key], &other[key])?;
                Some(format!("{key}: {inner}"))
            })
        }
        (Value::Array(ones), Value::Array(others)) if ones.len() == others.len() => {
            let mut pairs = ones.iter().zip(others).enumerate();
            pairs.find_map(|(index, (one, other))| {
                let inner = difference(one, other)?;
                Some(format!("{index}: {inner}"))
            })
        }
        _ if one == other => None,
        _ => Some(format!("{one} is not {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_is_told_with_its_place() {
        let one = json!({"a": [1, {"b": "x"}], "c": 1});
        assert_eq!(difference(&one, &one), None);
        let other = json!({"a": [1, {"b": "y"}], "c": 1});
        let told = difference(&one, &other);
        assert_eq!(told.as_deref(), Some(r#"a: 1: b: "x" is not "y""#));
        let longer = json!({"a": [1, {"b": "x"}], "c": 1, "d": null, "e": 5});
        assert_eq!(
            difference(&one, &longer).as_deref(),
            Some("e: null is not 5")
        );
        assert!(difference(&json!([1]), &json!([1, 2])).is_some());
    }
}
