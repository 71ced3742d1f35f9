//! One result for each of some pictures, kept in shards: a stage that was stopped goes on where it was.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use rightly_data::{Planes, Preprocess, dataset::ImageSource};
use serde::{Serialize, de::DeserializeOwned};

use super::STAGE;
use crate::{
    Error, Event, Inputs, RunDir, Sink,
    run::{Key, key_of},
    workers,
};

/// Pictures of a shard.
const SHARD: usize = 16;

/// A result, or why there is none.
pub(super) type Entry<T> = Result<T, String>;

/// A picture that is asked for.
#[derive(Clone, Copy)]
pub(super) struct Picture<'a> {
    pub(super) id: &'a str,
    pub(super) image: &'a ImageSource,
}

/// How the run works.
pub(super) struct Pass<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) run: &'a RunDir,
    pub(super) threads: usize,
    pub(super) stop: &'a AtomicBool,
    pub(super) sink: Sink<'a>,
}

impl<'a> Pass<'a> {
    /// The pictures of some samples.
    pub(super) fn samples(&self, samples: &[usize]) -> Vec<Picture<'a>> {
        let all = &self.inputs.dataset.samples;
        samples.iter().map(|&at| Picture { id: &all[at].id, image: &all[at].image }).collect()
    }

    /// `each` of the input `[3, H, W]` (`size`) that `preprocess` makes of every picture; in their order, whatever the number of
    /// threads. `key` changes with the network.
    ///
    /// # Errors
    /// The network fails; the run can't be written; it was stopped. A picture that can't be read is an entry.
    pub(super) fn over<T: Serialize + DeserializeOwned + Send>(
        &self,
        name: &str,
        key: &str,
        (preprocess, size): (&Preprocess, [usize; 2]),
        pictures: &[Picture<'_>],
        each: impl Fn(&[f32]) -> Result<Entry<T>, Error> + Sync,
    ) -> Result<Vec<Entry<T>>, Error> {
        let key = Key::new("pictures", self.inputs.revisions.of(STAGE))
            .with("network", key)?
            .with("geometry", preprocess)?
            .with("pictures", &state(pictures))?
            .with("shard", &SHARD)?
            .finish();
        let store = self.run.shards(&format!("{STAGE}-{name}"), &key);
        let decode = self.inputs.loader.decode();
        let shards: Vec<&[Picture<'_>]> = pictures.chunks(SHARD).collect();
        let todo = store.missing(shards.len(), self.sink)?;
        let left: usize = todo.iter().map(|&at| shards[at].len()).sum();
        if left > 0 {
            let gray = vec![0.5; 3 * size[0] * size[1]];
            each(&gray)?.ok();
            let start = Instant::now();
            each(&gray)?.ok();
            let seconds = start.elapsed().as_secs_f64() * left as f64 / self.threads.max(1) as f64;
            let images = pictures.len();
            let done = images - left;
            (self.sink)(Event::Started { stage: STAGE, images, done, forwards: 1, seconds });
        }
        workers::ordered(todo.len(), self.threads, self.stop, |at| {
            let shard = todo[at];
            let mut out: Vec<Entry<T>> = Vec::with_capacity(SHARD);
            for picture in shards[shard] {
                if self.stop.load(Ordering::Relaxed) {
                    return Err(Error::Interrupted);
                }
                out.push(match picture.image.load(decode) {
                    Ok(decoded) => {
                        let crop = preprocess.crop_image(&decoded.image);
                        each(&preprocess.normalise(&Planes::from(&crop)))?
                    }
                    Err(error) => Err(format!("can't be read: {error}")),
                });
                (self.sink)(Event::Image);
            }
            store.write(shard, &out)
        })?;
        let mut out = Vec::with_capacity(pictures.len());
        for shard in 0..shards.len() {
            out.extend(store.read::<Vec<Entry<T>>>(shard)?);
        }
        Ok(out)
    }
}

/// Changes when a picture of the list is replaced.
fn state(pictures: &[Picture<'_>]) -> String {
    let picture = |p: &Picture<'_>| format!("{}\t{}\n", p.id, p.image.state());
    key_of(&[&pictures.iter().map(picture).collect::<String>()])
}
