//! Differences rebased over others.

use serde_json::Value;

use super::apply::apply_op;
use super::error::DiffError;
use super::list::{self, Places};
use super::lost::{Lost, LostKind, Side};
use super::object::Compare;
use super::op::{Diff, ListDiff, Op};
use super::path::{Path, Step};
use super::value::{Object, check_depth, same};
use super::work::Work;
use super::{number, text};

/// Room for so much that is lost is made at first: about a kilobyte.
const SOME_LOST: usize = 10;

/// Rebases, and collects what is lost on the way.
pub(crate) struct Rebase<'a> {
    pub(crate) work: &'a mut Work,
    pub(crate) levels: usize,
    pub(crate) lost: Vec<Lost>,
}

impl<'a> Rebase<'a> {
    pub(crate) fn new(work: &'a mut Work, levels: usize) -> Self {
        Self {
            work,
            levels,
            lost: Vec::new(),
        }
    }

    /// What `local` has to do once `remote` is done; both are for `base`.
    pub(crate) fn objects(
        &mut self,
        base: &Object,
        local: &Diff,
        remote: &Diff,
    ) -> Result<Diff, DiffError> {
        let mut out = Diff::new();
        // Side by side, unless there is far more on the other one.
        let is_near = remote.len() / 8 <= local.len();
        let mut others = remote.iter().peekable();
        for (key, op) in local.iter() {
            let other = if is_near {
                while others.next_if(|(other, _)| *other < key).is_some() {}
                let same = others.next_if(|(other, _)| *other == key);
                same.map(|(_, other)| other)
            } else {
                remote.get(key)
            };
            let op = match other {
                None => Some(op.clone()),
                Some(other) => {
                    // In a large object, it takes longer to find than all the rest.
                    let is_needed = !(op.is_absolute() && other.is_absolute());
                    let base = is_needed.then(|| base.get(key)).flatten();
                    self.inside(key, |this| this.ops(base, op, other))?
                }
            };
            if let Some(op) = op.filter(|op| !op.is_identity()) {
                out.insert(key, op);
            }
        }
        Ok(out)
    }

    /// Goes one step down: what is lost or wrong there is further in by that.
    fn inside<T>(
        &mut self,
        step: impl Into<Step> + Copy,
        act: impl FnOnce(&mut Self) -> Result<T, DiffError>,
    ) -> Result<T, DiffError> {
        let before = self.lost.len();
        let done = act(self);
        for lost in &mut self.lost[before..] {
            lost.path.put_before(step);
        }
        done.map_err(|error| error.within(step))
    }

    fn ops(
        &mut self,
        base: Option<&Value>,
        local: &Op,
        remote: &Op,
    ) -> Result<Option<Op>, DiffError> {
        match (local, remote, base) {
            (Op::Remove, Op::Remove, _) => return Ok(None),
            (Op::Add(local), Op::Add(remote), _) => {
                if same(local, remote) {
                    return Ok(None);
                }
                self.lose_value(remote.clone());
                let mut compare = Compare {
                    work: self.work,
                    levels: self.levels,
                };
                return compare.values(remote, local, None);
            }
            (Op::Object(local), Op::Object(remote), Some(Value::Object(base))) => {
                return self.objects(base, local, remote).map(Op::Object).map(Some);
            }
            (Op::List(local), Op::List(remote), Some(Value::Array(base))) => {
                return self.lists(base, local, remote).map(Op::List).map(Some);
            }
            (Op::ListText(local), Op::ListText(remote), Some(Value::Array(base))) => {
                let delta = list::transform_lines(base, local, remote, self.levels, self.work)?;
                if let Some(delta) = delta {
                    return Ok(Some(Op::ListText(delta)));
                }
            }
            (Op::Text(local), Op::Text(remote), Some(Value::String(base))) => {
                let rebased = text::rebase(base, local, remote, self.work);
                let rebased = rebased.map_err(DiffError::new)?;
                for text::LostText {
                    side,
                    inserted,
                    deleted,
                } in rebased.lost
                {
                    self.lose(side, LostKind::Text { inserted, deleted });
                }
                return Ok(Some(Op::Text(rebased.delta)));
            }
            (Op::Increment(by), Op::Add(_) | Op::Replace(_) | Op::Increment(_), _) => {
                let theirs = apply_op(base, remote, self.levels)?;
                // Unless the sum is more than a number can be.
                if matches!(theirs, Some(Value::Number(n)) if number::add(&n, by).is_some()) {
                    return Ok(Some(local.clone()));
                }
            }
            _ => {}
        }
        self.local_wins(base, local, remote)
    }

    /// Where both cannot be done, the local one is, and the other is reported.
    fn local_wins(
        &mut self,
        base: Option<&Value>,
        local: &Op,
        remote: &Op,
    ) -> Result<Option<Op>, DiffError> {
        if let (Op::Add(ours) | Op::Replace(ours), Op::Add(theirs) | Op::Replace(theirs)) =
            (local, remote)
        {
            check_depth(ours, self.levels)?;
            check_depth(theirs, self.levels)?;
            if !same(ours, theirs) {
                self.lose_value(theirs.clone());
            }
            return Ok(Some(local.clone()));
        }
        let theirs = match remote {
            Op::Remove => None,
            remote => apply_op(base, remote, self.levels)?,
        };
        let ours = match local {
            Op::Remove => None,
            local => apply_op(base, local, self.levels)?,
        };
        match (&ours, theirs) {
            (_, None) => self.lose(Side::Remote, LostKind::Removal),
            (Some(ours), Some(theirs)) if same(ours, &theirs) => {}
            (_, Some(theirs)) => self.lose_value(theirs),
        }
        Ok(match (local, remote, ours) {
            (Op::Add(_) | Op::Remove | Op::Replace(_), ..) | (_, _, None) => Some(local.clone()),
            (_, Op::Remove, Some(value)) => Some(Op::Add(value)),
            (_, _, Some(value)) => Some(Op::Replace(value)),
        })
    }

    fn lose_value(&mut self, value: Value) {
        self.lose(Side::Remote, LostKind::Value(value));
    }

    fn lose(&mut self, side: Side, kind: LostKind) {
        if self.lost.capacity() == 0 {
            // Growing from less takes longer than the rest.
            self.lost.reserve_exact(SOME_LOST);
        }
        self.lost.push(Lost {
            path: Path::default(),
            side,
            kind,
        });
    }

    /// Elements that both put in at one place are both kept, local ones first.
    fn lists(
        &mut self,
        base: &[Value],
        local: &ListDiff,
        remote: &ListDiff,
    ) -> Result<ListDiff, DiffError> {
        let local = Places::new(local, base.len())?;
        let remote = Places::new(remote, base.len())?;
        let mut out = ListDiff::new();
        let mut index = Indexes::new(&remote);
        let places = local.inserts.keys().chain(local.ops.keys());
        let mut places: Vec<usize> = places.copied().collect();
        places.sort_unstable();
        places.dedup();
        for place in places {
            for value in local.inserts.get(&place).into_iter().flatten() {
                out.insert(index.insert(place), Op::Add((*value).clone()));
            }
            let Some(op) = local.ops.get(&place) else {
                continue;
            };
            let op = match remote.ops.get(&place) {
                None => Some((*op).clone()),
                Some(other) => {
                    let base = base.get(place);
                    self.inside(place, |this| this.ops(base, op, other))?
                }
            };
            let Some(op) = op.filter(|op| !op.is_identity()) else {
                continue;
            };
            let gone = matches!(remote.ops.get(&place), Some(Op::Remove));
            match op {
                // What the other side removed is put in anew.
                Op::Add(value) | Op::Replace(value) if gone => {
                    out.insert(index.insert_after_theirs(place), Op::Add(value));
                }
                op => {
                    out.insert(index.element(place), op);
                }
            }
        }
        Ok(out)
    }
}

/// Places of the base as indexes of a difference for the other side's list.
struct Indexes {
    /// Places where the other side put something in, and how much up to there.
    inserts: Vec<(usize, usize)>,
    removes: Vec<usize>,
    /// How much has been put in here.
    own: usize,
}

impl Indexes {
    fn new(remote: &Places<'_>) -> Self {
        let mut total = 0;
        let inserts = remote.inserts.iter().map(|(place, values)| {
            total += values.len();
            (*place, total)
        });
        let removes = remote.ops.iter().filter(|(_, op)| matches!(op, Op::Remove));
        Self {
            inserts: inserts.collect(),
            removes: removes.map(|(place, _)| *place).collect(),
            own: 0,
        }
    }

    /// Where the other side's list has what was at a place of the base.
    fn theirs(&self, place: usize, after_inserts: bool) -> usize {
        let passed = |at: usize| at < place || after_inserts && at == place;
        let inserts = self.inserts.partition_point(|(at, _)| passed(*at));
        let inserted = inserts
            .checked_sub(1)
            .map_or(0, |last| self.inserts[last].1);
        place + inserted - self.removes.partition_point(|at| *at < place)
    }

    fn insert(&mut self, place: usize) -> usize {
        let index = self.theirs(place, false) + self.own;
        self.own += 1;
        index
    }

    fn insert_after_theirs(&mut self, place: usize) -> usize {
        let index = self.theirs(place, true) + self.own;
        self.own += 1;
        index
    }

    fn element(&self, place: usize) -> usize {
        self.theirs(place, true) + self.own
    }
}

/// Leaves out what the other side did just the same, so that it is not done
/// twice.
pub(crate) fn drop_same(local_diff: &mut Diff, local: &Object, remote: &Object) {
    local_diff.retain(|key, op| match (local.get(key), remote.get(key)) {
        // Counts of both sides add up, also where they are the same.
        _ if matches!(op, Op::Increment(_)) => true,
        (Some(Value::Object(local)), Some(Value::Object(remote))) => match op {
            Op::Object(diff) => {
                drop_same(diff, local, remote);
                !diff.is_empty()
            }
            _ => true,
        },
        (Some(local), Some(remote)) => !same(local, remote),
        _ => true,
    });
}
