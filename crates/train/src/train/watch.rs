//! When a training stops, and when its state is kept.
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// When a training stops, and how often its state is kept within an epoch.
#[derive(Debug, Clone, Copy)]
pub struct Watch<'a> {
    /// Set from outside: the training ends with [`TrainError::Interrupted`](crate::TrainError::Interrupted) before its next step.
    pub stop: &'a AtomicBool,
    /// The longest that a killed training loses, beside the step in work.
    pub keep_every: Duration,
}

impl<'a> Watch<'a> {
    /// Keeps the state twice a minute.
    #[must_use]
    pub fn new(stop: &'a AtomicBool) -> Self {
        Self { stop, keep_every: Duration::from_secs(30) }
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}
