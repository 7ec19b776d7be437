//! How many connections may be open at a time, and who may open the next one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::Host;

/// The places for connections. Who came first is served first.
pub(crate) struct Places {
    queue: Mutex<Queue>,
    /// How many wait. Outside of the lock, as every exchange looks at it.
    waiting: AtomicUsize,
}

struct Queue {
    /// None while somebody waits.
    free: usize,
    waiting: BTreeMap<u64, Waiter>,
    next: u64,
}

struct Waiter {
    host: Arc<Host>,
    sender: oneshot::Sender<Place>,
}

impl Places {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            queue: Mutex::new(Queue {
                free: count.max(1),
                waiting: BTreeMap::new(),
                next: 0,
            }),
            waiting: AtomicUsize::new(0),
        }
    }

    /// A place for a connection to `host`, or a claim to one that gets free. As
    /// long as there are claims no connection is kept unused.
    pub(crate) fn take(self: &Arc<Self>, host: &Arc<Host>) -> Result<Place, Claim> {
        self.with_queue(|queue| {
            if let Some(rest) = queue.free.checked_sub(1) {
                queue.free = rest;
                return Ok(Place(Arc::clone(self)));
            }
            let (sender, receiver) = oneshot::channel();
            let host = Arc::clone(host);
            let number = queue.next;
            queue.next += 1;
            queue.waiting.insert(number, Waiter { host, sender });
            Err(Claim {
                places: Arc::clone(self),
                number,
                receiver,
            })
        })
    }

    /// Whether somebody waits for a place.
    pub(crate) fn are_wanted(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Whether whoever has waited for longest wants a place for another host.
    pub(crate) fn are_due_elsewhere(&self, host: &Host) -> bool {
        self.are_wanted() && self.first_is_elsewhere(host)
    }

    #[cold]
    fn first_is_elsewhere(&self, host: &Host) -> bool {
        self.with_queue(|queue| {
            let first = queue.waiting.values().next();
            first.is_some_and(|first| !std::ptr::eq(&*first.host, host))
        })
    }

    pub(crate) fn are_taken(&self) -> bool {
        self.with_queue(|queue| queue.free == 0)
    }

    fn with_queue<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut queue);
        self.waiting.store(queue.waiting.len(), Ordering::Release);
        result
    }
}

/// The place of a connection, until that is closed. Dropped, it goes to the
/// first who waits.
pub(crate) struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        let first = self.0.with_queue(|queue| {
            let first = queue.waiting.pop_first();
            queue.free += usize::from(first.is_none());
            first
        });
        if let Some((_, first)) = first {
            // Whoever gives up in this very moment passes it on.
            let _ = first.sender.send(Self(Arc::clone(&self.0)));
        }
    }
}

/// The right to a place, in turn.
pub(crate) struct Claim {
    places: Arc<Places>,
    number: u64,
    receiver: oneshot::Receiver<Place>,
}

impl Claim {
    /// Waits for the place.
    pub(crate) async fn place(&mut self) -> Option<Place> {
        (&mut self.receiver).await.ok()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let waiter = self
            .places
            .with_queue(|queue| queue.waiting.remove(&self.number));
        // Outside of the lock, with whatever is dropped along with it.
        drop(waiter);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::super::fixture;
    use super::*;
    use crate::hyper::connect::Protocol;

    /// One place, which is taken, and two hosts that have none.
    fn taken() -> (Arc<Places>, Place, [Arc<Host>; 2]) {
        let places = Arc::new(Places::new(1));
        let host = |uri| fixture::host(uri, Protocol::Http1, &places);
        let hosts = [host("http://one.test/"), host("http://two.test/")];
        let place = places.take(&hosts[0]).ok().unwrap();
        (places, place, hosts)
    }

    /// The place, if it is there.
    fn granted(claim: &mut Claim) -> Option<Place> {
        claim.place().now_or_never().flatten()
    }

    #[test]
    fn places_are_given_in_the_order_of_the_claims() {
        let (places, place, [one, two]) = taken();
        assert!(!places.are_wanted());
        let mut first = places.take(&one).err().unwrap();
        let mut second = places.take(&two).err().unwrap();
        assert!(!places.are_due_elsewhere(&one) && places.are_due_elsewhere(&two));
        assert!(granted(&mut first).is_none());
        drop(place);
        assert!(places.are_due_elsewhere(&one) && !places.are_due_elsewhere(&two));
        assert!(granted(&mut second).is_none());
        drop(granted(&mut first).unwrap());
        assert!(!places.are_wanted());
        drop(granted(&mut second).unwrap());
        assert!(!places.are_taken());
    }

    #[test]
    fn a_claim_that_is_given_up_passes_its_place_on() {
        let (places, place, [one, two]) = taken();
        let claim = |host| places.take(host).err().unwrap();
        let (first, second, mut third) = (claim(&one), claim(&one), claim(&two));
        // Before its turn, and after it.
        drop(second);
        drop(place);
        drop(first);
        assert!(granted(&mut third).is_some());
        assert!(!places.are_wanted() && !places.are_taken());
    }
}
