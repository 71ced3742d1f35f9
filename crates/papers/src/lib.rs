//! Experiments of papers, whole: from their data to their tables.
//!
//! [`dim_cifar100`] is DIM's (Zhang et al., CVPR 2024): how well methods of discovery find the rare subclasses of CIFAR-100, and
//! what is gained by it. It runs the audit's own methods ([`rightly_audit::discover`]) outside of a run, on classes whose subgroups
//! are known.
//!
//! ```no_run
//! use rightly_papers::{DimOptions, dim_cifar100};
//! use std::sync::atomic::AtomicBool;
//!
//! let options = DimOptions {
//!     data: "cifar-100-coarse:cifar-100-binary".to_owned(),
//!     encoder: Some("encoder.onnx".into()),
//!     features: None,
//!     trainer: None, // a linear head on the features
//!     epochs: 30,
//!     seeds: 3,
//!     methods: vec!["slices".parse()?, "dim".parse()?],
//!     out: "dim".into(),
//!     threads: 8,
//! };
//! let result = dim_cifar100(&options, &AtomicBool::new(false), &|_| {})?;
//! println!("{}", result.table.display());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod classifier;
mod dim;
mod judge;
mod mitigated;
mod study;
mod table;
mod vectors;

pub use classifier::{SoftGroups, Trainer, TrainerError};
pub use dim::{DimOptions, DimResult, Figure, Row, dim_cifar100};
pub use mitigated::MitigationRow;
