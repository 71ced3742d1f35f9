//! What the trunk makes of training pictures that are changed around their objects (Hard ImageNet, Moayeri et al., NeurIPS
//! 2022, fine-tuning): the object removed, noise off the object; and which part of the features comes from the object.

use std::{collections::HashMap, sync::atomic::Ordering, time::Instant};

use rightly_data::{Mask, Planes, dataset::deal};
use rightly_model::{Encoder, Encoding};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{STAGE, material::Division};
use crate::{
    Context, Error, Event, Inputs,
    features::coverage,
    measures::{
        ablation::gray,
        noise::{self, Level, Norm, Side},
    },
    run::Key,
    workers,
};

/// Deviation of the noise off the object, of pixels of 0 to 1.
const SIGMA: f32 = 0.25;
/// Noisy copies of each picture.
const COPIES: u64 = 2;
/// Bytes of maps at most; where there are more images, some have none.
const MAPS: usize = 1 << 30;
/// Images of a shard.
const SHARD: usize = 16;

/// Features at each position, and how far each position is object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ObjectMap {
    /// `[d, positions]`.
    pub(super) values: Vec<f32>,
    /// `[positions]`, 0 to 1.
    pub(super) object: Vec<f32>,
}

/// By sample; pictures without a usable mask have none.
pub(super) type ByImage<T> = HashMap<usize, T>;

/// What runs the trunk over changed pictures.
#[derive(Clone, Copy)]
pub(super) struct Pass<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) encoder: &'a Encoder,
    pub(super) division: &'a Division,
    pub(super) context: &'a Context<'a>,
}

/// One picture and its mask, as the trunk sees it.
struct Seen<'a> {
    id: &'a str,
    planes: Planes,
    mask: Mask,
}

impl Pass<'_> {
    /// Features with the object's silhouette gray, as published; its box would hide more of the background.
    ///
    /// # Errors
    /// No image that trains has a mask; the engine fails; the run can't be written; it was stopped.
    pub(super) fn filled(&self) -> Result<ByImage<Vec<f32>>, Error> {
        self.gather("filled", 1, &self.masked()?, |seen| {
            let vector = self.encode(&gray(&seen.planes, &seen.mask)?, false)?.vector;
            Ok(finite(&vector).then_some(vector))
        })
    }

    /// Features with noise off the object, a few copies. Trials are far from those of the noise measure: no image is trained
    /// on what it is measured on.
    ///
    /// # Errors
    /// As [`Self::filled`].
    pub(super) fn noisy(&self) -> Result<ByImage<Vec<Vec<f32>>>, Error> {
        let seed = self.inputs.options.seed;
        let what = format!("noisy {seed} {SIGMA} {COPIES}");
        let level = Level { norm: Norm::Linf, value: SIGMA };
        self.gather(&what, COPIES as usize, &self.masked()?, |seen| {
            let mut out = Vec::new();
            for copy in 0..COPIES {
                let field = noise::field(seed, seen.id, 1_000_000 + copy, seen.planes.data.len());
                let planes = noise::add(&seen.planes, &seen.mask, Side::Background, &field, level)?;
                out.push(self.encode(&planes, false)?.vector);
            }
            Ok(out.iter().all(|vector| finite(vector)).then_some(out))
        })
    }

    /// Where each feature lies, of as many images as fit into memory.
    ///
    /// # Errors
    /// As [`Self::filled`].
    pub(super) fn maps(&self) -> Result<ByImage<ObjectMap>, Error> {
        let samples = mapped(self.inputs, self.encoder, self.masked()?)?;
        self.gather("maps", 1, &samples, |seen| {
            let Some(map) = self.encode(&seen.planes, true)?.map else { return Ok(None) };
            let cover = coverage(&seen.mask, map.height, map.width);
            let values: Vec<f32> = map.values.iter().copied().collect();
            let object = cover.into_iter().map(|share| share.clamp(0.0, 1.0) as f32).collect();
            Ok(finite(&values).then_some(ObjectMap { values, object }))
        })
    }

    fn encode(&self, planes: &Planes, map: bool) -> Result<Encoding, Error> {
        Ok(self.encoder.encode(&self.encoder.preprocess().normalise(planes), map)?)
    }

    /// Images that train and have a mask.
    fn masked(&self) -> Result<Vec<usize>, Error> {
        let all = self.division.train.iter().chain(&self.division.held).copied();
        let has = |at: &usize| self.inputs.dataset.samples[*at].mask.is_some();
        let samples: Vec<usize> = all.filter(has).collect();
        if samples.is_empty() {
            return Err(Error::Usage(
                "'core-noise', 'background-only' and 'saliency' need to know where the object is: no training image has a \
                 mask (--masks, or a column 'mask')"
                    .to_owned(),
            ));
        }
        Ok(samples)
    }

    /// Runs over pictures; what is computed stays in the run.
    fn gather<T: Serialize + DeserializeOwned>(
        &self,
        what: &str,
        forwards: usize,
        samples: &[usize],
        of: impl Fn(&Seen<'_>) -> Result<Option<T>, Error> + Sync,
    ) -> Result<ByImage<T>, Error> {
        let Self { inputs, encoder, context, .. } = *self;
        let &Context { run, threads, stop, sink } = context;
        let key = Key::new(what, inputs.revisions.of(STAGE))
            .with("inputs", &inputs.key()?)?
            .with("images", &inputs.selection_key(samples)?)?
            .with("encoder", encoder.hash())?
            .with("reading", &encoder.reading())?
            .with("images of a shard", &SHARD)?
            .finish();
        let store = run.shards(&format!("{STAGE}-variants"), &key);
        let shards: Vec<&[usize]> = samples.chunks(SHARD).collect();
        let todo = store.missing(shards.len(), sink)?;
        let loader = inputs.loader.with_preprocess(encoder.preprocess().clone());
        let left: usize = todo.iter().map(|&at| shards[at].len()).sum();
        let each = if left == 0 { 0.0 } else { seconds(encoder)? };
        sink(Event::Started {
            stage: STAGE,
            images: samples.len(),
            done: samples.len() - left,
            forwards,
            seconds: each * (left * forwards) as f64 / threads.max(1) as f64,
        });
        workers::ordered(todo.len(), threads, stop, |at| {
            let mut rows: Vec<Option<T>> = Vec::new();
            for &sample in shards[todo[at]] {
                if stop.load(Ordering::Relaxed) {
                    return Err(Error::Interrupted);
                }
                let sample = &inputs.dataset.samples[sample];
                // A picture that can't be read is named where its features are computed.
                let seen = loader.load(sample).ok().and_then(|picture| {
                    Some(Seen {
                        id: &sample.id,
                        planes: Planes::from(&picture.crop),
                        mask: picture.mask?,
                    })
                });
                rows.push(seen.as_ref().map(&of).transpose()?.flatten());
                sink(Event::Image);
            }
            store.write(todo[at], &rows)
        })?;
        let mut out = ByImage::new();
        for (at, shard) in shards.iter().enumerate() {
            let rows: Vec<Option<T>> = store.read(at)?;
            out.extend(shard.iter().zip(rows).filter_map(|(&sample, row)| Some((sample, row?))));
        }
        Ok(out)
    }
}

fn finite(vector: &[f32]) -> bool {
    vector.iter().all(|v| v.is_finite())
}

/// Images whose maps fit into memory together, dealt by a hash of their ids.
fn mapped(inputs: &Inputs, encoder: &Encoder, samples: Vec<usize>) -> Result<Vec<usize>, Error> {
    let [height, width] = encoder.input_size();
    let map = encoder.encode(&vec![0.5; 3 * height * width], true)?.map;
    let most = map.map_or(usize::MAX, |map| MAPS / (4 * map.values.len().max(1)));
    if samples.len() <= most {
        return Ok(samples);
    }
    let ids: Vec<&str> = samples.iter().map(|&at| inputs.dataset.samples[at].id.as_str()).collect();
    let shares = [most as f64, (samples.len() - most) as f64];
    let dealt = deal(&ids, inputs.options.seed, &shares);
    Ok(samples.iter().zip(dealt).filter(|(_, part)| *part == 0).map(|(&at, _)| at).collect())
}

fn seconds(encoder: &Encoder) -> Result<f64, Error> {
    let [height, width] = encoder.input_size();
    let gray = vec![0.5; 3 * height * width];
    encoder.encode(&gray, false)?;
    let start = Instant::now();
    encoder.encode(&gray, false)?;
    Ok(start.elapsed().as_secs_f64())
}
