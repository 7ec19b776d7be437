//! Random documents and requests, read and signed by `ocss` and by parts that
//! nobody here wrote: lxml, expat and oauthlib.

#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{Method, Uri};
use ocss::atom::{Content, ContentBody, Document, Element, Entry, Link, Person, ReadOptions, Text};
use ocss::oauth1::{Credentials, Received, Request, Signer, verify};
use serde_json::{Value, json};
use sync_tests::Result;
use xtask::peers::{PYTHON_FEEDPARSER, PYTHON_OAUTHLIB, Peer};

/// What a program in Python prints, line by line; `None` when it cannot be had.
fn lines(peer: &Peer, script: &str, arguments: &[&str]) -> Result<Option<Vec<Value>>> {
    let Some(python) = peer.program_or_skip()? else {
        return Ok(None);
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/ocss");
    let output = Command::new(python)
        .arg(folder.join(script))
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()?;
    assert!(output.status.success(), "{script} {arguments:?}");
    let text = String::from_utf8(output.stdout)?;
    let lines: std::result::Result<Vec<Value>, _> =
        text.lines().map(serde_json::from_str).collect();
    Ok(Some(lines?))
}

fn document(line: &Value) -> Vec<u8> {
    BASE64.decode(line["document"].as_str().unwrap()).unwrap()
}

fn text(text: &Text) -> Value {
    json!([text.kind().as_str(), text.value()])
}

fn tree(element: &Element) -> Value {
    let mut attributes: Vec<_> = element
        .attributes()
        .iter()
        .map(|one| (one.namespace(), one.local_name(), one.value()))
        .collect();
    attributes.sort_unstable();
    json!({
        "name": [element.namespace(), element.local_name()],
        "attributes": attributes,
        "text": element.full_text(),
        "children": element.children().iter().map(tree).collect::<Vec<_>>(),
    })
}

fn link(link: &Link) -> Value {
    json!([
        link.rel(),
        link.href(),
        link.media_type(),
        link.attribute("title")
    ])
}

fn person(person: &Person) -> Value {
    json!([
        &*person.name,
        person.uri.as_deref(),
        person.email.as_deref()
    ])
}

fn content(content: &Content) -> Value {
    let kind = content.declared_type();
    match content.body() {
        ContentBody::Text(text) => json!(["text", kind, &**text]),
        ContentBody::Base64(text) => json!(["base64", kind, &**text]),
        ContentBody::OutOfLine(src) => json!(["src", kind, &**src]),
        ContentBody::Markup(holder) => {
            json!([
                "markup",
                kind,
                holder.children().iter().map(tree).collect::<Vec<_>>()
            ])
        }
        _ => Value::Null,
    }
}

fn all<T>(of: &[T], one: impl Fn(&T) -> Value) -> Vec<Value> {
    of.iter().map(one).collect()
}

fn entry(entry: &Entry) -> Value {
    let date = |time: Option<ocss::time::Timestamp>| time.map(|time| time.to_string());
    json!({
        "id": entry.id.as_deref(),
        "title": entry.title.as_ref().map(text),
        "summary": entry.summary.as_ref().map(text),
        "updated": date(entry.updated),
        "published": date(entry.published),
        "edited": date(entry.edited),
        "links": all(&entry.links, link),
        "authors": all(&entry.authors, person),
        "categories": all(&entry.categories, |one| json!([one.term(), one.scheme(), one.label()])),
        "lang": entry.lang.as_deref(),
        "content": entry.content.as_ref().map(content),
        "extensions": all(&entry.extensions, tree),
        "operation": entry.operation(),
        "resource_id": entry.resource_id(),
    })
}

fn read(document: &[u8]) -> Value {
    match ReadOptions::new("http://h/v2/a/b").document(document) {
        Ok(Document::Entry(read)) => json!({"entries": [entry(&read)]}),
        Ok(Document::Feed(read)) => json!({
            "id": read.feed.id.as_deref(),
            "title": read.feed.title.as_ref().map(text),
            "updated": read.feed.updated.map(|time| time.to_string()),
            "next": read.feed.next_page(),
            "total": read.feed.total_results,
            "deleted": all(&read.deleted, |one| {
                json!([&*one.reference, one.when.map(|time| time.to_string())])
            }),
            "entries": all(&read.entries, entry),
        }),
        Err(error) => json!(error.to_string()),
    }
}

#[test]
fn random_documents_are_read_as_lxml_reads_them() -> Result<()> {
    let Some(lines) = lines(&PYTHON_FEEDPARSER, "random_atom.py", &["read", "1", "3000"])? else {
        return Ok(());
    };
    for line in &lines {
        let document = document(line);
        let shown = String::from_utf8_lossy(&document);
        assert_eq!(read(&document), line["expected"], "{shown}");
    }
    assert_eq!(lines.len(), 3000);
    Ok(())
}

#[test]
fn random_syntax_is_taken_and_refused_as_by_lxml_and_expat() -> Result<()> {
    let arguments = ["accept", "1", "6000"];
    let Some(lines) = lines(&PYTHON_FEEDPARSER, "random_atom.py", &arguments)? else {
        return Ok(());
    };
    let (mut taken, mut refused) = (0, 0);
    for line in &lines {
        // Each has its oddities: lxml takes some prefixes that nobody declared,
        // expat knows the names of an earlier edition of XML 1.0 only.
        if line["lxml"] != line["expat"] {
            continue;
        }
        let document = document(line);
        let takes = ReadOptions::new("http://h/").document(&document).is_ok();
        let shown = String::from_utf8_lossy(&document);
        assert_eq!(json!(takes), line["lxml"], "{shown:?}");
        *if takes { &mut taken } else { &mut refused } += 1;
    }
    assert!(taken > 400 && refused > 400, "{taken} {refused}");
    Ok(())
}

/// The parameters of an `Authorization` header, in any order.
fn parameters(header: &str) -> Vec<&str> {
    let list = header.strip_prefix("OAuth ").unwrap_or_default();
    let mut parameters: Vec<_> = list.split(", ").collect();
    parameters.retain(|parameter| !parameter.starts_with("realm="));
    parameters.sort_unstable();
    parameters
}

#[test]
fn random_requests_are_signed_as_by_oauthlib_and_verified() -> Result<()> {
    let Some(lines) = lines(&PYTHON_OAUTHLIB, "random_oauth.py", &["1", "3000"])? else {
        return Ok(());
    };
    for line in &lines {
        let text = |name: &str| line[name].as_str().unwrap();
        let secret = |name: &str| text(name).to_owned().into();
        let form = line["form"].as_str();
        let method: Method = text("method").parse()?;
        let uri: Uri = text("url").parse()?;
        let credentials = Credentials::new(
            text("consumer_key"),
            secret("consumer_secret"),
            text("token"),
            secret("token_secret"),
        );
        let signer = Signer::new(credentials).method(text("signature_method").parse()?);
        let mut request = Request::new(&method, &uri);
        if let Some(form) = form {
            request = request.form(form.as_bytes());
        }
        let signed = signer.sign(&request, text("nonce"), line["timestamp"].as_u64().unwrap())?;
        let header = signed.authorization();
        let theirs = text("authorization");
        assert_eq!(parameters(header.expose()), parameters(theirs), "{line}");

        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let scheme = uri.scheme_str().unwrap_or_default();
        let received = Received::new(method.as_str(), scheme, host, target)
            .authorization(Some(theirs))
            .body(
                form.map(|_| "application/x-www-form-urlencoded"),
                form.unwrap_or_default().as_bytes(),
            );
        let secrets = |_: &_| Ok((secret("consumer_secret"), secret("token_secret")));
        assert!(verify(&received, secrets)?.is_some(), "{line}");
        let wrong = |_: &_| Ok((secret("consumer_secret"), "another".into()));
        assert!(verify(&received, wrong).is_err(), "{line}");
    }
    assert_eq!(lines.len(), 3000);
    Ok(())
}
