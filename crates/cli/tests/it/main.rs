//! The binary as a user runs it.

mod bad_input;
mod compare;
mod danger;
mod evaluate;
mod flags;
mod help;
mod hostile;
mod image_text;
mod integrity;
mod making;
mod preview;
mod rank;
mod repair;
#[cfg(unix)]
mod signals;
mod splits;
mod support;
