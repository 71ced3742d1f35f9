//! Experiments of papers, whole.

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
