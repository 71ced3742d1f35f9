//! Which revision of each measure and stage computes: part of every key, so that results of an algorithm that was
//! changed since are computed anew, and what stands on them.

use std::collections::BTreeMap;

use crate::{evaluate, stage::STAGES};

/// Revisions by name. [`Revisions::default`] are those of this version; another one is for tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revisions(BTreeMap<&'static str, u32>);

impl Default for Revisions {
    fn default() -> Self {
        let stages = STAGES.iter().map(|stage| (stage.name, stage.revision));
        Self(stages.chain(evaluate::MEASURE_REVISIONS).collect())
    }
}

impl Revisions {
    /// The same with another revision of a measure or a stage.
    ///
    /// # Panics
    /// Where there is none of this name.
    #[must_use]
    pub fn with(mut self, name: &str, revision: u32) -> Self {
        let own = self.0.get_mut(name).expect("a measure or a stage of this name");
        *own = revision;
        self
    }

    /// Names of all measures and stages.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }

    /// The revision of a measure or a stage.
    pub(crate) fn of(&self, name: &str) -> u32 {
        *self.0.get(name).expect("every measure and stage is listed: by construction")
    }
}
