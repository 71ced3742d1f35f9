//! Features of a dataset's images, once, in shards: a stopped computation goes on.

use std::{path::Path, sync::atomic::AtomicBool, time::Instant};

use ndarray::Array2;
use rightly_audit::{Error, Event, RunDir, Sink, features, run::Key, workers};
use rightly_data::{Dataset, Planes, pixels::DecodeOptions};
use rightly_model::Encoder;

/// Changes with the code that decides a vector: those of before are computed again.
const REVISION: u32 = 1;
/// Images of a shard.
const SHARD: usize = 256;

/// Features of `samples` (indices into the dataset), `[n, d]`.
///
/// # Errors
/// An image can't be read, the engine fails, the folder can't be written, or `stop` was set.
pub(crate) fn encode(
    dataset: &Dataset,
    samples: &[usize],
    encoder: &Encoder,
    out: &RunDir,
    threads: usize,
    stop: &AtomicBool,
    sink: Sink<'_>,
) -> Result<Array2<f32>, Error> {
    let ids: Vec<&str> = samples.iter().map(|&at| dataset.samples[at].id.as_str()).collect();
    let key = Key::new("reproduce features", REVISION)
        .with("encoder", encoder.hash())?
        .with("reading", &encoder.reading())?
        .with("preprocess", encoder.preprocess())?
        .with("images", &ids)?
        .finish();
    let store = out.shards("features", &key);
    let shards: Vec<&[usize]> = samples.chunks(SHARD).collect();
    let missing = store.missing(shards.len(), sink)?;
    let done = samples.len() - missing.iter().map(|&s| shards[s].len()).sum::<usize>();
    let decode = DecodeOptions::default();
    let of = |at: usize| -> Result<Vec<f32>, Error> {
        let decoded = dataset.samples[at].image.load(&decode)?;
        let crop = encoder.preprocess().crop_image(&decoded.image);
        let input = encoder.preprocess().normalise(&Planes::from(&crop));
        Ok(encoder.encode(&input, false)?.vector)
    };
    let begun = Instant::now();
    if let Some(&first) = missing.first() {
        let timed = shards[first].len().min(4);
        shards[first][..timed].iter().try_for_each(|&at| of(at).map(drop))?;
        let each = begun.elapsed().as_secs_f64() / timed as f64;
        let seconds = each * (samples.len() - done) as f64 / threads.max(1) as f64;
        sink(Event::Started {
            stage: features::STAGE,
            images: samples.len(),
            done,
            forwards: 1,
            seconds,
        });
    }
    workers::ordered(missing.len(), threads, stop, |at| {
        let rows: Vec<Vec<f32>> = shards[missing[at]]
            .iter()
            .map(|&sample| {
                let row = of(sample)?;
                sink(Event::Image);
                Ok(row)
            })
            .collect::<Result<_, Error>>()?;
        store.write(missing[at], &rows)
    })?;
    sink(Event::finished(features::STAGE, begun, missing.is_empty()));
    let mut values = Vec::with_capacity(samples.len() * encoder.dim());
    for shard in 0..shards.len() {
        let rows: Vec<Vec<f32>> = store.read(shard)?;
        rows.iter().for_each(|row| values.extend_from_slice(row));
    }
    matrix(samples.len(), values)
}

/// Features of the images `ids` from a file that holds those of the whole dataset.
///
/// # Errors
/// The file can't be read, or lacks an image.
pub(crate) fn given(dataset: &Dataset, ids: &[&str], path: &Path) -> Result<Array2<f32>, Error> {
    let all = features::read_given(path, dataset)?;
    let mut values = Vec::new();
    for id in ids {
        let row = all.vectors.get(*id);
        let row =
            row.ok_or_else(|| Error::Usage(format!("{}: no vector for '{id}'", path.display())))?;
        values.extend_from_slice(row);
    }
    matrix(ids.len(), values)
}

fn matrix(n: usize, values: Vec<f32>) -> Result<Array2<f32>, Error> {
    let d = values.len() / n.max(1);
    Array2::from_shape_vec((n, d), values)
        .map_err(|_| Error::Usage("features: vectors of different lengths".to_owned()))
}
