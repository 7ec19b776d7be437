//! Files for daemons to sync.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// How many bytes a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// None, which is made in no time.
    Empty,
    /// So many, which do not repeat: daemons send every block once.
    Bytes(u32),
}

/// Writes a file, and the directories it needs.
///
/// # Errors
///
/// The file system's.
pub fn write_file(path: &Path, size: Size) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut file = File::create(path)?;
    if let Size::Bytes(mut left) = size {
        let mut block = [0; 16 << 10];
        while left > 0 {
            let length = left.min(16 << 10);
            let part = &mut block[..length as usize];
            fastrand::fill(part);
            file.write_all(part)?;
            left -= length;
        }
    }
    Ok(())
}

/// Writes `count` files, a thousand to a directory: `d000/f000000` and on.
///
/// Empty ones are links to the first of their directory, which daemons don't
/// notice and some file systems make thirty times as fast.
///
/// # Errors
///
/// The file system's.
pub fn write_files(root: &Path, count: u32, size: Size) -> io::Result<()> {
    let path = |number: u32| {
        let directory = root.join(format!("d{:03}", number / 1000));
        directory.join(format!("f{number:06}"))
    };
    for number in 0..count {
        if size == Size::Empty && number % 1000 != 0 {
            fs::hard_link(path(number - number % 1000), path(number))?;
        } else {
            write_file(&path(number), size)?;
        }
    }
    Ok(())
}

/// How many files there are below a directory, but for hidden ones.
///
/// # Errors
///
/// The file system's.
pub fn file_count(root: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        count += match entry.file_type()?.is_dir() {
            true => file_count(&entry.path())?,
            false => 1,
        };
    }
    Ok(count)
}
