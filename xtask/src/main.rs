//! The project's own programs. `cargo run --release -p xtask -- bench truth` is its exam, `… -- train-towers` makes the
//! image-text model that comes with the program.
#![expect(clippy::print_stdout, reason = "a program for developers prints")]

mod binary;
mod mark;
mod towers;
mod truth;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "The project's own programs")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure the project against what is known
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
    /// Train the small image-text model that comes with the program, on planted scenes
    TrainTowers(towers::Options),
}

#[derive(Subcommand)]
enum Bench {
    /// Planted worlds: what was planted against what is found, over seeds, with controls
    Truth(truth::Options),
    /// Real photographs: a watermark on most training images of a few classes, with the same images unmarked as control
    Mark(mark::Options),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Bench { what: Bench::Truth(options) } => truth::run(&options),
        Command::Bench { what: Bench::Mark(options) } => mark::run(&options),
        Command::TrainTowers(options) => towers::run(&options),
    }
}
