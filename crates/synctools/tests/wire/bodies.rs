//! Every captured body is read and written again, byte for byte.

use synctools::value::{DateTime, Time};
use synctools::wire::{Format, Profile};
use synctools::{Row, Schema, Value};

use crate::support::{body, lab, naive_lab, old_lab, rows};

macro_rules! bodies {
    ($folder:literal: $($name:literal)*) => {
        [$(($name, include_str!(concat!("../vectors/", $folder, "/", $name, ".body.json")))),*]
    };
}

fn same_again(schema: &Schema, name: &str, captured: &str, profile: Profile) {
    let mut rows = rows(schema, captured.as_bytes(), Format::Array);
    rows.iter_mut().for_each(|row| restore(schema, row));
    let written = body(schema, &rows, profile, Format::Array);
    assert!(
        written == captured,
        "{name}: {}",
        difference(&written, captured)
    );
}

/// Gives a row the microsecond back that the captured database had and the
/// wire does not have: `.000` is no round second.
fn restore(schema: &Schema, row: &mut Row) {
    let model = schema.get(row.model()).unwrap();
    if *model.label() != *"lab.everything" || row.pk() != Some(&Value::Int(4)) {
        return;
    }
    for field in model.fields() {
        let value = match row.get(field.index()) {
            Some(Value::DateTime(moment)) if field.name() == "dt" => {
                let moment = DateTime::from_wall(moment.wall_micros() + 1, moment.offset());
                Value::DateTime(moment.unwrap())
            }
            Some(Value::Time(time)) => {
                Value::Time(Time::from_micros(time.as_micros() + 1).unwrap())
            }
            _ => continue,
        };
        row.set(field.index(), value);
    }
}

/// Where two bodies begin to differ.
fn difference(written: &str, captured: &str) -> String {
    let same = written.bytes().zip(captured.bytes());
    let at = same.take_while(|(one, other)| one == other).count();
    let near = |text: &str| {
        text.get(at.saturating_sub(40)..)
            .map(|text| text.chars().take(80).collect::<String>())
    };
    format!("{:?}, not {:?}", near(written), near(captured))
}

/// What follows the head of a captured answer.
fn after_head(answer: &str) -> &str {
    answer.split_once("\n\n").unwrap().1
}

#[test]
fn bodies_of_django_5_come_out_byte_for_byte() {
    let schema = lab();
    for (name, captured) in bodies!("dj5.2.1-py311":
        "app-contenttypes" "app-lab" "app-one-model" "app-sites" "qs-authors" "qs-empty"
        "qs-everything" "qs-list-of-lists" "qs-mti-child-only" "qs-multi" "qs-no-querysets"
        "qs-nodes" "qs-nulled" "qs-only" "qs-proxy" "qs-sliced" "qs-tuple" "qs-wrong-order")
    {
        same_again(&schema, name, captured, Profile::Django5);
    }
}

#[test]
fn bodies_of_django_2_come_out_byte_for_byte() {
    let schema = old_lab();
    for (name, captured) in bodies!("dj2.2.28-py311":
        "app-contenttypes" "app-lab" "app-one-model" "app-sites" "qs-authors" "qs-empty"
        "qs-everything" "qs-list-of-lists" "qs-mti-child-only" "qs-multi" "qs-no-querysets"
        "qs-nodes" "qs-nulled" "qs-only" "qs-proxy" "qs-sliced" "qs-tuple" "qs-wrong-order")
    {
        same_again(&schema, name, captured, Profile::Django2);
    }
}

#[test]
fn the_body_of_django_1_8_comes_out_byte_for_byte() {
    let answer = include_str!("../vectors/variants/dj1.8.19-py39-app-lab.response.http");
    same_again(&old_lab(), "1.8", after_head(answer), Profile::Django18);
}

#[test]
fn a_body_without_time_zones_comes_out_byte_for_byte() {
    let answer = include_str!("../vectors/variants/dj5.2.1-use_tz_false-everything.response.http");
    same_again(&naive_lab(), "naive", after_head(answer), Profile::Django5);
}

#[test]
fn the_profiles_differ_only_in_their_writing() {
    let schema = lab();
    let captured = include_str!("../vectors/dj5.2.1-py311/app-lab.body.json");
    let expected = rows(&schema, captured.as_bytes(), Format::Array);
    for profile in [
        Profile::Django5,
        Profile::Django2,
        Profile::Django18,
        Profile::Django18Python2,
    ] {
        let written = body(&schema, &expected, profile, Format::Array);
        assert_eq!(written.is_ascii(), profile.is_ascii());
        assert_eq!(rows(&schema, written.as_bytes(), Format::Array), expected);
    }
}

#[test]
fn python_2_has_the_fields_first() {
    let schema = lab();
    let rows = rows(
        &schema,
        br#"[{"model": "lab.node", "pk": 1, "fields": {"name": "n", "parent": null}}]"#,
        Format::Array,
    );
    assert_eq!(
        body(&schema, &rows, Profile::Django18Python2, Format::Array),
        r#"[{"fields": {"name": "n", "parent": null}, "model": "lab.node", "pk": 1}]"#
    );
}

#[test]
fn lines_are_the_same_objects_without_the_array() {
    let schema = lab();
    let captured = include_str!("../vectors/dj5.2.1-py311/app-lab.body.json");
    let mut expected = rows(&schema, captured.as_bytes(), Format::Array);
    expected.iter_mut().for_each(|row| restore(&schema, row));
    let lines = body(&schema, &expected, Profile::Django5, Format::Lines);
    assert_eq!(lines.lines().count(), expected.len());
    assert_eq!(
        rows(&schema, lines.as_bytes(), Format::Lines),
        rows(&schema, captured.as_bytes(), Format::Array)
    );
    let joined: Vec<&str> = lines.lines().collect();
    assert!(format!("[{}]", joined.join(", ")) == captured);
}
