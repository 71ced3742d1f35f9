//! Whole trainings.
mod golden;
mod made_up;
mod support;
mod towers;
mod training;
