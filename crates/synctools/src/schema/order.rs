//! Which models come first: parents before children.

use crate::schema::{ModelId, Schema};

/// The models, those first that others refer to.
pub(super) fn sort(schema: &Schema, models: &[ModelId]) -> Vec<ModelId> {
    let order = parents_first(models.len(), &references(schema, models));
    let ordered = order.into_iter().filter_map(|place| models.get(place));
    ordered.copied().collect()
}

/// What the models refer to, by the models whose tables are meant.
fn references(schema: &Schema, models: &[ModelId]) -> Vec<Reference> {
    let concrete = |id: ModelId| schema.get(id).map(|model| schema.concrete(model).id());
    let tables: Vec<Option<ModelId>> = models.iter().map(|id| concrete(*id)).collect();
    let place = |id: ModelId| {
        let table = concrete(id)?;
        // A proxy shares its table with the model that owns it.
        let own = models.iter().position(|id| *id == table);
        own.or_else(|| tables.iter().position(|other| *other == Some(table)))
    };
    let mut references = Vec::new();
    for (from, model) in models.iter().enumerate() {
        let Some(model) = schema.get(*model) else {
            continue;
        };
        for field in model.fields() {
            let to = field.relation().and_then(|relation| relation.model());
            references.extend(to.and_then(place).map(|to| Reference {
                from,
                to,
                may_wait: field.is_null(),
            }));
        }
        let lists = model.many_to_many().iter();
        let lists = lists.filter(|list| list.is_serialized());
        references.extend(lists.filter_map(|list| {
            let to = place(list.model()?)?;
            let may_wait = true;
            Some(Reference { from, to, may_wait })
        }));
    }
    references
}

/// That rows of one model refer to rows of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reference {
    /// The place of the model that refers.
    from: usize,
    /// The place of the model that is referred to.
    to: usize,
    /// Whether a row can be written before what it refers to: the column may be
    /// null, or it is a list that can be written later.
    may_wait: bool,
}

/// The places of `count` models, each after those that it refers to, as far as
/// there are no cycles. Otherwise as declared, as near as that can be had.
///
/// Within a cycle, references that may wait are let go first.
fn parents_first(count: usize, references: &[Reference]) -> Vec<usize> {
    let all: Vec<usize> = (0..count).collect();
    sorted(&all, references)
}

fn sorted(models: &[usize], references: &[Reference]) -> Vec<usize> {
    let mut ordered = Vec::with_capacity(models.len());
    for cycle in components(models, references) {
        if cycle.len() == 1 {
            ordered.extend(cycle);
            continue;
        }
        let firm: Vec<Reference> = references
            .iter()
            .filter(|one| !one.may_wait)
            .filter(|one| cycle.contains(&one.from) && cycle.contains(&one.to))
            .copied()
            .collect();
        let within = references.iter().filter(|one| cycle.contains(&one.from));
        if within.filter(|one| cycle.contains(&one.to)).count() > firm.len() {
            ordered.extend(sorted(&cycle, &firm));
        } else {
            // Nothing may wait: the first goes ahead, and frees the others.
            ordered.extend(cycle.first());
            let rest = cycle.get(1..).unwrap_or_default();
            let is_left = |one: &&Reference| rest.contains(&one.from) && rest.contains(&one.to);
            let left: Vec<Reference> = firm.iter().filter(is_left).copied().collect();
            ordered.extend(sorted(rest, &left));
        }
    }
    ordered
}

/// The strongly connected components, those that are referred to first, each
/// as declared (Tarjan's algorithm, with a stack of its own).
fn components(models: &[usize], references: &[Reference]) -> Vec<Vec<usize>> {
    let count = models.iter().max().map_or(0, |last| last + 1);
    let mut targets = vec![Vec::new(); count];
    for one in references {
        if one.from != one.to && one.from < count && one.to < count {
            targets[one.from].push(one.to);
        }
    }
    targets.iter_mut().for_each(|to| to.sort_unstable());
    let mut visits = Visits {
        targets: &targets,
        numbers: vec![None; count],
        lowest: vec![0; count],
        open: Vec::new(),
        is_open: vec![false; count],
        next: 0,
        found: Vec::new(),
    };
    for &model in models {
        if visits.numbers[model].is_none() {
            visits.visit(model);
        }
    }
    visits.found
}

struct Visits<'a> {
    targets: &'a [Vec<usize>],
    numbers: Vec<Option<usize>>,
    lowest: Vec<usize>,
    open: Vec<usize>,
    is_open: Vec<bool>,
    next: usize,
    found: Vec<Vec<usize>>,
}

impl Visits<'_> {
    fn enter(&mut self, model: usize) {
        self.numbers[model] = Some(self.next);
        self.lowest[model] = self.next;
        self.next += 1;
        self.open.push(model);
        self.is_open[model] = true;
    }

    fn visit(&mut self, start: usize) {
        self.enter(start);
        let mut path = vec![(start, 0)];
        while let Some((model, step)) = path.last_mut() {
            let model = *model;
            if let Some(&target) = self.targets[model].get(*step) {
                *step += 1;
                match self.numbers[target] {
                    None => {
                        self.enter(target);
                        path.push((target, 0));
                    }
                    Some(number) if self.is_open[target] => {
                        self.lowest[model] = self.lowest[model].min(number);
                    }
                    Some(_) => {}
                }
                continue;
            }
            path.pop();
            if let Some((parent, _)) = path.last() {
                self.lowest[*parent] = self.lowest[*parent].min(self.lowest[model]);
            }
            if self.numbers[model] == Some(self.lowest[model]) {
                let start = self.open.iter().rposition(|open| *open == model);
                let mut component = self.open.split_off(start.unwrap_or_default());
                component.iter().for_each(|one| self.is_open[*one] = false);
                component.sort_unstable();
                self.found.push(component);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firm(from: usize, to: usize) -> Reference {
        let may_wait = false;
        Reference { from, to, may_wait }
    }

    fn loose(from: usize, to: usize) -> Reference {
        let may_wait = true;
        Reference { from, to, may_wait }
    }

    #[test]
    fn what_refers_to_nothing_stays_as_declared() {
        assert_eq!(parents_first(3, &[]), [0, 1, 2]);
        assert_eq!(parents_first(0, &[]), [] as [usize; 0]);
    }

    #[test]
    fn parents_come_just_before_their_first_child() {
        assert_eq!(parents_first(4, &[firm(1, 3)]), [0, 3, 1, 2]);
        assert_eq!(
            parents_first(4, &[firm(0, 1), firm(1, 2), loose(2, 3)]),
            [3, 2, 1, 0]
        );
        assert_eq!(parents_first(3, &[firm(2, 0), firm(2, 1)]), [0, 1, 2]);
    }

    #[test]
    fn a_model_may_refer_to_itself() {
        assert_eq!(parents_first(2, &[firm(0, 0), firm(0, 1)]), [1, 0]);
    }

    #[test]
    fn within_a_cycle_what_may_wait_waits() {
        assert_eq!(parents_first(2, &[firm(0, 1), loose(1, 0)]), [1, 0]);
        assert_eq!(parents_first(2, &[loose(0, 1), firm(1, 0)]), [0, 1]);
        assert_eq!(parents_first(2, &[loose(0, 1), loose(1, 0)]), [0, 1]);
        assert_eq!(parents_first(2, &[firm(0, 1), firm(1, 0)]), [0, 1]);
        // Two cycles that share a model: only one reference has to wait.
        let references = [firm(0, 1), firm(1, 2), loose(2, 0), firm(1, 3), firm(3, 1)];
        assert_eq!(parents_first(4, &references), [2, 1, 3, 0]);
    }

    #[test]
    fn what_a_cycle_refers_to_comes_before_it() {
        let references = [loose(0, 1), loose(1, 0), firm(0, 3), firm(2, 1)];
        assert_eq!(parents_first(4, &references), [3, 0, 1, 2]);
    }

    #[test]
    fn every_model_has_one_place_and_parents_come_first() {
        let mut random = fastrand::Rng::with_seed(6);
        for _ in 0..500 {
            let count = random.usize(1..12);
            let references: Vec<_> = (0..random.usize(0..20))
                .map(|_| Reference {
                    from: random.usize(..count),
                    to: random.usize(..count),
                    may_wait: random.bool(),
                })
                .collect();
            let order = parents_first(count, &references);
            let mut places = order.clone();
            places.sort_unstable();
            assert_eq!(places, (0..count).collect::<Vec<_>>());
            let place = |model| order.iter().position(|one| *one == model).unwrap();
            let reaches = |from: usize, to: usize, all: bool| {
                let mut seen = vec![from];
                let mut next = 0;
                while let Some(&at) = seen.get(next) {
                    next += 1;
                    for one in &references {
                        if one.from == at && (all || !one.may_wait) && !seen.contains(&one.to) {
                            seen.push(one.to);
                        }
                    }
                }
                seen.contains(&to)
            };
            for one in &references {
                let in_cycle = reaches(one.to, one.from, true);
                let in_firm_cycle = one.may_wait || reaches(one.to, one.from, false);
                if one.from != one.to && !(in_cycle && in_firm_cycle) {
                    assert!(place(one.to) < place(one.from), "{references:?} {order:?}");
                }
            }
        }
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let count = 100_000;
        let chain: Vec<_> = (1..count).map(|to| firm(to - 1, to)).collect();
        assert_eq!(parents_first(count, &chain)[0], count - 1);
    }
}
