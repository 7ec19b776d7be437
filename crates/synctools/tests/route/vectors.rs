//! What Django answered, with everything that was asked of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use synctools::wire::Profile;

use crate::support::http::{Answer, exchange, find, get};
use crate::support::lab::{Folder, Lab, fill, schema_with, vectors};
use crate::support::route::builder;

/// What is answered in another way, on purpose.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Difference {
    /// Answered, where Django refuses: with the body of another recording.
    Admitted(&'static str),
    /// 405.
    NotAllowed,
    /// Without the body, which one of Django's servers sends.
    NoBody,
    /// Compressed, because the client takes it.
    Compressed,
    /// Files are no business of the route.
    NotServed,
}

fn difference(name: &str, version: &str) -> Option<Difference> {
    Some(match name {
        "auth-08-two-colons" | "auth-09-lowercase-scheme" => {
            Difference::Admitted("auth-02-ok-user-empty-password")
        }
        "method-02-post" | "method-03-put" | "method-04-options" => Difference::NotAllowed,
        "method-01-head" if version.starts_with("dj2") => Difference::NoBody,
        "gzip-01-accept" => Difference::Compressed,
        "media-01-image" | "media-02-404" => Difference::NotServed,
        _ => return None,
    })
}

/// A recorded request as it went over the socket: recordings have lines that
/// end as text files do.
fn request(version: &str, name: &str) -> Vec<u8> {
    let path = vectors().join(version).join(format!("{name}.request.http"));
    let recorded = fs::read(path).unwrap();
    let end = find(&recorded, b"\n\n").unwrap();
    let head = String::from_utf8(recorded[..end].to_vec()).unwrap();
    let mut sent = head.replace('\n', "\r\n").into_bytes();
    sent.extend_from_slice(b"\r\n\r\n");
    sent.extend_from_slice(&recorded[end + 2..]);
    sent
}

fn response(version: &str, name: &str) -> Answer {
    let path = vectors()
        .join(version)
        .join(format!("{name}.response.http"));
    recorded_answer(&fs::read(path).unwrap())
}

fn recorded_answer(recorded: &[u8]) -> Answer {
    // One that has no body ends with its head.
    let end = find(recorded, b"\n\n").unwrap_or(recorded.len());
    let head = String::from_utf8(recorded[..end].to_vec()).unwrap();
    let mut bytes = head.trim_end().replace('\n', "\r\n").into_bytes();
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend_from_slice(recorded.get(end + 2..).unwrap_or_default());
    // As it came, without looking at lengths and chunks.
    Answer::parse(&bytes, true)
}

fn names(version: &str) -> Vec<String> {
    let files = fs::read_dir(vectors().join(version)).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let requests = names.filter_map(|name| Some(name.strip_suffix(".request.http")?.to_owned()));
    let mut requests: Vec<String> = requests.collect();
    requests.sort();
    requests
}

/// Asks everything that was recorded; how often it was answered in which way.
async fn replay(version: &str, profile: Profile) -> BTreeMap<String, usize> {
    let lab = Lab::new(version, profile).await;
    let mut counts = BTreeMap::new();
    for name in names(version) {
        let ours = exchange(lab.address(), &request(version, &name)).await;
        assert!(ours.complete, "{name}");
        let difference = difference(&name, version);
        let key = difference.map_or("equal".to_owned(), |difference| format!("{difference:?}"));
        *counts.entry(key).or_insert(0) += 1;
        if difference == Some(Difference::NotServed) {
            assert_eq!(ours.status, 404, "{name}");
            continue;
        }
        let mut theirs = response(version, &name);
        match difference {
            Some(Difference::NotAllowed) => {
                assert_eq!((ours.status, ours.body.len()), (405, 0), "{name}");
                assert_eq!(ours.header("allow"), Some("GET, HEAD"), "{name}");
                continue;
            }
            Some(Difference::Admitted(other)) => theirs = response(version, other),
            Some(Difference::NoBody) => theirs.body.clear(),
            Some(Difference::Compressed) => {
                assert_eq!(ours.header("content-encoding"), Some("gzip"));
                assert!(ours.header("vary").unwrap().contains("Accept-Encoding"));
            }
            _ => assert_eq!(ours.header("content-encoding"), None, "{name}"),
        }
        let body = match difference {
            Some(Difference::Compressed) => {
                let mut body = Vec::new();
                let mut decoder = MultiGzDecoder::new(&*ours.body);
                decoder.read_to_end(&mut body).unwrap();
                body
            }
            _ => ours.body.clone(),
        };
        let (ours_text, theirs_text) = (
            String::from_utf8_lossy(&body),
            String::from_utf8_lossy(&theirs.body),
        );
        assert_eq!(ours_text, theirs_text, "{version} {name}");
        assert_eq!(body, theirs.body, "{version} {name}");
        assert_eq!(ours.status, theirs.status, "{version} {name}");
        for header in ["content-type", "www-authenticate"] {
            assert_eq!(
                ours.header(header),
                theirs.header(header),
                "{version} {name}"
            );
        }
    }
    counts
}

fn expected(equal: usize, no_body: usize) -> BTreeMap<String, usize> {
    let admitted = Difference::Admitted("auth-02-ok-user-empty-password");
    let all = [
        ("equal".to_owned(), equal),
        (format!("{admitted:?}"), 2),
        (format!("{:?}", Difference::NotAllowed), 3),
        (format!("{:?}", Difference::NoBody), no_body),
        (format!("{:?}", Difference::Compressed), 1),
        (format!("{:?}", Difference::NotServed), 2),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[tokio::test]
async fn everything_that_django_5_was_asked_is_answered_alike() {
    let counts = replay("dj5.2.1-py311", Profile::Django5).await;
    assert_eq!(counts, expected(45, 0));
}

#[tokio::test]
async fn everything_that_django_2_was_asked_is_answered_alike() {
    let counts = replay("dj2.2.28-py311", Profile::Django2).await;
    assert_eq!(counts, expected(44, 1));
}

async fn variant(file: &str, profile: Profile, target: &str) -> (Answer, Vec<u8>) {
    let lab = Lab::new(file, profile).await;
    if profile == Profile::Django18 {
        // Its database couldn't hold this one.
        let negative = "UPDATE lab_everything SET dur = NULL WHERE dur < 0";
        lab.database().execute(negative, []).unwrap();
    }
    let recorded = fs::read(vectors().join("variants").join(file)).unwrap();
    let ours = get(lab.address(), target, "").await;
    assert!(ours.complete);
    (ours, recorded)
}

#[tokio::test]
async fn django_1_8_on_python_3_has_its_own_order_of_keys() {
    let file = "dj1.8.19-py39-app-lab.response.http";
    let (ours, recorded) = variant(file, Profile::Django18, "/sync/lab/").await;
    let theirs = String::from_utf8(recorded_answer(&recorded).body).unwrap();
    assert_eq!(ours.text(), theirs);
}

#[tokio::test]
async fn what_gunicorn_sent_in_chunks_is_the_same() {
    let file = "dj5.2.1-gunicorn-chunked-sliced.response.http";
    let (ours, recorded) = variant(file, Profile::Django5, "/sync/sliced/").await;
    let chunked = String::from_utf8(recorded_answer(&recorded).body).unwrap();
    let theirs = chunked
        .strip_prefix("86\n")
        .unwrap()
        .strip_suffix("\n0\n\n");
    assert_eq!(ours.text(), theirs.unwrap());
}

#[tokio::test]
async fn what_djangos_gzip_sent_is_the_same() {
    let file = "dj5.2.1-gzip-middleware-categories.response.http";
    let (ours, recorded) = variant(file, Profile::Django5, "/sync/categories/").await;
    let start = find(&recorded, b"\x1f\x8b").unwrap();
    let mut theirs = Vec::new();
    let mut decoder = MultiGzDecoder::new(&recorded[start..]);
    decoder.read_to_end(&mut theirs).unwrap();
    assert_eq!(ours.body, theirs);
}

#[tokio::test]
async fn times_of_a_project_without_zones_have_no_zone() {
    let folder = Folder::new("use-tz-false");
    fill(&folder.file()).close().unwrap();
    let schema = schema_with(|fields| {
        let times = fields.iter_mut();
        for field in times.filter(|field| field["type"] == "DateTimeField") {
            field["aware"] = false.into();
        }
    });
    let lab = Lab::serve(folder, |store| builder(store, &schema, Profile::Django5)).await;
    let ours = get(lab.address(), "/sync/everything/", "").await;
    let file = "variants/dj5.2.1-use_tz_false-everything.response.http";
    let recorded = fs::read(vectors().join(file)).unwrap();
    assert_eq!(ours.body, recorded_answer(&recorded).body);
}
