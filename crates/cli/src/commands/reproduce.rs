//! `rightly reproduce`: experiments of papers, whole.

use std::{
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

use anyhow::bail;
use rightly::place::{self, EXPERIMENT, Input, Made};
use rightly_data::{
    Dataset,
    dataset::{OpenOptions, Protocol},
    files::{self, write_whole},
    pixels::DecodeOptions,
};
use rightly_papers::{DimOptions, SoftGroups, Trainer, TrainerError, dim_cifar100};
use rightly_train::{Arch, GroupMethod, GroupTraining, Optimizer, Schedule, TrainOptions};

use crate::{
    args::{ClassifierArg, Experiment, ReproduceArgs},
    interrupt::INTERRUPT,
    options, output,
    progress::Progress,
    training_set,
};

/// Side of a CIFAR image.
const SIDE: usize = 32;

pub(crate) fn run(args: &ReproduceArgs) -> anyhow::Result<()> {
    match args.experiment {
        Experiment::DimCifar100 => dim(args),
    }
}

fn dim(args: &ReproduceArgs) -> anyhow::Result<()> {
    if args.seeds == 0 || args.epochs == 0 {
        bail!("--seeds and --epochs: expected at least 1");
    }
    let mut inputs = place::data(&args.data);
    for (flag, path) in [("--encoder", &args.encoder), ("--features", &args.features)] {
        inputs.extend(path.as_ref().map(|path| Input::new(flag, path)));
    }
    place::check(&args.out, Made::Experiment, &inputs, false)?;
    let methods = args.method.iter().map(|name| name.trim().parse()).collect::<Result<_, _>>()?;
    let interrupt = &INTERRUPT;
    let progress = Progress::new(args.quiet);
    let threads = options::threads(args.threads);
    let arch = match args.classifier {
        ClassifierArg::Head => None,
        ClassifierArg::Resnet20 => Some(Arch::Resnet20),
        ClassifierArg::Resnet18 => Some(Arch::Resnet18),
    };
    let trainer = arch.map(|arch| Scratch {
        data: &args.data,
        arch,
        epochs: args.epochs,
        threads,
        progress: &progress,
    });
    let _lock = place::take(&args.out, Made::Experiment, &inputs, false)?;
    write_whole(&args.out.join(EXPERIMENT), b"dim-cifar100\n")?;
    let options = DimOptions {
        data: args.data.clone(),
        encoder: args.encoder.clone(),
        features: args.features.clone(),
        trainer: trainer.as_ref().map(|t| t as &dyn Trainer),
        epochs: args.epochs,
        seeds: args.seeds,
        methods,
        out: args.out.clone(),
        threads,
    };
    let result =
        interrupt.listening(|stop| dim_cifar100(&options, stop, &|event| progress.take(event)));
    if result.is_err() && interrupt.stop().load(Ordering::SeqCst) {
        return Err(rightly::AuditError::Interrupted.into());
    }
    let result = result?;
    output::print(&output::lines(&files::read_text(&result.table, files::SMALL)?))?;
    if !args.quiet {
        output::say(&format!("table: {}", result.table.display()));
    }
    Ok(())
}

/// A network from scratch, trained as DIM trains its own: batches of 128, SGD with a rate of .1, momentum .9 and decay 1e-4,
/// gradients clipped at norm 1, no schedule.
struct Scratch<'a> {
    data: &'a str,
    arch: Arch,
    epochs: usize,
    threads: usize,
    progress: &'a Progress,
}

impl Trainer for Scratch<'_> {
    fn train(
        &self,
        seed: u64,
        out: &Path,
        groups: Option<&SoftGroups>,
    ) -> Result<PathBuf, TrainerError> {
        let protocol = OpenOptions {
            protocol: Some(Protocol::Dim),
            kinds: rightly::inputs::KINDS,
            ..OpenOptions::default()
        };
        let dataset = Dataset::open(self.data, &protocol)?;
        let parts = training_set::parts(&dataset, seed)?;
        let sets = self.progress.during("reading", "images", parts.len(), &|tick| {
            let decode = DecodeOptions::default();
            training_set::load(&dataset, &parts, [SIDE; 2], &decode, self.threads, tick)
        })?;
        let classes = dataset.classes.clone();
        let mut options =
            TrainOptions::new(self.arch, classes, sets.preprocess.clone(), self.epochs);
        options.batch = 128;
        options.optimizer = Optimizer::Sgd { momentum: 0.9, weight_decay: 1e-4 };
        options.rate = 0.1;
        options.schedule = Schedule::Constant;
        options.clip = Some(1.0);
        options.seed = seed;
        options.threads = self.threads;
        options.groups = groups.map(|groups| GroupTraining {
            method: GroupMethod::Dim,
            eta: groups.eta,
            count: groups.count,
            of: groups.of.clone(),
        });
        training_set::train(&sets, &options, out, INTERRUPT.stop(), self.progress)?;
        Ok(out.to_owned())
    }

    fn name(&self) -> String {
        format!("{} ({} epochs)", self.arch, self.epochs)
    }
}
