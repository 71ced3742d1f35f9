//! One file a command.

mod compare;
mod data;
mod demo;
mod metrics;
mod model;
mod report;
mod stages;
mod train;

use crate::args::Command;

/// Runs a command.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Audit(args) | Command::Evaluate(args) => stages::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Metrics(args) => metrics::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Data(args) => data::run(&args),
        Command::Model(args) => model::run(&args),
    }
}
