//! Things that could not be used, and what was done about them.
use serde::{Deserialize, Serialize};
/// A row of `problems.csv`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// Image id, or the file or class concerned.
    pub image: String,
    /// Stage that met it (`data`, `evaluate`, …).
    pub stage: String,
    /// What is wrong.
    pub problem: String,
    /// What was done (`left out`, `used without its mask`, …).
    #[serde(rename = "what was done")]
    pub action: String,
}
