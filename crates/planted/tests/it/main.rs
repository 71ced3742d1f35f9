//! Integration tests: worlds as data, and files of worlds that are damaged.
mod address;
#[path = "../../../data/tests/it/damaged.rs"]
mod damaged;
#[path = "../../../data/tests/it/edits.rs"]
mod edits;
mod mutated;
mod refusals;
