//! Independent work on all cores, with results in order.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use crate::Error;

/// `f(0), f(1), … f(n - 1)` on `threads` threads, in that order whatever thread made each.
///
/// # Errors
/// The error of the lowest index that failed among those tried, or [`Error::Interrupted`] where
/// `stop` was set before the end.
pub fn ordered<T: Send>(
    n: usize,
    threads: usize,
    stop: &AtomicBool,
    f: impl Fn(usize) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let done: Mutex<Vec<(usize, Result<T, Error>)>> = Mutex::new(Vec::with_capacity(n));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, n.max(1)) {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) && !stop.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= n {
                        return;
                    }
                    let result = f(at);
                    if result.is_err() {
                        failed.store(true, Ordering::Relaxed);
                    }
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    let results = done.into_iter().map(|(_, result)| result).collect::<Result<Vec<T>, Error>>()?;
    if results.len() < n { Err(Error::Interrupted) } else { Ok(results) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_the_first_error_wins() {
        let stop = AtomicBool::new(false);
        let squares = ordered(100, 7, &stop, |i| Ok(i * i)).unwrap();
        assert!(squares.iter().enumerate().all(|(i, s)| *s == i * i));
        let fail = |i: usize| if i >= 3 { Err(Error::Usage(format!("no {i}"))) } else { Ok(i) };
        assert_eq!(ordered(10, 1, &stop, fail).unwrap_err().to_string(), "no 3");
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(ordered(2, 2, &stop, Ok), Err(Error::Interrupted)));
        assert!(ordered(0, 2, &stop, |_| Ok(())).unwrap().is_empty());
    }
}
