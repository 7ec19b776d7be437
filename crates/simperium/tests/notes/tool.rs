//! The tool, and a service for it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;

use simperium::emulator::Emulator;
use sync_core::testing::build_example;

pub(crate) const APP: &str = "notes";
pub(crate) const TOKEN: &str = "lab-ann";
pub(crate) const BUCKET: &str = "note";

/// The tool, built once.
fn program() -> &'static PathBuf {
    static TOOL: OnceLock<PathBuf> = OnceLock::new();
    TOOL.get_or_init(|| {
        // With the features of this test, so that nothing is built twice.
        let mut features = vec!["emulator", "sqlite"];
        for (feature, is_on) in [
            ("default", cfg!(feature = "default")),
            ("tls", cfg!(feature = "tls")),
            ("http2", cfg!(feature = "http2")),
            ("exact-numbers", cfg!(feature = "exact-numbers")),
            ("test-kit", cfg!(feature = "test-kit")),
        ] {
            features.extend(is_on.then_some(feature));
        }
        build_example(env!("CARGO_MANIFEST_DIR"), "notes", &features).unwrap()
    })
}

/// A service, and a folder for files, gone with it.
pub(crate) struct Place {
    pub(crate) emulator: Emulator,
    folder: PathBuf,
}

/// Ended with the test, also when that fails.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Place {
    pub(crate) async fn start(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("simperium-notes-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self {
            emulator: Emulator::builder().start().await.unwrap(),
            folder,
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The tool with a service at `url`.
    pub(crate) fn tool(&self, arguments: &[&str], url: &str) -> Command {
        let mut command = Command::new(program());
        command
            .args(["--app", APP, "--url", url])
            .args(arguments)
            .current_dir(&self.folder)
            .env("SIMPERIUM_TOKEN", TOKEN)
            .env_remove("VISUAL")
            .env_remove("EDITOR")
            .stdin(Stdio::null());
        if url.ends_with(":9") {
            command.args(["--wait", "0"]);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.tool(arguments, &self.emulator.origin());
        tokio::task::block_in_place(|| command.output().unwrap())
    }

    /// What it prints when all is well.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn watch(&self) -> Process {
        let mut command = self.tool(&["watch"], &self.emulator.origin());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Process(command.spawn().unwrap())
    }

    /// Waits until it has said so on standard error.
    pub(crate) fn said(&self, process: &mut Process, text: &str) {
        let stderr = BufReader::new(process.0.stderr.take().unwrap());
        let (tell, told) = mpsc::channel();
        let wanted = text.to_owned();
        // To the end: a program nobody listens to any more fails when it speaks.
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if line.contains(&wanted) {
                    let _ = tell.send(());
                }
            }
        });
        assert!(told.recv().is_ok(), "it never said {text}");
    }
}
