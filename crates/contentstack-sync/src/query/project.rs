//! Entries with only some of their fields.

use std::collections::BTreeMap;

use super::path::{FieldPath, MAX_DEPTH, elements, members};

/// Which fields are kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Projection {
    only: Option<Tree>,
    except: Tree,
}

/// Paths by their segments. A leaf stands for all that is below it.
#[derive(Clone, Debug, Default)]
struct Tree(BTreeMap<Box<str>, Tree>);

impl Projection {
    pub(crate) fn only(&mut self, path: &FieldPath) {
        let tree = self.only.get_or_insert_with(|| {
            let mut tree = Tree::default();
            tree.add(&["uid".into()]);
            tree
        });
        tree.add(path.as_slice());
    }

    pub(crate) fn except(&mut self, path: &FieldPath) {
        self.except.add(path.as_slice());
    }

    /// The JSON text of what is kept; `None` when that is all of it.
    pub(crate) fn apply(&self, data: &str) -> Option<String> {
        if self.only.is_none() && self.except.0.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(data.len());
        write(
            data,
            self.only.as_ref(),
            Some(&self.except).filter(|tree| !tree.0.is_empty()),
            0,
            &mut out,
        );
        Some(out)
    }
}

impl Tree {
    fn add(&mut self, path: &[Box<str>]) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let is_new = !self.0.contains_key(first);
        let below = self.0.entry(first.clone()).or_default();
        if rest.is_empty() {
            // All of it, whatever was named below it before.
            below.0.clear();
        } else if is_new || !below.0.is_empty() {
            below.add(rest);
        }
    }
}

fn write(value: &str, only: Option<&Tree>, except: Option<&Tree>, depth: usize, out: &mut String) {
    match value.as_bytes().first() {
        _ if (only.is_none() && except.is_none()) || depth > MAX_DEPTH => out.push_str(value),
        Some(b'{') => {
            out.push('{');
            for (key, value) in members(value) {
                let only = match only.map(|tree| tree.0.get(key.as_str())) {
                    None => None,
                    Some(None) => continue,
                    Some(Some(tree)) => Some(tree).filter(|tree| !tree.0.is_empty()),
                };
                let except = match except.and_then(|tree| tree.0.get(key.as_str())) {
                    Some(tree) if tree.0.is_empty() => continue,
                    below => below,
                };
                if !out.ends_with('{') {
                    out.push(',');
                }
                out.push_str(&super::quoted(&key));
                out.push(':');
                write(value, only, except, depth + 1, out);
            }
            out.push('}');
        }
        Some(b'[') => {
            out.push('[');
            for (index, element) in elements(value).enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(element, only, except, depth + 1, out);
            }
            out.push(']');
        }
        _ => out.push_str(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"{"uid":"b1","a":{"b":1.50,"c":[{"d":1,"e":2},{"e":3}]},"f":null}"#;

    fn project(only: &[&str], except: &[&str]) -> String {
        let mut projection = Projection::default();
        for path in only {
            projection.only(&FieldPath::from(*path));
        }
        for path in except {
            projection.except(&FieldPath::from(*path));
        }
        projection.apply(DATA).unwrap_or_else(|| DATA.to_owned())
    }

    #[test]
    fn only_keeps_the_named_and_the_uid() {
        assert_eq!(project(&[], &[]), DATA);
        assert_eq!(project(&["f"], &[]), r#"{"uid":"b1","f":null}"#);
        assert_eq!(project(&["a.b"], &[]), r#"{"uid":"b1","a":{"b":1.50}}"#);
        assert_eq!(
            project(&["a.c.e"], &[]),
            r#"{"uid":"b1","a":{"c":[{"e":2},{"e":3}]}}"#
        );
        assert_eq!(project(&["none"], &[]), r#"{"uid":"b1"}"#);
        // The whole wins over a part of it, in either order.
        let whole = r#"{"uid":"b1","a":{"b":1.50,"c":[{"d":1,"e":2},{"e":3}]}}"#;
        assert_eq!(project(&["a", "a.b"], &[]), whole);
        assert_eq!(project(&["a.b", "a"], &[]), whole);
    }

    #[test]
    fn except_leaves_out_the_named() {
        assert_eq!(project(&[], &["a"]), r#"{"uid":"b1","f":null}"#);
        assert_eq!(
            project(&[], &["a.c.d", "uid"]),
            r#"{"a":{"b":1.50,"c":[{"e":2},{"e":3}]},"f":null}"#
        );
        assert_eq!(project(&["a"], &["a.c"]), r#"{"uid":"b1","a":{"b":1.50}}"#);
    }
}
