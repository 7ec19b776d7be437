//! Schemas that a Django project exported.

use serde::Deserialize;
use serde_json::value::RawValue as JsonText;

use crate::schema::convert::{self, Convert};
use crate::schema::{
    FieldBuilder, FieldKind, ManyToManyBuilder, ModelBuilder, Schema, SchemaError,
};
use crate::value::Value;
use crate::wire::RawValue;

#[derive(Deserialize)]
struct ModelInfo<'a> {
    model: String,
    table: String,
    #[serde(borrow)]
    fields: Vec<FieldInfo<'a>>,
    #[serde(default)]
    m2m: Vec<PairsInfo>,
    #[serde(default)]
    parents: Vec<String>,
    proxy_for: Option<String>,
    /// The fields by which rows are looked up.
    natural_key: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct FieldInfo<'a> {
    name: String,
    column: String,
    #[serde(rename = "type")]
    kind: String,
    db_type: Option<String>,
    #[serde(default)]
    null: bool,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    primary_key: bool,
    #[serde(default = "yes")]
    on_wire: bool,
    #[serde(default)]
    image: bool,
    /// Whether the database computes it.
    #[serde(default)]
    generated: bool,
    max_length: Option<u32>,
    max_digits: Option<u32>,
    decimal_places: Option<u32>,
    /// `USE_TZ` of the project.
    aware: Option<bool>,
    /// What an array is made of.
    element: Option<Box<FieldInfo<'a>>>,
    #[serde(borrow)]
    default: Option<&'a JsonText>,
    to: Option<String>,
    to_field: Option<String>,
    to_column: Option<String>,
    to_table: Option<String>,
    /// The type of the field that it points to.
    to_type: Option<String>,
}

#[derive(Deserialize)]
struct PairsInfo {
    name: String,
    table: String,
    source_column: String,
    target_column: String,
    to: String,
    to_table: Option<String>,
    to_column: Option<String>,
    to_type: Option<String>,
    #[serde(default)]
    symmetrical: bool,
    #[serde(default = "yes")]
    on_wire: bool,
}

fn yes() -> bool {
    true
}

impl Schema {
    /// Reads what `scripts/export_schema.py` of this crate prints inside a
    /// Django project: all there is to know about it. What a shell of Django
    /// prints before it is read over.
    ///
    /// # Errors
    ///
    /// When it is something else, or there is a field of a type that is not
    /// Django's own; see [`Schema::from_django_json_with`].
    ///
    /// ```
    /// use synctools::Schema;
    ///
    /// let schema = Schema::from_django_json(
    ///     r#"[{"model": "blog.post", "table": "blog_post", "fields": [
    ///         {"name": "id", "column": "id", "type": "AutoField", "primary_key": true},
    ///         {"name": "title", "column": "title", "type": "CharField", "max_length": 200}
    ///     ]}]"#,
    /// )?;
    /// assert_eq!(schema.model("blog.post").unwrap().fields().len(), 2);
    /// # Ok::<(), synctools::schema::SchemaError>(())
    /// ```
    pub fn from_django_json(json: &str) -> Result<Self, SchemaError> {
        Self::from_django_json_with(json, |_, _, _| None)
    }

    /// As [`Schema::from_django_json`], with a say in what fields hold: `kind`
    /// is asked about every field that has no kind of Django's own, with the
    /// names of its model, of itself and of its type.
    ///
    /// # Errors
    ///
    /// As [`Schema::from_django_json`].
    pub fn from_django_json_with(
        json: &str,
        mut kind: impl FnMut(&str, &str, &str) -> Option<FieldKind>,
    ) -> Result<Self, SchemaError> {
        let json = match json.find("\n[") {
            Some(at) if !json.trim_start().starts_with(['[', '{']) => &json[at..],
            _ => json,
        };
        let models: Vec<ModelInfo<'_>> =
            serde_json::from_str(json).map_err(|error| SchemaError::Json(error.to_string()))?;
        let mut builder = Schema::builder();
        for info in models {
            builder = builder.model(model(info, &mut kind)?);
        }
        builder.build()
    }
}

fn model(
    info: ModelInfo<'_>,
    other: &mut impl FnMut(&str, &str, &str) -> Option<FieldKind>,
) -> Result<ModelBuilder, SchemaError> {
    let mut model = ModelBuilder::new(info.model.clone()).table(info.table);
    if let Some(names) = info.natural_key {
        model = model.natural_key(names);
    }
    if let Some(target) = info.proxy_for {
        return Ok(model.proxy_for(target));
    }
    for parent in info.parents {
        let points = |field: &&FieldInfo<'_>| {
            field.kind == "OneToOneField"
                && field
                    .to
                    .as_ref()
                    .is_some_and(|to| to.eq_ignore_ascii_case(&parent))
        };
        let pointer = info
            .fields
            .iter()
            .filter(points)
            .max_by_key(|field| (field.primary_key, field.name.ends_with("_ptr")));
        if let Some(pointer) = pointer {
            model = model.inherits_through(parent, pointer.name.clone());
        }
    }
    if info.fields.iter().all(|field| !field.primary_key) {
        // A key of several columns is none of its fields.
        return Err(match info.model.parse() {
            Ok(label) => SchemaError::PrimaryKey(label),
            Err(_) => SchemaError::Label(info.model),
        });
    }
    for field in &info.fields {
        if field.generated {
            model = model.computed(field.name.clone());
            continue;
        }
        model = model.with(self::field(&info.model, field, other)?);
    }
    for pairs in info.m2m {
        let mut field = ManyToManyBuilder::new(pairs.name, pairs.to)
            .table(pairs.table)
            .columns(pairs.source_column, pairs.target_column)
            .symmetrical(pairs.symmetrical);
        if let (Some(table), Some(column), Some(kind)) =
            (pairs.to_table, pairs.to_column, pairs.to_type)
        {
            if let Some(kind) = plain_kind(&kind) {
                field = field.outside(table, column, kind);
            }
        }
        if !pairs.on_wire {
            field = field.explicit();
        }
        model = model.with_many_to_many(field);
    }
    Ok(model)
}

fn field(
    model: &str,
    info: &FieldInfo<'_>,
    other: &mut impl FnMut(&str, &str, &str) -> Option<FieldKind>,
) -> Result<FieldBuilder, SchemaError> {
    let mut field = match &info.to {
        Some(to) => relation(info, to),
        None => FieldBuilder::new(
            info.name.clone(),
            kind(info, other, model).ok_or_else(|| unknown(model, info))?,
        ),
    };
    field = field.column(info.column.clone());
    if info.null {
        field = field.null();
    }
    if info.unique {
        field = field.unique();
    }
    if info.primary_key {
        field = field.primary_key();
    }
    if !info.on_wire {
        field = field.unserialized();
    }
    if let Some(db_type) = &info.db_type {
        field = field.db_type(db_type.clone());
    }
    if let Some(default) = info.default {
        field = field.default(self::default(model, info, default, other)?);
    }
    Ok(field)
}

fn unknown(model: &str, info: &FieldInfo<'_>) -> SchemaError {
    match model.parse() {
        Ok(model) => SchemaError::UnknownKind {
            model,
            field: info.name.clone(),
            kind: info.kind.clone(),
        },
        Err(_) => SchemaError::Label(model.to_owned()),
    }
}

fn relation(info: &FieldInfo<'_>, to: &str) -> FieldBuilder {
    let mut field = if info.kind == "OneToOneField" {
        FieldBuilder::one_to_one(info.name.clone(), to)
    } else {
        FieldBuilder::foreign_key(info.name.clone(), to)
    };
    if let Some(name) = &info.to_field {
        field = field.to_field(name.clone());
    }
    // What only counts if the target is not part of the schema.
    let kind = match (&info.to_type, &info.db_type) {
        (Some(kind), _) => plain_kind(kind),
        (None, Some(db_type)) => column_kind(db_type),
        (None, None) => None,
    };
    if let (Some(table), Some(kind)) = (&info.to_table, kind) {
        let column = info.to_column.as_ref().or(info.to_field.as_ref());
        let column = column.map_or("id", String::as_str);
        field = field.outside(table.clone(), column, kind);
    }
    field
}

fn default(
    model: &str,
    info: &FieldInfo<'_>,
    json: &JsonText,
    other: &mut impl FnMut(&str, &str, &str) -> Option<FieldKind>,
) -> Result<Value, SchemaError> {
    let kind = match (&info.to, &info.to_type) {
        (None, _) => kind(info, other, model),
        (Some(_), Some(kind)) => plain_kind(kind),
        (Some(_), None) => info.db_type.as_deref().and_then(column_kind),
    };
    let wrong = |why: String| SchemaError::Json(format!("{model}.{}: {why}", info.name));
    let kind = kind.ok_or_else(|| unknown(model, info))?;
    let raw = RawValue::parse(json.get(), 128).map_err(|_| wrong("not JSON".to_owned()))?;
    convert::value(&kind, true, raw, &Convert::default()).map_err(|why| wrong(why.to_string()))
}

fn kind(
    info: &FieldInfo<'_>,
    other: &mut impl FnMut(&str, &str, &str) -> Option<FieldKind>,
    model: &str,
) -> Option<FieldKind> {
    let max_length = info.max_length;
    Some(match info.kind.as_str() {
        "CharField"
        | "CICharField"
        | "CIEmailField"
        | "CommaSeparatedIntegerField"
        | "EmailField"
        | "FilePathField"
        | "SlugField"
        | "URLField" => FieldKind::Char { max_length },
        "ImageField" => FieldKind::Image { max_length },
        "FileField" if info.image => FieldKind::Image { max_length },
        "FileField" => FieldKind::File { max_length },
        "DecimalField" => FieldKind::Decimal {
            max_digits: info.max_digits?,
            decimal_places: info.decimal_places?,
        },
        "DateTimeField" => FieldKind::DateTime {
            aware: info.aware.unwrap_or_else(|| {
                // PostgreSQL says so itself; elsewhere it is the usual thing.
                let db_type = info.db_type.as_deref().unwrap_or_default();
                !db_type.contains("without time zone")
            }),
        },
        "ArrayField" => FieldKind::Array(Box::new(kind(info.element.as_deref()?, other, model)?)),
        name => match plain_kind(name) {
            Some(kind) => kind,
            None => other(model, &info.name, name)?,
        },
    })
}

/// Kinds that need no more than their name.
fn plain_kind(name: &str) -> Option<FieldKind> {
    Some(match name {
        "SmallAutoField" => FieldKind::SmallAuto,
        "AutoField" => FieldKind::Auto,
        "BigAutoField" => FieldKind::BigAuto,
        "BooleanField" | "NullBooleanField" => FieldKind::Boolean,
        "SmallIntegerField" => FieldKind::SmallInteger,
        "IntegerField" => FieldKind::Integer,
        "BigIntegerField" => FieldKind::BigInteger,
        "PositiveSmallIntegerField" => FieldKind::PositiveSmallInteger,
        "PositiveIntegerField" => FieldKind::PositiveInteger,
        "PositiveBigIntegerField" => FieldKind::PositiveBigInteger,
        "FloatField" => FieldKind::Float,
        "TextField" | "CITextField" => FieldKind::Text,
        "CharField" | "SlugField" | "EmailField" | "URLField" => {
            FieldKind::Char { max_length: None }
        }
        "IPAddressField" | "GenericIPAddressField" => FieldKind::IpAddress,
        "DateField" => FieldKind::Date,
        "TimeField" => FieldKind::Time,
        "DurationField" => FieldKind::Duration,
        "UUIDField" => FieldKind::Uuid,
        "BinaryField" => FieldKind::Binary,
        "JSONField" => FieldKind::Json,
        "HStoreField" => FieldKind::HStore,
        _ => return None,
    })
}

/// What a column that points out of the schema holds, by its type: keys are
/// integers, UUIDs or text.
fn column_kind(db_type: &str) -> Option<FieldKind> {
    Some(match db_type {
        "smallint" => FieldKind::SmallInteger,
        "integer" => FieldKind::Integer,
        "bigint" => FieldKind::BigInteger,
        "char(32)" | "uuid" => FieldKind::Uuid,
        "text" => FieldKind::Text,
        _ => {
            let length = db_type.strip_prefix("varchar(")?.strip_suffix(')')?;
            FieldKind::Char {
                max_length: length.parse().ok(),
            }
        }
    })
}
