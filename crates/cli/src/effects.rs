//! What is given and would do nothing, or can't be: said before anything runs.

use std::path::Path;

use anyhow::bail;
use rightly::{discover, mitigate::Repair};

use crate::{
    args::{DataArgs, OptimizerArg, StageArgs, TrainArgs},
    commands::Which,
    flags::Given,
};

/// A flag that does nothing without another.
struct Idle<'a> {
    given: &'a Given,
}

impl Idle<'_> {
    /// Refuses `flags` unless they have an effect.
    fn unless(&self, effect: bool, flags: &[&str], why: &str) -> anyhow::Result<()> {
        match flags.iter().find(|flag| !effect && self.given.has(flag)) {
            Some(flag) => bail!("--{flag} has no effect: {why}"),
            None => Ok(()),
        }
    }
}

/// What a stage or an audit would not look at.
pub(crate) fn stages(args: &StageArgs, which: Which, given: &Given) -> anyhow::Result<()> {
    there(args.files())?;
    let idle = Idle { given };
    measures(args, &idle)?;
    features(args, which, &idle)?;
    subgroups(args, which, &idle)?;
    repairs(args, which, &idle)
}

fn measures(args: &StageArgs, idle: &Idle<'_>) -> anyhow::Result<()> {
    let flags = &args.measures;
    let names = flags.measures.as_deref();
    let on = |name: &str| names.is_none_or(|all| all.iter().any(|one| one.trim() == name));
    let left = |name: &str| format!("--measures leaves {name} out");
    idle.unless(on("noise"), &["noise-levels", "trials"], &left("noise"))?;
    idle.unless(on("saliency"), &["cam", "target", "compare-layer"], &left("saliency"))?;
    idle.unless(on("overlay"), &["overlay"], &left("overlay"))?;
    if names.is_some() && on("overlay") && flags.overlay.is_empty() {
        bail!("--measures overlay: there is nothing to lay over; give --overlay NAME=FILE.png");
    }
    for text in &flags.overlay {
        if let Some((_, file)) = text.split_once('=') {
            there([("--overlay", Path::new(file))])?;
        }
    }
    Ok(())
}

fn features(args: &StageArgs, which: Which, idle: &Idle<'_>) -> anyhow::Result<()> {
    let from_file = args.features.features.is_some();
    idle.unless(!from_file, &["feature-pool"], "--features gives the vectors")?;
    let ranked = args.rank.ranks.is_none();
    idle.unless(ranked, &["top"], "--ranks gives the ranking, no feature is chosen")?;
    let written = args.words.image_text.is_some();
    // `mitigate` looks into the pool for images to add.
    let other = which == Which::Mitigate || adds_images(args);
    let why = "nothing looks into the pool; give --image-text, or a --repair that adds its images (intervention, hardest)";
    idle.unless(written || other, &["pool"], why)
}

/// Whether a repair that was asked for by its name adds images of a pool.
fn adds_images(args: &StageArgs) -> bool {
    let named = args.repair.repair.iter().filter_map(|name| name.trim().parse::<Repair>().ok());
    named.into_iter().any(Repair::adds_images)
}

fn subgroups(args: &StageArgs, which: Which, idle: &Idle<'_>) -> anyhow::Result<()> {
    let counted = ["dim", "domino", "kmeans", "pca"];
    let methods: Vec<&str> = args.discover.method.iter().map(|name| name.trim()).collect();
    let counts = methods.iter().any(|name| counted.contains(name));
    let why = format!("no --method of {} has components", counted.join(", "));
    idle.unless(counts, &["components"], &why)?;
    let Some(groups) = &args.repair.groups else { return Ok(()) };
    if groups.parse::<discover::Method>().is_ok() {
        if idle.given.has("method") && !methods.contains(&groups.as_str()) {
            bail!("--groups {groups}: --method {} does not find them", methods.join(","));
        }
        return Ok(());
    }
    // What looks like a file has to be one; else it is a column of the table.
    if ["/", ".csv", ".tsv", ".jsonl", ".parquet"].iter().any(|part| groups.contains(part)) {
        there([("--groups", Path::new(groups))])?;
    }
    let only = ["method", "components", "dynamics", "checkpoints", "paper-compat", "min-effect"];
    let why = format!("--groups {groups} are known, and no subgroups are looked for");
    idle.unless(which != Which::Mitigate, &only, &why)
}

/// Whether flags say how subgroups are to be found.
pub(crate) fn tells_subgroups(given: &Given, which: Which) -> bool {
    let own = ["method", "components", "dynamics", "checkpoints", "paper-compat", "min-effect"];
    // `mitigate` looks at these itself.
    let shared = [
        "encoder",
        "encoder-layer",
        "features",
        "feature-pool",
        "fit-split",
        "confirm-split",
        "second-encoder",
    ];
    let words = which == Which::Interpret;
    own.iter().any(|flag| given.has(flag)) || (words && shared.iter().any(|flag| given.has(flag)))
}

fn repairs(args: &StageArgs, which: Which, idle: &Idle<'_>) -> anyhow::Result<()> {
    let (flags, pool) = (&args.repair, args.words.pool.is_some());
    idle.unless(pool, &["pool-labels"], "there is no --pool")?;
    let named = !flags.repair.is_empty();
    let adds = adds_images(args);
    let by_default = which == Which::Mitigate && !named;
    let why = "no --repair adds images (intervention and hardest do)";
    idle.unless(adds || by_default, &["pool-labels", "budget"], why)?;
    let mixes = flags.repair.iter().any(|name| name.trim() == Repair::DiSoft.name());
    idle.unless(mixes, &["domain-heads"], "no --repair mixes heads (di-soft does)")?;
    let words = which != Which::Mitigate && args.words.image_text.is_some();
    idle.unless(adds || by_default || words, &["pool"], why)
}

/// What a training would not look at.
pub(crate) fn training(args: &TrainArgs, given: &Given) -> anyhow::Result<()> {
    let (flags, idle) = (&args.training, Idle { given });
    let folders = [("--init", &flags.init), ("--jtt", &flags.jtt), ("--groups", &flags.groups)];
    there(folders.iter().filter_map(|(flag, path)| Some((*flag, path.as_deref()?))))?;
    let sgd = flags.optimizer == OptimizerArg::Sgd;
    idle.unless(sgd, &["momentum"], "only sgd has one (--optimizer)")?;
    let steps = ["dim", "group-dro"].contains(&flags.group_method.trim());
    let why = format!("the groups of {} have no weights that move", flags.group_method);
    idle.unless(steps, &["group-step"], &why)?;
    if flags.jtt.is_some() && flags.jtt_copies == 0 {
        bail!("--jtt-copies 0: no image would come more often; give 1 or more, or leave --jtt out");
    }
    Ok(())
}

/// What `data` would not look at.
pub(crate) fn data(args: &DataArgs, given: &Given) -> anyhow::Result<()> {
    there(args.masks.masks.as_deref().map(|path| ("--masks", path)))?;
    let pixels = ["as-stored", "max-pixels", "max-bytes", "background", "mask-resize"];
    Idle { given }.unless(args.reads(), &pixels, "no image is read without --read or --preview")
}

/// Refuses files that are not there.
///
/// # Errors
/// The first of them, with its flag.
pub(crate) fn there<'a>(
    files: impl IntoIterator<Item = (&'static str, &'a Path)>,
) -> anyhow::Result<()> {
    for (flag, path) in files {
        let named = path.to_str().is_some_and(|text| text.starts_with("hf:"));
        if !named && !path.exists() {
            bail!("{flag} {}: no such file or folder", path.display());
        }
    }
    Ok(())
}
