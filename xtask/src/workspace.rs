//! Where the workspace and its build products are.

use std::env;
use std::path::{Path, PathBuf};

/// Names the folder of the peers when it isn't `<target>/peers`; `cargo xtask`
/// sets it for everything it starts, so that all agree.
pub const PEERS_DIR: &str = "PEERS_DIR";

/// The folder of the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
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
    fn a_test_program_finds_the_target_folder_it_was_built_in() {
        let exe = env::current_exe().unwrap();
        assert!(exe.starts_with(target_dir()), "{}", exe.display());
    }
}
