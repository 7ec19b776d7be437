//! What the schema of a content type says about its fields.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::RawJson;

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// Assets.
    File,
    /// Entries.
    Reference,
}

/// The fields of a content type that name assets or entries, by their paths
/// without indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(BTreeMap<String, FieldKind>);

#[derive(Deserialize)]
struct Type {
    #[serde(default)]
    schema: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    #[serde(default)]
    uid: String,
    #[serde(default)]
    data_type: String,
    #[serde(default)]
    schema: Vec<Field>,
    #[serde(default)]
    blocks: Vec<Field>,
}

impl Fields {
    /// Reads a content type. What cannot be read says nothing.
    pub(crate) fn read(content_type: &RawJson) -> Self {
        let mut found = Self::default();
        if let Ok(content_type) = content_type.decode::<Type>() {
            found.collect(&content_type.schema, "");
        }
        found
    }

    fn collect(&mut self, fields: &[Field], within: &str) {
        for field in fields {
            let path = match within {
                "" => field.uid.clone(),
                within => format!("{within}.{}", field.uid),
            };
            self.collect(&field.schema, &path);
            self.collect(&field.blocks, &path);
            let kind = match field.data_type.as_str() {
                "file" => FieldKind::File,
                "reference" => FieldKind::Reference,
                _ => continue,
            };
            self.0.insert(path, kind);
        }
    }

    pub(crate) fn kind(&self, path: &str) -> Option<FieldKind> {
        self.0.get(path).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_groups_blocks_and_global_fields() {
        let schema: RawJson = serde_json::from_str(
            r#"{"uid":"article","schema":[
                {"uid":"title","data_type":"text"},
                {"uid":"hero","data_type":"file"},
                {"uid":"author","data_type":"reference","reference_to":["author"]},
                {"uid":"seo","data_type":"global_field","schema":[{"uid":"image","data_type":"file"}]},
                {"uid":"sections","data_type":"blocks","blocks":[
                    {"uid":"card","schema":[{"uid":"target","data_type":"reference"}]}]}
            ]}"#,
        )
        .unwrap();
        let fields = Fields::read(&schema);
        assert_eq!(fields.kind("hero"), Some(FieldKind::File));
        assert_eq!(fields.kind("author"), Some(FieldKind::Reference));
        assert_eq!(fields.kind("seo.image"), Some(FieldKind::File));
        assert_eq!(
            fields.kind("sections.card.target"),
            Some(FieldKind::Reference)
        );
        assert_eq!(fields.kind("title"), None);
        assert_eq!(fields.0.len(), 4);
    }

    #[test]
    fn a_schema_that_cannot_be_read_says_nothing() {
        for text in ["{}", "null", r#"{"schema":"none"}"#] {
            let schema: RawJson = serde_json::from_str(text).unwrap();
            assert_eq!(Fields::read(&schema), Fields::default());
        }
    }
}
