//! Integration tests of the statistics.

mod coverage;
mod discovery;
mod golden;
mod words;
mod worlds;
