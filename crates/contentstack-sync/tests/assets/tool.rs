//! The example tool as a process of its own: stopped, killed, and gone on with.

#![cfg(all(feature = "sqlite", unix))]

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use sync_core::testing::{Gate, Received, Reply, ScriptedServer, build_example, gone_reader};

use crate::site::Folder;

/// The tool, built once.
fn tool() -> &'static PathBuf {
    static TOOL: OnceLock<PathBuf> = OnceLock::new();
    TOOL.get_or_init(|| {
        // With the features of this test, so that nothing is built twice.
        let mut features = vec!["assets", "sqlite"];
        for (feature, is_on) in [
            ("tls", cfg!(feature = "tls")),
            ("http2", cfg!(feature = "http2")),
            ("webhooks", cfg!(feature = "webhooks")),
            ("emulator", cfg!(feature = "emulator")),
            ("test-kit", cfg!(feature = "test-kit")),
        ] {
            features.extend(is_on.then_some(feature));
        }
        build_example(env!("CARGO_MANIFEST_DIR"), "mirror", &features).unwrap()
    })
}

/// A service of three pages of two entries, and one asset.
struct Service {
    server: ScriptedServer,
    folder: Folder,
}

fn entry(number: u32) -> Value {
    json!({"type": "entry_published", "event_at": format!("2026-01-01T00:00:0{number}Z"),
        "content_type_uid": "page", "data": {"uid": format!("blt{number}"), "locale": "en-us",
        "number": number, "next": [{"uid": "blt0", "_content_type_uid": "page"}]}})
}

fn page(request: &Received, origin: &str) -> Reply {
    let query = request.query().unwrap_or_default();
    let page = |items: Vec<Value>, token: &str, value: &str| {
        Reply::json(&json!({"items": items, "total_count": 6, token: value}))
    };
    if request.path() == "/f/hero.txt" {
        return Reply::ok().body("hero");
    }
    if query.contains("init=true") {
        page(vec![entry(0), entry(1)], "pagination_token", "p2")
    } else if query.contains("pagination_token=p2") {
        page(vec![entry(2), entry(3)], "pagination_token", "p3")
    } else if query.contains("pagination_token=p3") {
        let asset = json!({"type": "asset_published", "event_at": "2026-01-01T00:00:00Z",
            "data": {"uid": "blta1", "locale": "en-us", "filename": "hero.txt", "file_size": "4",
                "url": format!("{origin}/f/hero.txt")}});
        page(vec![entry(4), asset], "sync_token", "s1")
    } else {
        page(Vec::new(), "sync_token", "s1")
    }
}

impl Service {
    /// Holds every second page back until the gate opens.
    async fn new(gate: Gate) -> Self {
        let server = ScriptedServer::serve(move |request| {
            let origin = format!("http://{}", request.header("host").unwrap());
            let reply = page(&request, &origin);
            match request
                .query()
                .unwrap_or_default()
                .contains("pagination_token=p2")
            {
                true => reply.hold(&gate),
                false => reply,
            }
        });
        Self {
            server: server.await.unwrap(),
            folder: Folder::new(),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(tool());
        command
            .arg("--db")
            .arg(self.folder.path().join("mirror.db"))
            .args(args)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn pull(&self) -> Command {
        let mut command = self.command(&["--host", &self.server.url(""), "pull", "--assets"]);
        command
            .arg(self.folder.path().join("files"))
            .env("CONTENTSTACK_API_KEY", "blt-secret-key")
            .env("CONTENTSTACK_DELIVERY_TOKEN", "cs-secret-token")
            .env("CONTENTSTACK_ENVIRONMENT", "test");
        command
    }

    fn lines(&self, args: &[&str]) -> Vec<String> {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until the mirror's status says so.
    async fn wait_for(&self, what: &str) {
        let said = async {
            while !self
                .lines(&["status"])
                .iter()
                .any(|line| line.contains(what))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let said = tokio::time::timeout(Duration::from_secs(60), said).await;
        assert!(said.is_ok(), "{what}: {:?}", self.lines(&["status"]));
    }

    fn queries(&self) -> Vec<String> {
        let requests = self.server.requests();
        let queries = requests.iter().filter_map(|request| request.query());
        queries
            .map(|query| query.split('&').next().unwrap().to_owned())
            .collect()
    }
}

async fn wait(child: Child) -> Output {
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_was_killed_or_stopped_is_gone_on_with() {
    for signal in ["KILL", "INT", "TERM"] {
        let gate = Gate::new();
        let service = Service::new(gate.clone()).await;
        let child = service.pull().spawn().unwrap();
        // The second page is asked for while the first one is stored.
        service.server.request(2).await.unwrap();
        service.wait_for("2 of 6 items in 1 pages").await;
        let killed = Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let output = wait(child).await;
        match signal {
            "KILL" => assert_eq!(output.status.code(), None),
            _ => {
                assert_eq!(output.status.code(), Some(130), "{output:?}");
                assert!(String::from_utf8_lossy(&output.stdout).contains("stopped"));
            }
        }
        assert_eq!(service.lines(&["status"])[0], "not complete yet: pull");
        assert!(
            service.lines(&["export"]).is_empty(),
            "readers see no half of it"
        );

        gate.open();
        let output = wait(service.pull().spawn().unwrap()).await;
        assert!(output.status.success(), "{output:?}");
        assert_eq!(
            service.queries(),
            [
                "init=true",
                "pagination_token=p2",
                "pagination_token=p2",
                "pagination_token=p3",
                "sync_token=s1"
            ],
            "{signal}"
        );
        assert_eq!(service.lines(&["export"]).len(), 6);
        assert_eq!(
            service.lines(&["status"])[..2],
            ["ready", "5 entries, 1 assets"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_gone_is_no_error() {
    let gate = Gate::new();
    gate.open();
    let service = Service::new(gate).await;
    assert!(wait(service.pull().spawn().unwrap()).await.status.success());
    for command in [
        &["status"][..],
        &["export"],
        &["query", "page"],
        &["--help"],
    ] {
        let mut tool = service.command(command);
        let child = tool.stdout(gone_reader().unwrap()).spawn().unwrap();
        let output = wait(child).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*said), (Some(0), ""), "{command:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mirror_is_asked_without_keys() {
    let gate = Gate::new();
    gate.open();
    let service = Service::new(gate).await;
    let output = wait(service.pull().spawn().unwrap()).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("everything: 6 written"), "{text}");
    assert!(text.contains("1 files downloaded (4 bytes)"), "{text}");

    let uids = |args: &[&str]| -> Vec<u64> {
        let lines = service.lines(&[&["query", "page"], args].concat());
        let number = |line: &String| {
            let entry: Value = serde_json::from_str(line).unwrap();
            entry["number"].as_u64().unwrap()
        };
        lines.iter().map(number).collect()
    };
    assert_eq!(uids(&["--sort", "-number", "--limit", "2"]), [4, 3]);
    assert_eq!(
        uids(&[
            "--where",
            "number>=2",
            "--where",
            "number!=3",
            "--sort",
            "number"
        ]),
        [2, 4]
    );
    assert_eq!(
        uids(&["--where", "uid~[01]$", "--sort", "number", "--skip", "1"]),
        [1]
    );
    assert_eq!(uids(&["--where", "missing"]), [0_u64; 0]);
    assert_eq!(
        uids(&[
            "--where",
            "!missing",
            "--fallback",
            "x,en-us",
            "--locale",
            "y"
        ])
        .len(),
        5
    );
    assert_eq!(service.lines(&["query", "page", "--count"]), ["5"]);
    let only = [
        "query",
        "page",
        "--uid",
        "blt1",
        "--include",
        "1",
        "--only",
        "next.number",
    ];
    assert_eq!(
        service.lines(&only),
        [r#"{"next":[{"number":0}],"uid":"blt1"}"#]
    );
    let uses = service.lines(&["uses", "entry", "blt0"]);
    assert_eq!(uses.len(), 5);
    assert_eq!(uses[0], "entry|blt0|en-us\tpage");

    // What is not there is said.
    for (args, said) in [
        (&["query", "nosuch"][..], "content type nosuch"),
        (&["query", "nosuch", "--count"], "content type nosuch"),
        (&["uses", "asset", "blt9"], "the asset blt9"),
    ] {
        let output = service.command(args).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?} {text}");
        assert!(text.contains(said), "{args:?} {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_taken_from_a_file_and_never_shown() {
    let gate = Gate::new();
    gate.open();
    let service = Service::new(gate).await;
    let keys = service.folder.path().join("keys.txt");
    std::fs::write(&keys, "blt-secret-key\ncs-secret-token\n").unwrap();
    let connect = [
        "--host",
        &service.server.url(""),
        "--environment",
        "test",
        "--keys",
    ];
    let mut verify = service.command(&[&connect[..], &[keys.to_str().unwrap(), "verify"]].concat());
    let output = wait(verify.spawn().unwrap()).await;
    assert!(output.status.success(), "{output:?}");
    assert!(!format!("{output:?}").contains("secret"));

    for (args, code, error) in [
        (&["pull"][..], 3, "set CONTENTSTACK_API_KEY"),
        (&["frobnicate"], 2, "no command"),
        (&["query"], 2, "content type"),
        (&["query", "page", "--where", "=1"], 2, "which field"),
        (&["status", "--sort", "x"], 2, "invalid option"),
        (
            &["query", "page", "--where", "uid~("],
            3,
            "no regular expression",
        ),
    ] {
        let output = service.command(args).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?} {text}");
        assert!(text.contains(error), "{args:?} {text}");
    }
    let help = service.lines(&["--help"]);
    assert!(help[0].starts_with("A local copy"));
}
