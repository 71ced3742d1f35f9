//! Which flags a command takes: those of its stage and of what has to run first. Any other is refused by its name, with
//! the commands that take it.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
};

use anyhow::bail;
use clap::{Arg, Command, CommandFactory as _};

use crate::args::Cli;

/// Every command with its flags.
pub(crate) struct Flags {
    pub(crate) root: Command,
}

/// Flags that the user gave, on the command line or in a file, by their long names.
#[derive(Debug, Default)]
pub(crate) struct Given(BTreeSet<String>);

impl Given {
    /// Whether `--NAME` was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// Commands that share the arguments of a run and take a part of them each; `audit` takes all.
const STAGES: [&str; 5] = ["evaluate", "rank", "discover", "interpret", "mitigate"];

/// Whether a stage looks at a flag of a group (the name of its struct).
fn uses(stage: &str, group: &str, flag: &str) -> bool {
    // Words and repairs are for subgroups, which are looked for first where that has not been done.
    let subgroups = matches!(stage, "discover" | "interpret" | "mitigate");
    match group {
        // --quick is promised to every stage: one set of flags runs them all.
        "MeasureFlags" => stage == "evaluate" || ["min_effect", "quick"].contains(&flag),
        "FeatureFlags" => stage != "evaluate",
        "RankFlags" => stage == "rank" || flag == "paper_compat",
        "DiscoverFlags" => subgroups,
        "DynamicsFlags" => stage != "rank",
        "WordFlags" => stage == "interpret" || (stage == "mitigate" && flag == "pool"),
        "RepairFlags" => stage == "mitigate",
        _ => true,
    }
}

impl Flags {
    pub(crate) fn new() -> Self {
        let mut root = Cli::command();
        for stage in STAGES {
            root = root.mut_subcommand(stage, |command| without_unused(stage, command));
        }
        // `data` looks at masks as they are stored; no model gives them a geometry.
        root = root.mut_subcommand("data", |c| c.mut_arg("mask_sampling", |arg| arg.hide(true)));
        Self { root }
    }

    /// The command that is called, where there is one of this name.
    pub(crate) fn command(&self, words: &[OsString]) -> Option<&Command> {
        let name = words.get(1)?.to_str()?;
        self.root.get_subcommands().find(|command| command.get_name() == name)
    }

    /// A flag of a command, by its long name.
    pub(crate) fn find<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
        let mut taken = command.get_arguments().filter(|arg| !arg.is_hide_set());
        taken.find(|arg| arg.get_long() == Some(name))
    }

    /// Refuses flags that other commands take; collects those that are given.
    ///
    /// # Errors
    /// A flag is no flag of this command and one of another.
    pub(crate) fn given(&self, words: &[OsString]) -> anyhow::Result<Given> {
        let mut given = Given::default();
        let Some(command) = self.command(words) else { return Ok(given) };
        let flags = words.iter().skip(2).take_while(|word| word.as_os_str() != OsStr::new("--"));
        for word in flags {
            let Some(name) = word.to_str().and_then(|word| word.strip_prefix("--")) else {
                continue;
            };
            let name = name.split_once('=').map_or(name, |(name, _)| name);
            if Self::find(command, name).is_some() {
                given.0.insert(name.to_owned());
            } else if !self.takers(name).is_empty() {
                bail!("{}", self.refusal(command, name));
            }
        }
        Ok(given)
    }

    /// Why a command does not take a flag.
    pub(crate) fn refusal(&self, command: &Command, name: &str) -> String {
        let name_of = command.get_name();
        match &self.takers(name)[..] {
            [] => format!("--{name} is no flag of 'rightly {name_of}', nor of any other command"),
            [one] => format!("--{name} is no flag of 'rightly {name_of}'; '{one}' takes it"),
            [most @ .., last] => format!(
                "--{name} is no flag of 'rightly {name_of}'; '{}' and '{last}' take it",
                most.join("', '")
            ),
        }
    }

    /// Commands that take a flag.
    fn takers(&self, name: &str) -> Vec<&str> {
        let takes = |command: &&Command| Self::find(command, name).is_some();
        let mut takers: Vec<&Command> = self.root.get_subcommands().filter(takes).collect();
        takers.sort_by_key(|command| command.get_display_order());
        takers.into_iter().map(Command::get_name).collect()
    }
}

/// Hides what a stage does not look at: [`Flags::given`] refuses it.
fn without_unused(stage: &str, mut command: Command) -> Command {
    let mut unused = Vec::new();
    for group in command.get_groups() {
        let ids = group.get_args().map(|id| id.as_str().to_owned());
        unused.extend(ids.filter(|id| !uses(stage, group.get_id().as_str(), id)));
    }
    for id in unused {
        command = command.mut_arg(id, |arg| arg.hide(true));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(line: &str) -> anyhow::Result<Given> {
        let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
        Flags::new().given(&words)
    }

    #[test]
    fn a_flag_of_another_command_is_refused_with_the_commands_that_take_it() {
        for (line, takers) in [
            ("rightly evaluate --votes x", "'audit', 'rank' and 'classes'"),
            ("rightly evaluate --repair=dfr", "'audit' and 'mitigate'"),
            ("rightly rank --noise-levels l2/60", "'audit' and 'evaluate'"),
            ("rightly discover --pool x", "'audit', 'interpret' and 'mitigate'"),
            ("rightly mitigate --llm x", "'audit' and 'interpret'"),
            ("rightly train --votes x", "'audit', 'rank' and 'classes'"),
            ("rightly model x --votes y", "'audit', 'rank' and 'classes'"),
            ("rightly data x --mask-sampling paper", "'audit', 'evaluate'"),
        ] {
            let error = given(line).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(takers), "{line}: {error}");
        }
    }

    #[test]
    fn what_runs_first_is_part_of_a_stage() {
        let given = given(
            "rightly mitigate --method dim --dynamics x --encoder=y --min-effect .1 --pool z -- --votes",
        );
        let given = given.unwrap();
        assert!(given.has("method") && given.has("encoder") && !given.has("votes"));
    }

    #[test]
    fn an_audit_takes_what_any_stage_takes() {
        let flags = Flags::new();
        let audit = flags.root.get_subcommands().find(|c| c.get_name() == "audit").unwrap();
        for stage in STAGES {
            let command = flags.root.get_subcommands().find(|c| c.get_name() == stage).unwrap();
            for flag in command.get_arguments().filter_map(Arg::get_long) {
                assert!(Flags::find(audit, flag).is_some(), "{stage} --{flag}");
            }
        }
        flags.root.debug_assert();
    }
}
