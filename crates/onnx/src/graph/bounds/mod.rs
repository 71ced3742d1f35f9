//! How large a run can get, found out before an engine sees the graph.
//!
//! A file of a few hundred bytes can ask for more memory and time than a machine has: by a declared size, by operators
//! that make large values of small ones, or by loops. The graph is walked once with the shapes that its values can have
//! at most, and with the numbers of small values that sizes are computed from; what goes beyond [`Limits`] is refused.
mod inner;
mod known;
mod numbers;
mod rules;
mod walk;

#[cfg(test)]
mod tests;

pub use known::Known;

use super::Graph;
use crate::OnnxError;
use crate::error::Lift;
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// What one run of a model may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Bytes of all values that are alive at once, weights left out.
    pub memory: u64,
    /// Steps of computation: multiplications, and a few for each element of a value.
    pub work: f64,
    /// Nodes, those of inner graphs each time that they run.
    pub nodes: usize,
    /// What an engine may take to load the graph, and again for its first run; `None` waits for ever. Behind it the caller
    /// has an error, while the engine, which can't be stopped, goes on until the process ends.
    pub time: Option<Duration>,
}

impl Limits {
    /// 4 GiB; about ten minutes of one core, as computed before a run and as the clock says; 50 000 nodes.
    pub const DEFAULT: Self =
        Self { memory: 4 << 30, work: 2e13, nodes: 50_000, time: Some(Duration::from_secs(600)) };
    /// Whatever the model asks for.
    pub const NONE: Self =
        Self { memory: u64::MAX, work: f64::INFINITY, nodes: usize::MAX, time: None };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What keeps a graph from being run.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A value that is too large.
    Value {
        name: String,
        op: String,
        shape: Vec<usize>,
        bytes: usize,
    },
    /// All values together.
    Alive {
        name: String,
        bytes: usize,
    },
    Work {
        name: String,
    },
    Nodes {
        count: usize,
    },
    /// A size that only a run would tell.
    Unknown {
        name: String,
        op: String,
        what: &'static str,
    },
}

impl Graph {
    /// As [`Graph::load_hashed`], with limits.
    ///
    /// # Errors
    /// As [`Graph::load`].
    pub fn load_within(path: &Path, limits: Limits) -> Result<(Self, String), OnnxError> {
        let (graph, hash) = Self::load_hashed(path)?;
        Ok((graph.with_limits(limits), hash))
    }

    /// The graph with other limits than [`Limits::DEFAULT`].
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What a run of it may take.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Refuses a graph that would take more than its limits. Open dimensions of inputs count as 1: what is given for them
    /// is the caller's to bound.
    ///
    /// # Errors
    /// [`OnnxError::Limit`] names the value, its size, and what to do.
    pub fn check_limits(&self) -> Result<(), OnnxError> {
        let limits = &self.limits;
        if *limits == Limits::NONE {
            return Ok(());
        }
        walk::walk(self, limits, true).map(|_| ()).map_err(|refusal| self.too_much(refusal, limits))
    }

    /// What is known of every value of the graph, without limits; `None` where it can't be walked.
    pub fn known_values(&self) -> Option<HashMap<String, Known>> {
        let limits = Limits { nodes: Limits::DEFAULT.nodes, ..Limits::NONE };
        walk::walk(self, &limits, false).ok()
    }

    fn too_much(&self, refusal: Refusal, limits: &Limits) -> OnnxError {
        let allowed = in_words(limits.memory as usize);
        let lift = match refusal {
            Refusal::Value { .. } | Refusal::Alive { .. } => Lift::Memory,
            _ => Lift::All,
        };
        let message = match refusal {
            Refusal::Value { name, op, shape, bytes } => format!(
                "value '{name}'{} has the shape {shape:?}, which takes {} where {allowed} are allowed",
                if op.is_empty() { String::new() } else { format!(" of operator {op}") },
                in_words(bytes)
            ),
            Refusal::Alive { name, bytes } => format!(
                "at value '{name}' a run holds {} at once, where {allowed} are allowed",
                in_words(bytes)
            ),
            Refusal::Work { name } => format!(
                "up to value '{name}' a run takes more than {:.0e} steps of computation, which no image classifier \
                 needs",
                limits.work
            ),
            Refusal::Nodes { count } => format!(
                "a run goes through {count} nodes or more, where {} are allowed",
                limits.nodes
            ),
            Refusal::Unknown { name, op, what } => format!(
                "operator {op} makes '{name}', and {what} is only known during a run, so that nothing bounds it"
            ),
        };
        OnnxError::Limit { path: self.path().to_owned(), message, lift }
    }
}

fn in_words(bytes: usize) -> String {
    let bytes = bytes as f64;
    match bytes {
        _ if bytes >= 1e18 => "more than any machine has".to_owned(),
        _ if bytes >= 1024_f64.powi(3) => format!("{:.1} GiB", bytes / 1024_f64.powi(3)),
        _ if bytes >= 1024_f64.powi(2) => format!("{:.1} MiB", bytes / 1024_f64.powi(2)),
        _ => format!("{bytes:.0} bytes"),
    }
}
