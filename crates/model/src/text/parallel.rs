//! Work dealt to plain threads, results in order: the same for any number of threads.
use std::sync::atomic::{AtomicUsize, Ordering};

/// `work` of `0..count`; where several fail, the error of the lowest place.
pub(super) fn each<T: Send, E: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let failed = AtomicUsize::new(usize::MAX);
    let run = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            // Places are dealt in order, so all below a failed one are under way or done.
            if at >= count || at > failed.load(Ordering::Relaxed) {
                return done;
            }
            let result = work(at);
            if result.is_err() {
                failed.fetch_min(at, Ordering::Relaxed);
            }
            done.push((at, result));
        }
    };
    let mut all = if threads.min(count) <= 1 {
        run()
    } else {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.min(count)).map(|_| scope.spawn(run)).collect();
            workers
                .into_iter()
                .flat_map(|worker| match worker.join() {
                    Ok(done) => done,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        })
    };
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn results_and_errors_do_not_depend_on_threads() {
        for threads in [0, 1, 3, 50] {
            let squares = each::<_, ()>(20, threads, |at| Ok(at * at)).unwrap();
            assert_eq!(squares, (0..20).map(|at| at * at).collect::<Vec<_>>());
            let failed = each(20, threads, |at| if at % 7 == 5 { Err(at) } else { Ok(()) });
            assert_eq!(failed, Err(5));
            assert_eq!(each::<(), ()>(0, threads, |_| Err(())), Ok(Vec::new()));
        }
    }
}
