//! Simulated runs: per-image tables with known probabilities, no model.

use rand::Rng;
use rightly_stats::{Estimate, rng::keyed};

use super::super::{
    side::{Image, Side},
    tables::{Layer, Seen, Tables},
};
use crate::{
    Metric,
    metrics::{MEAN, POOLED},
};

/// What a simulated run is like. Model 1 differs from model 0 by the gains.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) seed: u64,
    /// Images of the data; they are dealt to the classes in turn.
    pub(super) images: usize,
    pub(super) classes: Vec<&'static str>,
    /// Images come in clusters of five.
    pub(super) clustered: bool,
    /// Probability that an image's hidden object could not be made.
    pub(super) missing: f64,
    /// How often model 0 is right.
    pub(super) accuracy: f64,
    /// By how much model 1 is right more often.
    pub(super) gain: f64,
    /// How often both models agree by seeing the same image (0 to 1).
    pub(super) shared: f64,
    /// Prefix of the ids: other data has another.
    pub(super) prefix: &'static str,
}

impl Default for World {
    fn default() -> Self {
        Self {
            seed: 0,
            images: 60,
            classes: vec!["cat", "dog", "owl"],
            clustered: false,
            missing: 0.0,
            accuracy: 0.6,
            gain: 0.0,
            shared: 0.5,
            prefix: "",
        }
    }
}

/// The figures that the simulated runs have.
const FIGURES: [(&str, Option<&str>); 11] = [
    ("accuracy", Some("none")),
    ("confidence", Some("none")),
    ("accuracy", Some("gray-box")),
    ("drop", Some("gray-box")),
    ("kept", Some("gray-box")),
    ("rfs", Some("linf/0.25")),
    ("noise-gap", Some("linf/0.25")),
    ("cam-iou", Some("gradcam")),
    ("cam-iou-median", Some("gradcam")),
    ("object-share", None),
    ("object-kept", None),
];

/// The run of `model` (0 or 1) in a world.
pub(super) fn made(world: &World, model: u64) -> Side {
    let n = world.images;
    let images: Vec<Image> = (0..n)
        .map(|i| Image {
            id: format!("{}{i}.jpg", world.prefix),
            class: world.classes[i % world.classes.len()].to_owned(),
            size: Some((64, 48)),
            cluster: world.clustered.then(|| format!("video {}", i / 5)),
        })
        .collect();
    let draw = |purpose: &str, i: usize, model: u64| {
        let key = format!("{purpose} {}{i}", world.prefix);
        f64::from(keyed(world.seed, "world", &key, model).next_u32()) / 4_294_967_296.0
    };
    // Both models see one difficulty of an image, and each has its own luck.
    let right = |purpose: &str, i: usize, probability: f64| {
        let common = draw(&format!("{purpose} how"), i, 9) < world.shared;
        let luck = draw(purpose, i, if common { 9 } else { model });
        f64::from(u8::from(luck < probability))
    };
    let clean = world.accuracy + world.gain * model as f64;
    let under = |purpose: &str, probability: f64, can_miss: bool| -> Vec<Option<Seen>> {
        (0..n)
            .map(|i| {
                let correct = right(purpose, i, probability);
                let lost = can_miss && draw(&format!("{purpose} lost"), i, model) < world.missing;
                (!lost).then_some(Seen { correct, confidence: 0.2 + 0.5 * correct })
            })
            .collect()
    };
    let mut tables = Tables::default();
    for (condition, probability) in [
        ("none", clean),
        ("gray-box", 0.5 * clean),
        ("noise-foreground/linf/0.25", 0.6 * clean),
        ("noise-background/linf/0.25", 0.8 * clean),
    ] {
        let column = under(condition, probability, condition != "none");
        tables.seen.insert(condition.to_owned(), column);
    }
    let iou = (0..n).map(|i| Some(draw("iou", i, model))).collect();
    let density = (0..n).map(|i| Some(draw("density", i, model) - 0.5)).collect();
    let columns = [("cam-iou", iou), ("cam-delta-density", density)].into_iter().collect();
    tables.saliency = vec![Layer { name: "conv".to_owned(), columns }];
    tables.objects = (0..n).map(|i| Some([draw("share", i, 9); 5])).collect();
    tables.overlap = vec![None; n];
    let mut metrics = Vec::new();
    for (metric, condition) in FIGURES {
        for class in world.classes.iter().chain(&[POOLED, MEAN]) {
            if *class != MEAN || metric != "cam-iou-median" {
                // Nothing is recorded, so that every figure is taken from the tables.
                let e = Estimate { n: usize::MAX, ..Estimate::default() };
                metrics.push(Metric::new("evaluate", metric, condition, class, e));
            }
        }
    }
    Side {
        root: format!("/runs/{model}").into(),
        manifest: manifest(world, model),
        metrics,
        findings: Vec::new(),
        classes: world.classes.iter().map(|&c| c.to_owned()).collect(),
        images,
        repeated: Vec::new(),
        tables,
        hash: format!("tables of {model}"),
    }
}

fn manifest(world: &World, model: u64) -> crate::run::Manifest {
    let cluster = if world.clustered { "cluster = 'video'" } else { "" };
    let text = format!(
        r#"
version = "0.1.0"
seed = 0
split = "all"
split_choice = "No split column: all images."
{cluster}
[hashes]
model = "model {model}"
data = "data {prefix}"
label_map = "c"
[inputs]
model = "{model}.onnx"
engine = "rten"
data = "data{prefix}.csv"
outputs = "all"
seed = 0
mask_void = []
mask_resize = false
mask_sampling = "nearest"
as_stored = false
max_pixels = 1000000
max_bytes = 1000000
background = [255, 255, 255]
[card]
input = "x"
layout = "nchw"
logits = "y"
softmax = false
[card.preprocess]
resize = {{ short_side = 32 }}
crop = 32
interpolation = "bilinear"
channels = "rgb"
scale = 1.0
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
"#,
        prefix = world.prefix,
    );
    toml::from_str(&text).unwrap()
}
