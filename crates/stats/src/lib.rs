//! Pure mathematics of the audit: estimates with intervals, tests, resampling. No input or output.
//!
//! | module | subject |
//! |---|---|
//! | [`agreement`] | how well two clusterings agree |
//! | [`association`] | tables of two by two: odds ratios, Fisher's test, log odds under a prior |
//! | [`auc`] | how well a score separates a group from the rest |
//! | [`bank`] | which phrases of a bank tell a group of images from the rest |
//! | [`cluster`] | k-means and silhouettes |
//! | [`correlation`] | rank correlation |
//! | [`design`] | how the units (images) were sampled, and every interval that follows from it |
//! | [`effect`] | how far apart two groups lie, in their own deviation |
//! | [`estimate`] | one figure with its interval |
//! | [`extremes`] | the two ends of a ranking against chance |
//! | [`gram`] | centred cross products from one pass, mergeable |
//! | [`pca`] | principal components of a Gram |
//! | [`pls`] | partial least squares of a Gram |
//! | [`nearest`] | the nearest rows of a matrix that lies in a file |
//! | [`mixture`] | Gaussian mixtures of diagonal covariance, also error-aware |
//! | [`proportion`] | score intervals of a proportion and of a paired difference of proportions |
//! | [`paired`] | tests for paired accuracies |
//! | [`permutation`] | Monte Carlo p-values |
//! | [`multiple`] | corrections for many tests |
//! | [`quantile`] | quantiles of samples and of the normal and t distributions |
//! | [`slices`] | slices of a class against the rest of it |
//! | [`jackknife`] | intervals from what a figure is without each sampling unit |
//! | [`svm`] | linear support vector machines |
//! | [`wilcoxon`] | signed ranks |
//! | [`ridge`] | ridge regression |
//! | [`rng`] | random streams keyed by what they are for |
//!
//! # Conventions
//! Intervals are two-sided at 95 %. The same inputs and seed give the same bytes. Slices of
//! unequal length are a programming error and panic; everything that data can cause (no units,
//! one cluster, an undefined figure) comes back as `None`, or as an error that says what was
//! expected.

pub mod agreement;
pub mod association;
pub mod auc;
pub mod bank;
mod blocks;
pub mod cluster;
pub mod correlation;
pub mod design;
pub mod effect;
pub mod estimate;
pub mod extremes;
pub mod gram;
pub mod jackknife;
pub mod linear;
pub mod mixture;
pub mod multiple;
pub mod nearest;
pub mod paired;
pub mod pca;
pub mod permutation;
pub mod pls;
pub mod proportion;
pub mod quantile;
pub mod ridge;
pub mod rng;
pub mod slices;
pub mod svm;
mod threads;
pub mod wilcoxon;

pub use design::{Design, Scope};
pub use estimate::Estimate;
