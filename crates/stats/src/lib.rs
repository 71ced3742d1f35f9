//! Pure mathematics of the audit: estimates with intervals, tests, resampling. No input or output.
//!
//! | module | subject |
//! |---|---|
//! | [`correlation`] | rank correlation |
//! | [`design`] | how the units (images) were sampled, and every interval that follows from it |
//! | [`estimate`] | one figure with its interval |
//! | [`extremes`] | the two ends of a ranking against chance |
//! | [`proportion`] | score intervals of a proportion and of a paired difference of proportions |
//! | [`paired`] | tests for paired accuracies |
//! | [`permutation`] | Monte Carlo p-values |
//! | [`multiple`] | corrections for many tests |
//! | [`quantile`] | quantiles of samples and of the normal and t distributions |
//! | [`rng`] | random streams keyed by what they are for |
//!
//! # Conventions
//! Intervals are two-sided at 95 %. The same inputs and seed give the same bytes. Slices of
//! unequal length are a programming error and panic; everything that data can cause (no units,
//! one cluster, an undefined figure) comes back as `None`.

pub mod correlation;
pub mod design;
pub mod estimate;
pub mod extremes;
pub mod multiple;
pub mod paired;
pub mod permutation;
pub mod proportion;
pub mod quantile;
pub mod rng;

pub use design::{Design, Scope};
pub use estimate::Estimate;
