//! Calls of other people's code on files from outside, which may give up by a panic instead of an error.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Leaves the call also where it panics.
struct Within;

impl Within {
    fn enter() -> Self {
        DEPTH.with(|depth| depth.set(depth.get() + 1));
        Self
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        DEPTH.with(|depth| depth.set(depth.get() - 1));
    }
}

/// What a call gives; `None` where it panicked. The call may be left in any state: nothing of it must be used afterwards but
/// what is meant to be dropped or asked for no more.
pub fn caught<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(|| {
        let _within = Within::enter();
        call()
    }))
    .ok()
}

/// Whether this thread is in such a call: a panic here becomes an error, and a program's panic hook need not print it.
pub fn is_within() -> bool {
    DEPTH.with(|depth| depth.get() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_the_call_is_left() {
        assert!(!is_within());
        assert_eq!(caught(|| (is_within(), caught(is_within))), Some((true, Some(true))));
        assert_eq!(caught(|| assert!(!is_within(), "expected")), None);
        assert!(!is_within());
    }
}
