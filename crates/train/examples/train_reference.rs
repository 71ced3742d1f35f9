//! The Rust side of `reference/train_resnet.py`: what PyTorch needs to make the same steps, and our own steps.
//!
//! `train_reference export DIR [options]` writes `weights.safetensors` (initial weights), `options.json`, and for each
//! epoch `epoch-N.safetensors` (`pixels` u8 [n, 3, H, W] as cropped and mirrored, in the order of the batches, `labels`
//! i64 [n], `batches` i64: how many images each has) and `val.safetensors`. `train_reference train DIR [options]` trains
//! and prints one JSON line: losses of the first steps and the history.
//!
//! Options: `--cifar-100 FOLDER` (binary format; DIM's protocol: its 14,000 training images of 20 superclasses, validated
//! on the first `--val N` of its validation images) or the tiny made-up set of the golden test without it; `--arch`,
//! `--epochs`, `--batch`, `--rate`, `--schedule constant|cosine`, `--warmup EPOCHS`, `--clip`, `--augment yes|no`.
#![expect(clippy::print_stdout, reason = "a program, not a library")]

#[path = "../tests/it/made_up.rs"]
mod made_up;

use made_up::made_up;
use rightly_data::dataset::{OpenOptions, Protocol};
use rightly_data::pixels::DecodeOptions;
use rightly_data::preprocess::Resize;
use rightly_data::{Dataset, Preprocess};
use rightly_train::batch::epoch_pixels;
use rightly_train::order::epoch_batches;
use rightly_train::{Optimizer, Schedule, TrainOptions, TrainingSet, Weights, train};
use safetensors::tensor::{Dtype, TensorView};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [command, folder, rest @ ..] = &words[..] else {
        return Err("usage: train_reference export|train DIR [options]".into());
    };
    let mut flags = BTreeMap::new();
    for pair in rest.chunks(2) {
        let [flag, value] = pair else { return Err(format!("{} needs a value", pair[0]).into()) };
        flags.insert(flag.as_str(), value.as_str());
    }
    let folder = Path::new(folder);
    let (set, val, options) = setting(&flags)?;
    match command.as_str() {
        "export" => export(folder, &set, &val, &options),
        "train" => {
            let out = folder.join("trained");
            let trained = train(&set, Some(&val), &options, &out, &|_| {})?;
            println!("{}", serde_json::to_string(&trained)?);
            Ok(())
        }
        _ => Err(format!("{command}: expected export or train").into()),
    }
}

type Setting = (TrainingSet, TrainingSet, TrainOptions);

fn setting(flags: &BTreeMap<&str, &str>) -> Result<Setting, Box<dyn Error>> {
    let text = |flag: &str, default: &'static str| flags.get(flag).copied().unwrap_or(default);
    let (set, val, classes) = match flags.get("--cifar-100") {
        Some(folder) => {
            let options = OpenOptions { protocol: Some(Protocol::Dim), ..OpenOptions::default() };
            let data = Dataset::open(&format!("cifar-100-coarse:{folder}"), &options)?;
            let val = cifar(&data, "val", text("--val", "5000").parse()?)?;
            (cifar(&data, "train", usize::MAX)?, val, data.classes.len())
        }
        None => (made_up(40, 16, "train"), made_up(8, 16, "val"), 4),
    };
    let preprocess = Preprocess {
        resize: Some(Resize::Exact(set.size)),
        ..Preprocess::preset("cifar").ok_or("no preset 'cifar'")?
    };
    let names = (0..classes).map(|class: usize| class.to_string()).collect();
    let arch = text("--arch", "resnet8").parse()?;
    let new = TrainOptions::new(arch, names, preprocess, text("--epochs", "1").parse()?);
    let options = TrainOptions {
        batch: text("--batch", "8").parse()?,
        rate: text("--rate", "0.05").parse()?,
        clip: flags.get("--clip").map(|text| text.parse()).transpose()?,
        optimizer: Optimizer::Sgd { momentum: 0.9, weight_decay: 1e-4 },
        schedule: match text("--schedule", "constant") {
            "constant" => Schedule::Constant,
            "cosine" => Schedule::Cosine,
            other => return Err(format!("--schedule {other}: expected constant or cosine").into()),
        },
        warmup: text("--warmup", "0").parse()?,
        augmentation: new.augmentation.filter(|_| text("--augment", "yes") == "yes"),
        ..new
    };
    Ok((set, val, options))
}

/// The first `count` images of a split, as planes.
fn cifar(data: &Dataset, split: &str, count: usize) -> Result<TrainingSet, Box<dyn Error>> {
    let mut set = TrainingSet { ids: vec![], labels: vec![], pixels: vec![], size: [32, 32] };
    let members = data.samples.iter().filter(|s| s.split.as_deref() == Some(split));
    for sample in members.take(count) {
        let image = sample.image.load(&DecodeOptions::default())?.image;
        set.ids.push(sample.id.clone());
        set.labels.push(sample.class);
        for channel in 0..3 {
            set.pixels.extend(image.data.iter().skip(channel).step_by(3));
        }
    }
    Ok(set)
}

fn export(
    folder: &Path,
    set: &TrainingSet,
    val: &TrainingSet,
    options: &TrainOptions,
) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let weights = Weights::init(options.arch, options.classes.len(), options.seed);
    weights.save(&folder.join("weights.safetensors"))?;
    std::fs::write(folder.join("options.json"), serde_json::to_string_pretty(options)?)?;
    let size = set.size;
    let write = |path: PathBuf, pixels: &[u8], labels: &[usize], batches: &[usize]| {
        let bytes = |numbers: &[usize]| -> Vec<u8> {
            numbers.iter().flat_map(|&number| (number as i64).to_le_bytes()).collect()
        };
        let (labels_raw, batches_raw) = (bytes(labels), bytes(batches));
        let shape = vec![labels.len(), 3, size[0], size[1]];
        let tensors = [
            ("pixels", TensorView::new(Dtype::U8, shape, pixels)?),
            ("labels", TensorView::new(Dtype::I64, vec![labels.len()], &labels_raw)?),
            ("batches", TensorView::new(Dtype::I64, vec![batches.len()], &batches_raw)?),
        ];
        std::fs::write(path, safetensors::serialize(tensors, None)?)?;
        Ok::<(), Box<dyn Error>>(())
    };
    for epoch in 0..options.epochs {
        let batches = epoch_batches(set, options, epoch)?;
        let order = batches.concat();
        let labels: Vec<usize> = order.iter().map(|visit| set.labels[visit.at]).collect();
        let pixels = epoch_pixels(set, &order, options, epoch);
        let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
        write(folder.join(format!("epoch-{epoch}.safetensors")), &pixels, &labels, &sizes)?;
    }
    write(folder.join("val.safetensors"), &val.pixels, &val.labels, &[val.labels.len()])
}
