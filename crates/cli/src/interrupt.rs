//! Ctrl-C: ends at once, or, while a stage can be asked to stop, after the images in work.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::output;

/// The handler of Ctrl-C; there is one a process.
pub(crate) struct Interrupt {
    /// Set by the first Ctrl-C while a stage listens.
    stop: Arc<AtomicBool>,
    listens: Arc<AtomicBool>,
}

impl Interrupt {
    /// Installs the handler.
    pub(crate) fn install() -> anyhow::Result<Self> {
        let interrupt = Self { stop: Arc::default(), listens: Arc::default() };
        let (stop, listens) = (Arc::clone(&interrupt.stop), Arc::clone(&interrupt.listens));
        ctrlc::set_handler(move || {
            // A second Ctrl-C ends it at once.
            if !listens.load(Ordering::Relaxed) || stop.swap(true, Ordering::Relaxed) {
                output::say("interrupted; what is computed stays, the same command goes on");
                std::process::exit(i32::from(crate::INTERRUPTED));
            }
        })?;
        Ok(interrupt)
    }

    /// Runs a stage that watches the flag it is given.
    pub(crate) fn listening<T>(&self, stage: impl FnOnce(&AtomicBool) -> T) -> T {
        self.listens.store(true, Ordering::Relaxed);
        let result = stage(&self.stop);
        self.listens.store(false, Ordering::Relaxed);
        result
    }
}
