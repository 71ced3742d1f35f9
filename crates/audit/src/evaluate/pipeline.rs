//! From samples to shards: decode, preprocess, forward passes, on every core.
//!
//! A shard is a fixed number of images, whatever the number of threads; each measure's share of
//! a shard is one file. What is there is not computed again.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use rightly_data::{Planes, Sample};

use super::{
    passes::{Measure, Measures, Subject},
    rows::{Entry, problem},
};
use crate::{
    Context, Error, Event, Inputs, RunDir, Sink,
    predictor::Predictor,
    run::{Key, ShardStore},
};

/// Images in a shard. Part of the shards' key: changing it starts new shards.
const SHARD: usize = 16;

/// What has to be done: every measure with the store of its shards.
pub(super) struct Plan<'a> {
    measures: Measures<'a>,
    stores: Vec<ShardStore>,
    /// Of each measure everything that decides its rows.
    keys: Vec<String>,
    images: usize,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        inputs: &Inputs,
        run: &RunDir,
        measures: Measures<'a>,
    ) -> Result<Self, Error> {
        let selection = inputs.selection_key(&inputs.selected)?;
        let base = inputs.key()?;
        let key = |m: &(dyn Measure + 'a)| {
            let key = Key::new(m.name(), inputs.revisions.of(m.name()))
                .with("inputs", &base)?
                .with("images", &selection)?
                .with("images of a shard", &SHARD)?;
            Ok::<_, Error>(key.with("options", &m.key())?.finish())
        };
        let keys = measures.iter().map(|m| key(&**m)).collect::<Result<Vec<_>, _>>()?;
        let stores = measures.iter().zip(&keys).map(|(m, key)| run.shards(m.name(), key)).collect();
        Ok(Self { measures, stores, keys, images: inputs.selected.len() })
    }

    /// Of each measure a key of everything that decides its rows.
    pub(super) fn keys(&self) -> &[String] {
        &self.keys
    }

    pub(super) fn shards(&self) -> usize {
        self.images.div_ceil(SHARD)
    }

    fn range(&self, shard: usize) -> std::ops::Range<usize> {
        shard * SHARD..((shard + 1) * SHARD).min(self.images)
    }

    /// Shards that lack a measure, each with the measures that it lacks.
    pub(super) fn missing(&self, sink: Sink<'_>) -> Result<Vec<(usize, Vec<usize>)>, Error> {
        let mut out: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (m, store) in self.stores.iter().enumerate() {
            for shard in store.missing(self.shards(), sink)? {
                out.entry(shard).or_default().push(m);
            }
        }
        Ok(out.into_iter().collect())
    }

    /// Forward passes an image over all measures.
    pub(super) fn forwards(&self) -> usize {
        1 + self.measures.iter().map(|m| m.forwards()).sum::<usize>()
    }

    /// Entries of one measure for one shard, in the order of the selection.
    pub(super) fn read(&self, measure: usize, shard: usize) -> Result<Vec<Entry>, Error> {
        self.stores[measure].read(shard)
    }

    /// Position of a measure by its name.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.measures.iter().position(|m| m.name() == name)
    }

    /// First image of a shard within the selection.
    pub(super) fn start(&self, shard: usize) -> usize {
        shard * SHARD
    }

    /// Computes what is missing.
    pub(super) fn compute(
        &self,
        probe: &Predictor<'_>,
        &Context { threads, stop, sink, .. }: &Context<'_>,
    ) -> Result<(), Error> {
        let todo = self.missing(sink)?;
        let left: usize = todo.iter().map(|(shard, _)| self.range(*shard).len()).sum();
        let per_forward = if left == 0 { 0.0 } else { seconds_per_forward(probe)? };
        let forwards: usize = todo
            .iter()
            .map(|(shard, missing)| {
                let missing: usize = missing.iter().map(|&m| self.measures[m].forwards()).sum();
                (1 + missing) * self.range(*shard).len()
            })
            .sum();
        sink(Event::Started {
            stage: "evaluate",
            images: self.images,
            done: self.images - left,
            forwards: self.forwards(),
            seconds: per_forward * forwards as f64 / threads.max(1) as f64,
        });
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        let first_error: Mutex<Option<Error>> = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..threads.clamp(1, todo.len().max(1)) {
                scope.spawn(|| {
                    while !failed.load(Ordering::Relaxed) {
                        let Some((shard, missing)) = todo.get(next.fetch_add(1, Ordering::Relaxed))
                        else {
                            return;
                        };
                        let halted =
                            || stop.load(Ordering::Relaxed) || failed.load(Ordering::Relaxed);
                        if let Err(error) = self.run_shard((*shard, missing), probe, &halted, sink)
                        {
                            failed.store(true, Ordering::Relaxed);
                            if let Ok(mut slot) = first_error.lock() {
                                slot.get_or_insert(error);
                            }
                        }
                    }
                });
            }
        });
        match first_error.into_inner() {
            Ok(None) => Ok(()),
            Ok(Some(error)) => Err(error),
            Err(_) => Err(Error::Usage("a worker thread failed".to_owned())),
        }
    }

    /// Computes what one shard lacks.
    pub(super) fn compute_one(
        &self,
        shard: usize,
        predictor: &Predictor<'_>,
        &Context { stop, sink, .. }: &Context<'_>,
    ) -> Result<(), Error> {
        let mut missing = Vec::new();
        for (m, store) in self.stores.iter().enumerate() {
            if store.lacks(shard, sink)? {
                missing.push(m);
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.run_shard((shard, &missing), predictor, &|| stop.load(Ordering::Relaxed), sink)
    }

    fn run_shard(
        &self,
        (shard, missing): (usize, &[usize]),
        probe: &Predictor<'_>,
        halted: &dyn Fn() -> bool,
        sink: Sink<'_>,
    ) -> Result<(), Error> {
        let tap = missing.iter().any(|&m| self.measures[m].taps());
        let mut entries: Vec<Vec<Entry>> = missing.iter().map(|_| Vec::new()).collect();
        for position in self.range(shard) {
            if halted() {
                return Err(Error::Interrupted);
            }
            let inputs = probe.inputs();
            let sample = &inputs.dataset.samples[inputs.selected[position]];
            let subject = match subject(probe, sample, tap)? {
                Ok(subject) => subject,
                Err(why) => {
                    let said = problem(&sample.id, why, "left out");
                    sink(Event::Problem(said.clone()));
                    for (list, &m) in entries.iter_mut().zip(missing) {
                        let first = self.measures[m].name() == "clean";
                        let problems = if first { vec![said.clone()] } else { Vec::new() };
                        list.push(Entry { row: None, problems });
                    }
                    sink(Event::Image);
                    continue;
                }
            };
            for (list, &m) in entries.iter_mut().zip(missing) {
                let entry = self.measures[m].measure(&subject, probe)?;
                entry.problems.iter().for_each(|p| sink(Event::Problem(p.clone())));
                list.push(entry);
            }
            sink(Event::Image);
        }
        for (list, &m) in entries.iter().zip(missing) {
            self.stores[m].write(shard, list)?;
        }
        Ok(())
    }
}

/// Loads a sample and runs the clean pass; the inner error is why the image can't be a sample.
fn subject<'a>(
    probe: &Predictor<'_>,
    sample: &'a Sample,
    tap: bool,
) -> Result<Result<Subject<'a>, String>, Error> {
    let picture = match probe.inputs().loader.load(sample) {
        Ok(picture) => picture,
        Err(error) => return Ok(Err(format!("can't be read: {error}"))),
    };
    let planes = Planes::from(&picture.crop);
    let mut clean = probe.forward(&planes, tap)?;
    let tap = clean.tap.take();
    let clean = clean.into();
    match probe.judge(sample.class, &clean) {
        Some(outcome) => Ok(Ok(Subject { sample, picture, planes, clean, tap, outcome })),
        None => Ok(Err(probe.unusable().to_owned())),
    }
}

fn seconds_per_forward(probe: &Predictor<'_>) -> Result<f64, Error> {
    let [height, width] = probe.classifier().input_size();
    let planes = Planes { width, height, data: vec![0.5; 3 * height * width] };
    probe.forward(&planes, false)?;
    let start = Instant::now();
    probe.forward(&planes, false)?;
    Ok(start.elapsed().as_secs_f64())
}
