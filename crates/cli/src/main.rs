//! The binary `rightly`.

mod args;
mod commands;
mod config;
mod fetching;
mod interrupt;
mod options;
mod output;
mod progress;
mod training;

use std::process::ExitCode;

use clap::Parser;

/// Bad usage or input.
const BAD_INPUT: u8 = 2;
/// Interrupted; what is computed stays.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let words = match config::expand(std::env::args_os().collect()) {
        Ok(words) => words,
        Err(error) => return fail(&error),
    };
    let cli = args::Cli::parse_from(words);
    match commands::run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// The one place that prints an error with its causes and chooses the exit code.
fn fail(error: &anyhow::Error) -> ExitCode {
    if output::is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text += &format!(": {cause}");
        }
    }
    output::error(&text);
    match error.downcast_ref::<rightly::Error>() {
        Some(rightly::Error::Interrupted) => ExitCode::from(INTERRUPTED),
        _ => ExitCode::from(BAD_INPUT),
    }
}
