//! The binary as a user runs it.

mod bad_input;
mod compare;
mod evaluate;
mod help;
mod integrity;
mod making;
mod rank;
mod repair;
mod splits;
mod support;
