//! The schema of a real database of Django, as introspection and overrides
//! give it, is the one that the project exported.

use std::path::PathBuf;

use synctools::schema::{FieldKind, Model, Overrides, Schema, SchemaError};
use synctools::store::{SqliteStore, Store as _};

const TABLES: &str = include_str!("../vectors/schema/sqlite-py311-dj5.2.1.sql");
const MODELS: &str = include_str!("../vectors/schema/django-models-sqlite-dj5.2.1.json");

/// A file of its own, which goes away with this.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("synctools-{name}-{}.sqlite3", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_file(&path);
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Reads a database with the tables of the lab.
async fn read(file: &File, overrides: &Overrides) -> Result<Schema, SchemaError> {
    let db = rusqlite::Connection::open(&file.0).unwrap();
    // SQLite makes the table of its sequences by itself.
    let tables = TABLES.replace("CREATE TABLE sqlite_sequence(name,seq);", "");
    db.execute_batch(&tables).unwrap();
    drop(db);
    let store = SqliteStore::open(&file.0).await.unwrap();
    let introspection = store.introspect().await.unwrap();
    Schema::introspected(&introspection, overrides)
}

/// What the names of the tables say, and no more.
fn apps() -> Overrides {
    Overrides::new()
        .app("lab")
        .app("big")
        .model("django_site", "sites.site")
        .model("django_content_type", "contenttypes.contenttype")
        .model("OLD_Legacy", "lab.legacy")
}

#[tokio::test]
async fn a_database_without_overrides_is_full_of_questions() {
    let file = File::new("questions");
    let Err(SchemaError::Ambiguous(questions)) = read(&file, &apps()).await else {
        panic!("nothing is ambiguous");
    };
    let questions: Vec<String> = questions.iter().map(ToString::to_string).collect();
    for question in [
        "lab_everything.dec: how many digits and decimal places it has",
        "lab_everything.dur: whether it holds integers or durations",
        "lab_everything.dt: whether its times are aware of their zone",
        "lab_author.photo: whether it holds text, files or images",
        "lab_blog_related: whether its pairs are symmetrical",
        "OLD_Legacy.LEG_CODE: the name of its field",
        "OLD_Legacy.cat_ref: the name of its field",
    ] {
        assert!(
            questions.contains(&question.to_owned()),
            "{question}: {questions:#?}"
        );
    }
}

#[tokio::test]
async fn with_its_questions_answered_it_is_what_the_project_exported() {
    let decimal = |max_digits, decimal_places| FieldKind::Decimal {
        max_digits,
        decimal_places,
    };
    let max_length = |length| Some(length);
    let overrides = apps()
        .aware(true)
        .plain_text()
        .no_durations()
        .name("OLD_Legacy", "LEG_CODE", "code")
        .name("OLD_Legacy", "legacy value", "value")
        .name("OLD_Legacy", "cat_ref", "cat")
        .many_to_many("old_legacy_cats", "lab.legacy", "cats", false)
        .many_to_many("lab_blog_related", "lab.blog", "related", true)
        .many_to_many("lab_blog_follows", "lab.blog", "follows", false)
        .through(
            "lab_membership",
            "lab.group",
            "members",
            "group_id",
            "author_id",
        )
        .kind("lab_everything", "dec", decimal(20, 6))
        .kind("lab_everything", "dur", FieldKind::Duration)
        .kind("big_bigitem", "price", decimal(12, 2))
        .kind(
            "lab_author",
            "photo",
            FieldKind::Image {
                max_length: max_length(255),
            },
        )
        .kind(
            "lab_author",
            "cv",
            FieldKind::File {
                max_length: max_length(100),
            },
        );
    let file = File::new("answers");
    let read = read(&file, &overrides).await.unwrap();
    let exported = Schema::from_django_json(MODELS).unwrap();
    let concrete = exported.models().iter().filter(|model| !model.is_proxy());
    let mut seen = 0;
    for model in concrete {
        let other = read.model(model.label().as_str()).unwrap();
        same(model, other);
        seen += 1;
    }
    assert_eq!(seen, read.models().len());
}

fn same(exported: &Model, read: &Model) {
    let label = exported.label();
    assert_eq!(read.table(), exported.table(), "{label}");
    assert_eq!(read.pk().name(), exported.pk().name(), "{label}");
    assert_eq!(read.fields().len(), exported.fields().len(), "{label}");
    for field in exported.fields() {
        // Migrations leave the columns in another order.
        let name = field.name();
        let other = read.field_named(name).unwrap();
        assert_eq!(other.column(), field.column(), "{label}.{name}");
        assert_eq!(other.kind(), field.kind(), "{label}.{name}");
        assert_eq!(other.is_null(), field.is_null(), "{label}.{name}");
        assert_eq!(other.is_unique(), field.is_unique(), "{label}.{name}");
        let targets = [field, other].map(|field| {
            let relation = field.relation()?;
            Some((
                relation.to_table().to_owned(),
                relation.to_field().to_owned(),
            ))
        });
        assert_eq!(targets[1], targets[0], "{label}.{name}");
    }
    let parents = [exported, read].map(|model| {
        let parents = model.parents().iter();
        parents
            .map(|parent| parent.to().clone())
            .collect::<Vec<_>>()
    });
    assert_eq!(parents[1], parents[0], "{label}");
    let pairs = [exported, read].map(|model| {
        let pairs = model.many_to_many().iter().map(|field| {
            let columns = (field.from_column().to_owned(), field.to_column().to_owned());
            let kinds = (field.from_kind().clone(), field.to_kind().clone());
            let flags = (field.is_symmetrical(), field.is_serialized());
            let names = (field.name().to_owned(), field.table().to_owned());
            (names, field.to().clone(), columns, kinds, flags)
        });
        // Their order is that of the tables, which says nothing.
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_by(|one, two| one.0.cmp(&two.0));
        pairs
    });
    assert_eq!(pairs[1], pairs[0], "{label}");
}
