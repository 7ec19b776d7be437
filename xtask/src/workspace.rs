//! Where the workspace and its build products are.

use std::env;
use std::path::{Path, PathBuf};

/// Names the folder of the peers when it isn't `<target>/peers`; `cargo xtask`
/// sets it for everything it starts, so that all agree.
pub const PEERS_DIR: &str = "PEERS_DIR";

/// The folder of the workspace's `Cargo.toml`.
///
/// From where cargo runs this program, else from where it was compiled: two
/// clones that share a target folder share what is compiled there too.
pub fn root() -> PathBuf {
    let runs = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let compiled = Path::new(env!("CARGO_MANIFEST_DIR"));
    runs.as_deref()
        .and_then(root_of)
        .unwrap_or(compiled.parent().unwrap_or(compiled))
        .to_path_buf()
}

/// The workspace that a folder of it belongs to.
fn root_of(folder: &Path) -> Option<&Path> {
    folder
        .ancestors()
        .find(|folder| folder.join("xtask/Cargo.toml").is_file())
}

/// Cargo's target folder.
///
/// Taken from where the running program lies (cargo marks the folder with a
/// `CACHEDIR.TAG`), then from `CARGO_TARGET_DIR`, then `target` in [`root`].
pub fn target_dir() -> PathBuf {
    let from_exe = env::current_exe().ok().and_then(|exe| {
        exe.ancestors()
            .skip(1)
            .find(|dir| dir.join("CACHEDIR.TAG").is_file())
            .map(Path::to_path_buf)
    });
    if let Some(dir) = from_exe {
        return dir;
    }
    match env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => {
            let dir = PathBuf::from(dir);
            if dir.is_absolute() {
                dir
            } else {
                root().join(dir)
            }
        }
        None => root().join("target"),
    }
}

/// Where peers are installed and their running processes are recorded:
/// `$PEERS_DIR`, else `<target>/peers`.
pub fn peers_dir() -> PathBuf {
    match env::var_os(PEERS_DIR).filter(|dir| !dir.is_empty()) {
        Some(dir) => PathBuf::from(dir),
        None => target_dir().join("peers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace_manifest() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"), "{manifest}");
    }

    #[test]
    fn the_clone_that_runs_is_the_one_that_counts() {
        let clone = env::temp_dir().join(format!("workspace-{}", std::process::id()));
        std::fs::create_dir_all(clone.join("xtask")).unwrap();
        std::fs::create_dir_all(clone.join("crates/core/src")).unwrap();
        std::fs::write(clone.join("xtask/Cargo.toml"), "").unwrap();
        for folder in ["xtask", "crates/core", "crates/core/src", ""] {
            assert_eq!(root_of(&clone.join(folder)), Some(clone.as_path()));
        }
        std::fs::remove_dir_all(&clone).unwrap();
        assert_eq!(root_of(&clone), None);
    }

    #[test]
    fn a_test_program_finds_the_target_folder_it_was_built_in() {
        let exe = env::current_exe().unwrap();
        assert!(exe.starts_with(target_dir()), "{}", exe.display());
    }
}
