//! Both towers trained together.
use super::export::{self, Towers};
use super::loss::{contrastive, targets};
use super::text::TextShape;
use super::vocabulary::{UNKNOWN_ID, Vocabulary};
use super::{Scenes, TowerOptions};
use crate::TrainError;
use crate::arch::Network;
use crate::data::Normaliser;
use crate::net::{Net, gradient, upload};
use crate::optim::{self, State};
use crate::options::{Device as DeviceKind, Optimizer};
use crate::weights::Weights;
use burn::tensor::{Device, Tensor};
use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rayon::prelude::*;
use rightly_stats::rng::keyed;
use std::path::Path;
use std::time::Instant;

/// Logarithm of the first scale: 1 / 0.07, as in the paper.
const FIRST_SCALE: f32 = 2.659_26;
/// Logarithm of the largest: 100, as in the paper.
const LAST_SCALE: f32 = 4.605_17;

/// One epoch, when it is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TowerEpoch {
    /// From 0.
    pub epoch: usize,
    /// Mean of the steps' losses, in nats.
    pub loss: f64,
    /// What cosines are multiplied by.
    pub scale: f32,
    /// Its time.
    pub seconds: f64,
}

/// A finished training.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedTowers {
    /// Mean loss of each epoch, in nats.
    pub losses: Vec<f64>,
    /// What cosines are multiplied by.
    pub logit_scale: f32,
    /// Words that are known, marks included.
    pub words: usize,
    /// Bytes of all files together.
    pub bytes: usize,
    /// Largest difference of a unit vector's number between the files and the trainer's own forward pass.
    pub difference: f64,
}

/// Trains both towers and writes `vision_model.onnx`, `text_model.onnx`, `tokenizer.json` and `vision_model.toml` into
/// `out`; nothing is written where the files don't compute what was trained.
///
/// The same scenes, options and seed give the same bytes on the same machine. Each epoch sees each scene once, with
/// some of its captions drawn anew.
///
/// # Errors
/// [`TrainError::Data`] and [`TrainError::Option`] for what can't be trained on; [`TrainError::Diverged`];
/// [`TrainError::Export`]; files that can't be written.
pub fn train_towers(
    scenes: &Scenes,
    options: &TowerOptions,
    out: &Path,
    progress: &(dyn Fn(TowerEpoch) + Sync),
) -> Result<TrainedTowers, TrainError> {
    options.check()?;
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(options.threads).build().map_err(|error| {
            TrainError::Library { what: "starting threads", message: error.to_string() }
        })?;
    pool.install(|| {
        let mut trainer = Trainer::new(scenes, options)?;
        let losses = (0..options.epochs)
            .map(|epoch| trainer.epoch(epoch, progress))
            .collect::<Result<Vec<f64>, TrainError>>()?;
        let towers = trainer.towers();
        let written = export::write(&towers, scenes, options, out)?;
        Ok(TrainedTowers {
            losses,
            logit_scale: towers.logit_scale,
            words: towers.vocabulary.len(),
            bytes: written.bytes,
            difference: written.difference,
        })
    })
}

struct Trainer<'a> {
    scenes: &'a Scenes,
    options: &'a TowerOptions,
    /// Positions in the order of their ids.
    order: Vec<usize>,
    /// Ids of the words of each caption of each scene.
    captions: Vec<Vec<Vec<usize>>>,
    vocabulary: Vocabulary,
    normaliser: Normaliser,
    net: Net,
    shape: TextShape,
    text: Vec<Tensor<1>>,
    /// Logarithm of the scale, `[1]`.
    scale: Tensor<1>,
    state: State,
    device: Device,
}

impl<'a> Trainer<'a> {
    fn new(scenes: &'a Scenes, options: &'a TowerOptions) -> Result<Self, TrainError> {
        let order = scenes.checked(options.side)?;
        if order.len() < options.batch {
            let n = order.len();
            return Err(TrainError::Data(format!("{n} scenes, a batch has {}", options.batch)));
        }
        let vocabulary = Vocabulary::of(scenes.captions.iter().flatten().map(String::as_str));
        let ids = |caption: &String| vocabulary.ids(caption, options.context);
        let captions =
            scenes.captions.iter().map(|captions| captions.iter().map(ids).collect()).collect();
        let device = crate::train::device(DeviceKind::Cpu)?;
        let network = Network::embedder(&options.widths, options.side, options.dim);
        let weights = Weights::fresh(&network, options.seed);
        let shape = TextShape { words: vocabulary.len(), dim: options.dim, hidden: options.hidden };
        let text = shape.init(options.seed);
        Ok(Self {
            scenes,
            options,
            order,
            captions,
            normaliser: Normaliser::new(&options.preprocess()),
            net: Net::new(network, &weights, &device),
            text: text.into_iter().map(|weight| upload(weight.values, &device)).collect(),
            scale: upload(vec![FIRST_SCALE], &device),
            state: State::default(),
            vocabulary,
            shape,
            device,
        })
    }

    fn epoch(
        &mut self,
        epoch: usize,
        progress: &(dyn Fn(TowerEpoch) + Sync),
    ) -> Result<f64, TrainError> {
        let start = Instant::now();
        let mut order = self.order.clone();
        order.shuffle(&mut keyed(self.options.seed, "towers/order", "", epoch as u64));
        let steps = order.len() / self.options.batch;
        let mut total = 0.0;
        for (step, batch) in order.chunks_exact(self.options.batch).enumerate() {
            let rate = self.rate(epoch * steps + step, steps);
            let loss = self.step(batch, epoch, rate);
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch, step, loss });
            }
            total += loss;
        }
        let loss = total / steps as f64;
        let scale = self.scale.clone().into_scalar::<f32>().exp();
        progress(TowerEpoch { epoch, loss, scale, seconds: start.elapsed().as_secs_f64() });
        Ok(loss)
    }

    /// Rises over the first epoch, then falls with half a cosine.
    fn rate(&self, step: usize, steps: usize) -> f32 {
        let (full, at, warm) = (f64::from(self.options.rate), step as f64, steps as f64);
        if step < steps && self.options.epochs > 1 {
            return (full * (at + 1.0) / warm) as f32;
        }
        let share = (at - warm) / (warm * (self.options.epochs as f64 - 1.0)).max(1.0);
        (full * 0.5 * (1.0 + (std::f64::consts::PI * share.clamp(0.0, 1.0)).cos())) as f32
    }

    /// One step; returns the loss of its batch before it.
    fn step(&mut self, batch: &[usize], epoch: usize, rate: f32) -> f64 {
        let texts = self.texts(batch, epoch);
        let forward = self.net.forward(self.pictures(batch, epoch), self.scenes.images.size);
        let leaf = |tensor: &Tensor<1>| tensor.clone().autodiff().require_grad();
        let text: Vec<Tensor<1>> = self.text.iter().map(leaf).collect();
        let scale = leaf(&self.scale);
        let bags = self.shape.bags(&texts, &self.device).autodiff();
        let embeds = self.shape.embed(&text, bags).chunk(self.options.captions, 0);
        let rounds = embeds.into_iter().zip(texts.chunks_exact(batch.len()));
        let losses = rounds.map(|(embeds, texts)| {
            let targets = targets(texts, &self.device).autodiff();
            contrastive(forward.out.clone(), embeds, scale.clone(), targets)
        });
        let loss = Tensor::cat(losses.collect(), 0).mean();
        let mut gradients = loss.backward();
        let mut all = forward.gradients(&mut gradients);
        all.extend(text.iter().chain([&scale]).map(|leaf| gradient(leaf, &mut gradients)));
        self.net.update_running(&[forward.moments]);
        self.update(all, rate);
        f64::from(loss.inner().into_scalar::<f32>())
    }

    /// Adam over both towers and the scale.
    fn update(&mut self, gradients: Vec<Tensor<1>>, rate: f32) {
        let pictures = self.net.trained.len();
        let mut all = std::mem::take(&mut self.net.trained);
        all.append(&mut self.text);
        all.push(self.scale.clone());
        let rule = Optimizer::AdamW { weight_decay: 0.0 };
        optim::step(rule, &mut self.state, &mut all, gradients, rate);
        if let Some(scale) = all.pop() {
            self.scale = scale.clamp_max(LAST_SCALE);
        }
        self.text = all.split_off(pictures);
        self.net.trained = all;
    }

    /// Captions that an epoch shows of some scenes, some words hidden: one of every scene, then another of every scene.
    fn texts(&self, batch: &[usize], epoch: usize) -> Vec<Vec<usize>> {
        let (seed, rounds) = (self.options.seed, self.options.captions);
        let of = |&at: &usize| -> Vec<Vec<usize>> {
            let id = &self.scenes.images.ids[at];
            let mut rng = keyed(seed, "towers/caption", id, epoch as u64);
            let mut order: Vec<&Vec<usize>> = self.captions[at].iter().collect();
            order.shuffle(&mut rng);
            let mut hide =
                |id| if rng.random::<f32>() < self.options.unknown { UNKNOWN_ID } else { id };
            let drawn = order.into_iter().cycle().take(rounds);
            drawn.map(|caption| caption.iter().map(|&id| hide(id)).collect()).collect()
        };
        let of_scenes: Vec<Vec<Vec<usize>>> = batch.iter().map(of).collect();
        let round = |round: usize| of_scenes.iter().map(move |texts| texts[round].clone());
        (0..rounds).flat_map(round).collect()
    }

    /// Pictures `[n, 3, H, W]` as an epoch shows them.
    fn pictures(&self, batch: &[usize], epoch: usize) -> Vec<f32> {
        let set = &self.scenes.images;
        let (seed, shift) = (self.options.seed, self.options.shift as i64);
        let mut values = vec![0.0; batch.len() * set.image_len()];
        values.par_chunks_mut(set.image_len()).zip(batch).for_each(|(into, &at)| {
            let mut rng = keyed(seed, "towers/shift", &set.ids[at], epoch as u64);
            let by = [(); 2].map(|()| rng.random_range(-shift..=shift) as isize);
            self.normaliser.image(&shifted(set.image(at), set.size, by), into);
        });
        values
    }

    fn towers(&self) -> Towers {
        Towers {
            net: self.net.clone(),
            shape: self.shape,
            text: self.text.clone(),
            vocabulary: self.vocabulary.clone(),
            logit_scale: self.scale.clone().into_scalar::<f32>().exp(),
            device: self.device.clone(),
        }
    }
}

/// Planes moved by rows and columns; what comes in repeats the border.
fn shifted(planes: &[u8], [height, width]: [usize; 2], by: [isize; 2]) -> Vec<u8> {
    let from = |at: usize, by: isize, side: usize| at.saturating_add_signed(by).min(side - 1);
    let mut out = Vec::with_capacity(planes.len());
    for plane in planes.chunks_exact(height * width) {
        for row in 0..height {
            let line = &plane[from(row, by[0], height) * width..][..width];
            out.extend((0..width).map(|column| line[from(column, by[1], width)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_repeat_the_border() {
        let planes: Vec<u8> = (1..=9).collect();
        assert_eq!(shifted(&planes, [3, 3], [1, -1]), [4, 4, 5, 7, 7, 8, 7, 7, 8]);
        assert_eq!(shifted(&planes, [3, 3], [0, 0]), planes);
    }
}
