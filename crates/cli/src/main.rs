//! The binary `rightly`.

mod args;
mod commands;
mod config;
mod effects;
mod flags;
mod hub;
mod interrupt;
mod options;
mod output;
mod progress;
mod training_set;

use std::process::ExitCode;

use clap::FromArgMatches as _;
use flags::{Flags, Given};
use rightly::AuditError;
use rightly_model::ModelError;
use rightly_onnx::{Lift, OnnxError};
use rightly_train::TrainError;

/// Bad usage or input.
const BAD_INPUT: u8 = 2;
/// Interrupted; what is computed stays.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    // What a library gives up on is said as an error: its panic beside that would say it twice.
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !rightly_data::foreign::is_within() {
            print(panic);
        }
    }));
    let flags = Flags::new();
    let (command, given) = match parsed(&flags) {
        Ok(Ok(command)) => command,
        Ok(Err(error)) => return unparsed(&error),
        Err(error) => return fail(&error),
    };
    if let Err(error) = interrupt::install() {
        return fail(&error);
    }
    match commands::run(command, &given) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

type Parsed = Result<(args::Command, Given), clap::Error>;

/// The command line with the flags of `--config`, each of them a flag of the command.
fn parsed(flags: &Flags) -> anyhow::Result<Parsed> {
    let words = config::expand(std::env::args_os().collect(), flags)?;
    let given = flags.given(&words)?;
    let matches = flags.root.clone().try_get_matches_from(words);
    let cli = matches.and_then(|matches| args::Cli::from_arg_matches(&matches));
    Ok(cli.map(|cli| (cli.command, given)))
}

/// Help and version that were asked for, or bad usage.
fn unparsed(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    output::explain(&error.render().to_string());
    ExitCode::from(BAD_INPUT)
}

/// The option that lets a model run all the same, where a limit keeps it from it.
fn lifting(error: &anyhow::Error) -> Option<&'static str> {
    let of = |cause: &(dyn std::error::Error + 'static)| {
        let lift = |model: &ModelError| match model {
            ModelError::Onnx(OnnxError::Limit { lift, .. }) => Some(*lift),
            _ => None,
        };
        let audit = of_audit(cause).and_then(|error| match error {
            AuditError::Model(model) => lift(model),
            _ => None,
        });
        let training = cause.downcast_ref::<TrainError>().and_then(|error| match error {
            TrainError::Model(model) => lift(model),
            _ => None,
        });
        audit.or(training).or_else(|| cause.downcast_ref::<ModelError>().and_then(lift))
    };
    Some(match error.chain().find_map(of)? {
        Lift::Memory => "raise it with --max-memory SIZE where the model is known to be good",
        Lift::All => "with --max-memory none it is run all the same",
    })
}

/// The error of a stage, by itself or behind the door.
fn of_audit<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a AuditError> {
    match cause.downcast_ref::<rightly::Error>() {
        Some(rightly::Error::Audit(error)) => Some(error),
        _ => cause.downcast_ref(),
    }
}

/// The one place that prints an error with its causes and chooses the exit code.
fn fail(error: &anyhow::Error) -> ExitCode {
    if output::is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    let of_folder = matches!(error.downcast_ref(), Some(rightly::Error::Folder(_)));
    let mut text = if of_folder { format!("--out {error}") } else { error.to_string() };
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text += &format!(": {cause}");
        }
    }
    if let Some(option) = lifting(error) {
        text += &format!("; {option}");
    }
    output::error(&output::folded(&text));
    let door = error.downcast_ref().is_some_and(rightly::Error::is_interrupted);
    let stage = matches!(error.downcast_ref(), Some(AuditError::Interrupted));
    let training = matches!(error.downcast_ref(), Some(TrainError::Interrupted));
    ExitCode::from(if door || stage || training { INTERRUPTED } else { BAD_INPUT })
}
