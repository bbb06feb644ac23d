//! The way from those who hand over to the one thread that writes.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use crate::lock::{lock, wait, wait_for};

/// What happens to a batch when the queue is full, or the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum WhenFull {
    /// It is dropped, and counted. A send never waits for a mirror.
    #[default]
    Drop,
    /// Whoever hands it over waits until there is room: the mirrors lack nothing, and a send may
    /// take as long as the disk does. Each batch is written before the next is taken, and a write
    /// that failed is tried again until it succeeds or the mirrors are closed.
    Block,
}

/// A queue with a bound in bytes.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    /// Something came, or was done with, or the end has come.
    changed: Condvar,
    max_bytes: usize,
    when_full: WhenFull,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<(T, usize)>,
    /// The bytes of what waits and of what is being written.
    bytes: usize,
    is_closed: bool,
    /// Whether nobody takes anything any more.
    has_ended: bool,
}

/// What the taker is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken<T> {
    /// Something, and how many bytes to give [back](Queue::done).
    Item(T, usize),
    /// Nothing came in time.
    Nothing,
    /// Nothing will come any more.
    End,
}

impl<T> Queue<T> {
    pub(crate) fn new(max_bytes: usize, when_full: WhenFull) -> Self {
        Self {
            state: Mutex::new(State {
                items: VecDeque::new(),
                bytes: 0,
                is_closed: false,
                has_ended: false,
            }),
            changed: Condvar::new(),
            max_bytes,
            when_full,
        }
    }

    /// Takes up room for something of `bytes`: whether there is any, or, if that was asked for, once
    /// there is. Where there is nothing else, something of any size has room.
    pub(crate) fn admit(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return false;
            }
            let with_it = state.bytes.saturating_add(bytes);
            if state.bytes == 0 || with_it <= self.max_bytes {
                state.bytes = with_it;
                return true;
            }
            if self.when_full == WhenFull::Drop {
                return false;
            }
            state = wait(&self.changed, state);
        }
    }

    /// Hands over what there is room for. It comes back if the queue was closed meanwhile.
    pub(crate) fn push(&self, item: T, bytes: usize) -> Result<(), T> {
        let mut state = self.lock();
        if state.has_ended {
            return Err(item);
        }
        state.items.push_back((item, bytes));
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Takes the next; waits for it until `until` at most.
    pub(crate) fn take(&self, until: Option<Instant>) -> Taken<T> {
        let mut state = self.lock();
        loop {
            if let Some((item, bytes)) = state.items.pop_front() {
                return Taken::Item(item, bytes);
            }
            if state.is_closed {
                // What was admitted and is not here yet will be told that it came too late.
                state.has_ended = true;
                return Taken::End;
            }
            match until {
                None => state = wait(&self.changed, state),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Taken::Nothing;
                    }
                    state = wait_for(&self.changed, state, left);
                }
            }
        }
    }

    /// Gives back the room of something that was taken.
    pub(crate) fn done(&self, bytes: usize) {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
        drop(state);
        self.changed.notify_all();
    }

    /// Lets nothing in any more.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Takes nothing any more, whatever is there.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.has_ended = true;
        state.items.clear();
        drop(state);
        self.changed.notify_all();
    }

    /// Waits a while, unless the queue is closed. Whether it is.
    pub(crate) fn pause(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.is_closed || left.is_zero() {
                return state.is_closed;
            }
            state = wait_for(&self.changed, state, left);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_has_no_room_is_refused_and_nothing_else() {
        let queue = Queue::new(10, WhenFull::Drop);
        let taken: Vec<bool> = [4, 4, 4, 2, 1].map(|bytes| queue.admit(bytes)).into();
        assert_eq!(taken, [true, true, false, true, false]);
        for bytes in [4, 4, 2] {
            queue.push("item", bytes).unwrap();
        }
        // What is being written takes its room until it is done.
        assert_eq!(queue.take(None), Taken::Item("item", 4));
        assert!(!queue.admit(4));
        queue.done(4);
        assert!(queue.admit(4));
    }

    #[test]
    fn what_is_larger_than_the_queue_has_it_alone() {
        let queue = Queue::new(10, WhenFull::Drop);
        assert!(queue.admit(1000));
        assert!(!queue.admit(1));
        queue.push((), 1000).unwrap();
        queue.done(1000);
        assert!(queue.admit(1));
        assert!(!queue.admit(1000));
    }

    #[test]
    fn who_blocks_loses_nothing_to_a_slow_taker() {
        let queue = Queue::new(10, WhenFull::Block);
        let taken = thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for item in 0..500 {
                        assert!(queue.admit(3));
                        queue.push(item, 3).unwrap();
                    }
                });
            }
            let mut taken = 0;
            while taken < 2000 {
                let Taken::Item(_, bytes) = queue.take(None) else {
                    panic!("nothing is there")
                };
                thread::yield_now();
                taken += 1;
                queue.done(bytes);
            }
            taken
        });
        assert_eq!(taken, 2000);
        assert_eq!(queue.lock().bytes, 0);
    }

    #[test]
    fn a_closed_queue_wakes_who_waits_for_room() {
        let queue = Queue::new(1, WhenFull::Block);
        assert!(queue.admit(1));
        queue.push((), 1).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.admit(1));
            queue.close();
            assert!(!waiting.join().unwrap());
        });
        assert_eq!(queue.take(None), Taken::Item((), 1));
        assert_eq!(queue.take(None), Taken::End);
        assert_eq!(queue.push((), 1), Err(()));
    }

    #[test]
    fn a_taker_waits_no_longer_than_it_said() {
        let queue = Queue::<()>::new(1, WhenFull::Drop);
        assert_eq!(queue.take(Some(Instant::now())), Taken::Nothing);
    }
}
