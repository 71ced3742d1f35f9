//! `rightly audit` and the commands of single stages: stages of a run, then its report.

use std::path::Path;

use rightly::{
    Audit, Event, Metric, RunDir, Stages, discover, dynamics,
    evaluate::{self, EvaluateOptions},
    features, interpret,
    metrics::POOLED,
    mitigate::{self, MitigateOptions},
    place::{self, Input},
    rank,
};

use super::{ending, metrics};
use crate::{
    args::{Format, StageArgs},
    effects,
    flags::Given,
    hub::Fetcher,
    interrupt::INTERRUPT,
    options, output,
    progress::Progress,
};

/// Which stages a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    Evaluate,
    Rank,
    Discover,
    Interpret,
    Mitigate,
}

impl Which {
    /// Whether the command runs this stage.
    fn has(self, stage: Self) -> bool {
        self == Self::All || self == stage
    }
}

pub(crate) fn run(args: &StageArgs, which: Which, given: &Given) -> anyhow::Result<()> {
    effects::stages(args, which, given)?;
    let door = Audit::of(options::inputs(args)?)
        .overrides(options::model_overrides(args)?)
        .out(&args.run.out)
        .threads(options::threads(args.run.threads))
        .force(args.run.force)
        .reads(read(args));
    // Before models by name are fetched.
    door.check_folder()?;
    let stages = stages(args, which)?;
    let opened = door.open()?;
    let progress = Progress::new(args.run.quiet);
    opened.said().iter().for_each(|line| progress.note(line));
    if let Some(warning) = opened.inputs().look().warning() {
        output::say(&format!("warning: {warning}"));
    }
    opened.damaged().iter().for_each(|line| progress.take(Event::Damaged(line.clone())));
    let stages = with_needed(stages, which, given, opened.run_dir())?;
    let sink = |event| progress.take(event);
    let report = INTERRUPT.listening(|stop| opened.run(&stages, stop, &sink))?;
    // People get the answer, programs the figures; of a later stage by itself both do.
    let people = args.run.format == Format::Table;
    if !people || !matches!(which, Which::All | Which::Evaluate) {
        output::print(&headline(report.run_dir(), which, args.run.format)?)?;
    }
    if people {
        return output::print(&ending::of(&report)?);
    }
    if !args.run.quiet {
        output::say(&format!("report: {}", report.html().display()));
    }
    Ok(())
}

/// The stages with the options that flags give them, whether the command runs them or not.
fn stages(args: &StageArgs, which: Which) -> anyhow::Result<Stages> {
    let mut discover = options::discover(args)?;
    let fetch = Fetcher { interrupt: &INTERRUPT, quiet: args.run.quiet };
    let mut interpret = options::interpret(args, &fetch)?;
    if let (features::Source::Model, None, Some(folder)) =
        (&discover.features, &discover.second, &interpret.image_text)
    {
        discover.second = options::image_tower(folder, args)?;
    }
    let mut mitigate = options::mitigate(args)?;
    // In an audit the pool is one for words where there is an image-text model, and one for repairs where these are asked for.
    if which != Which::Interpret && interpret.image_text.is_none() {
        interpret.pool = None;
    }
    if which == Which::All && !mitigate.repairs.iter().any(|repair| repair.adds_images()) {
        mitigate.pool = None;
    }
    Ok(Stages {
        whole: which == Which::All,
        dynamics: options::dynamics(&args.dynamics),
        evaluate: Some(EvaluateOptions {
            paper_compat: args.rank.paper_compat,
            ..options::evaluate(&args.measures)?
        }),
        rank: Some(options::rank(args)?),
        discover: Some(discover),
        interpret: Some(interpret),
        mitigate: Some(mitigate),
    })
}

/// The stages that the command runs. What a stage needs of an earlier one runs first; and where flags say how, what is there may be
/// of other ones.
fn with_needed(all: Stages, which: Which, given: &Given, run: &RunDir) -> anyhow::Result<Stages> {
    let undivided = run.stage(discover::STAGE)?.is_none();
    let told = effects::tells_subgroups(given, which);
    let wants = all.mitigate.as_ref().is_some_and(MitigateOptions::wants_subgroups);
    let needed = match which {
        Which::Interpret => told || (undivided && run.stage(rank::STAGE)?.is_none()),
        Which::Mitigate => (told || undivided) && wants,
        _ => false,
    };
    Ok(Stages {
        whole: all.whole,
        dynamics: all.dynamics,
        evaluate: all.evaluate.filter(|_| which.has(Which::Evaluate)),
        rank: all.rank.filter(|_| which.has(Which::Rank)),
        discover: all.discover.filter(|_| needed || which.has(Which::Discover)),
        interpret: all.interpret.filter(|_| which.has(Which::Interpret)),
        mitigate: all.mitigate.filter(|_| which.has(Which::Mitigate)),
    })
}

/// What the command reads, that it may not write there.
fn read(args: &StageArgs) -> Vec<Input> {
    let files = args.files().into_iter().map(|(flag, path)| Input::new(flag, path));
    let overlays = args.measures.overlay.iter().filter_map(|text| text.split_once('='));
    let overlays = overlays.map(|(_, file)| Input::new("--overlay", file));
    // A column or a method where it is no file.
    let groups = args.repair.groups.iter().filter(|name| Path::new(name).is_file());
    let groups = groups.map(|file| Input::new("--groups", file));
    let mut read: Vec<Input> = Vec::new();
    read.extend(files.chain(overlays).chain(groups));
    // A pattern that can't be read is refused by whoever reads it.
    if let Some(pattern) = &args.dynamics.checkpoints {
        let files = dynamics::expand(pattern).into_iter().flatten();
        read.extend(files.map(|file| Input::new("--checkpoints", file)));
        // One that goes into every folder reads what a run there writes.
        let root = pattern.split_once("**").map(|(root, _)| place::here(Path::new(root)));
        read.extend(root.map(|root| Input::new("--checkpoints", root)));
    }
    read
}

/// The figures that programs get at the end.
fn headline(run: &RunDir, which: Which, format: Format) -> anyhow::Result<String> {
    let all = run.metrics()?;
    let wanted = |m: &&Metric| match m.stage.as_str() {
        rank::STAGE => which.has(Which::Rank) && m.metric.starts_with("gap"),
        discover::STAGE => which.has(Which::Discover) && m.metric == "subgroup-gap",
        interpret::STAGE => which == Which::Interpret,
        mitigate::STAGE => {
            let levels = ["accuracy", "worst-group-accuracy", "gain", "gain-beyond-random"];
            which.has(Which::Mitigate)
                && m.class.as_deref() == Some(POOLED)
                && m.group.is_none()
                && !m.metric.ends_with("-change")
                && (which == Which::Mitigate || levels.contains(&m.metric.as_str()))
        }
        evaluate::STAGE if which.has(Which::Evaluate) => {
            let headline = m.class.as_deref() == Some(POOLED) || m.metric.ends_with("-rise");
            headline && !m.condition.as_ref().is_some_and(|c| c.starts_with("noise-"))
        }
        _ => false,
    };
    let rows: Vec<&Metric> = all.iter().filter(wanted).collect();
    if rows.is_empty() && format == Format::Table {
        let interpreted = which == Which::Interpret;
        return Ok(if interpreted {
            "No words hold for any group.\n".to_owned()
        } else {
            String::new()
        });
    }
    metrics::format(&rows, format)
}
