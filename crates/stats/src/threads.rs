//! Work on a stated number of threads.

/// Runs `work` in a rayon pool of `threads` threads; 0 stands for the pool around. Where the system gives no such pool, the
/// pool around does the work: results depend on neither.
pub(crate) fn on_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    if threads == 0 {
        return work();
    }
    match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}
