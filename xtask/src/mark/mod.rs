//! A planted truth on real photographs: a watermark on most training images of a few superclasses of CIFAR-100.
//!
//! A linear head on a real encoder's features learns the mark. Ranking must then call it a cue of those classes, and
//! discovery must find the images whose mark misleads: those of a marked class that lack it, those of another class that
//! carry it. The control is the same images with nothing drawn on them: the table still says which would have been marked,
//! and neither may say so.

mod model;
mod pictures;
mod verdict;

use std::path::{Path, PathBuf};

use clap::Args;

#[derive(Args)]
pub(crate) struct Options {
    /// Folder of the real data: cifar-100-binary/, imagenet-w/, models/ (default: RIGHTLY_DATA, else ../shared/data)
    #[arg(long, default_value_os_t = data())]
    data: PathBuf,
    /// Network that gives features, below the folder
    #[arg(long, default_value = "models/efficientnet-lite0.onnx")]
    encoder: PathBuf,
    /// Seeds of the choice of classes, images and marks
    #[arg(long, default_value = "3")]
    seeds: u64,
    /// Superclasses
    #[arg(long, default_value = "10")]
    classes: usize,
    /// How many of them are marked
    #[arg(long, default_value = "2")]
    marked: usize,
    /// Training images of a class
    #[arg(long, default_value = "150")]
    train: usize,
    /// Images of a class in each held-out split
    #[arg(long, default_value = "150")]
    held_out: usize,
    /// Share of a marked class's training images that carry the mark, and of the others' that do not
    #[arg(long, default_value = "0.95")]
    share: f64,
    /// Features of a class that ranking looks at; the mark is spread over many
    #[arg(long, default_value = "20")]
    top: usize,
    /// Method of discovery
    #[arg(long, default_value = "slices")]
    method: String,
    /// Where pictures, models and runs are kept
    #[arg(long, default_value = "target/mark")]
    cache: PathBuf,
    /// The binary (default: the release build beside this program)
    #[arg(long)]
    rightly: Option<PathBuf>,
}

impl Options {
    /// What the pictures and the model depend on beside the seed.
    fn name(&self) -> String {
        let Self { marked, classes, train, held_out, share, .. } = self;
        format!("{marked}of{classes}-{train}-{held_out}-{share}")
    }
}

fn data() -> PathBuf {
    std::env::var_os("RIGHTLY_DATA").map_or_else(|| "../shared/data".into(), PathBuf::from)
}

/// Whether the mark is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    Yes,
    No,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let binary = crate::binary::find(options.rightly.as_deref())?;
    println!(
        "A watermark on {:.0} % of the training images of {} of {} superclasses, on {:.0} % of the others' ({} images a class), \
         on half of the held-out ones ({} a class and split).\n",
        100.0 * options.share,
        options.marked,
        options.classes,
        100.0 * (1.0 - options.share),
        options.train,
        options.held_out
    );
    println!("{}", verdict::HEADER);
    for seed in 0..options.seeds {
        for drawn in [Drawn::Yes, Drawn::No] {
            let name = if drawn == Drawn::Yes { "marked" } else { "plain" };
            let folder = options.cache.join(format!("{name}-{}-{seed}", options.name()));
            let plan = pictures::write(options, seed, drawn, &folder)?;
            model::train(options, seed, &plan, &folder)?;
            for losses in [Losses::Probe, Losses::Recorded] {
                println!(
                    "{}",
                    verdict::of(&binary, options, &Trial { seed, drawn, losses, plan: &plan })?
                );
            }
        }
    }
    Ok(())
}

/// One row of the table.
pub(crate) struct Trial<'a> {
    seed: u64,
    drawn: Drawn,
    losses: Losses,
    plan: &'a pictures::Plan,
}

/// Where discovery takes its supervision from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Losses {
    /// Nothing is given: a probe is trained.
    Probe,
    /// The head's losses after each epoch.
    Recorded,
}

fn model_file(folder: &Path) -> PathBuf {
    folder.join("model.onnx")
}

fn dynamics_file(folder: &Path) -> PathBuf {
    folder.join("dynamics.csv")
}

fn outcomes_file(folder: &Path) -> PathBuf {
    folder.join("outcomes.csv")
}

fn table_file(folder: &Path) -> PathBuf {
    folder.join("dataset.csv")
}
