//! `rightly demo`: a planted world, a model trained in it, its audit, and what was found of what
//! was planted.

mod folder;
mod verdict;

use std::path::Path;

use anyhow::Context;
use rightly::{
    Audit, InputOptions, RunDir, Stages,
    discover::DiscoverOptions,
    dynamics::Source,
    evaluate::EvaluateOptions,
    features,
    interpret::InterpretOptions,
    place::{self, Made},
    planted_truth::{self, Truth},
};
use rightly_data::{Dataset, dataset::OpenOptions, pixels::DecodeOptions};
use rightly_planted::World;
use rightly_train::{Arch, TrainOptions};

use super::ending;
use crate::{
    args::DemoArgs,
    interrupt::{INTERRUPT, Interrupt},
    options, output,
    progress::Progress,
    training_set,
};
use folder::Folder;

/// Side of the demo network's input, pixels.
const SIDE: usize = 32;
/// Passes over the training images: about two minutes on two cores.
const EPOCHS: usize = 24;
/// Images of a step.
const BATCH: usize = 64;
/// Noise on training images, so that the noise measure finds a network that can see through it, as
/// large ones can.
const NOISE: f32 = 0.3;
/// Levels of the noise measure. An L2 norm of 8 is as dense on this input as 60 is on one of
/// 224 x 224 pixels.
const NOISE_LEVELS: [&str; 2] = ["linf/0.25", "l2/8"];

pub(crate) fn run(args: &DemoArgs) -> anyhow::Result<()> {
    let world = world(args)?;
    let interrupt = &INTERRUPT;
    let progress = Progress::new(args.quiet);
    let threads = options::threads(args.threads);
    let _lock = place::take(&args.out, Made::Demo, &[], args.force)?;
    let folder = Folder::claim(&args.out, &world, args.seed, args.force)?;
    // Before the world is planted: what people put there is not to be found after the training.
    place::check(&folder.run(), Made::Run, &[], args.force)?;
    let plan = world.plan(args.seed);

    if !folder.data().join("dataset.csv").is_file() {
        let total = plan.images.len();
        progress.during("planting the world", "images", total, &|tick| {
            world.write(&plan, &folder.data(), threads, &|_| tick())
        })?;
    }
    let table = folder.table(args.with_attributes)?;
    let dataset = Dataset::open(&table.to_string_lossy(), &OpenOptions::default())?;
    train(&dataset, &folder, args.seed, threads, interrupt, &progress)?;

    let options = InputOptions {
        seed: args.seed,
        ..InputOptions::new(folder.model(), table.to_string_lossy())
    };
    let door = Audit::of(options)
        .out(folder.run())
        .threads(threads)
        .force(args.force)
        .stages(stages(&folder)?);
    let sink = |event| progress.take(event);
    let report = interrupt.listening(|stop| door.run_with(stop, &sink))?;
    let run = report.run_dir().clone();

    let truths = measured(&world, &plan, &dataset, &run)?;
    planted_truth::write(&folder.path("truth.json"), &truths)?;
    let verdict = planted_truth::compare(&truths, &run.findings()?, |class| dataset.ids_of(class));
    verdict.write(&folder.path("demo.json"))?;
    // Again, with what was planted.
    rightly::report::write(run.root())?;
    output::print(&verdict::table(&verdict))?;
    output::print(&verdict::repair(&run)?)?;
    output::print(&ending::of(&report)?)?;
    if args.open {
        open(report.html());
    }
    Ok(())
}

/// Every stage, quick where nothing is lost, with the image-text model that knows planted scenes.
fn stages(folder: &Folder) -> anyhow::Result<Stages> {
    let mut evaluate = EvaluateOptions::default().quick();
    evaluate.noise_levels = NOISE_LEVELS.iter().map(|l| l.parse()).collect::<Result<_, _>>()?;
    evaluate.control_levels.clone_from(&evaluate.noise_levels);
    let towers = rightly_planted::towers::write(&folder.path("image-text"))?;
    let second = features::Source::Encoder(towers.join("vision_model.onnx"), Box::default());
    Ok(Stages {
        dynamics: Some(Source::Table(folder.path("model/dynamics.parquet"))),
        evaluate: Some(evaluate),
        discover: Some(DiscoverOptions { second: Some(second), ..DiscoverOptions::default() }),
        interpret: Some(InterpretOptions {
            image_text: Some(towers),
            ..InterpretOptions::default()
        }),
        ..Stages::all()
    })
}

/// The world that was asked for: a shipped one by its name, or a user's file.
fn world(args: &DemoArgs) -> anyhow::Result<World> {
    let shipped = World::shipped_names().any(|name| name == args.world);
    let mut world = if shipped {
        World::shipped(&args.world)?
    } else if Path::new(&args.world).exists() {
        World::from_file(Path::new(&args.world))?
    } else {
        let shipped: Vec<&str> = World::shipped_names().collect();
        anyhow::bail!(
            "--world {}: no such file, and no world of this name; there are {}",
            args.world,
            shipped.join(", ")
        );
    };
    if args.without_cues {
        let classes: Vec<String> = world.classes().iter().map(|&c| c.to_owned()).collect();
        for class in classes {
            world = world.without_cue(&class).with_context(|| format!("no class '{class}'"))?;
        }
    }
    Ok(world)
}

fn train(
    dataset: &Dataset,
    folder: &Folder,
    seed: u64,
    threads: usize,
    interrupt: &Interrupt,
    progress: &Progress,
) -> anyhow::Result<()> {
    let parts = training_set::parts(dataset, seed)?;
    let sets = progress.during("reading the images", "images", parts.len(), &|tick| {
        training_set::load(dataset, &parts, [SIDE; 2], &DecodeOptions::default(), threads, tick)
    })?;
    let classes = dataset.classes.clone();
    let mut options = TrainOptions::new(Arch::Resnet8, classes, sets.preprocess.clone(), EPOCHS);
    options.batch = BATCH;
    options.seed = seed;
    options.threads = threads;
    if let Some(augmentation) = &mut options.augmentation {
        augmentation.noise = NOISE;
    }
    let out = folder.path("model");
    interrupt.listening(|stop| training_set::train(&sets, &options, &out, stop, progress))?;
    Ok(())
}

/// What was planted, with what each truth costs the model on the split that the run reports.
fn measured(
    world: &World,
    plan: &rightly_planted::Plan,
    dataset: &Dataset,
    run: &RunDir,
) -> anyhow::Result<Vec<Truth>> {
    let outcomes = planted_truth::outcomes(run)?;
    let mut truths = Vec::new();
    for planted in world.truths(plan) {
        let mut truth = Truth {
            kind: planted.kind.parse()?,
            class: planted.class,
            attribute: planted.attribute.to_owned(),
            value: planted.value,
            strength: planted.strength,
            gap: None,
            low: None,
            high: None,
            n: 0,
            ids: planted.ids,
        };
        let of_class = dataset.ids_of(&truth.class).into_iter();
        let of_class = of_class.filter_map(|id| Some((id, *outcomes.get(id)?))).collect();
        truth.measure(&of_class);
        truths.push(truth);
    }
    Ok(truths)
}

/// Shows a page in the user's browser; a machine without one is no error.
fn open(page: &Path) {
    let (program, before): (&str, &[&str]) = match std::env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    if std::process::Command::new(program).args(before).arg(page).spawn().is_err() {
        output::say(&format!("--open: '{program}' is not there; open the report by hand"));
    }
}
