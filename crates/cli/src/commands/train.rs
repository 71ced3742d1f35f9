//! `rightly train`: a small network from scratch, with its training dynamics.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, bail};
use rightly::place::{self, Input, Made};
use rightly_data::{
    Dataset,
    dataset::{OpenOptions, is_split_name},
    table::Table,
};
use rightly_train::{
    GroupMethod, GroupTraining, OUTPUTS, Optimizer, Schedule, TrainError, TrainOptions, Trained,
    TrainingSet, Weights,
};

use crate::{
    args::{OptimizerArg, TrainArgs, TrainingFlags},
    interrupt::INTERRUPT,
    options, output,
    progress::Progress,
    training_set,
};

pub(crate) fn run(args: &TrainArgs) -> anyhow::Result<()> {
    let mut inputs = inputs(args);
    place::check(&args.out, Made::Training, &inputs, args.force)?;
    let dataset = Dataset::open(
        &args.data,
        &OpenOptions {
            protocol: options::protocol(args.protocol.as_deref())?,
            splits: args.splits.map(Into::into),
            kinds: rightly::inputs::KINDS,
            ..OpenOptions::default()
        },
    )?;
    check_classes(&dataset, args)?;
    if args.size < 8 {
        bail!("--size {}: expected at least 8 pixels", args.size);
    }
    let progress = Progress::new(args.quiet);
    let threads = options::threads(args.threads);
    let decode = options::decode(&args.decode)?;
    let of_data = || args.data.clone();
    let parts = training_set::parts(&dataset, args.seed).with_context(of_data)?;
    dataset.notes.iter().chain([&parts.note]).for_each(|n| progress.note(n));
    let sets = progress.during("reading", "images", parts.len(), &|tick| {
        training_set::load(&dataset, &parts, [args.size; 2], &decode, threads, tick)
    });
    let sets = sets.with_context(of_data)?;
    training_set::say_problems(&sets.problems);
    let flags = &args.training;
    let mut train = TrainOptions::new(
        flags.arch.parse().map_err(|why| anyhow::anyhow!("--arch {}: {why}", flags.arch))?,
        dataset.classes.clone(),
        sets.preprocess.clone(),
        flags.epochs,
    );
    take(flags, &mut train)?;
    if let (Some(path), Some(groups)) = (&flags.groups, &train.groups)
        && let Some(id) = sets.train.ids.iter().find(|id| !groups.of.contains_key(*id))
    {
        let path = path.display();
        bail!("{path}: no group of the training image '{id}'; give each of them a group");
    }
    if let Some(folder) = &flags.jtt {
        train.copies = mistakes(folder, flags.jtt_epoch, flags.jtt_copies, &sets.train)?;
        progress.note(&format!(
            "{} of {} training images were wrong there; each comes {} times more",
            train.copies.len(),
            sets.train.len(),
            flags.jtt_copies
        ));
    }
    train.seed = args.seed;
    train.threads = threads;
    // Only now that everything else is known to fit.
    inputs.extend(place::pictures(&args.data, &dataset));
    let _lock = place::take(&args.out, Made::Training, &inputs, args.force)?;
    if args.force {
        clear(&args.out)?;
    }
    let trained = INTERRUPT
        .listening(|stop| training_set::train(&sets, &train, &args.out, stop, &progress))
        .map_err(|error| match error {
            TrainError::Data(_) => anyhow::Error::new(error).context(of_data()),
            other => anyhow::Error::new(other).context(format!("--out {}", args.out.display())),
        })?;
    output::print(&summary(&trained, &args.out))
}

/// Refuses data in which the classes are splits, or there is nothing to tell apart.
fn check_classes(dataset: &Dataset, args: &TrainArgs) -> anyhow::Result<()> {
    let listed = dataset.classes.iter().take(5).map(|c| format!("'{c}'"));
    let listed = listed.collect::<Vec<_>>().join(", ");
    if dataset.classes.len() < 2 {
        bail!("{}: the only class is {listed}; a network needs two to tell apart", args.data);
    }
    if args.splits.is_none() && dataset.classes.iter().all(|class| is_split_name(class)) {
        bail!(
            "{}: the classes are called as splits ({listed}); a network would learn to tell the splits apart. Give a column \
             or folders with the classes, or --splits off if these are the classes",
            args.data
        );
    }
    Ok(())
}

/// What the command reads, that it may not write there.
fn inputs(args: &TrainArgs) -> Vec<Input> {
    let mut inputs = place::data(&args.data);
    let flags = &args.training;
    for (flag, path) in
        [("--init", &flags.init), ("--groups", &flags.groups), ("--jtt", &flags.jtt)]
    {
        inputs.extend(path.as_ref().map(|path| Input::new(flag, path)));
    }
    inputs
}

fn take(flags: &TrainingFlags, train: &mut TrainOptions) -> anyhow::Result<()> {
    train.batch = flags.batch;
    (train.optimizer, train.rate) = match flags.optimizer {
        OptimizerArg::Sgd => (
            Optimizer::Sgd {
                momentum: flags.momentum,
                weight_decay: flags.weight_decay.unwrap_or(5e-4),
            },
            flags.lr.unwrap_or(0.1),
        ),
        OptimizerArg::Adamw => (
            Optimizer::AdamW { weight_decay: flags.weight_decay.unwrap_or(0.01) },
            flags.lr.unwrap_or(0.001),
        ),
    };
    train.schedule = match flags.schedule.split_once('=') {
        None if flags.schedule == "cosine" => Schedule::Cosine,
        None if flags.schedule == "constant" => Schedule::Constant,
        Some(("step", epochs)) => Schedule::Step {
            epochs: epochs
                .split(',')
                .map(|e| e.trim().parse())
                .collect::<Result<_, _>>()
                .with_context(|| format!("--schedule {}: expected epochs", flags.schedule))?,
            factor: 0.1,
        },
        _ => bail!("--schedule {}: expected cosine, constant or step=EPOCH,…", flags.schedule),
    };
    train.warmup = flags.warmup;
    train.clip = flags.clip_norm;
    train.class_weights = flags.class_weights;
    train.patience = flags.patience;
    if let Some(path) = &flags.groups {
        let method = flags.group_method.parse();
        let method = method.map_err(|why| anyhow::anyhow!("--group-method: {why}"))?;
        train.groups = Some(groups(path, method, flags.group_step)?);
    }
    if let Some(folder) = &flags.init {
        let path = folder.join("weights.safetensors");
        train.initial = Some(Weights::load(&path, train.arch, train.classes.len())?);
    }
    if flags.no_augment {
        train.augmentation = None;
    } else if let Some(augmentation) = &mut train.augmentation {
        augmentation.noise = flags.augment_noise;
    }
    Ok(())
}

/// Groups are counted; a number beyond is no count of them.
const MOST_GROUPS: f32 = 65_536.0;

/// Groups of images as `mitigate` writes them: id, groups and shares.
fn groups(path: &Path, method: GroupMethod, eta: f64) -> anyhow::Result<GroupTraining> {
    if !(eta.is_finite() && eta >= 0.0) {
        bail!("--group-step {eta}: expected a number of 0 or more");
    }
    let table = Table::load(path)?;
    // A last layer for each group needs groups that more than one class has.
    let column = if method == GroupMethod::DiSoft { "domains" } else { "groups" };
    let (ids, groups) = (table.texts("id")?, table.lists_f32(column)?);
    let shares = table.lists_f32("shares")?;
    let mut out = GroupTraining { method, eta, count: 0, of: BTreeMap::new() };
    for ((id, groups), shares) in ids.into_iter().zip(groups).zip(shares) {
        let (Some(id), Some(groups), Some(shares)) = (id, groups, shares) else { continue };
        if groups.len() != shares.len() {
            let (groups, shares) = (groups.len(), shares.len());
            bail!("{}: '{id}' has {groups} groups and {shares} shares", path.display());
        }
        let whole = |&group: &f32| group.fract() == 0.0 && (0.0..=MOST_GROUPS).contains(&group);
        if let Some(odd) = groups.iter().find(|&group| !whole(group)) {
            bail!("{}: '{id}' has the group {odd}, expected a whole number from 0", path.display());
        }
        let own: Vec<(usize, f32)> =
            groups.iter().map(|&group| group as usize).zip(shares).collect();
        out.count = own.iter().map(|(group, _)| group + 1).fold(out.count, usize::max);
        out.of.insert(id, own);
    }
    if out.of.is_empty() {
        bail!("{}: no image has a group", path.display());
    }
    Ok(out)
}

/// Training images that another training had wrong after an epoch, with their copies (JTT, Liu et al. 2021).
fn mistakes(
    folder: &Path,
    epoch: Option<i64>,
    copies: usize,
    train: &TrainingSet,
) -> anyhow::Result<BTreeMap<String, usize>> {
    let path = folder.join("dynamics.parquet");
    let table = Table::load(&path)?;
    let (ids, epochs) = (table.texts("id")?, table.integers("epoch")?);
    let correct = table.integers("correct")?;
    let Some(last) = epochs.iter().flatten().copied().max() else {
        bail!("{}: holds no epoch", path.display());
    };
    let wanted = epoch.unwrap_or(last);
    if !epochs.contains(&Some(wanted)) {
        bail!("--jtt-epoch {wanted}: {} has the epochs 0 to {last}", path.display());
    }
    let mut answers: BTreeMap<String, bool> = BTreeMap::new();
    for ((id, epoch), correct) in ids.into_iter().zip(epochs).zip(correct) {
        if let (Some(id), Some(epoch), Some(correct)) = (id, epoch, correct)
            && epoch == wanted
        {
            answers.insert(id, correct != 0);
        }
    }
    let mut out = BTreeMap::new();
    for id in &train.ids {
        match answers.get(id) {
            None => bail!("{}: nothing of the training image '{id}'", path.display()),
            Some(false) if copies > 0 => _ = out.insert(id.clone(), copies),
            Some(_) => {}
        }
    }
    Ok(out)
}

/// Removes what a training leaves, nothing else; what says whose folder it is comes last.
pub(super) fn clear(out: &Path) -> anyhow::Result<()> {
    for name in OUTPUTS.into_iter().chain(["train.json"]) {
        let file = out.join(name);
        if file.exists() {
            std::fs::remove_file(&file).with_context(|| file.display().to_string())?;
        }
    }
    let work = out.join(".train");
    if work.exists() {
        std::fs::remove_dir_all(&work).with_context(|| work.display().to_string())?;
    }
    Ok(())
}

fn summary(trained: &Trained, out: &Path) -> String {
    let share = |a: Option<f64>| a.map_or_else(|| "–".to_owned(), |a| format!("{a:.4}"));
    let mut rows = vec![
        ["epoch", "training loss", "accuracy, train", "loss, val", "accuracy, val"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(trained.history.iter().map(|e| {
        vec![
            e.epoch.to_string(),
            format!("{:.4}", e.train_loss),
            share(Some(e.train_accuracy)),
            share(e.val_loss),
            share(e.val_accuracy),
        ]
    }));
    format!(
        "{}model: {} (epoch {})\n",
        output::table(&rows),
        output::visible(&out.join("model.onnx").display().to_string()),
        trained.kept
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightly_data::table::{Columns, write};

    #[test]
    fn what_was_wrong_after_the_epoch_is_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let ids = ["a", "b", "v", "a", "b", "v"];
        let batch = Columns::new()
            .utf8("id", ids)
            .i64("epoch", [0, 0, 0, 1, 1, 1])
            .bool("correct", [false, true, false, true, false, false])
            .batch();
        write(&folder.path().join("dynamics.parquet"), &batch.unwrap()).unwrap();
        let set = |ids: &[&str]| TrainingSet {
            ids: ids.iter().map(|&id| id.to_owned()).collect(),
            labels: vec![0; ids.len()],
            pixels: Vec::new(),
            size: [0, 0],
        };
        let train = set(&["b", "a"]);
        let of = |epoch, copies| mistakes(folder.path(), epoch, copies, &train).unwrap();
        let one = |id: &str, copies: usize| BTreeMap::from([(id.to_owned(), copies)]);
        assert_eq!(of(None, 4), one("b", 4));
        assert_eq!(of(Some(0), 2), one("a", 2));
        assert!(of(None, 0).is_empty());
        let message = |epoch, ids: &[&str]| {
            mistakes(folder.path(), epoch, 4, &set(ids)).unwrap_err().to_string()
        };
        assert!(message(Some(2), &["a"]).contains("--jtt-epoch 2"));
        assert!(message(None, &["a", "c"]).contains("the training image 'c'"));
    }

    #[test]
    fn a_layer_for_each_group_takes_the_domains() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("groups.parquet");
        let batch = Columns::new()
            .utf8("id", ["a", "b"])
            .list_i64("groups", [vec![0, 1], vec![3]])
            .list_f32("shares", [vec![0.25, 0.75], vec![1.0]])
            .list_i64("domains", [vec![0, 1], vec![1]])
            .batch();
        write(&path, &batch.unwrap()).unwrap();
        let read = |method| groups(&path, method, 0.5).unwrap();
        let dim = read(GroupMethod::Dim);
        assert_eq!((dim.count, dim.eta, &dim.of["b"]), (4, 0.5, &vec![(3, 1.0)]));
        let layers = read(GroupMethod::DiSoft);
        assert_eq!((layers.count, &layers.of["b"]), (2, &vec![(1, 1.0)]));
        assert_eq!(layers.of["a"], [(0, 0.25), (1, 0.75)]);
        assert!(groups(&path, GroupMethod::Dim, -1.0).is_err());
    }
}
