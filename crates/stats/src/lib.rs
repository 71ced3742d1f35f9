//! Pure mathematics of the audit: estimates with intervals, tests, resampling. No input or output.

pub mod design;
pub mod estimate;
pub mod multiple;
pub mod paired;
pub mod rng;

pub use design::Design;
pub use estimate::Estimate;
