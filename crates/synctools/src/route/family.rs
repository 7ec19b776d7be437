//! Parents before children within one model: rows that refer to rows of their
//! own table.

use std::collections::{BTreeMap, HashMap};

use crate::row::Row;
use crate::schema::{FieldIndex, ManyToManyIndex, Model};
use crate::value::Value;

/// So many rows are held back at most, for memory isn't to grow with the table.
/// What comes when there are so many is sent as it comes.
const MOST: usize = 4096;

/// A primary key whose order is the same here and in every database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Int(i64),
    Uuid([u8; 16]),
}

impl Key {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(Self::Int(*number)),
            Value::Uuid(uuid) => Some(Self::Uuid(*uuid.as_bytes())),
            _ => None,
        }
    }
}

/// Rows of one model, by primary key, of which some wait for others.
///
/// Rows come by primary key, so a row that is referred to is still to come if
/// its key is a later one. Nothing but the rows that wait has to be kept.
#[derive(Debug)]
pub(super) struct Family {
    fields: Vec<FieldIndex>,
    lists: Vec<ManyToManyIndex>,
    most: usize,
    /// Rows that wait, and for how many.
    held: BTreeMap<Key, (Row, usize)>,
    /// Which rows wait for a row.
    waiting: HashMap<Key, Vec<Key>>,
}

impl Family {
    /// `None` for a model whose rows don't refer to each other, or by something
    /// else than their keys.
    pub(super) fn of(model: &Model) -> Option<Self> {
        let fields: Vec<_> = model
            .fields()
            .iter()
            .filter(|field| !field.is_primary_key() && field.is_serialized())
            .filter(|field| {
                let relation = field.relation();
                relation.is_some_and(|relation| {
                    relation.model() == Some(model.id()) && relation.to_field() == model.pk().name()
                })
            })
            .map(|field| field.index())
            .collect();
        // Symmetrical lists always have both directions: nobody comes first.
        let lists: Vec<_> = model
            .many_to_many()
            .iter()
            .filter(|list| list.is_serialized() && !list.is_symmetrical())
            .filter(|list| list.model() == Some(model.id()))
            .map(|list| list.index())
            .collect();
        let any = !fields.is_empty() || !lists.is_empty();
        any.then(|| Self {
            fields,
            lists,
            most: MOST,
            held: BTreeMap::new(),
            waiting: HashMap::new(),
        })
    }

    /// The next rows by primary key; those that can be sent, in their order.
    pub(super) fn sort(&mut self, batch: Vec<Row>) -> Vec<Row> {
        let mut sent = Vec::with_capacity(batch.len());
        for row in batch {
            self.add(row, &mut sent);
        }
        sent
    }

    /// No more rows come; what waits for itself, or for what isn't there.
    pub(super) fn rest(&mut self) -> Vec<Row> {
        let mut sent = Vec::with_capacity(self.held.len());
        // Where rows wait for each other, the first goes first.
        while let Some((key, (row, _))) = self.held.pop_first() {
            sent.push(row);
            self.release(key, &mut sent);
        }
        sent
    }

    fn add(&mut self, row: Row, sent: &mut Vec<Row>) {
        let Some(key) = row.pk().and_then(Key::of) else {
            sent.push(row);
            return;
        };
        let mut targets = self.targets(&row);
        targets.retain(|target| *target > key || self.held.contains_key(target));
        targets.sort_unstable();
        targets.dedup();
        if targets.is_empty() || self.held.len() >= self.most {
            sent.push(row);
            self.release(key, sent);
            return;
        }
        self.held.insert(key, (row, targets.len()));
        for target in targets {
            self.waiting.entry(target).or_default().push(key);
        }
    }

    fn targets(&self, row: &Row) -> Vec<Key> {
        let fields = self.fields.iter().filter_map(|field| row.get(*field));
        let lists = self.lists.iter().filter_map(|list| row.related(*list));
        let all = fields.chain(lists.flatten());
        all.filter_map(Key::of).collect()
    }

    /// Sends what waited for this row only, and what waited for that.
    fn release(&mut self, key: Key, sent: &mut Vec<Row>) {
        let mut gone = vec![key];
        while let Some(key) = gone.pop() {
            for waiting in self.waiting.remove(&key).unwrap_or_default() {
                let Some((_, count)) = self.held.get_mut(&waiting) else {
                    continue;
                };
                *count -= 1;
                if *count == 0 {
                    if let Some((row, _)) = self.held.remove(&waiting) {
                        sent.push(row);
                        gone.push(waiting);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{FieldBuilder, ManyToManyBuilder, ModelBuilder, Schema};

    fn schema() -> Schema {
        let node = ModelBuilder::new("tree.node")
            .with(FieldBuilder::foreign_key("parent", "tree.node").null())
            .with_many_to_many(ManyToManyBuilder::new("follows", "tree.node").symmetrical(false));
        let leaf = ModelBuilder::new("tree.leaf").foreign_key("node", "tree.node");
        Schema::builder().model(node).model(leaf).build().unwrap()
    }

    fn node(schema: &Schema, pk: i64, parent: Option<i64>, follows: &[i64]) -> Row {
        let model = schema.model("tree.node").unwrap();
        let mut row = Row::new(model);
        row.set(model.pk_index(), Value::Int(pk));
        let parent = parent.map_or(Value::Null, Value::Int);
        row.set(model.field_named("parent").unwrap().index(), parent);
        let follows = follows.iter().copied().map(Value::Int).collect();
        row.set_related(model.many_to_many()[0].index(), follows);
        row
    }

    fn sorted(family: &mut Family, rows: Vec<Row>) -> Vec<i64> {
        let mut sent = Vec::new();
        for row in rows {
            sent.extend(family.sort(vec![row]));
        }
        sent.extend(family.rest());
        assert!(family.held.is_empty());
        sent.iter()
            .map(|row| row.pk().unwrap().as_int().unwrap())
            .collect()
    }

    fn family(schema: &Schema) -> Family {
        Family::of(schema.model("tree.node").unwrap()).unwrap()
    }

    #[test]
    fn a_child_waits_for_its_parent_and_no_longer() {
        let schema = schema();
        let rows = vec![
            node(&schema, 1, Some(4), &[]),
            node(&schema, 2, None, &[]),
            node(&schema, 3, Some(1), &[]),
            node(&schema, 4, None, &[]),
            node(&schema, 5, Some(3), &[]),
        ];
        assert_eq!(sorted(&mut family(&schema), rows), [2, 4, 1, 3, 5]);
    }

    #[test]
    fn lists_count_too_and_a_row_waits_for_all() {
        let schema = schema();
        let rows = vec![
            node(&schema, 1, Some(3), &[2, 4, 4]),
            node(&schema, 2, None, &[1]),
            node(&schema, 3, None, &[3]),
            node(&schema, 4, None, &[]),
        ];
        // 1 and 2 wait for each other: the first goes first.
        assert_eq!(sorted(&mut family(&schema), rows), [3, 4, 1, 2]);
    }

    #[test]
    fn circles_and_parents_that_are_not_there_come_to_an_end() {
        let schema = schema();
        let rows = vec![
            node(&schema, 1, Some(2), &[]),
            node(&schema, 2, Some(1), &[]),
            node(&schema, 3, Some(3), &[]),
            node(&schema, 4, Some(9), &[]),
            node(&schema, 5, Some(-9), &[]),
        ];
        assert_eq!(sorted(&mut family(&schema), rows), [3, 5, 1, 2, 4]);
    }

    #[test]
    fn no_more_wait_than_are_to_be_kept() {
        let schema = schema();
        let mut family = family(&schema);
        family.most = 2;
        let rows = (1..=4).map(|pk| node(&schema, pk, Some(5), &[]));
        let rows = rows.chain([node(&schema, 5, None, &[])]).collect();
        assert_eq!(sorted(&mut family, rows), [3, 4, 5, 1, 2]);
    }

    #[test]
    fn models_that_do_not_refer_to_themselves_are_left_alone() {
        let schema = schema();
        assert!(Family::of(schema.model("tree.leaf").unwrap()).is_none());
    }

    #[test]
    fn every_row_comes_once_and_parents_first_where_there_is_no_circle() {
        let schema = schema();
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..200 {
            let count = random.i64(1..30);
            let mut depth: Vec<i64> = (0..count).collect();
            random.shuffle(&mut depth);
            // Whoever is deeper may refer to whoever is less deep: no circles.
            let mut parents = HashMap::new();
            for pk in 0..count {
                let above: Vec<i64> = (0..count)
                    .filter(|other| depth[*other as usize] < depth[pk as usize])
                    .collect();
                if !above.is_empty() && random.bool() {
                    parents.insert(pk, above[random.usize(..above.len())]);
                }
            }
            let rows = (0..count)
                .map(|pk| node(&schema, pk, parents.get(&pk).copied(), &[]))
                .collect();
            let order = sorted(&mut family(&schema), rows);
            let mut all = order.clone();
            all.sort_unstable();
            assert_eq!(all, (0..count).collect::<Vec<_>>());
            let place = |pk: i64| order.iter().position(|one| *one == pk).unwrap();
            for (child, parent) in &parents {
                assert!(place(*parent) < place(*child), "{parents:?} {order:?}");
            }
        }
    }
}
