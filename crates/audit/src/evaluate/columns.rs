//! Per-image values of every condition, in the order of the selection: what the figures read.

use std::collections::BTreeMap;

use super::{
    MEASURE_REVISIONS,
    options::EvaluateOptions,
    pipeline::Plan,
    rows::{BACKGROUNDS, BackgroundRow, Outcome, Row, part_condition},
};
use crate::{Error, Inputs, measures::noise::Level, picture::MaskState};

/// One image under one condition: right (averaged over trials) and confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    pub(super) correct: f32,
    pub(super) confidence: f32,
}

impl From<Outcome> for Seen {
    fn from(o: Outcome) -> Self {
        Self { correct: f32::from(u8::from(o.correct)), confidence: o.confidence }
    }
}

/// The figures of one image's activation map against its mask.
#[derive(Debug, Clone, Copy)]
pub(super) struct Saliency {
    pub(super) iou: f64,
    pub(super) delta_density: Option<f64>,
    pub(super) mass: Option<f64>,
    pub(super) pointing: Option<bool>,
    pub(super) average_precision: Option<f64>,
}

/// The figures of one image's object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object {
    pub(super) values: [f64; 5],
}

/// An object in the surroundings of another class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lent {
    /// The image whose surroundings they are: its place in the selection.
    pub(super) lender: usize,
    /// Its class.
    pub(super) class: usize,
    /// What the object is taken for there.
    pub(super) output: u32,
}

/// Values of all images; `None` where an image can't serve.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Condition to one value an image.
    pub(super) seen: BTreeMap<String, Vec<Option<Seen>>>,
    /// Output of the clean pass.
    pub(super) output: Vec<Option<u32>>,
    /// Output with the object's box filled with gray.
    pub(super) boxed_output: Vec<Option<u32>>,
    pub(super) mask: Vec<Option<MaskState>>,
    pub(super) lent: Vec<Option<Lent>>,
    /// Share of the moved mask that lies on the object.
    pub(super) overlap: Vec<Option<f64>>,
    /// One column a layer, the CAM layer first.
    pub(super) saliency: Vec<(String, Vec<Option<Saliency>>)>,
    /// How far the maps of the two likeliest classes point to the same place.
    pub(super) class_overlap: Vec<Option<f64>>,
    pub(super) objects: Vec<Option<Object>>,
    pub(super) thumbnails: Vec<Option<Vec<u8>>>,
}

impl Columns {
    pub(super) fn read(
        inputs: &Inputs,
        options: &EvaluateOptions,
        plan: &Plan<'_>,
    ) -> Result<Self, Error> {
        let n = inputs.selected.len();
        let mut columns = Self {
            output: vec![None; n],
            boxed_output: vec![None; n],
            mask: vec![None; n],
            lent: vec![None; n],
            overlap: vec![None; n],
            class_overlap: vec![None; n],
            objects: vec![None; n],
            thumbnails: vec![None; n],
            ..Self::default()
        };
        let mut lenders = BTreeMap::new();
        for (place, &at) in inputs.selected.iter().enumerate() {
            let sample = &inputs.dataset.samples[at];
            lenders.insert(sample.id.as_str(), (place, sample.class));
        }
        let lent = |row: &BackgroundRow| {
            let (lender, class) = *lenders.get(row.other_donor.as_deref()?)?;
            Some(Lent { lender, class, output: row.other_class[0]?.output })
        };
        for (name, _) in MEASURE_REVISIONS {
            let Some(measure) = plan.position(name) else { continue };
            for shard in 0..plan.shards() {
                for (offset, entry) in plan.read(measure, shard)?.into_iter().enumerate() {
                    if let Some(Row::Background(row)) = &entry.row {
                        columns.lent[plan.start(shard) + offset] = lent(row);
                    }
                    if let Some(row) = entry.row {
                        columns.take(plan.start(shard) + offset, row, inputs, options);
                    }
                }
            }
        }
        Ok(columns)
    }

    fn put(&mut self, image: usize, condition: &str, seen: Option<Seen>) {
        let n = self.output.len();
        if !self.seen.contains_key(condition) {
            self.seen.insert(condition.to_owned(), vec![None; n]);
        }
        if let Some(column) = self.seen.get_mut(condition) {
            column[image] = seen;
        }
    }

    fn take(&mut self, image: usize, row: Row, inputs: &Inputs, options: &EvaluateOptions) {
        match row {
            Row::Clean(row) => {
                self.output[image] = Some(row.outcome.output);
                self.mask[image] = Some(row.mask);
                self.put(image, "none", Some(row.outcome.into()));
            }
            Row::Ablation(row) => {
                self.overlap[image] = row.control_overlap;
                self.boxed_output[image] = row.gray_box.map(|o| o.output);
                self.put(image, "gray", row.gray.map(Into::into));
                self.put(image, "gray-box", row.gray_box.map(Into::into));
                self.put(image, "tile", row.tile.map(Into::into));
                self.put(image, "gray-control", row.control.map(Into::into));
            }
            Row::Background(row) => {
                for (name, [object, control]) in BACKGROUNDS.iter().zip(row.pairs()) {
                    self.put(image, name, object.map(Into::into));
                    self.put(image, &format!("{name}/control"), control.map(Into::into));
                }
            }
            Row::Parts(row) => {
                for (part, [gray, control]) in row.parts {
                    let name = part_condition(&inputs.dataset.parts[part as usize]);
                    self.put(image, &name, gray.map(Into::into));
                    self.put(image, &format!("{name}/control"), control.map(Into::into));
                }
            }
            Row::Noise(row) => {
                let controls = controls(options);
                for (name, sides, levels) in [
                    ("noise-foreground", &row.foreground, &options.noise_levels),
                    ("noise-background", &row.background, &options.noise_levels),
                    ("noise-control-foreground", &row.control_foreground, &controls),
                    ("noise-control-background", &row.control_background, &controls),
                ] {
                    for (level, trials) in levels.iter().zip(sides) {
                        self.put(image, &format!("{name}/{level}"), average(trials));
                    }
                }
            }
            Row::Saliency(row) => {
                self.class_overlap[image] = row.class_overlap;
                let n = self.output.len();
                for (at, map) in row.maps.into_iter().enumerate() {
                    if self.saliency.len() <= at {
                        self.saliency.push((map.layer, vec![None; n]));
                    }
                    self.saliency[at].1[image] = map.iou.map(|iou| Saliency {
                        iou,
                        delta_density: map.delta_density,
                        mass: map.mass,
                        pointing: map.pointing,
                        average_precision: map.average_precision,
                    });
                }
            }
            Row::Objects(row) => {
                self.objects[image] = Some(Object {
                    values: [
                        row.share,
                        row.share_crop,
                        row.share_random_crop,
                        row.kept,
                        row.distance,
                    ],
                });
            }
            Row::Thumbnail(row) => self.thumbnails[image] = Some(row.squares),
            Row::Overlay(row) => {
                for ((name, _), [pattern, control]) in options.overlays.iter().zip(row.overlays) {
                    let seen = |r: Option<super::rows::Risen>| r.map(|r| r.outcome.into());
                    self.put(image, &format!("overlay/{name}"), seen(pattern));
                    self.put(image, &format!("overlay/{name}/control"), seen(control));
                }
            }
        }
    }
}

/// Control levels that were really run.
pub(super) fn controls(options: &EvaluateOptions) -> Vec<Level> {
    options.control_levels.iter().filter(|l| options.noise_levels.contains(l)).copied().collect()
}

/// Mean over an image's trials; `None` where a trial gave nothing, so that all images have the
/// same number of trials behind them.
fn average(trials: &[Option<Outcome>]) -> Option<Seen> {
    let all: Vec<Seen> = trials.iter().map(|o| o.map(Seen::from)).collect::<Option<_>>()?;
    let n = all.len() as f32;
    (!all.is_empty()).then(|| Seen {
        correct: all.iter().map(|s| s.correct).sum::<f32>() / n,
        confidence: all.iter().map(|s| s.confidence).sum::<f32>() / n,
    })
}
