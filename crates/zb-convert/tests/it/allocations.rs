//! An allocator that counts, thread by thread, so that tests side by side do not disturb one another.
#![allow(unsafe_code, reason = "an allocator is an unsafe trait")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The most bytes that `f` had allocated at a time, beyond what was there before.
pub(crate) fn peak_bytes<T>(f: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = f();
    (result, PEAK.get().saturating_sub(before).unsigned_abs())
}

/// How often `f` asked for memory.
pub(crate) fn count<T>(f: impl FnOnce() -> T) -> (T, usize) {
    let before = COUNT.get();
    let result = f();
    (result, COUNT.get() - before)
}

fn taken(size: usize) {
    COUNT.set(COUNT.get() + 1);
    LIVE.set(LIVE.get() + size as isize);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

fn given_back(size: usize) {
    LIVE.set(LIVE.get() - size as isize);
}

// SAFETY: every call goes to the system's allocator as it came. The cells have no destructor and
// are made without memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        given_back(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }

    /// Counted as if the block always moved: old and new are there at a time.
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        taken(size);
        given_back(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.realloc(at, layout, size) }
    }
}
