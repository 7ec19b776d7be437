//! Writing a body.

use crate::row::Row;
use crate::schema::{FieldKind, Model, Schema};
use crate::value::Value;
use crate::wire::encode::write_value;
use crate::wire::escape::write_text;
use crate::wire::profile::Part;
use crate::wire::{Format, Profile};

/// A row that is of no model of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of a model that the schema does not have")]
pub struct UnknownRow;

/// Writes rows as a body, as the serializer of Django does.
///
/// ```
/// use synctools::schema::{FieldKind, ModelBuilder, Schema};
/// use synctools::wire::{Profile, Writer};
/// use synctools::{Row, Value};
///
/// let schema = Schema::builder()
///     .model(ModelBuilder::new("blog.post").field("title", FieldKind::Text))
///     .build()?;
/// let model = schema.model("blog.post").unwrap();
/// let mut row = Row::new(model);
/// row.set(model.pk_index(), Value::Int(1));
/// row.set(model.field_named("title").unwrap().index(), Value::text("Café"));
///
/// let mut body = Vec::new();
/// let mut writer = Writer::new(&schema, Profile::Django5);
/// writer.write(&row, &mut body)?;
/// writer.finish(&mut body);
/// assert_eq!(
///     String::from_utf8(body)?,
///     r#"[{"model": "blog.post", "pk": 1, "fields": {"title": "Café"}}]"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Values are written as what they are, whatever their field takes, and absent
/// ones are left out. Floats that are not finite are written as Python does,
/// which is not JSON.
#[derive(Debug)]
pub struct Writer {
    schema: Schema,
    profile: Profile,
    format: Format,
    plans: Vec<Option<Plan>>,
    objects: u64,
}

/// What is the same for all rows of a model.
#[derive(Debug)]
struct Plan {
    /// `"model": "blog.post"`
    model: Box<[u8]>,
    /// The values and lists that travel.
    fields: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    /// `"title": `
    key: Box<[u8]>,
    kind: FieldKind,
    from: From,
}

/// Where in a row it is.
#[derive(Clone, Copy, Debug)]
enum From {
    Field(usize),
    ManyToMany(usize),
}

fn key(name: &str, ascii: bool) -> Vec<u8> {
    let mut key = Vec::new();
    write_text(name, ascii, &mut key);
    key.extend_from_slice(b": ");
    key
}

impl Plan {
    fn new(model: &Model, ascii: bool) -> Self {
        let mut label = key("model", ascii);
        write_text(model.label().as_str(), ascii, &mut label);
        let fields = model
            .fields()
            .iter()
            .filter(|field| field.is_serialized() && !field.is_primary_key())
            .map(|field| Planned {
                key: key(field.name(), ascii).into(),
                kind: field.kind().clone(),
                from: From::Field(field.index().get()),
            });
        let lists = model
            .many_to_many()
            .iter()
            .filter(|field| field.is_serialized())
            .map(|field| Planned {
                key: key(field.name(), ascii).into(),
                kind: field.to_kind().clone(),
                from: From::ManyToMany(field.index().get()),
            });
        Self {
            model: label.into(),
            fields: fields.chain(lists).collect(),
        }
    }
}

impl Writer {
    /// A writer of an array, as this Django has it.
    pub fn new(schema: &Schema, profile: Profile) -> Self {
        Self {
            plans: schema.models().iter().map(|_| None).collect(),
            schema: schema.clone(),
            profile,
            format: Format::Array,
            objects: 0,
        }
    }

    /// Writes one object in each line instead.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// How many rows have been written.
    pub fn objects(&self) -> u64 {
        self.objects
    }

    /// Appends a row, and what has to stand before it.
    ///
    /// # Errors
    ///
    /// When it is of no model of the schema. Nothing is written then.
    pub fn write(&mut self, row: &Row, out: &mut Vec<u8>) -> Result<(), UnknownRow> {
        let ascii = self.profile.is_ascii();
        let model = self.schema.get(row.model()).ok_or(UnknownRow)?;
        let plan = self.plans.get_mut(model.id().get()).ok_or(UnknownRow)?;
        let plan = plan.get_or_insert_with(|| Plan::new(model, ascii));
        match (self.format, self.objects) {
            (Format::Array, 0) => out.push(b'['),
            (Format::Array, _) => out.extend_from_slice(b", "),
            (Format::Lines, _) => {}
        }
        self.objects += 1;
        out.push(b'{');
        for (i, part) in self.profile.parts().into_iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(b", ");
            }
            match part {
                Part::Model => out.extend_from_slice(&plan.model),
                Part::Pk => {
                    out.extend_from_slice(b"\"pk\": ");
                    let pk = row.get(model.pk_index()).unwrap_or(&Value::Null);
                    write_value(model.pk().kind(), pk, ascii, out);
                }
                Part::Fields => plan.write(row, ascii, out),
            }
        }
        out.push(b'}');
        if self.format == Format::Lines {
            out.push(b'\n');
        }
        Ok(())
    }

    /// Appends what has to stand at the end of the body.
    pub fn finish(self, out: &mut Vec<u8>) {
        if self.format == Format::Array {
            if self.objects == 0 {
                out.push(b'[');
            }
            out.push(b']');
        }
    }
}

impl Plan {
    fn write(&self, row: &Row, ascii: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"fields\": {");
        let mut separate = false;
        for field in &self.fields {
            let mut begin = |out: &mut Vec<u8>| {
                if separate {
                    out.extend_from_slice(b", ");
                }
                separate = true;
                out.extend_from_slice(&field.key);
            };
            match field.from {
                From::Field(at) => {
                    if let Some(Some(value)) = row.values().get(at) {
                        begin(out);
                        write_value(&field.kind, value, ascii, out);
                    }
                }
                From::ManyToMany(at) => {
                    if let Some(Some(keys)) = row.many_to_many().get(at) {
                        begin(out);
                        write_list(&field.kind, keys, ascii, out);
                    }
                }
            }
        }
        out.push(b'}');
    }
}

fn write_list(kind: &FieldKind, keys: &[Value], ascii: bool, out: &mut Vec<u8>) {
    out.push(b'[');
    for (i, key) in keys.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(b", ");
        }
        write_value(kind, key, ascii, out);
    }
    out.push(b']');
}
