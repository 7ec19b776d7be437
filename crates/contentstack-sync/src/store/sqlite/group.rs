//! Several writers' changes in one transaction.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::{StoreError, StoreErrorKind};

/// Somebody who writes in a transaction, or is told why there is none.
pub(super) type Writer = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Written + Send>;

/// What a writer has done, which holds only once it is committed.
pub(super) struct Written {
    /// `None` if all went well.
    failed: Option<StoreErrorKind>,
    /// Told `None` if it was committed.
    tell: Box<dyn FnOnce(Option<StoreError>)>,
}

/// A writer, and who waits for it.
pub(super) fn writer<T: Send + 'static>(
    work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    answer: oneshot::Sender<Result<T, StoreError>>,
) -> Writer {
    Box::new(move |db| {
        let result = db.and_then(work);
        Written {
            failed: result.as_ref().err().map(StoreError::kind),
            tell: Box::new(move |lost| {
                // Its own failure tells more than that of the transaction.
                let _ = answer.send(match (result, lost) {
                    (Ok(_), Some(lost)) => Err(lost),
                    (result, _) => result,
                });
            }),
        }
    })
}

/// Runs the first writer and those that `more` gives as one transaction. Each
/// is told at its end what became of it.
pub(super) fn write(db: &Connection, first: Writer, mut more: impl FnMut() -> Option<Writer>) {
    // Takes the write lock at once: a transaction that read first could lose
    // it to another process half-way.
    let mut written = Vec::new();
    let mut lost = match run(db, "BEGIN IMMEDIATE") {
        Ok(()) => {
            written.push(first(Ok(db)));
            // Its failure takes back all there is.
            written[0].failed.map(spoilt)
        }
        Err(error) => {
            written.push(first(Err(error)));
            written[0].failed.map(spoilt)
        }
    };
    while lost.is_none() {
        let Some(next) = more() else { break };
        let (done, error) = within(db, next);
        written.push(done);
        lost = error;
    }
    if lost.is_none() {
        lost = run(db, "COMMIT").err();
    }
    // After some errors SQLite has done this by itself.
    if lost.is_some() && !db.is_autocommit() {
        // If this fails, the next BEGIN does, and says so.
        let _ = db.execute_batch("ROLLBACK");
    }
    let kind = lost.as_ref().map(StoreError::kind);
    for written in written {
        // One of them hears the whole of it.
        let error = lost.take().or_else(|| kind.map(spoilt));
        (written.tell)(error);
    }
}

/// One more writer in a transaction; with an error if that is lost.
fn within(db: &Connection, writer: Writer) -> (Written, Option<StoreError>) {
    if let Err(error) = run(db, "SAVEPOINT writer") {
        let kind = error.kind();
        return (writer(Err(error)), Some(spoilt(kind)));
    }
    let done = writer(Ok(db));
    let lost = match done.failed {
        None => run(db, "RELEASE writer").err(),
        // A full disk, for one, ends the whole transaction.
        Some(kind) if db.is_autocommit() => Some(spoilt(kind)),
        Some(_) => run(db, "ROLLBACK TO writer")
            .and_then(|()| run(db, "RELEASE writer"))
            .err(),
    };
    (done, lost)
}

/// The transaction failed, of which others know more.
fn spoilt(kind: StoreErrorKind) -> StoreError {
    StoreError::new(kind, "the transaction it was a part of failed")
}

fn run(db: &Connection, sql: &str) -> Result<(), StoreError> {
    db.prepare_cached(sql)?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table whose one column takes no number twice.
    fn database() -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE n (n INTEGER PRIMARY KEY)")
            .unwrap();
        db
    }

    fn numbers(db: &Connection) -> Vec<i64> {
        let mut sql = db.prepare("SELECT n FROM n ORDER BY n").unwrap();
        let rows = sql.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    type Answer = oneshot::Receiver<Result<i64, StoreError>>;

    /// Writes numbers one after the other; the last is the answer.
    fn writes(numbers: &'static [i64]) -> (Writer, Answer) {
        let (answer, answered) = oneshot::channel();
        let work = move |db: &Connection| {
            for number in numbers {
                db.execute("INSERT INTO n VALUES (?1)", [number])?;
            }
            Ok(numbers[numbers.len() - 1])
        };
        (writer(work, answer), answered)
    }

    fn all(db: &Connection, writers: &[&'static [i64]]) -> Vec<Option<i64>> {
        let (writers, answers): (Vec<Writer>, Vec<Answer>) =
            writers.iter().map(|numbers| writes(numbers)).unzip();
        let mut waiting = writers.into_iter();
        while let Some(first) = waiting.next() {
            write(db, first, || waiting.next());
            assert!(db.is_autocommit());
        }
        let told = answers.into_iter();
        told.map(|mut answer| answer.try_recv().unwrap().ok())
            .collect()
    }

    #[test]
    fn what_waits_is_written_together_and_each_hears_of_its_own() {
        let db = database();
        assert_eq!(
            all(&db, &[&[1], &[2, 3], &[4]]),
            [Some(1), Some(3), Some(4)]
        );
        assert_eq!(numbers(&db), [1, 2, 3, 4]);
    }

    #[test]
    fn one_that_fails_takes_back_only_what_it_wrote_itself() {
        let db = database();
        assert_eq!(all(&db, &[&[1], &[2, 1], &[3]]), [Some(1), None, Some(3)]);
        assert_eq!(numbers(&db), [1, 3]);
        // The first of a transaction, too.
        assert_eq!(all(&db, &[&[4, 4], &[5]]), [None, Some(5)]);
        assert_eq!(numbers(&db), [1, 3, 5]);
    }

    #[test]
    fn when_the_disk_is_full_nobody_believes_to_be_stored() {
        let db = database();
        db.execute_batch("CREATE TABLE large (x BLOB); PRAGMA max_page_count = 20")
            .unwrap();
        let (answer, mut filled) = oneshot::channel();
        let fills = writer(
            |db| Ok(db.execute("INSERT INTO large VALUES (zeroblob(1000000))", [])?),
            answer,
        );
        let (one, mut first) = writes(&[1]);
        let (three, mut third) = writes(&[3]);
        let mut waiting = [fills, three].into_iter();
        write(&db, one, || waiting.next());
        assert_eq!(
            first.try_recv().unwrap().unwrap_err().kind(),
            StoreErrorKind::Full
        );
        assert_eq!(
            filled.try_recv().unwrap().unwrap_err().kind(),
            StoreErrorKind::Full
        );
        assert!(
            third.try_recv().is_err(),
            "it waits for the next transaction"
        );
        assert_eq!(numbers(&db), Vec::<i64>::new());
        write(&db, waiting.next().unwrap(), || None);
        assert_eq!(third.try_recv().unwrap().unwrap(), 3);
    }

    #[test]
    fn without_a_transaction_nothing_is_written() {
        let db = database();
        db.execute_batch("BEGIN").unwrap();
        let (writer, mut answer) = writes(&[1]);
        write(&db, writer, || None);
        assert!(answer.try_recv().unwrap().is_err());
        assert_eq!(numbers(&db), Vec::<i64>::new());
    }
}
