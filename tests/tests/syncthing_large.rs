//! A folder of 100,000 files.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sync_tests::Result;
use sync_tests::browse::{Mode, in_a_process};
use sync_tests::syncthing::{Lab, Size, write_files};
use xtask::peers::syncthing::Version;

const FILES: u32 = 100_000;
/// A directory for each thousand.
const ENTRIES: usize = 100_100;
/// The JSON alone has 16 MB. An optimised build needs less than this.
const COLLECTED_KIB: u64 = 60 << 10;
const VISITED_KIB: u64 = 25 << 10;

// With one version only: making and scanning the files takes half a minute.
#[tokio::test]
async fn a_hundred_thousand_files_are_browsed_in_bounded_memory() -> Result<()> {
    let Some(lab) = Lab::start(Version::V1_29)? else {
        return Ok(());
    };
    let path = lab.add_folder("large", &[]).await?;
    write_files(&path, FILES, Size::Empty)?;
    let folder = lab.client.folder("large");
    folder.scan().await?;
    assert_eq!(folder.status().await?.local_files, i64::from(FILES));

    let program = env!("CARGO_BIN_EXE_browse-client");
    for (mode, limit) in [
        (Mode::Collected, COLLECTED_KIB),
        (Mode::Visited, VISITED_KIB),
    ] {
        let browsed = in_a_process(program, &lab, "large", mode)?;
        assert_eq!(browsed.entries, ENTRIES, "{mode}");
        let peak = browsed.cost.peak_kib;
        assert!(
            peak < limit,
            "{mode}: {peak} KiB at the most, {limit} allowed"
        );
        eprintln!("{mode}: {peak} KiB");
    }

    // A visitor that has seen enough is shown no more.
    let mut seen = BTreeSet::new();
    let found = folder
        .browse()
        .visit(|entry| {
            assert!(seen.insert(entry.path.clone()), "{} twice", entry.path);
            match entry.path.ends_with("/f000123") {
                true => ControlFlow::Break(entry.path),
                false => ControlFlow::Continue(()),
            }
        })
        .await?;
    assert_eq!(found, ControlFlow::Break("d000/f000123".to_owned()));
    assert!(seen.len() < 200, "{}", seen.len());
    Ok(())
}
