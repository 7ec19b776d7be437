//! The example tool, as processes of their own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use sync_core::testing::{Gate, Reply, Script, ScriptedServer, build_example, gone_reader};

use crate::support::{Database, TOKEN, category};

/// The tool, built once.
fn tool() -> Command {
    static TOOL: OnceLock<PathBuf> = OnceLock::new();
    let tool = TOOL.get_or_init(|| {
        // With the features of this test, so that nothing is built twice.
        let mut features = vec!["images", "server", "sqlite"];
        for (feature, is_on) in [
            ("tls", cfg!(feature = "tls")),
            ("http2", cfg!(feature = "http2")),
            ("postgres", cfg!(feature = "postgres")),
            ("test-kit", cfg!(feature = "test-kit")),
        ] {
            features.extend(is_on.then_some(feature));
        }
        build_example(env!("CARGO_MANIFEST_DIR"), "synctool", &features).unwrap()
    });
    let mut command = Command::new(tool);
    for name in [
        "SYNCTOOL_API_TOKEN",
        "SYNCTOOL_CLIENT_TOKEN",
        "SYNCTOOL_CLIENT_ENDPOINT",
    ] {
        command.env_remove(name);
    }
    command
}

/// The tool, about a database.
fn about(database: &Database) -> Command {
    let models = "tests/vectors/schema/django-models-sqlite-dj5.2.1.json";
    let mut command = tool();
    command
        .arg("--db")
        .arg(database.path())
        .arg("--schema")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(models));
    command
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.unwrap().success());
    }

    fn wait(mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

/// `serve`, and its endpoint.
fn serve(database: &Database) -> (Running, String) {
    let mut child = about(database)
        .args(["serve", "--listen", "127.0.0.1:0", "lab", "sites"])
        .env("SYNCTOOL_API_TOKEN", TOKEN)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let output = child.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    let (endpoint, _) = line.split_once("lab/").unwrap();
    (Running(child), endpoint.to_owned())
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(text).unwrap()
}

/// A database to sync from.
fn filled() -> Database {
    Database::with(&[
        "INSERT INTO lab_category (id, slug) VALUES (1, 'a'), (2, 'b')",
        "INSERT INTO lab_blog (id, title, slug) VALUES (7, 't', 's')",
        "INSERT INTO lab_blog_categories (blog_id, category_id) VALUES (7, 1), (7, 2)",
    ])
}

#[test]
fn a_served_database_comes_into_another() {
    let (source, target) = (filled(), Database::new());
    let (server, endpoint) = serve(&source);
    let run = |args: &[&str]| {
        // The endpoint and the token come from the environment.
        let output = about(&target)
            .args(args)
            .env("SYNCTOOL_CLIENT_ENDPOINT", &endpoint)
            .env("SYNCTOOL_CLIENT_TOKEN", TOKEN)
            .output()
            .unwrap();
        (output.status.code(), said(&output))
    };
    let (code, text) = run(&["check", "lab"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("differs"), "{text}");
    assert!(target.rows("lab_blog").is_empty());

    let (code, text) = run(&["sync", "lab", "sites"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("lab.category    2"), "{text}");
    for table in ["lab_blog", "lab_category", "lab_blog_categories"] {
        assert_eq!(target.rows(table), source.rows(table), "{table}");
    }
    let (code, text) = run(&["check", "lab", "--lines"]);
    assert_eq!(code, Some(0), "{text}");

    // Nothing is lost with a reader that has gone.
    let unread = Database::new();
    let mut tool = about(&unread);
    tool.args(["sync", "lab", "sites"])
        .env("SYNCTOOL_CLIENT_ENDPOINT", &endpoint)
        .env("SYNCTOOL_CLIENT_TOKEN", TOKEN)
        .stdout(gone_reader().unwrap());
    let output = tool.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(unread.rows("lab_blog"), source.rows("lab_blog"));

    // What has not changed is not sent again.
    let state = target.path().with_file_name("state.json");
    let remembering = ["sync", "lab", "--state", state.to_str().unwrap()];
    for is_known in [false, true] {
        let (code, text) = run(&remembering);
        assert_eq!(code, Some(0), "{text}");
        assert_eq!(text.contains("nothing has changed"), is_known, "{text}");
    }
    let change = "UPDATE lab_category SET slug = 'B' WHERE id = 2";
    source.connect().execute_batch(change).unwrap();
    let (_, text) = run(&remembering);
    assert!(!text.contains("nothing has changed"), "{text}");
    assert_eq!(target.rows("lab_category"), source.rows("lab_category"));

    // What went away over there goes away here when it is asked to.
    let gone = "DELETE FROM lab_blog_categories; DELETE FROM lab_category WHERE id = 2";
    source.connect().execute_batch(gone).unwrap();
    assert_eq!(
        run(&["sync", "lab", "--dry-run", "--clean", "stale"]).0,
        Some(0)
    );
    assert_eq!(target.rows("lab_category").len(), 2);
    assert_eq!(run(&["sync", "lab", "--clean", "stale"]).0, Some(0));
    assert_eq!(target.rows("lab_category"), source.rows("lab_category"));
    assert!(target.rows("lab_blog_categories").is_empty());

    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn the_token_may_come_from_a_file_and_wrong_usage_is_told() {
    let (source, target) = (filled(), Database::new());
    let (_server, endpoint) = serve(&source);
    let file = target.path().with_file_name("token");
    for (token, code) in [(TOKEN, 0), ("another", 3)] {
        std::fs::write(&file, format!("{token}\n")).unwrap();
        let output = about(&target)
            .args(["--url", &endpoint, "--token-file"])
            .arg(&file)
            .args(["sync", "lab"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        let text = said(&output);
        assert!(!text.contains(token), "{text}");
        assert_eq!(
            text.matches("synctool").count(),
            usize::from(code == 3),
            "{text}"
        );
    }
    for (args, code) in [
        (&["--help"][..], 0),
        (&[], 2),
        (&["sync"], 2),
        (&["sync", "lab", "--clean", "all"], 2),
        (&["serve", "--clean", "stale"], 2),
        (&["sync", "lab"], 3),
        (&["serve"], 3),
    ] {
        let output = about(&target).args(args).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{args:?}: {}",
            said(&output)
        );
    }
}

#[tokio::test]
async fn a_tool_that_is_stopped_or_killed_leaves_the_database_as_it_was() {
    let target = Database::with(&["INSERT INTO lab_category (id, slug) VALUES (9, 'old')"]);
    let before = target.contents();
    let objects = (1..2000).map(|pk| category(pk, &format!("s{pk}")).to_string());
    let body = format!("[{}", objects.collect::<Vec<_>>().join(","));
    for (signal, code) in [("INT", Some(130)), ("TERM", Some(130)), ("KILL", None)] {
        let (sent, never) = (Gate::new(), Gate::new());
        let reply = Reply::ok().chunk(body.clone()).wait(&never).chunk("]");
        let server = ScriptedServer::builder()
            .connection(Script::new().read_request().open(&sent).reply(reply))
            .start()
            .await
            .unwrap();
        let child = about(&target)
            .args(["--public", "sync", "--clean", "stale", "x", "--url"])
            .arg(server.url("/sync/"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let running = Running(child);
        sent.wait().await;
        running.signal(signal);
        let ended = tokio::task::spawn_blocking(move || running.wait())
            .await
            .unwrap();
        assert_eq!(ended, code, "{signal}");
        assert_eq!(target.contents(), before, "{signal}");
    }
}
