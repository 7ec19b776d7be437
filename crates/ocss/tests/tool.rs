//! The example tool as processes of its own, against the emulator.
#![cfg(feature = "emulator")]
#![allow(clippy::unwrap_used, reason = "what helpers of tests may do too")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use ocss::emulator::Emulator;
use sync_core::testing::{build_example, gone_reader};

/// The tool, built once.
fn tool() -> Command {
    static TOOL: OnceLock<PathBuf> = OnceLock::new();
    let tool = TOOL.get_or_init(|| {
        // With the features of this test, so that nothing is built twice.
        let mut features = vec!["emulator"];
        for (feature, is_on) in [
            ("tls", cfg!(feature = "tls")),
            ("http2", cfg!(feature = "http2")),
        ] {
            features.extend(is_on.then_some(feature));
        }
        build_example(env!("CARGO_MANIFEST_DIR"), "syncserver", &features).unwrap()
    });
    Command::new(tool)
}

/// The exit code, standard output and standard error.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A file of keys that goes with the test.
struct Keys(PathBuf);

impl Keys {
    fn new(text: &str) -> Self {
        let name = format!("ocss-tool-{}", std::process::id());
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&file, text).unwrap();
        Self(file)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_of_the_documentation_is_read_and_written() {
    let server = Emulator::builder().start().await.unwrap();
    let keys = Keys::new(
        "consumer-key-alice\nconsumer-secret-alice\naccess-key-alice\naccess-secret-alice\n",
    );
    let about = || {
        let mut tool = tool();
        tool.args(["--url", &server.url(), "--auth"]).arg(&keys.0);
        tool
    };
    let says = |args: &[&str]| {
        let (code, out, err) = run(about().args(args));
        assert_eq!((code, &*err), (Some(0), ""), "{args:?} {out}");
        out
    };
    assert!(says(&["phones"]).contains("some-vendor-id"));
    assert!(says(&["clients"]).contains("my-datastore-client-id"));
    let store = "my-datastore-client-id";
    assert_eq!(says(&["contents", store]).lines().count(), 15);

    let file = keys.0.to_str().unwrap();
    let id = says(&["put", store, file, "text/plain"]);
    assert!(says(&["get", store, id.trim()]).starts_with("consumer-key-alice\n"));
    let changes = says(&["changes", store, "2009-11-01T123000Z"]);
    assert!(changes.contains(id.trim()), "{changes}");
    assert!(
        changes.contains(&format!("next: changes {store} ")),
        "{changes}"
    );
    says(&["rm", store, id.trim()]);

    let mut unread = about();
    unread.arg("phones").stdout(gone_reader().unwrap());
    let (code, _, err) = run(&mut unread);
    assert_eq!((code, &*err), (Some(0), ""));

    // The answer is no, and what cannot be had.
    let (code, out, _) = run(about().args(["detect", "+46700000000"]));
    assert_eq!((code, &*out), (Some(1), "not detected\n"));
    let (code, _, err) = run(about().args(["models", "nosuch"]));
    assert_eq!(code, Some(3), "{err}");
    assert!(err.starts_with("syncserver: "), "{err}");
}

#[test]
fn wrong_usage_is_told() {
    for (args, code, said) in [
        (&[][..], 2, "syncserver: name a command"),
        (&["frobnicate"], 2, "no command \"frobnicate\""),
        (&["get", "store"], 2, "get: say STORE ID"),
        (&["clients", "all"], 2, "what is \"all\" for?"),
        (&["--all"], 2, "invalid option '--all'"),
        (
            &["--auth", "nosuch", "clients"],
            3,
            "syncserver: cannot read nosuch: ",
        ),
        (&["--url", "x", "clients"], 3, "syncserver: "),
    ] {
        let (is, out, err) = run(tool().args(args));
        assert_eq!(is, Some(code), "{args:?} {out} {err}");
        assert!(err.contains(said), "{args:?} {err}");
    }
    let (code, out, _) = run(tool().arg("--help"));
    assert_eq!(code, Some(0));
    assert!(out.contains("Exit codes: 0 good, 1 the answer is no, 2 wrong usage, 3 failed."));
}
