//! The names of files, until the rows that name them are committed.

use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::name::UNFINISHED;

/// How many names are kept in memory.
const IN_MEMORY: usize = 4096;

/// A file that a row names: the places of the model and the field in the
/// schema, the key, and the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) model: usize,
    pub(crate) field: usize,
    pub(crate) pk: String,
    pub(crate) name: String,
}

/// A queue of them: a few in memory, and any more in a file that goes with it.
pub(crate) struct Spool {
    folder: PathBuf,
    names: Vec<Named>,
    file: Option<Spilled>,
}

struct Spilled {
    path: PathBuf,
    writer: BufWriter<std::fs::File>,
}

impl Spool {
    /// A queue with its file, if it comes to that, in this folder.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            names: Vec::new(),
            file: None,
        }
    }

    pub(crate) fn push(&mut self, named: Named) -> io::Result<()> {
        self.names.push(named);
        if self.names.len() >= IN_MEMORY {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        let spilled = match &mut self.file {
            Some(spilled) => spilled,
            None => self.file.insert(Spilled::create(&self.folder)?),
        };
        for named in self.names.drain(..) {
            serde_json::to_writer(&mut spilled.writer, &named)?;
            spilled.writer.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Hands them all out, in order, some at a time.
    pub(crate) fn read(mut self) -> io::Result<Batches> {
        let mut file = self.file.take();
        let reader = match &mut file {
            None => None,
            Some(spilled) => {
                spilled.writer.flush()?;
                let mut file = spilled.writer.get_ref().try_clone()?;
                file.rewind()?;
                Some(BufReader::new(file))
            }
        };
        Ok(Batches {
            reader,
            rest: std::mem::take(&mut self.names),
            _file: file,
        })
    }
}

/// What a [`Spool`] holds, some at a time.
pub(crate) struct Batches {
    reader: Option<BufReader<std::fs::File>>,
    rest: Vec<Named>,
    /// Removed with this.
    _file: Option<Spilled>,
}

impl Batches {
    /// The next names; none of them at the end.
    pub(crate) fn next(&mut self) -> io::Result<Vec<Named>> {
        let mut batch = Vec::new();
        if let Some(reader) = &mut self.reader {
            let mut line = String::new();
            while batch.len() < IN_MEMORY {
                line.clear();
                if reader.read_line(&mut line)? == 0 {
                    self.reader = None;
                    break;
                }
                batch.push(serde_json::from_str(&line)?);
            }
        }
        if batch.is_empty() {
            batch = std::mem::take(&mut self.rest);
        }
        Ok(batch)
    }
}

impl Spilled {
    fn create(folder: &std::path::Path) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        std::fs::create_dir_all(folder)?;
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{UNFINISHED}{}-{number}.names", std::process::id()));
            let mut options = std::fs::OpenOptions::new();
            match options.read(true).write(true).create_new(true).open(&path) {
                Ok(file) => {
                    return Ok(Self {
                        path,
                        writer: BufWriter::new(file),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Spilled {
    fn drop(&mut self) {
        // Nobody else knows of it.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(number: usize) -> Named {
        Named {
            model: number % 3,
            field: 1,
            pk: number.to_string(),
            name: format!("photos/{number}\n\"ü.png"),
        }
    }

    #[test]
    fn names_come_out_in_order_however_many_there_are() {
        let folder = std::env::temp_dir().join(format!("synctools-spool-{}", std::process::id()));
        for count in [0, 1, IN_MEMORY - 1, IN_MEMORY, 3 * IN_MEMORY + 7] {
            let mut spool = Spool::new(folder.clone());
            for number in 0..count {
                spool.push(named(number)).unwrap();
                assert!(spool.names.len() < IN_MEMORY);
            }
            let mut batches = spool.read().unwrap();
            let mut out = Vec::new();
            loop {
                let batch = batches.next().unwrap();
                if batch.is_empty() {
                    break;
                }
                out.extend(batch);
            }
            assert!(out.into_iter().eq((0..count).map(named)), "{count}");
            drop(batches);
            let left = std::fs::read_dir(&folder).map_or(0, Iterator::count);
            assert_eq!(left, 0, "{count}");
        }
        std::fs::remove_dir(&folder).unwrap();
    }
}
