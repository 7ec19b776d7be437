//! The suite that every store must pass: both of ours do.

use std::collections::HashMap;

use simperium::store::{MemoryStore, kit};

#[test]
fn the_store_in_memory_keeps_every_behaviour() {
    let mut stores = HashMap::<_, MemoryStore>::new();
    let report = kit::run(|name| stores.entry(name).or_default().clone());
    report.assert_kept();
    assert_eq!(report.kept(), kit::names());
}

#[cfg(feature = "sqlite")]
#[test]
fn the_store_in_a_file_keeps_every_behaviour() {
    use simperium::store::SqliteStore;

    let folder = crate::support::folder("suite");
    let report = kit::run(|name| SqliteStore::open(folder.file(name)).unwrap());
    report.assert_kept();
    assert_eq!(report.kept(), kit::names());
}
