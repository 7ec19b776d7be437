//! What a sync did, as a table.

use sync_core::tool::say;
use synctools::SyncReport;

/// Prints one line for each model, and what else there is to say.
pub(crate) fn print(report: &SyncReport) {
    if report.not_modified {
        say!("nothing has changed since the last sync");
        return;
    }
    let heads = ["model", "new", "changed", "same", "removed", "pairs"];
    let mut lines = vec![heads.map(str::to_owned)];
    for model in &report.models {
        let pairs = match (model.pairs_added, model.pairs_removed) {
            (0, 0) => String::new(),
            (added, removed) => format!("+{added} -{removed}"),
        };
        lines.push([
            model.model.to_string(),
            model.inserted.to_string(),
            model.updated.to_string(),
            model.unchanged.to_string(),
            model.deleted.to_string(),
            pairs,
        ]);
    }
    let mut widths = [0; 6];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for line in &lines {
        let [first, rest @ ..] = line;
        let mut text = format!("{first:<width$}", width = widths[0]);
        for (cell, width) in rest.iter().zip(&widths[1..]) {
            text.push_str(&format!("  {cell:>width$}"));
        }
        say!("{}", text.trim_end());
    }
    for reference in &report.references {
        say!(
            "{}.{}: {} rows referred to removed ones: {:?}",
            reference.table,
            reference.column,
            reference.rows,
            reference.action
        );
    }
    say!(
        "{} objects, {} in {:.2} s{}{}",
        report.objects,
        indicatif::HumanBytes(report.bytes),
        report.elapsed.as_secs_f64(),
        match report.attempts {
            0 | 1 => String::new(),
            attempts => format!(", {attempts} attempts"),
        },
        if report.dry_run {
            "; nothing was changed"
        } else {
            ""
        },
    );
    if let Some(images) = &report.images {
        say!(
            "images: {} downloaded ({}), {} there already, {} failed",
            images.downloaded,
            indicatif::HumanBytes(images.bytes),
            images.existing,
            images.failed.len()
        );
        failures(&images.failed);
    }
    for warning in &report.warnings {
        eprintln!("warning: {warning}");
    }
}

/// Prints what could not be downloaded.
pub(crate) fn failures(failed: &[synctools::images::ImageFailure]) {
    for failure in failed {
        eprintln!(
            "{} {} {}: {:?}: {}",
            failure.model, failure.pk, failure.field, failure.name, failure.error
        );
    }
}
