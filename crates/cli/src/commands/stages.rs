//! `rightly audit` and the commands of single stages: stages of a run, then its report.

use std::path::Path;

use rightly::{
    Event, Inputs, Metric, RunDir,
    discover::{self, DiscoverOptions},
    dynamics::{self, Source},
    evaluate::{self, EvaluateOptions},
    features,
    findings::Kind,
    interpret::{self, InterpretOptions},
    metrics::POOLED,
    mitigate::{self, MitigateOptions},
    rank::{self, RankOptions},
};

use super::metrics;
use crate::{
    args::{Format, StageArgs},
    effects,
    flags::Given,
    hub::Fetcher,
    interrupt::{INTERRUPT, Interrupt},
    options, output,
    place::{self, Input, Made},
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
    let mut read = read(args);
    place::check(&args.run.out, Made::Run, &read, args.run.force)?;
    let rank = options::rank(args)?;
    let mut discover = options::discover(args)?;
    let evaluate = EvaluateOptions {
        paper_compat: args.rank.paper_compat,
        ..options::evaluate(&args.measures, args.run.threads)?
    };
    let interrupt = &INTERRUPT;
    let fetch = Fetcher { interrupt, quiet: args.run.quiet };
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
    let run = RunDir::new(&args.run.out);
    let overrides = options::model_overrides(args)?;
    let (inputs, looked) =
        Inputs::open_for(options::inputs(args)?, &overrides, &run, args.run.force)?;
    read.extend(place::pictures(&args.data.data, &inputs.dataset));
    let _lock = place::take(&args.run.out, Made::Run, &read, args.run.force)?;
    let progress = Progress::new(args.run.quiet);
    looked.iter().for_each(|line| progress.note(line));
    if let Some(warning) = inputs.look().warning() {
        output::say(&format!("warning: {warning}"));
    }
    let dynamics = options::dynamics(&args.dynamics);
    let claimed = Claimed::new(&inputs, &run, args.run.force, &progress)?;
    // What a stage needs of an earlier one runs first; and where flags say how, what is there may be of other ones.
    let undivided = run.stage(discover::STAGE)?.is_none();
    let told = effects::tells_subgroups(given, which);
    let needed = match which {
        Which::Interpret => told || (undivided && run.stage(rank::STAGE)?.is_none()),
        Which::Mitigate => (told || undivided) && mitigate.wants_subgroups(),
        _ => false,
    };
    let stages = Stages {
        dynamics: dynamics.as_ref(),
        evaluate: which.has(Which::Evaluate).then_some(&evaluate),
        rank: which.has(Which::Rank).then_some(&rank),
        discover: (needed || which.has(Which::Discover)).then_some(&discover),
        interpret: which.has(Which::Interpret).then_some(&interpret),
        mitigate: which.has(Which::Mitigate).then_some(&mitigate),
    };
    audit(claimed, stages, interrupt, &progress)?;
    let report = rightly_report::write(run.root())?;
    output::print(&headline(&run, which, args.run.format)?)?;
    if !args.run.quiet {
        output::say(&format!("report: {}", report.display()));
    }
    Ok(())
}

/// What the command reads, that it may not write there.
fn read(args: &StageArgs) -> Vec<Input> {
    let files = args.files().into_iter().map(|(flag, path)| Input::new(flag, path));
    let overlays = args.measures.overlay.iter().filter_map(|text| text.split_once('='));
    let overlays = overlays.map(|(_, file)| Input::new("--overlay", file));
    // A column or a method where it is no file.
    let groups = args.repair.groups.iter().filter(|name| Path::new(name).is_file());
    let groups = groups.map(|file| Input::new("--groups", file));
    let mut read: Vec<Input> = place::data(&args.data.data).into_iter().collect();
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

/// A run that this process holds, and the inputs that it rests on.
#[derive(Clone, Copy)]
pub(super) struct Claimed<'a> {
    inputs: &'a Inputs,
    run: &'a RunDir,
}

impl<'a> Claimed<'a> {
    /// Claims a run for these inputs; with `force` one that rests on others is made anew.
    pub(super) fn new(
        inputs: &'a Inputs,
        run: &'a RunDir,
        force: bool,
        progress: &Progress,
    ) -> anyhow::Result<Self> {
        for text in inputs.claim(run, force)? {
            progress.take(Event::Damaged(text));
        }
        Ok(Self { inputs, run })
    }
}

/// Stages to run, each with its options.
#[derive(Clone, Copy, Default)]
pub(super) struct Stages<'a> {
    pub(super) dynamics: Option<&'a Source>,
    pub(super) evaluate: Option<&'a EvaluateOptions>,
    pub(super) rank: Option<&'a RankOptions>,
    pub(super) discover: Option<&'a DiscoverOptions>,
    pub(super) interpret: Option<&'a InterpretOptions>,
    pub(super) mitigate: Option<&'a MitigateOptions>,
}

/// Runs the stages; dynamics first, since a table that can't be read should not wait for forward passes.
pub(super) fn audit(
    Claimed { inputs, run }: Claimed<'_>,
    stages: Stages<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> anyhow::Result<()> {
    Ok(interrupt.listening(|stop| {
        let sink = |event| progress.take(event);
        if let Some(source) = stages.dynamics {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let threads = stages.evaluate.map_or(cores, |options| options.threads);
            dynamics::gather(inputs, source, run, threads, stop, &sink)?;
        }
        if let Some(options) = stages.evaluate {
            evaluate::evaluate(inputs, options, run, stop, &sink)?;
        }
        // An audit runs what the inputs allow; a stage that was asked for by its name says what it lacks.
        let left_out = |stage: &str, source: &features::Source| {
            let why = stages.evaluate.and_then(|_| features::possible(inputs, source).err());
            if let Some(why) = &why {
                progress.note(&format!("{stage}: left out: {why}"));
            }
            why.is_some()
        };
        if let Some(options) = stages.rank
            && !left_out(rank::STAGE, &options.features)
        {
            rank::rank(inputs, options, run, stop, &sink)?;
        }
        if let Some(options) = stages.discover
            && !left_out(discover::STAGE, &options.features)
        {
            discover::discover(inputs, options, run, stop, &sink)?;
        }
        if let Some(options) = stages.interpret {
            // A model without features has neither subgroups nor ranks.
            let nothing =
                run.stage(rank::STAGE)?.is_none() && run.stage(discover::STAGE)?.is_none();
            let why =
                interpret::possible(inputs, options).err().filter(|_| stages.evaluate.is_some());
            match why {
                Some(why) => progress.note(&format!("{}: left out: {why}", interpret::STAGE)),
                None if nothing && stages.evaluate.is_some() => {}
                None => {
                    interpret::interpret(inputs, options, run, stop, &sink)?;
                }
            }
        }
        if let Some(options) = stages.mitigate {
            let left_out = |why: &str| {
                progress.note(&format!("{}: left out: {why}", mitigate::STAGE));
            };
            let why = stages.evaluate.and_then(|_| not_repaired(options, run).transpose());
            match why.transpose()? {
                Some(why) => left_out(why),
                None => match mitigate::mitigate(inputs, options, run, stop, &sink) {
                    // A head that can't be replaced is no reason to lose an audit.
                    Err(rightly::Error::Model(why)) if stages.evaluate.is_some() => {
                        left_out(&why.to_string());
                    }
                    done => drop(done?),
                },
            }
        }
        Ok::<(), rightly::Error>(())
    })?)
}

/// Why an audit does not repair.
fn not_repaired(
    options: &MitigateOptions,
    run: &RunDir,
) -> Result<Option<&'static str>, rightly::Error> {
    if !options.wants_subgroups() {
        return Ok(None);
    }
    let Some(record) = run.stage(discover::STAGE)? else {
        return Ok(Some("there are no subgroups"));
    };
    let fails = record.findings.iter().any(|finding| finding.kind == Kind::FailingSubgroup);
    Ok((!fails).then_some("no subgroup was found on which the model fails"))
}

/// The figures that are printed at the end.
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
    if rows.is_empty() && which == Which::Interpret && format == Format::Table {
        return Ok("No words hold for any group.\n".to_owned());
    }
    metrics::format(&rows, format)
}
