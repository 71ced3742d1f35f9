//! Whole trainings.
mod golden;
mod made_up;
mod stopping;
mod support;
mod towers;
mod training;
