//! The exam with planted truth: worlds whose cues and failing subgroups are known.
//!
//! Each world is planted, trained and audited once for each seed, by the binary itself
//! (`rightly demo`), and kept in a cache, so that an exam of a later stage takes seconds a world.
//! Eight questions:
//! - does what was planted hurt the model (else there is nothing to find)?
//! - what is found, what is missed, what is a false alarm? Beside the tool stand an oracle that is
//!   given the attributes, which must find everything, and the same oracle with right and wrong
//!   dealt anew among the images of each class, which must find nothing.
//! - do the ranks by spuriosity follow the planted cues, and nothing else?
//! - are the planted subgroups among the discovered ones, for each method, and nothing else?
//! - are they called by the words that were planted, are these words true of the pictures, and is nothing named that is nothing?
//! - are words that an image-text model gives to photographs true of them, where it is a weak one?
//! - does the worst group gain by a repair, more than by random groups, and is nothing claimed where nothing is?
//! - does a class whose cue is planted rely less on its object than the same class, of the same
//!   seed, without the cue?

mod dealt;
mod discovery;
mod naming;
mod oracle;
mod photographs;
mod ranking;
mod reliance;
mod repair;
mod titles;
mod world;

use std::path::PathBuf;

use clap::Args;
use rightly::planted_truth::{Truth, Verdict, compare};

use world::{Plain, World};

/// Accuracy points that a planted truth should cost.
const HURTS: f64 = 0.30;

#[derive(Args)]
pub(crate) struct Options {
    /// Seeds of each world
    #[arg(long, default_value = "5")]
    seeds: u64,
    /// Worlds: names or TOML files
    #[arg(long, value_delimiter = ',', default_value = "cues,subgroups,mixed,null,null-hard")]
    worlds: Vec<String>,
    /// World in which classes are compared with themselves without their cue (none = leave it out)
    #[arg(long, default_value = "cues")]
    reliance: String,
    /// Methods of discovery, the default first (none = leave them out)
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "slices,dim,domino,kmeans,failure-direction,pca"
    )]
    methods: Vec<String>,
    /// Worlds whose models are repaired (none = leave it out)
    #[arg(long, value_delimiter = ',', default_value = "mixed,null")]
    repair: Vec<String>,
    /// Leave the names out
    #[arg(long)]
    no_names: bool,
    /// CIFAR-100 as reference/cifar_words.py leaves it, whose subgroups are named by --image-text
    #[arg(long, requires = "image_text")]
    cifar_words: Option<PathBuf>,
    /// An image-text model for --cifar-words: a folder
    #[arg(long, requires = "cifar_words")]
    image_text: Option<PathBuf>,
    /// Draws of held-out images for each model of a world in which nothing is planted
    #[arg(long, default_value = "1")]
    draws: u64,
    /// Where planted and trained worlds are kept
    #[arg(long, default_value = "target/exam")]
    cache: PathBuf,
    /// The binary (default: the release build beside this program)
    #[arg(long)]
    rightly: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let planter = world::Planter::new(options.rightly.as_deref(), &options.cache)?;
    if let (Some(folder), Some(model)) = (&options.cifar_words, &options.image_text) {
        return photographs::exam(options.rightly.as_deref(), folder, model);
    }
    println!(
        "| world | seed | planted | cost >= 30 points | clean accuracy | found | missed | false alarms | oracle found | \
         oracle's false alarms | dealt anew: findings |\n|---|---|---|---|---|---|---|---|---|---|---|"
    );
    let mut sums = [0_usize; 8];
    for name in &options.worlds {
        for seed in 0..options.seeds {
            let world = planter.plant(name, seed, Plain::No)?;
            let counts = examine(&world)?;
            let [planted, hurting, found, missed, alarms, oracle, oracle_alarms, shuffled] = counts;
            println!(
                "| {name} | {seed} | {planted} | {hurting} | {} | {found} | {missed} | {alarms} | {oracle} | \
                 {oracle_alarms} | {shuffled} |",
                world.clean_accuracy()
            );
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
    }
    let [planted, hurting, found, missed, alarms, oracle, oracle_alarms, shuffled] = sums;
    println!(
        "| all | | {planted} | {hurting} | | {found} | {missed} | {alarms} | {oracle} | {oracle_alarms} | {shuffled} |\n"
    );
    ranking::exam(&planter, &options.worlds, options.seeds)?;
    if options.methods != ["none"] {
        discovery::exam(&planter, &options.worlds, options.seeds, &options.methods, options.draws)?;
    }
    if !options.no_names {
        naming::exam(&planter, &options.worlds, options.seeds)?;
    }
    let repaired: Vec<String> =
        options.repair.iter().filter(|world| *world != "none").cloned().collect();
    if !repaired.is_empty() {
        repair::exam(&planter, &repaired, options.seeds)?;
    }
    if options.reliance != "none" {
        reliance::exam(&planter, &options.reliance, options.seeds)?;
    }
    Ok(())
}

/// Planted, hurting, found, missed, false alarms, found by the oracle, its false alarms, findings of
/// the oracle on outcomes dealt anew.
fn examine(world: &World) -> anyhow::Result<[usize; 8]> {
    let truths: &[Truth] = &world.truths;
    let against = |findings: &[rightly::Finding]| -> Verdict {
        compare(truths, findings, |class| world.of_class(class))
    };
    let tool = against(&world.findings);
    let oracle = against(&oracle::find(world, &world.outcomes));
    let shuffled = oracle::find(world, &oracle::dealt_anew(world));
    let hurting = truths.iter().filter(|t| t.gap.is_some_and(|gap| gap >= HURTS)).count();
    Ok([
        truths.len(),
        hurting,
        tool.found.len(),
        tool.missed.len(),
        tool.false_alarms.len(),
        oracle.found.len(),
        oracle.false_alarms.len(),
        shuffled.len(),
    ])
}
