//! The client and the server of `ocss` beside parts that nobody here wrote:
//! oauthlib and requests-oauthlib for signatures, feedparser and lxml for Atom.

#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bytes::Bytes;
use http::{Method, Request, Uri};
use ocss::atom::{Entry, Limits, ReadOptions};
use ocss::atompub::ServiceDocument;
use ocss::emulator::{Account, Emulator, Verdict};
use ocss::oauth1::{self, Credentials, Placement, SignatureMethod, Signer};
use ocss::{OcssErrorExt as _, SyncServerApi, SyncServerApiBuilder, SyncServerAuth};
use serde_json::{Value, json};
use sync_tests::Result;
use xtask::peers::{PYTHON_FEEDPARSER, PYTHON_OAUTHLIB};

const METHODS: [SignatureMethod; 4] = [
    SignatureMethod::HmacSha1,
    SignatureMethod::HmacSha256,
    SignatureMethod::HmacSha512,
    SignatureMethod::Plaintext,
];

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers/ocss")
        .join(name)
}

/// A Python program that is ended with this value.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It ends with its standard input, too; this is the quicker way.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The endpoint that verifies with oauthlib, and its URL.
fn verifier(python: &Path) -> Result<(Program, String)> {
    let mut child = Command::new(python)
        .arg(script("oauth_server.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().ok_or("no standard output")?;
    let program = Program(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let port: u16 = line.trim().parse()?;
    Ok((program, format!("http://127.0.0.1:{port}")))
}

fn credentials(account: &Account) -> Credentials {
    Credentials::new(
        account.consumer_key(),
        account.consumer_secret().clone(),
        account.access_key(),
        account.access_secret().clone(),
    )
}

fn client(base: &str, account: &Account) -> SyncServerApiBuilder {
    let auth = SyncServerAuth::new(
        account.consumer_key(),
        account.consumer_secret().clone(),
        account.access_key(),
        account.access_secret().clone(),
    );
    SyncServerApi::builder()
        .base_url(format!("{base}/v2/"))
        .auth(auth)
}

/// oauthlib undoes the escapes of parameters in the query twice, so that it
/// never takes a PLAINTEXT signature there whose secrets need escapes.
fn beyond_oauthlib(account: &Account, method: SignatureMethod, placement: Placement) -> bool {
    method == SignatureMethod::Plaintext
        && placement == Placement::Query
        && account.name() != "alice"
}

#[tokio::test]
async fn oauthlib_takes_every_request_of_the_client() -> Result<()> {
    let Some(python) = PYTHON_OAUTHLIB.program_or_skip()? else {
        return Ok(());
    };
    let (_program, base) = verifier(&python)?;
    for account in [Account::alice(), Account::bob(), Account::utf8()] {
        for method in METHODS {
            for placement in [Placement::Header, Placement::Query] {
                if beyond_oauthlib(&account, method, placement) {
                    continue;
                }
                let api = client(&base, &account)
                    .signature(method)
                    .placement(placement)
                    .build()?;
                for id in ["plain", "a b/c?d#e%f&g=h+i", "æøå 🍞", "'()*!~"] {
                    let store = api.clients().datastore().get(id).await?;
                    let contents = store.contents();
                    assert_eq!(contents.list().await?.len(), 1);
                    let filtered = contents
                        .since("2009-11-01T12:30:00+01:00")
                        .dataclass("a b+c&d=e/å");
                    assert_eq!(filtered.list().await?.len(), 1);
                    let created = contents
                        .new("x\r\n", "text/plain")
                        .title("å")
                        .send()
                        .await?;
                    created.update_with(|change| change.title("other")).await?;
                    created.delete().await?;
                }
                api.phones().models().detect_auto("+4799988877").await?;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn oauthlib_refuses_what_is_signed_with_another_secret() -> Result<()> {
    let Some(python) = PYTHON_OAUTHLIB.program_or_skip()? else {
        return Ok(());
    };
    let (_program, base) = verifier(&python)?;
    let alice = Account::alice();
    let wrong = Account::new(
        "alice",
        alice.consumer_key(),
        "wrong",
        alice.access_key(),
        "secrets",
    );
    for method in METHODS {
        let api = client(&base, &wrong).signature(method).build()?;
        let error = api.clients().get("x").await.unwrap_err();
        assert!(error.is_not_allowed(), "{error:?}");
        assert_eq!(error.oauth_problem(), Some("signature_invalid"));
    }
    Ok(())
}

/// Text that is hard on encoders.
fn odd_text(random: &mut fastrand::Rng, longest: usize) -> String {
    const ODD: &[char] = &[
        ' ', '+', '%', '&', '=', '/', '?', '#', '~', '.', '-', '_', '*', '\'', '(', ')', '!', ',',
        ';', ':', '@', '"', '<', '|', '\\', '^', '`', '{', 'å', 'Ж', '中', '🍞', '\t', '\u{7f}',
    ];
    let length = random.usize(..=longest);
    let pick = |random: &mut fastrand::Rng| match random.bool() {
        true => random.alphanumeric(),
        false => ODD[random.usize(..ODD.len())],
    };
    (0..length).map(|_| pick(random)).collect()
}

fn random_uri(random: &mut fastrand::Rng) -> Uri {
    let encode = |text: String| oauth1::percent_encode(&text).to_string();
    let segments: Vec<String> = (0..random.usize(..4))
        .map(|_| encode(odd_text(random, 8)))
        .collect();
    let pairs: Vec<String> = (0..random.usize(..5))
        .map(|_| {
            let name = loop {
                let name = odd_text(random, 6);
                if !name.is_empty() {
                    break name;
                }
            };
            let value = encode(odd_text(random, 8));
            // A space may come as `+`, too.
            let value = if random.bool() {
                value.replace("%20", "+")
            } else {
                value
            };
            format!("{}={value}", encode(name))
        })
        .collect();
    let scheme = random.choice(["http", "https"]).unwrap_or("http");
    let host = random.choice([
        "example.com",
        "Example.COM",
        "example.com:8080",
        "example.com:80",
        "example.com:443",
    ]);
    let query = if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    };
    let uri = format!(
        "{scheme}://{}/{}{query}",
        host.unwrap_or_default(),
        segments.join("/")
    );
    uri.parse().unwrap()
}

#[tokio::test]
async fn oauthlib_takes_signatures_of_random_addresses() -> Result<()> {
    const CASES: usize = 2000;
    let Some(python) = PYTHON_OAUTHLIB.program_or_skip()? else {
        return Ok(());
    };
    let (_program, base) = verifier(&python)?;
    let mut random = fastrand::Rng::with_seed(4);
    let mut requests = Vec::new();
    for number in 0..CASES {
        let account = match number % 3 {
            0 => Account::alice(),
            1 => Account::bob(),
            _ => Account::utf8(),
        };
        let method =
            [Method::GET, Method::POST, Method::PUT, Method::DELETE][random.usize(..4)].clone();
        let signature = METHODS[random.usize(..METHODS.len())];
        let uri = random_uri(&mut random);
        let form = format!(
            "a={}&b={}",
            oauth1::percent_encode(&odd_text(&mut random, 6)),
            random.u8(..)
        );
        let has_form = method == Method::POST && random.bool();
        let mut request = oauth1::Request::new(&method, &uri);
        if has_form {
            request = request.form(form.as_bytes());
        }
        let signer = Signer::new(credentials(&account)).method(signature);
        // oauthlib takes timestamps of about now only.
        let now = ocss::Clock::system()
            .now()
            .duration_since(std::time::UNIX_EPOCH)?
            .as_secs();
        // And nonces of 20 to 30 letters and digits.
        let nonce = format!("nonce{number:020}");
        let signed = signer.sign(&request, &nonce, now)?;
        let placement = if random.bool() {
            Placement::Query
        } else {
            Placement::Header
        };
        let mut headers = json!({});
        if has_form {
            headers["Content-Type"] = "application/x-www-form-urlencoded".into();
        }
        let mut url = uri.to_string();
        if placement == Placement::Query && !beyond_oauthlib(&account, signature, placement) {
            url = signed.query(&uri)?.to_string();
        } else {
            headers["Authorization"] = signed.authorization().expose().as_str().into();
        }
        let body = if has_form { form } else { String::new() };
        requests
            .push(json!({"method": method.as_str(), "url": url, "headers": headers, "body": body}));
    }
    let verdicts: Vec<bool> =
        post_json(&format!("{base}/verify"), &Value::from(requests.clone())).await?;
    for (request, verdict) in requests.iter().zip(&verdicts) {
        assert!(*verdict, "{request}");
    }
    assert_eq!(verdicts.len(), CASES);
    Ok(())
}

async fn post_json<T: serde::de::DeserializeOwned>(url: &str, value: &Value) -> Result<T> {
    use sync_core::{Body, Transport as _};
    let transport = sync_core::hyper::HyperTransport::builder().build()?;
    let request = Request::post(url).body(Body::from(value.to_string()))?;
    let answer = transport
        .send(request)
        .await?
        .into_body()
        .collect(64 << 20)
        .await?;
    Ok(serde_json::from_slice(&answer)?)
}

#[tokio::test]
async fn the_server_takes_every_request_of_requests_oauthlib() -> Result<()> {
    let Some(python) = PYTHON_OAUTHLIB.program_or_skip()? else {
        return Ok(());
    };
    let emulator = Emulator::builder().start().await?;
    let url = emulator.url();
    let output = tokio::task::spawn_blocking(move || {
        Command::new(python)
            .arg(script("oauth_client.py"))
            .arg(url)
            .stderr(Stdio::inherit())
            .output()
    })
    .await??;
    let results: Vec<(String, u16)> = serde_json::from_slice(&output.stdout)?;
    // 3 accounts, 4 methods, 2 placements, 8 requests, and two more.
    assert_eq!(results.len(), 3 * 4 * 2 * 8 + 2);
    for (what, status) in &results {
        let expected = match what.rsplit(' ').next() {
            Some("create" | "content") => 201,
            Some("delete") => 204,
            Some("gone") => 404,
            Some("secret") => 401,
            _ => 200,
        };
        assert_eq!(*status, expected, "{what}");
    }
    let requests = emulator.requests();
    let verified = requests
        .iter()
        .filter(|request| matches!(request.oauth, Verdict::Verified { .. }));
    assert_eq!(verified.count(), results.len() - 1);
    let refused = requests
        .iter()
        .find(|request| matches!(request.oauth, Verdict::Refused(_)));
    assert_eq!(
        refused.map(|request| &request.oauth),
        Some(&Verdict::Refused("signature_invalid"))
    );
    Ok(())
}

/// Documents of the server, each with its URL.
fn documents() -> Vec<(String, String)> {
    let emulator = Emulator::builder().page_size(10).build();
    let alice = Account::alice();
    let signer = Signer::new(credentials(&alice)).method(SignatureMethod::Plaintext);
    let ask = |method: Method, path: &str| {
        let uri: Uri = format!("http://127.0.0.1:8080/v2/{path}").parse().unwrap();
        let now = ocss::Clock::system()
            .now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let nonce = format!("{method} {path}");
        let signed = signer
            .sign(&oauth1::Request::new(&method, &uri), &nonce, now.as_secs())
            .unwrap();
        let authorization = signed.authorization();
        let request = Request::builder()
            .method(&method)
            .uri(&uri)
            .header("authorization", authorization.expose());
        let answer = emulator.handle(&request.body(Bytes::new()).unwrap());
        assert!(answer.status().is_success(), "{path}: {answer:?}");
        (
            uri.to_string(),
            String::from_utf8(answer.body().to_vec()).unwrap(),
        )
    };
    let store = "services/datastore/my-datastore-client-id";
    let deleted = ask(Method::DELETE, &format!("{store}/content/my-content-id"));
    assert!(deleted.1.is_empty());
    [
        "",
        "phones/vendors/",
        "phones/models/",
        "phones/models/?page=37",
        "phones/vendors/some-vendor-id",
        "services/",
        "services/google/4f1d2dd0-49e4-11de-b387-002215064801",
        "syncengine/bindings/",
        &format!("{store}/content/"),
        &format!("{store}/content/?page=2"),
        &format!("{store}/content/?since=2009-11-01T123000Z"),
        &format!("{store}/content/?dataclass=contacts&since=2009-12-09T130500Z"),
    ]
    .map(|path| ask(Method::GET, path))
    .to_vec()
}

/// What our own reader finds in an entry; `full` as lxml is asked, else as
/// feedparser is.
fn ours(entry: &Entry, full: bool) -> Value {
    let link = |rel: &str| entry.link(rel).map(|link| link.href().to_owned());
    let mut value = json!({
        "id": entry.id.as_deref(),
        "title": entry.title.as_ref().map(|title| title.value().into_owned()),
        "published": entry.published.map(|time| time.to_string()),
        "updated": entry.updated.map(|time| time.to_string()),
        "self": link("self"),
        "edit": link("edit"),
    });
    if full {
        let data = entry
            .content
            .as_ref()
            .map(|content| content.data().unwrap().into_owned());
        value["data"] = json!(data);
        value["type"] = json!(
            entry
                .content
                .as_ref()
                .map(|content| content.declared_type())
        );
        value["uuid"] = json!(entry.property("uuid"));
        value["operation"] = json!(entry.operation());
    }
    value
}

/// A document as our own readers see it.
fn read_ours(url: &str, document: &str, full: bool) -> Value {
    if let Ok(service) = ServiceDocument::parse(url, document.as_bytes(), Limits::default()) {
        let collections = service.collections().map(|collection| {
            let accept = collection.accept.ranges();
            json!([collection.role, collection.title, collection.href, accept])
        });
        return json!({"collections": collections.collect::<Vec<_>>()});
    }
    let options = ReadOptions::new(url);
    if let Ok(entry) = options.entry(document.as_bytes()) {
        let title = entry.title.as_ref().map(|title| title.value().into_owned());
        return json!({"title": title, "next": null, "entries": [ours(&entry, full)]});
    }
    let read = options.feed(document.as_bytes()).unwrap();
    let entries: Vec<Value> = read.entries.iter().map(|entry| ours(entry, full)).collect();
    let title = read
        .feed
        .title
        .as_ref()
        .map(|title| title.value().into_owned());
    json!({"title": title, "next": read.feed.next_page(), "entries": entries})
}

#[test]
fn feedparser_and_lxml_read_in_the_servers_documents_what_we_read() -> Result<()> {
    let Some(python) = PYTHON_FEEDPARSER.program_or_skip()? else {
        return Ok(());
    };
    let documents = documents();
    let mut child = Command::new(python)
        .arg(script("feeds.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let texts: Vec<&str> = documents.iter().map(|(_, text)| text.as_str()).collect();
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    stdin.write_all(serde_json::to_string(&texts)?.as_bytes())?;
    drop(stdin);
    let output = child.wait_with_output()?;
    let theirs: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    assert_eq!(theirs.len(), documents.len());
    let mut entries = 0;
    for ((url, document), theirs) in documents.iter().zip(&theirs) {
        assert_eq!(
            theirs["lxml"],
            read_ours(url, document, true),
            "lxml, {url}"
        );
        if !theirs["feedparser"].is_null() {
            assert_eq!(
                theirs["feedparser"],
                read_ours(url, document, false),
                "feedparser, {url}"
            );
            entries += theirs["feedparser"]["entries"]
                .as_array()
                .map_or(0, Vec::len);
        }
    }
    assert!(entries > 40, "{entries} entries were compared");
    Ok(())
}
