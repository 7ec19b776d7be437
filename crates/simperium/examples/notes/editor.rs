//! Texts from the user.

use std::env;
use std::fs;
use std::io::Read as _;
use std::process::Command;

use crate::Result;

/// The text that was given, or standard input for `-`, or what comes out of
/// the editor.
pub(crate) fn text(given: Option<&str>, before: &str) -> Result<String> {
    match given {
        Some("-") => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            Ok(text)
        }
        Some(text) => Ok(text.to_owned()),
        None => edited(before),
    }
}

fn edited(before: &str) -> Result<String> {
    let editor = env::var("VISUAL").or_else(|_| env::var("EDITOR"));
    let editor = editor.map_err(|_| "give a text, or set EDITOR")?;
    // It may have arguments.
    let mut words = editor.split_whitespace();
    let program = words.next().ok_or("EDITOR is empty")?;
    let folder = tempfile(before)?;
    let path = folder.0.join("note.txt");
    let status = Command::new(program).args(words).arg(&path).status();
    let status = status.map_err(|error| format!("cannot start {program}: {error}"))?;
    if !status.success() {
        return Err(format!("{program} failed; the note is as it was").into());
    }
    Ok(fs::read_to_string(&path)?)
}

/// A folder that goes with its value.
struct Folder(std::path::PathBuf);

/// A file for the editor, where nobody else can read it.
fn tempfile(text: &str) -> Result<Folder> {
    let name = format!("note-{}", simperium::model::Key::random()?);
    let folder = Folder(env::temp_dir().join(name));
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder.0)?;
    fs::write(folder.0.join("note.txt"), text)?;
    Ok(folder)
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
