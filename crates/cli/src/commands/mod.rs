//! One file a command.

mod data;
mod metrics;
mod model;
mod report;
mod stages;

use crate::args::Command;

/// Runs a command.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Audit(args) | Command::Evaluate(args) => stages::run(&args),
        Command::Metrics(args) => metrics::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Data(args) => data::run(&args),
        Command::Model(args) => model::run(&args),
    }
}
