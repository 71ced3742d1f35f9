//! One file a command.

mod classes;
mod compare;
mod data;
mod demo;
mod ending;
mod image_text;
mod metrics;
mod model;
mod report;
mod reproduce;
mod stages;
mod train;

use crate::{args::Command, effects, flags::Given};
pub(crate) use stages::Which;

/// Runs a command, with the flags that were given.
pub(crate) fn run(command: Command, given: &Given) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Train(args) => {
            effects::training(&args, given)?;
            train::run(&args)
        }
        Command::Audit(args) => stages::run(&args, Which::All, given),
        Command::Evaluate(args) => stages::run(&args, Which::Evaluate, given),
        Command::Rank(args) => stages::run(&args, Which::Rank, given),
        Command::Reproduce(args) => reproduce::run(&args),
        Command::Discover(args) => stages::run(&args, Which::Discover, given),
        Command::Interpret(args) => stages::run(&args, Which::Interpret, given),
        Command::Mitigate(args) => stages::run(&args, Which::Mitigate, given),
        Command::Classes(args) => classes::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Metrics(args) => metrics::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Data(args) => {
            effects::data(&args, given)?;
            data::run(&args)
        }
        Command::Model(args) => model::run(&args),
    }
}
