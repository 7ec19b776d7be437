//! The server, another device, and what must be true of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use simperium::Api;
use simperium::emulator::Emulator;
use simperium::model::BucketName;
use simperium::protocol::{ClientCommand, ClientFrame};
use simperium::store::{PendingState, Record, SqliteStore, StoreExt};
use tokio::task::block_in_place;

use crate::process::{At, Process, Said, Until};

pub(crate) const APP: &str = "crash";
pub(crate) const TOKEN: &str = "lab-ann";
pub(crate) const BUCKET: &str = "note";
/// The object that all write to.
pub(crate) const LOG: &str = "log";

/// A word that no other run and edit has, and that is like no other.
pub(crate) fn word(run: u32, number: u32) -> String {
    let mixed = (u64::from(run) << 32 | u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{run}.{number}.{:06x}", mixed >> 40)
}

/// What goes wrong besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    None,
    /// The first changes are made, and the socket is closed instead of an
    /// answer.
    LostAnswers,
    /// The socket is closed whenever a change is about to be sent, and when one
    /// was acknowledged.
    Kicks,
}

impl Mishap {
    pub(crate) const ALL: [Self; 3] = [Self::None, Self::LostAnswers, Self::Kicks];
}

/// What a process did, by its own account: `word`, `object` or `delete`, and
/// of what.
type Deeds = BTreeSet<(String, String)>;

pub(crate) struct World {
    emulator: Emulator,
    api: Api,
    folder: PathBuf,
    runs: u32,
    tried: Deeds,
    kept: Deeds,
}

impl World {
    pub(crate) async fn start(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("simperium-crash-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let emulator = Emulator::builder()
            .log_limit(100_000)
            .start()
            .await
            .unwrap();
        let api = Api::builder(APP, TOKEN)
            .host(emulator.origin())
            .build()
            .unwrap();
        // Something that was there before.
        emulator.seed(APP, TOKEN, BUCKET, 5, 50);
        let log = json!({"text": ""});
        let notes = api.bucket(BUCKET).unwrap();
        notes.set(LOG, &log).await.unwrap();
        Self {
            emulator,
            api,
            folder,
            runs: 0,
            tried: Deeds::new(),
            kept: Deeds::new(),
        }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("sync.db")
    }

    pub(crate) fn origin(&self) -> String {
        self.emulator.origin()
    }

    pub(crate) fn runs(&self) -> u32 {
        self.runs
    }

    /// Before a run, another device writes to the same text.
    pub(crate) async fn begin_run(&mut self, mishap: Mishap) {
        self.runs += 1;
        self.emulator.clear_faults();
        self.write(0).await;
        if mishap == Mishap::LostAnswers {
            self.emulator.drop_after_write(3);
        }
    }

    /// The other device adds a word.
    async fn write(&mut self, number: u32) {
        let word = word(self.runs, 900 + number);
        let notes = self.api.bucket(BUCKET).unwrap();
        let read = notes.get(LOG).await.unwrap().unwrap();
        let mut object: Value = read.data;
        let text = object["text"].as_str().unwrap();
        object["text"] = Value::from(format!("{text}{word}\n"));
        // Repeated with the same id, if its answer is the one that is lost.
        let written = notes.set_at(LOG, read.version.unwrap(), &object).await;
        written.unwrap();
        let deed = ("word".to_owned(), word);
        self.tried.insert(deed.clone());
        self.kept.insert(deed);
    }

    /// Follows a process until it is killed; `None` if it was done before.
    pub(crate) async fn run(
        &mut self,
        mut process: Process,
        until: Until,
        mishap: Mishap,
    ) -> Option<At> {
        let killed = self.follow(&mut process, until, mishap).await;
        process.kill();
        // What it had done by then.
        while let Some(said) = block_in_place(|| process.next()) {
            self.note(said);
        }
        killed
    }

    async fn follow(&mut self, process: &mut Process, until: Until, mishap: Mishap) -> Option<At> {
        let mut lines = 0;
        loop {
            let said = block_in_place(|| process.next());
            let Some(said) = said else {
                panic!("run {} has ended by itself", self.runs);
            };
            lines += 1;
            match &said {
                Said::Step { number, at } => {
                    if matches!(until, Until::Step(step) if step == *number) {
                        return Some(at.clone());
                    }
                    let sends = at.place == "after" && at.what.contains("made");
                    let hears = at.place == "inside" && at.what.contains("acknowledged");
                    // Not for ever, or nothing would get through.
                    if mishap == Mishap::Kicks && (sends || hears) && *number < 40 {
                        self.emulator.kick();
                    }
                    process.go();
                }
                // While it is connected.
                Said::Synced => self.write(1).await,
                Said::Done => return None,
                _ => {}
            }
            self.note(said);
            if matches!(until, Until::Lines(most) if lines >= most) {
                return Some(At {
                    place: "anywhere".to_owned(),
                    what: String::new(),
                });
            }
        }
    }

    fn note(&mut self, said: Said) {
        match said {
            Said::Try(what, of) => self.tried.insert((what, of)),
            Said::Kept(what, of) => self.kept.insert((what, of)),
            _ => false,
        };
    }

    fn objects(&self) -> BTreeMap<String, (u64, Value)> {
        self.emulator.objects(APP, TOKEN, BUCKET)
    }

    /// How often each word is in the text.
    fn words(&self) -> HashMap<String, usize> {
        let objects = self.objects();
        let text = objects.get(LOG).map(|(_, object)| object["text"].clone());
        let text = text.unwrap_or_default();
        let mut words = HashMap::new();
        for word in text.as_str().unwrap_or_default().lines() {
            *words.entry(word.to_owned()).or_default() += 1;
        }
        words
    }

    fn has(deeds: &Deeds, what: &str, of: &str) -> bool {
        deeds.contains(&(what.to_owned(), of.to_owned()))
    }

    /// What must be true at any time: nothing is there twice, nothing is there
    /// that nobody wrote, and no change was sent in two forms.
    pub(crate) fn check_so_far(&self) {
        for (word, times) in self.words() {
            assert_eq!(times, 1, "{word} in run {}", self.runs);
            let known = Self::has(&self.tried, "word", &word);
            assert!(known, "{word}, which nobody wrote, in run {}", self.runs);
        }
        for (key, (version, _)) in self.objects() {
            if key.starts_with("new-") {
                assert_eq!(version, 1, "{key} was made twice, by run {}", self.runs);
                assert!(Self::has(&self.tried, "object", &key), "{key}");
            }
        }
        let mut sent: HashMap<String, String> = HashMap::new();
        for frame in self.emulator.frames() {
            if !frame.from_client {
                continue;
            }
            let Ok(ClientFrame::Channel {
                command: ClientCommand::Change(change),
                ..
            }) = ClientFrame::parse(&frame.text)
            else {
                continue;
            };
            let first = sent
                .entry(change.ccid)
                .or_insert_with(|| frame.text.clone());
            assert_eq!(*first, frame.text, "in run {}", self.runs);
        }
    }

    /// A last run, to its end: then everything that was kept is there, once,
    /// and the store is as the server.
    pub(crate) async fn finish(mut self) {
        self.begin_run(Mishap::None).await;
        let process = Process::start(&self, false);
        let killed = self.run(process, Until::Done, Mishap::None).await;
        assert!(killed.is_none());
        self.check_so_far();
        let (words, objects) = (self.words(), self.objects());
        for (what, of) in &self.kept {
            let deleted = Self::has(&self.tried, "delete", of);
            match what.as_str() {
                "word" => assert_eq!(words.get(of), Some(&1), "the word {of} was lost"),
                "object" if deleted => {}
                "object" => assert!(objects.contains_key(of), "the object {of} was lost"),
                _ => assert!(!objects.contains_key(of), "{of} was not deleted"),
            }
        }
        assert_eq!(stored(&self.file()), objects);
    }
}

/// The objects in a store, in which nothing waits.
fn stored(file: &Path) -> BTreeMap<String, (u64, Value)> {
    let mut store = SqliteStore::open(file).unwrap();
    let bucket = BucketName::new(BUCKET).unwrap();
    store
        .run(|tx| {
            for state in PendingState::ALL {
                assert_eq!(tx.count_queue(&bucket, state)?, 0, "{state:?}");
            }
            assert_eq!(tx.reloads(&bucket, None, 9)?, []);
            assert_eq!(tx.conflicts(&bucket, Default::default(), 9)?, []);
            let records = tx.records(&bucket, None, usize::MAX)?;
            let objects = records.into_iter().map(|(key, record): (_, Record)| {
                let object = record.object().unwrap().decode().unwrap();
                (key.to_string(), (record.version().unwrap(), object))
            });
            Ok(objects.collect())
        })
        .unwrap()
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
