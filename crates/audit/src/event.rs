//! What a stage tells the one who started it. Libraries emit events and never print.

use std::time::Instant;

use rightly_data::Problem;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A sentence about what was understood or decided.
    Note(String),
    /// A stage is about to measure `images` images, `done` of which are already there.
    Started {
        /// Stage name.
        stage: &'static str,
        /// Images in the split.
        images: usize,
        /// Images whose every measure is already computed.
        done: usize,
        /// Forward passes an image.
        forwards: usize,
        /// Estimated seconds for what is missing.
        seconds: f64,
    },
    /// One more image is measured.
    Image,
    /// A file of the run that is not as it was written; what is done about it.
    Damaged(String),
    /// Something that could not be used.
    Problem(Problem),
    /// Tables are written, figures are being computed.
    Summarising {
        /// Stage name.
        stage: &'static str,
    },
    /// The stage ended.
    Finished {
        /// Stage name.
        stage: &'static str,
        /// Wall-clock seconds.
        seconds: f64,
        /// Nothing had to be computed: inputs and options were those of the last time.
        unchanged: bool,
    },
}

impl Event {
    /// The end of a stage that began at `start`.
    #[doc(hidden)] // for rightly-papers
    pub fn finished(stage: &'static str, start: Instant, unchanged: bool) -> Self {
        Self::Finished { stage, seconds: start.elapsed().as_secs_f64(), unchanged }
    }
}

/// Takes events, from any thread.
pub type Sink<'a> = &'a (dyn Fn(Event) + Sync);
