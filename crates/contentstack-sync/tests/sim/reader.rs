//! Somebody who keeps a copy of the mirror by its changes.

use std::collections::BTreeMap;

use contentstack_sync::store::{Seq, Store};

/// A copy, and how far it is.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) rows: BTreeMap<String, String>,
    position: Seq,
}

impl Reader {
    /// Reads on, `limit` changes at the most.
    pub(crate) async fn read(&mut self, store: &dyn Store, limit: usize) -> bool {
        let changes = store.changes(self.position, limit).await.unwrap();
        assert!(!changes.expired, "nothing is pruned here");
        let was_news = !changes.rows.is_empty();
        for change in changes.rows {
            assert!(change.seq > self.position, "numbers grow");
            self.position = change.seq;
            let key = change.key.to_string();
            match change.row {
                Some(row) => self.rows.insert(key, row.data.as_str().to_owned()),
                None => self.rows.remove(&key),
            };
        }
        assert!(changes.next >= self.position);
        self.position = changes.next;
        was_news
    }
}
