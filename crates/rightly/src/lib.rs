//! Is an image classifier *right for the right reasons?*
//!
//! [`Audit`] takes a trained classifier (ONNX), labelled images and, where there are some, object masks. It measures how far the
//! classifier relies on the object, finds the subgroups on which it fails, says in words what they are, and repairs the model.
//! Every figure has an interval and the number of images behind it.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let out = folder.path().join("run");
//! # let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart");
//! # let file = |name: &str| format!("{examples}/{name}");
//! use rightly::prelude::*;
//!
//! let report = Audit::new(file("model.onnx"), file("table.csv"))
//!     .stages(Stages { evaluate: Some(EvaluateOptions::default().quick()), ..Stages::default() })
//!     .out(out)
//!     .run()?;
//! for finding in report.findings()? {
//!     println!("{}", finding.title);
//! }
//! assert!(report.html().is_file());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same door serves the command line. What stands behind it: [`rightly_audit`] (stages, figures, the run directory) and
//! [`rightly_report`] (the page).

mod audit;
#[doc(hidden)]
pub mod claim;
mod error;
#[doc(hidden)]
pub mod place;
pub mod prelude;

pub use audit::{Audit, Opened, Report};
pub use error::Error;
/// What can stop a single stage.
pub use rightly_audit::Error as AuditError;
pub use rightly_audit::{
    Context, Event, Finding, InputOptions, Inputs, Metric, RunDir, Sink,
    audit::{LeftOut, Stages},
};
#[doc(hidden)]
pub use rightly_audit::{
    VERSION, compare, discover, dynamics, evaluate, features, findings, first_look, inputs,
    interpret, language, measures, metrics, mitigate, picture, planted_truth, rank, run, verdict,
    workers,
};
#[doc(hidden)]
pub use rightly_report as report;
