//! Values in all the forms in which a body may have them: ours and Django's
//! client make the same of them, and both servers write the same of that.

use serde_json::{Value, json};
use sync_tests::Result;
use sync_tests::synctools::{Backend, Database, Django, Ours, Project, fetch, listen};
use synctools::Row;
use synctools::schema::{DecodeOptions, Decoded, Decoder, MissingFields, Schema};
use synctools::store::SyncOptions;
use synctools::wire::{Reader, ReaderOptions};

/// Fields of `catalog.kinds`, one of each kind.
const FIELDS: &[&str] = &[
    "big",
    "binary",
    "boolean",
    "maybe",
    "char",
    "date",
    "moment",
    "decimal",
    "whole",
    "duration",
    "float",
    "address",
    "image",
    "integer",
    "positive_small",
    "text",
    "time",
    "uuid",
    "json",
];

/// Those that hold text, and take lists and objects only from Python.
const TEXTS: &[&str] = &["char", "address", "image", "text"];

/// The forms, one on each line.
const FORMS: &str = include_str!("synctools_values.txt");

/// The forms that are tried on a field: all but those of which ours makes
/// something else on purpose, as its README says.
fn forms(backend: Backend, field: &str) -> impl Iterator<Item = &'static str> {
    FORMS.lines().filter(move |form| {
        let text = form.trim_matches('"');
        match field {
            // Python leaves out what is no letter of base64.
            "binary" => {
                let is_letter = |c: char| c.is_ascii_alphanumeric() || "+/".contains(c);
                !form.starts_with('"') || text.trim_end_matches('=').chars().all(is_letter)
            }
            // SQLite keeps places and digits that a field does not have, and
            // PostgreSQL rounds away from zero.
            "decimal" | "whole" => {
                let number = text.trim();
                let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
                let places = if field == "whole" { 0 } else { 4 };
                number.parse::<f64>().is_err()
                    || whole.len() <= 8 && fraction.len() <= places && !number.contains(['e', 'E'])
            }
            // Into PostgreSQL a zero comes from Django without its sign.
            "float" => backend == Backend::Sqlite || !text.starts_with("-0"),
            _ if TEXTS.contains(&field) => !form.starts_with(['[', '{']),
            _ => true,
        }
    })
}

fn decode(schema: &Schema, object: &str) -> std::result::Result<Row, String> {
    let mut reader = Reader::new(ReaderOptions::new().not_a_number(true));
    reader.push(format!("[{object}]").as_bytes());
    reader.end();
    let object = reader.next_object().map_err(|error| error.to_string())?;
    let object = object.ok_or("no object")?;
    let options = DecodeOptions::new().missing_fields(MissingFields::DjangoDefaults);
    match Decoder::new(schema, options).decode(&object) {
        Ok(Decoded::Row(row)) => Ok(row),
        Ok(_) => Err("unknown".into()),
        Err(error) => Err(error.to_string()),
    }
}

async fn save(ours: &Ours, rows: Vec<Row>) -> std::result::Result<(), String> {
    let options = SyncOptions::new().missing_fields(MissingFields::DjangoDefaults);
    let write = async {
        let mut sync = ours.store.begin(&ours.schema, options).await?;
        sync.write(rows).await?;
        sync.finish().await
    };
    let saved: std::result::Result<_, synctools::store::StoreError> = write.await;
    saved.map(drop).map_err(|error| error.to_string())
}

/// Saves each row by itself; why not, for those that are refused.
async fn take(ours: &Ours, objects: &[String]) -> Vec<std::result::Result<(), String>> {
    let mut results = Vec::with_capacity(objects.len());
    for objects in objects.chunks(100) {
        let rows: Vec<_> = objects
            .iter()
            .map(|object| decode(&ours.schema, object))
            .collect();
        // Mostly all of them can be saved together.
        if save(ours, rows.iter().flatten().cloned().collect())
            .await
            .is_ok()
        {
            results.extend(rows.into_iter().map(|row| row.map(drop)));
            continue;
        }
        for row in rows {
            results.push(match row {
                Ok(row) => save(ours, vec![row]).await,
                Err(error) => Err(error),
            });
        }
    }
    results
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_in_any_form_is_here_what_it_is_in_django() -> Result<()> {
    if !Django::V5_2.present_or_skip()? {
        return Ok(());
    }
    for backend in Backend::ALL {
        let (Some(there), Some(here)) = (Database::new(backend)?, Database::new(backend)?) else {
            continue;
        };
        let mut theirs = Project::new(Django::V5_2, &there)?;
        let mut project = Project::new(Django::V5_2, &here)?;
        let ours = Ours::on(Django::V5_2, &here, &["catalog"]).await?;
        let (mut objects, mut about) = (Vec::new(), Vec::new());
        for field in FIELDS {
            for form in forms(backend, field) {
                let pk = objects.len() + 1;
                let fields = format!(r#""auto_now": "2020-01-01T00:00:00Z", "{field}": {form}"#);
                objects.push(format!(
                    r#"{{"model": "catalog.kinds", "pk": {pk}, "fields": {{{fields}}}}}"#
                ));
                about.push((*field, form));
            }
        }
        let taken = theirs.ask(json!({"do": "take", "objects": objects}))?;
        let own = take(&ours, &objects).await;
        let there_rows = theirs.rows(&["catalog"])?["catalog.kinds"].take();
        let here_rows = project.rows(&["catalog"])?["catalog.kinds"].take();
        let mut different = Vec::new();
        for (at, (field, form)) in about.iter().enumerate() {
            let pk = (at + 1).to_string();
            let same = match (&taken[at], &own[at]) {
                (Value::Null, Ok(())) => there_rows[&pk] == here_rows[&pk],
                (Value::Null, Err(_)) | (_, Ok(())) => false,
                (_, Err(_)) => true,
            };
            if !same {
                different.push(format!(
                    "{field} {form}\n  Django {} {}\n  ours   {:?} {}",
                    taken[at], there_rows[&pk][field], own[at], here_rows[&pk][field]
                ));
            }
        }
        assert!(
            different.is_empty(),
            "{backend:?}: {} of {}:\n{}",
            different.len(),
            about.len(),
            different.join("\n")
        );
        // And back again, as Django writes what it has stored.
        let written = theirs.serialize(&["catalog"], &there.folder())?;
        let route = Ours::on(Django::V5_2, &there, &["catalog"]).await?;
        let (_server, url) = listen(route.route_like(Django::V5_2)).await?;
        let served = fetch(&format!("{url}app/catalog/")).await?;
        same_bytes(&served, &written)?;
    }
    Ok(())
}

fn same_bytes(ours: &[u8], theirs: &[u8]) -> Result<()> {
    let same = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    if same == ours.len() && same == theirs.len() {
        return Ok(());
    }
    let part = |bytes: &[u8]| {
        let part = &bytes[same.saturating_sub(300)..bytes.len().min(same + 80)];
        String::from_utf8_lossy(part).into_owned()
    };
    Err(format!("ours   {}\nDjango {}", part(ours), part(theirs)).into())
}
