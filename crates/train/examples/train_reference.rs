//! The Rust side of `reference/train_resnet.py`: what PyTorch needs to make the same steps, and our own steps.
//!
//! `train_reference export DIR [options]` writes `weights.safetensors` (initial weights), `options.json`, and for each
//! epoch `epoch-N.safetensors` (`pixels` u8 [n, 3, H, W] as cropped and mirrored, in the order of the batches, `labels`
//! i64 [n], `batches` i64: how many images each has) and `val.safetensors`. `train_reference train DIR [options]` trains
//! and prints one JSON line: losses of the first steps and the history.
//!
//! Options: `--cifar-100 FOLDER` (binary format: `train.bin`, `test.bin`; DIM's split is the caller's own: the first
//! `--images N` of train, 20 superclasses) or the tiny made-up set of the golden test without it; `--arch`, `--epochs`,
//! `--batch`, `--rate`, `--clip`, `--augment yes|no`, `--val N`.
#![expect(clippy::print_stdout, reason = "a program, not a library")]

#[path = "../tests/it/made_up.rs"]
mod made_up;

use made_up::made_up;
use rightly_data::Preprocess;
use rightly_data::preprocess::Resize;
use rightly_train::batch::{epoch_batches, epoch_pixels};
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
            let images = text("--images", "14000").parse()?;
            let set = cifar(&Path::new(folder).join("train.bin"), "train", images)?;
            let val =
                cifar(&Path::new(folder).join("test.bin"), "test", text("--val", "5000").parse()?)?;
            (set, val, 20)
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
        schedule: Schedule::Constant,
        warmup: 0.0,
        augmentation: new.augmentation.filter(|_| text("--augment", "yes") == "yes"),
        ..new
    };
    Ok((set, val, options))
}

/// Images of a CIFAR-100 file (`coarse label, fine label, 3 x 32 x 32` a record), coarse labels.
fn cifar(path: &Path, prefix: &str, count: usize) -> Result<TrainingSet, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let mut set = TrainingSet { ids: vec![], labels: vec![], pixels: vec![], size: [32, 32] };
    for (at, record) in bytes.chunks_exact(3074).take(count).enumerate() {
        set.ids.push(format!("{prefix}/{at:05}"));
        set.labels.push(usize::from(record[0]));
        set.pixels.extend(&record[2..]);
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
        let labels: Vec<usize> = order.iter().map(|&at| set.labels[at]).collect();
        let pixels = epoch_pixels(set, &order, options, epoch);
        let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
        write(folder.join(format!("epoch-{epoch}.safetensors")), &pixels, &labels, &sizes)?;
    }
    write(folder.join("val.safetensors"), &val.pixels, &val.labels, &[val.labels.len()])
}
