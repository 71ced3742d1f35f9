//! Integration tests of the statistics.

mod coverage;
mod golden;
mod worlds;
