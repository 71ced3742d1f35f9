//! What a stage works in: the run that it writes to, how many threads work, and who watches.

use std::sync::atomic::AtomicBool;

use crate::{Event, RunDir, Sink};

/// The run, the threads and the watcher of a stage. Results depend on none but the run.
///
/// ```
/// use std::sync::atomic::AtomicBool;
/// use rightly_audit::{Context, Event, RunDir};
///
/// let run = RunDir::new("run");
/// let stop = AtomicBool::new(false); // set from another thread, it ends the stage; what is computed stays
/// let sink = |event: Event| {
///     if let Event::Note(text) = event {
///         println!("{text}");
///     }
/// };
/// let context = Context { threads: 2, ..Context::new(&run, &stop, &sink) };
/// assert_eq!(context.threads, 2);
/// ```
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Where tables, figures and finished units of work are.
    pub run: &'a RunDir,
    /// Worker threads, at least one.
    pub threads: usize,
    /// Set by whoever wants the stage to end ([`crate::Error::Interrupted`]); the next call goes on.
    pub stop: &'a AtomicBool,
    /// Takes progress and notes, from any thread.
    pub sink: Sink<'a>,
}

impl<'a> Context<'a> {
    /// All cores.
    pub fn new(run: &'a RunDir, stop: &'a AtomicBool, sink: Sink<'a>) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { run, threads, stop, sink }
    }

    /// The same for another run directory.
    #[must_use]
    pub(crate) fn within<'b>(self, run: &'b RunDir) -> Context<'b>
    where
        'a: 'b,
    {
        Context { run, threads: self.threads, stop: self.stop, sink: self.sink }
    }

    pub(crate) fn say(&self, event: Event) {
        (self.sink)(event);
    }
}
