//! The index of a bucket.

use super::{Call, Flow};
use crate::emulator::account::Caller;
use crate::emulator::answer::Answer;
use crate::emulator::bucket::PageQuery;
use crate::emulator::state::State;

pub(super) fn run(
    state: &mut State,
    call: &Call<'_>,
    caller: &Caller,
    bucket: &str,
) -> Result<Flow, Answer> {
    let place = call.place(caller, bucket)?;
    let marks = state.config.marks;
    let (app, ids) = state.app(&call.app);
    let bucket = app.bucket(&place.userid, &place.bucket, ids);
    let bad = Answer::bad_request;
    let not_empty = |text: &&str| !text.is_empty();
    let limit = call.query.get("limit").filter(not_empty);
    let since = call.query.get("since").filter(not_empty);
    let since = match since {
        None => 0,
        Some(cv) => {
            let number = ids.number(cv).ok_or_else(bad)?;
            // One that is not known (any more) says nothing.
            bucket.since(number).map(|_| number).ok_or_else(bad)?
        }
    };
    let wanted = PageQuery {
        data: call.query.is_on("data"),
        mark: call.query.get("mark").filter(not_empty),
        limit: limit.map(str::parse).transpose().map_err(|_| bad())?,
        since,
    };
    let current = ids.cv(bucket.head());
    let page = bucket.page(&wanted, marks, current).map_err(|_| bad())?;
    Ok(Flow::Answer(Answer::value(&page)))
}
