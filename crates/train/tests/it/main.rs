//! Whole trainings.
mod support;
mod training;
