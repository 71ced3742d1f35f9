//! From images to vectors, on every core, a shard at a time.

use std::time::Instant;

use rightly_data::{Mask, Planes, Problem, Sample};
use rightly_model::Encoder;
use serde::{Deserialize, Serialize};

use super::{
    STAGE,
    from_file::Given,
    on_object::{self, Boxed, OnObject},
    read::WrongAnswers,
};
use crate::{
    Context, Error, Event, Inputs,
    measures::{ablation::gray_box, components::bounds},
    picture::Loader,
    predictor::{Answer, Outcome, Predictor},
    run::{Key, ShardStore},
    workers,
};

/// Images of a shard: few, so that no core waits long for the last one.
const SHARD: usize = 16;

/// What is kept of one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FeatureRow {
    pub(super) vector: Vec<f32>,
    pub(super) on_object: Option<OnObject>,
    pub(super) outcome: Outcome,
    pub(super) wrong: WrongAnswers,
}

/// A row, or why there is none.
pub(super) type Entry = Result<FeatureRow, String>;

/// Shards of one split.
pub(super) struct Part {
    /// Samples, as indices into the dataset.
    pub(super) samples: Vec<usize>,
    pub(super) store: ShardStore,
    /// Masked images are also encoded without their object.
    without: bool,
}

impl Part {
    pub(super) fn shards(&self) -> impl Iterator<Item = (usize, &[usize])> {
        self.samples.chunks(SHARD).enumerate()
    }

    pub(super) fn read(&self, shard: usize) -> Result<Vec<Entry>, Error> {
        self.store.read(shard)
    }
}

/// What turns an image into a row.
pub(super) struct Pass<'a> {
    inputs: &'a Inputs,
    probe: Predictor<'a>,
    encoder: Option<&'a Encoder>,
    file: Option<&'a Given>,
    /// The encoder's own geometry, where it is another network than the audited one.
    loader: Option<Loader>,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        inputs: &'a Inputs,
        encoder: Option<&'a Encoder>,
        file: Option<&'a Given>,
    ) -> Self {
        let other = encoder.filter(|encoder| !encoder.has_logits());
        let loader =
            other.map(|encoder| inputs.loader.with_preprocess(encoder.preprocess().clone()));
        Self { inputs, probe: Predictor::new(inputs), encoder, file, loader }
    }

    /// Computes the shards that are missing; returns those of every split.
    pub(super) fn run(
        &self,
        splits: &[String],
        boxed: &[String],
        name: &str,
        &Context { run, threads, stop, sink }: &Context<'_>,
    ) -> Result<Vec<Part>, Error> {
        // 'all' holds the images of every other split: each is computed once, for the first that names it.
        let mut taken = vec![false; self.inputs.dataset.samples.len()];
        let parts = splits
            .iter()
            .map(|split| {
                let mut samples = self.inputs.samples_of(split);
                samples.retain(|&sample| !std::mem::replace(&mut taken[sample], true));
                let without = boxed.contains(split);
                let key = Key::new(STAGE, self.inputs.revisions.of(STAGE))
                    .with("features", run.own_key())?
                    .with("split", split)?
                    .with("images", &self.inputs.selection_key(&samples)?)?
                    .with("images of a shard", &SHARD)?
                    .with("without object", &without)?
                    .finish();
                let store = run.shards(&format!("{STAGE}-{name}"), &key);
                Ok(Part { samples, store, without })
            })
            .collect::<Result<Vec<Part>, Error>>()?;
        let mut todo: Vec<(usize, usize, &[usize])> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let missing = part.store.missing(part.shards().count(), sink)?;
            let lacking = part.shards().filter(|(shard, _)| missing.contains(shard));
            todo.extend(lacking.map(|(shard, samples)| (at, shard, samples)));
        }
        let images: usize = parts.iter().map(|p| p.samples.len()).sum();
        let left: usize = todo.iter().map(|(_, _, samples)| samples.len()).sum();
        let each = if left == 0 { 0.0 } else { self.seconds_an_image(&parts)? };
        sink(Event::Started {
            stage: STAGE,
            images,
            done: images - left,
            forwards: self.forwards(&parts),
            seconds: each * left as f64 / threads.max(1) as f64,
        });
        workers::ordered(todo.len(), threads, stop, |at| {
            let (part, shard, samples) = todo[at];
            let mut rows: Vec<Entry> = Vec::with_capacity(samples.len());
            for &sample in samples {
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    return Err(Error::Interrupted);
                }
                let sample = &self.inputs.dataset.samples[sample];
                let row = self.row(sample, parts[part].without)?;
                if let Err(why) = &row {
                    sink(Event::Problem(problem(&sample.id, why)));
                }
                rows.push(row);
                sink(Event::Image);
            }
            parts[part].store.write(shard, &rows)
        })?;
        Ok(parts)
    }

    fn row(&self, sample: &Sample, without: bool) -> Result<Entry, Error> {
        let picture = match self.inputs.loader.load(sample) {
            Ok(picture) => picture,
            Err(error) => return Ok(Err(format!("can't be read: {error}"))),
        };
        let input = |loader: &Loader, picture: &crate::picture::Picture| {
            loader.preprocess().normalise(&Planes::from(&picture.crop))
        };
        let own = input(&self.inputs.loader, &picture);
        let mut encoding = None;
        let mut on_object = None;
        if let Some(encoder) = self.encoder {
            // Another network sees the image through its own geometry.
            let (seen, planes);
            let (shown, input) = match &self.loader {
                None => (&picture, &own),
                Some(loader) => {
                    seen = loader.load(sample)?;
                    planes = input(loader, &seen);
                    (&seen, &planes)
                }
            };
            let found = encoder.encode(input, shown.mask.is_some())?;
            if let (Some(map), Some(mask)) = (&found.map, &shown.mask) {
                let mut measured = on_object::measure(map, mask);
                if without {
                    measured.boxed = boxed(encoder, shown, mask)?;
                }
                on_object = Some(measured);
            }
            encoding = Some(found);
        }
        let given =
            encoding.as_mut().and_then(|e| Some((e.logits.take()?, e.probabilities.take())));
        let answer = match given {
            Some((logits, probabilities)) => Answer { logits, probabilities },
            None => self.probe.classifier().forward(&own, false)?.into(),
        };
        let outcome = self.probe.judge(sample.class, &answer);
        let (Some(outcome), Some(probabilities)) = (outcome, self.probe.probabilities(&answer))
        else {
            return Ok(Err(self.probe.unusable().to_owned()));
        };
        let vector = match (encoding, self.file) {
            (Some(encoding), _) => encoding.vector,
            (None, Some(file)) => match file.vectors.get(sample.id.as_str()) {
                Some(vector) => vector.clone(),
                None => return Ok(Err(format!("has no vector in {}", file.path.display()))),
            },
            (None, None) => return Err(Error::Usage("no features".to_owned())),
        };
        if vector.iter().any(|v| !v.is_finite()) {
            return Ok(Err("its features are not finite".to_owned()));
        }
        let wrong = WrongAnswers::of(&probabilities, self.probe.right(sample.class));
        Ok(Ok(FeatureRow { vector, on_object, outcome, wrong }))
    }

    /// Whether pictures are also encoded without their objects.
    fn boxes(&self, parts: &[Part]) -> bool {
        let masked = |&at: &usize| self.inputs.dataset.samples[at].mask.is_some();
        self.encoder.is_some_and(Encoder::has_map)
            && parts.iter().any(|part| part.without && part.samples.iter().any(masked))
    }

    /// Forward passes of an image (of one with a mask).
    fn forwards(&self, parts: &[Part]) -> usize {
        let encoder = usize::from(self.encoder.is_some()) + usize::from(self.boxes(parts));
        encoder + usize::from(!self.encoder.is_some_and(Encoder::has_logits))
    }

    fn seconds_an_image(&self, parts: &[Part]) -> Result<f64, Error> {
        let gray = |[height, width]: [usize; 2]| vec![0.5; 3 * height * width];
        let pass = || -> Result<(), Error> {
            if let Some(encoder) = self.encoder {
                encoder.encode(&gray(encoder.input_size()), true)?;
                if self.boxes(parts) {
                    encoder.encode(&gray(encoder.input_size()), false)?;
                }
            }
            if !self.encoder.is_some_and(Encoder::has_logits) {
                let classifier = self.probe.classifier();
                classifier.forward(&gray(classifier.input_size()), false)?;
            }
            Ok(())
        };
        pass()?;
        let start = Instant::now();
        pass()?;
        Ok(start.elapsed().as_secs_f64())
    }
}

pub(super) fn problem(image: &str, why: &str) -> Problem {
    Problem {
        image: image.to_owned(),
        stage: STAGE.to_owned(),
        problem: why.to_owned(),
        action: "left out".to_owned(),
    }
}

/// Features with the object's box gray; none where the box leaves nothing of the picture.
fn boxed(
    encoder: &Encoder,
    picture: &crate::picture::Picture,
    mask: &Mask,
) -> Result<Option<Boxed>, Error> {
    let Some(bounds) = bounds(mask) else { return Ok(None) };
    let inside = (bounds.bottom + 1 - bounds.top) * (bounds.right + 1 - bounds.left);
    let outside = 1.0 - inside as f64 / mask.data.len() as f64;
    if outside <= 0.0 {
        return Ok(None);
    }
    let planes = gray_box(&Planes::from(&picture.crop), mask)?;
    let input = encoder.preprocess().normalise(&planes);
    Ok(Some(Boxed { outside, vector: encoder.encode(&input, false)?.vector }))
}
