//! Schemas and bodies that the tests share.

use synctools::schema::{DecodeOptions, Decoded, Decoder};
use synctools::wire::{Format, Profile, Reader, ReaderOptions, WireError, Writer};
use synctools::{Row, Schema};

const LAB: &str = include_str!("../vectors/schema/django-models-sqlite-dj5.2.1.json");

/// The models of the captures that Django 5.2 made.
pub(crate) fn lab() -> Schema {
    Schema::from_django_json(LAB).unwrap()
}

/// Those of Django 2.2 and 1.8, where there is no `JSONField`.
pub(crate) fn old_lab() -> Schema {
    edited_lab(|field| field["type"] != "JSONField")
}

/// Those of a project with `USE_TZ = False`.
pub(crate) fn naive_lab() -> Schema {
    edited_lab(|field| {
        field["aware"] = false.into();
        true
    })
}

fn edited_lab(mut keep: impl FnMut(&mut serde_json::Value) -> bool) -> Schema {
    let mut models: serde_json::Value = serde_json::from_str(LAB).unwrap();
    for model in models.as_array_mut().unwrap() {
        let fields = model["fields"].as_array_mut().unwrap();
        fields.retain_mut(&mut keep);
    }
    Schema::from_django_json(&models.to_string()).unwrap()
}

/// The objects of a body, as they were written, that comes in these pieces.
pub(crate) fn read_pieces<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    options: ReaderOptions,
) -> Result<Vec<String>, WireError> {
    let mut reader = Reader::new(options);
    let mut objects = Vec::new();
    for piece in pieces {
        reader.push(piece);
        while let Some(object) = reader.next_object()? {
            objects.push(object.as_written().to_owned());
        }
        assert!(!reader.is_complete());
    }
    reader.end();
    while let Some(object) = reader.next_object()? {
        objects.push(object.as_written().to_owned());
    }
    assert!(reader.is_complete());
    assert_eq!(reader.objects(), objects.len() as u64);
    Ok(objects)
}

/// The rows of a body.
pub(crate) fn rows(schema: &Schema, body: &[u8], format: Format) -> Vec<Row> {
    let mut reader = Reader::new(ReaderOptions::new().format(format));
    let mut decoder = Decoder::new(schema, DecodeOptions::new());
    let mut rows = Vec::new();
    reader.push(body);
    reader.end();
    while let Some(object) = reader.next_object().unwrap() {
        match decoder.decode(&object).unwrap() {
            Decoded::Row(row) => rows.push(row),
            other => panic!("{other:?}"),
        }
    }
    rows
}

/// The body of rows.
pub(crate) fn body(schema: &Schema, rows: &[Row], profile: Profile, format: Format) -> String {
    let mut writer = Writer::new(schema, profile).format(format);
    let mut out = Vec::new();
    for row in rows {
        writer.write(row, &mut out).unwrap();
    }
    writer.finish(&mut out);
    String::from_utf8(out).unwrap()
}
