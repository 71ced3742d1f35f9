//! One file a command.

mod classes;
mod compare;
mod data;
mod demo;
mod metrics;
mod model;
mod report;
mod reproduce;
mod stages;
mod train;

use crate::args::Command;
use stages::Which;

/// Runs a command.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Audit(args) => stages::run(&args, Which::All),
        Command::Evaluate(args) => stages::run(&args, Which::Evaluate),
        Command::Rank(args) => stages::run(&args, Which::Rank),
        Command::Reproduce(args) => reproduce::run(&args),
        Command::Discover(args) => stages::run(&args, Which::Discover),
        Command::Interpret(args) => stages::run(&args, Which::Interpret),
        Command::Mitigate(args) => stages::run(&args, Which::Mitigate),
        Command::Classes(args) => classes::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Metrics(args) => metrics::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Data(args) => data::run(&args),
        Command::Model(args) => model::run(&args),
    }
}
