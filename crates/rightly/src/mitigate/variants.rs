//! What the trunk makes of training pictures that are changed around their objects (Hard ImageNet, Moayeri et al., NeurIPS
//! 2022, fine-tuning): the object removed, noise off the object; and which part of the features comes from the object.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use rightly_data::dataset::deal;
use rightly_data::{Mask, Planes};
use rightly_model::Encoder;
use serde::{Deserialize, Serialize};

use super::{Repair, STAGE, material::Division};
use crate::{
    Error, Event, Inputs, RunDir, Sink,
    features::coverage,
    measures::{
        ablation::gray_box,
        noise::{self, Level, Norm, Side},
    },
    run::key_of,
    subject::Loader,
    workers,
};

/// Deviation of the noise off the object, of pixels of 0 to 1.
const SIGMA: f32 = 0.25;
/// Noisy copies of each picture.
const COPIES: u64 = 2;
/// Bytes of maps at most; of more images a part has its map.
const MAPS: usize = 1 << 30;
/// Images of a shard.
const SHARD: usize = 16;

/// One picture's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Variant {
    /// Where each feature lies; none without a map, and where no more maps fit into memory.
    pub(super) map: Option<ObjectMap>,
    /// `[d]`: features with the object's box gray.
    pub(super) boxed: Vec<f32>,
    /// `[d]` each: features with noise off the object.
    pub(super) noisy: Vec<Vec<f32>>,
}

/// Features at each position, and how far each position is object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ObjectMap {
    /// `[d, positions]`.
    pub(super) values: Vec<f32>,
    /// `[positions]`, 0 to 1.
    pub(super) object: Vec<f32>,
}

/// By sample; pictures without a usable mask have none.
pub(super) type Variants = HashMap<usize, Variant>;

/// Whether a repair needs them.
pub(super) fn needed(repairs: &[Repair]) -> bool {
    repairs.iter().any(|repair| repair.needs_masks())
}

/// What runs the trunk over changed pictures.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) encoder: &'a Encoder,
    pub(super) run: &'a RunDir,
    pub(super) threads: usize,
    pub(super) stop: &'a AtomicBool,
}

impl Pass<'_> {
    /// Runs the trunk over the changed pictures of all images that train; what is computed stays in the run.
    ///
    /// # Errors
    /// No image has a mask; the engine fails; the run can't be written; `stop` was set.
    pub(super) fn gather(
        &self,
        division: &Division,
        with_maps: bool,
        sink: Sink<'_>,
    ) -> Result<Variants, Error> {
        let Self { inputs, encoder, run, threads, stop } = *self;
        let all = division.train.iter().chain(&division.held).copied();
        let samples: Vec<usize> =
            all.filter(|&at| inputs.dataset.samples[at].mask.is_some()).collect();
        if samples.is_empty() {
            return Err(Error::Usage(
            "'core-noise', 'background-only' and 'saliency' need to know where the object is: no training image has a mask \
             (--masks, or a column 'mask')"
                .to_owned(),
        ));
        }
        let ids: Vec<&str> =
            samples.iter().map(|&at| inputs.dataset.samples[at].id.as_str()).collect();
        let shards: Vec<&[usize]> = samples.chunks(SHARD).collect();
        let store_of = |maps: usize| {
            let key = key_of(&[
                &inputs.key(),
                inputs.data_key(),
                encoder.hash(),
                &encoder.reading(),
                &format!("{} {SIGMA} {COPIES} {SHARD} {maps}", inputs.options.seed),
                &ids.join("\n"),
            ]);
            run.shards(&format!("{STAGE}-variants"), &key)
        };
        let mut mapped = mapped(inputs, encoder, &samples)?;
        let mut store = store_of(mapped.len());
        // What was computed with maps serves without them too.
        if !with_maps && !(0..shards.len()).all(|at| store.has(at)) {
            mapped.clear();
            store = store_of(0);
        }
        let todo: Vec<usize> = (0..shards.len()).filter(|&at| !store.has(at)).collect();
        let loader = inputs.loader.with_preprocess(encoder.preprocess().clone());
        let left: usize = todo.iter().map(|&at| shards[at].len()).sum();
        let forwards = 2 + COPIES as usize;
        sink(Event::Started {
            stage: STAGE,
            images: samples.len(),
            done: samples.len() - left,
            forwards,
            seconds: if left == 0 { 0.0 } else { seconds(encoder)? } * (left * forwards) as f64
                / threads.max(1) as f64,
        });
        workers::ordered(todo.len(), threads, stop, |at| {
            let mut rows: Vec<Option<Variant>> = Vec::new();
            for &sample in shards[todo[at]] {
                if stop.load(Ordering::Relaxed) {
                    return Err(Error::Interrupted);
                }
                rows.push(variant(inputs, encoder, &loader, sample, mapped.contains(&sample))?);
                sink(Event::Image);
            }
            store.write(todo[at], &rows)
        })?;
        let mut out = Variants::new();
        for (at, shard) in shards.iter().enumerate() {
            let rows: Vec<Option<Variant>> = store.read(at)?;
            out.extend(shard.iter().zip(rows).filter_map(|(&sample, row)| Some((sample, row?))));
        }
        Ok(out)
    }
}

/// Images whose maps fit into memory together, dealt by a hash of their ids.
fn mapped(inputs: &Inputs, encoder: &Encoder, samples: &[usize]) -> Result<HashSet<usize>, Error> {
    let [height, width] = encoder.input_size();
    let map = encoder.encode(&vec![0.5; 3 * height * width], true)?.map;
    let Some(map) = map else { return Ok(HashSet::new()) };
    let most = MAPS / (4 * map.values.len().max(1));
    if samples.len() <= most {
        return Ok(samples.iter().copied().collect());
    }
    let ids: Vec<&str> = samples.iter().map(|&at| inputs.dataset.samples[at].id.as_str()).collect();
    let shares = [most as f64, (samples.len() - most) as f64];
    let dealt = deal(&ids, inputs.options.seed, &shares);
    Ok(samples.iter().zip(dealt).filter(|(_, part)| *part == 0).map(|(&at, _)| at).collect())
}

/// `None` where the picture can't be read (that is said where its features are computed) or its mask can't be used.
fn variant(
    inputs: &Inputs,
    encoder: &Encoder,
    loader: &Loader,
    sample: usize,
    with_map: bool,
) -> Result<Option<Variant>, Error> {
    let sample = &inputs.dataset.samples[sample];
    let Ok(picture) = loader.load(sample) else { return Ok(None) };
    let Some(mask) = &picture.mask else { return Ok(None) };
    let planes = Planes::from(&picture.crop);
    let encode =
        |planes: &Planes, map: bool| encoder.encode(&encoder.preprocess().normalise(planes), map);
    let map = match with_map {
        false => None,
        true => encode(&planes, true)?.map.map(|map| ObjectMap {
            object: coverage(mask, map.height, map.width)
                .into_iter()
                .map(|share| share.clamp(0.0, 1.0) as f32)
                .collect(),
            values: map.values.iter().copied().collect(),
        }),
    };
    let boxed = encode(&gray_box(&planes, mask), false)?.vector;
    let noisy = (0..COPIES)
        .map(|copy| Ok(encode(&noisy(inputs, &planes, mask, &sample.id, copy), false)?.vector))
        .collect::<Result<Vec<_>, Error>>()?;
    let finite = |vector: &[f32]| vector.iter().all(|v| v.is_finite());
    let usable = finite(&boxed) && noisy.iter().all(|vector| finite(vector));
    Ok(usable.then_some(Variant { map, boxed, noisy }))
}

/// Noise off the object. Trials far from those of the noise measure: no image is trained on what it is measured on.
fn noisy(inputs: &Inputs, planes: &Planes, mask: &Mask, id: &str, copy: u64) -> Planes {
    let field = noise::field(inputs.options.seed, id, 1_000_000 + copy, planes.data.len());
    let level = Level { norm: Norm::Linf, value: SIGMA };
    noise::add(planes, mask, Side::Background, &field, level)
}

fn seconds(encoder: &Encoder) -> Result<f64, Error> {
    let [height, width] = encoder.input_size();
    let gray = vec![0.5; 3 * height * width];
    encoder.encode(&gray, false)?;
    let start = Instant::now();
    encoder.encode(&gray, false)?;
    Ok(start.elapsed().as_secs_f64())
}
