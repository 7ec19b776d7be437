//! Into PostgreSQL: COPY into a temporary table, from there into the real one.
//! One thread reads and parses, the other sends.

use std::fmt::Write as _;

use bytes::Bytes;
use futures_util::{SinkExt, pin_mut};
use tokio::sync::mpsc;
use tokio_postgres::{NoTls, Transaction};

use super::{Object, rows};
use crate::bench::synctools::Result;

/// So much is sent at a time.
const PART: usize = 1 << 16;

struct Table {
    name: &'static str,
    columns: &'static [&'static str],
}

const GROUPS: Table = Table {
    name: "big_biggroup",
    columns: &["id", "name"],
};

const ITEMS: Table = Table {
    name: "big_bigitem",
    columns: &[
        "id", "group_id", "name", "body", "price", "score", "active", "created", "note",
    ],
};

/// What the reading thread hands over.
enum Part {
    /// What follows is of this table.
    Of(&'static Table),
    Lines(String),
}

/// Writes all rows that are served; how many.
pub(crate) async fn sync(port: u16, target: &str, url: &str) -> Result<u64> {
    let (mut client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // It ends with the client.
    tokio::spawn(connection);
    let transaction = client.transaction().await?;
    transaction
        .batch_execute("SET CONSTRAINTS ALL DEFERRED")
        .await?;
    let (send, mut receive) = mpsc::channel(4);
    let target = target.to_owned();
    let reading = tokio::task::spawn_blocking(move || read(port, &target, &send));

    let mut next = receive.recv().await;
    while let Some(Part::Of(table)) = next {
        next = copy(&transaction, table, &mut receive).await?;
    }
    let count = reading.await??;
    for table in [&GROUPS, &ITEMS] {
        let name = table.name;
        transaction
            .batch_execute(&format!(
                "SELECT setval(pg_get_serial_sequence('{name}', 'id'), coalesce(max(id), 1), \
                 max(id) IS NOT NULL) FROM {name}"
            ))
            .await?;
    }
    transaction.commit().await?;
    Ok(count)
}

/// Takes the rows of one table; what comes after them.
async fn copy(
    transaction: &Transaction<'_>,
    table: &Table,
    receive: &mut mpsc::Receiver<Part>,
) -> Result<Option<Part>> {
    let Table { name, columns } = table;
    let list = columns.join(", ");
    transaction
        .batch_execute(&format!(
            "CREATE TEMPORARY TABLE new_{name} ON COMMIT DROP AS SELECT {list} FROM {name} LIMIT 0"
        ))
        .await?;
    let sink = transaction
        .copy_in(&format!("COPY new_{name} ({list}) FROM STDIN"))
        .await?;
    pin_mut!(sink);
    let after = loop {
        match receive.recv().await {
            Some(Part::Lines(lines)) => sink.feed(Bytes::from(lines)).await?,
            other => break other,
        }
    };
    sink.finish().await?;
    let set: Vec<String> = columns
        .iter()
        .skip(1)
        .map(|column| format!("{column} = excluded.{column}"))
        .collect();
    transaction
        .batch_execute(&format!(
            "INSERT INTO {name} ({list}) SELECT {list} FROM new_{name} \
             ON CONFLICT (id) DO UPDATE SET {}",
            set.join(", ")
        ))
        .await?;
    Ok(after)
}

/// Reads all rows as lines of COPY.
fn read(port: u16, target: &str, send: &mpsc::Sender<Part>) -> Result<u64> {
    let mut lines = String::with_capacity(PART + 4096);
    let mut now: Option<&'static str> = None;
    let hand_over = |part| {
        send.blocking_send(part)
            .map_err(|_| "nobody takes the rows any more")
    };
    let count = rows(port, target, |object| {
        let table = if object.is_item()? { &ITEMS } else { &GROUPS };
        if now != Some(table.name) {
            now = Some(table.name);
            if !lines.is_empty() {
                hand_over(Part::Lines(std::mem::take(&mut lines)))?;
            }
            hand_over(Part::Of(table))?;
        }
        let Object {
            pk, fields: row, ..
        } = object;
        write!(lines, "{pk}\t")?;
        if table.name == ITEMS.name {
            write!(lines, "{}\t", row.group)?;
        }
        escape(&row.name, &mut lines);
        if table.name == ITEMS.name {
            lines.push('\t');
            escape(&row.body, &mut lines);
            let (price, score, active) = (row.price, row.score, row.active);
            write!(lines, "\t{price}\t{score}\t{active}\t{}\t", row.created)?;
            match &row.note {
                Some(note) => escape(note, &mut lines),
                None => lines.push_str("\\N"),
            }
        }
        lines.push('\n');
        if lines.len() >= PART {
            let full = std::mem::replace(&mut lines, String::with_capacity(PART + 4096));
            hand_over(Part::Lines(full))?;
        }
        Ok(())
    })?;
    if !lines.is_empty() {
        hand_over(Part::Lines(lines))?;
    }
    Ok(count)
}

fn escape(text: &str, into: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
        let (before, after) = rest.split_at(at);
        into.push_str(before);
        into.push_str(match after.as_bytes().first() {
            Some(b'\\') => "\\\\",
            Some(b'\t') => "\\t",
            Some(b'\n') => "\\n",
            _ => "\\r",
        });
        rest = after.get(1..).unwrap_or_default();
    }
    into.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_columns_and_lines_is_escaped() {
        let mut text = String::new();
        escape("a\tb\\\né\r", &mut text);
        assert_eq!(text, "a\\tb\\\\\\né\\r");
    }
}
