//! Photographs of a run, read again from where `run.toml` says they are.

use std::collections::BTreeMap;

use rightly_audit::{
    picture::{Loader, Picture as Loaded},
    run::Manifest,
};
use rightly_data::{
    Dataset, Preprocess,
    dataset::{Duplicates, OpenOptions},
    preprocess::Resize,
};

use super::tables::{Seen, Tables};
use crate::{
    ReportError, picture,
    view::{Photo, Picture},
};

/// Longer side of a thumbnail, pixels.
pub(super) const THUMBNAIL: usize = 192;

/// Where photographs come from; empty where the data is not there any more.
pub(super) struct Album {
    open: Option<(Dataset, BTreeMap<String, usize>, Loader)>,
    missing: Option<String>,
}

impl Album {
    pub(super) fn open(manifest: &Manifest, tables: &Tables) -> Self {
        let inputs = &manifest.inputs;
        let options = OpenOptions { duplicates: Duplicates::Never, ..inputs.dataset_options() };
        match Dataset::open(&inputs.data, &options) {
            Err(error) => Self { open: None, missing: Some(error.to_string()) },
            Ok(dataset) => {
                let shown = |id: &String| tables.by_id(id).is_some();
                let at: BTreeMap<String, usize> = dataset
                    .samples
                    .iter()
                    .enumerate()
                    .filter(|(_, s)| shown(&s.id))
                    .map(|(i, s)| (s.id.clone(), i))
                    .collect();
                let preprocess = &manifest.card.preprocess;
                let loader = |p: Preprocess| Loader::new(inputs, dataset.mask_options.clone(), p);
                let plain = loader(preprocess.clone());
                let first = at.values().find_map(|&i| plain.load(&dataset.samples[i]).ok());
                let factor = first.map_or(1, |p| finer(preprocess, p.height, p.width));
                let loader = loader(preprocess.magnified(factor));
                Self { open: Some((dataset, at, loader)), missing: None }
            }
        }
    }

    /// Why there are no photographs.
    pub(super) fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// The part of the photograph that the model sees, with its mask; `None` where it can't be read.
    /// Small inputs are shown on a finer grid where the photograph has more to show.
    pub(super) fn load(&self, id: &str) -> Option<Loaded> {
        let (dataset, at, loader) = self.open.as_ref()?;
        loader.load(&dataset.samples[*at.get(id)?]).ok()
    }

    /// A small photograph with the model's answer, where it is wrong.
    pub(super) fn thumbnail(&self, tables: &Tables, seen: &Seen) -> Result<Photo, ReportError> {
        let loaded = self.load(&seen.id);
        let small = loaded.map(|l| picture::shrink(&l.crop, THUMBNAIL));
        let picture = small.map(|s| encode(&seen.id, picture::jpeg(&s))).transpose()?;
        Ok(photo(tables, seen, picture))
    }

    /// The same, not shrunk.
    pub(super) fn full(&self, tables: &Tables, seen: &Seen) -> Result<Photo, ReportError> {
        let picture = self.load(&seen.id).map(|l| encode(&seen.id, picture::jpeg(&l.crop)));
        Ok(photo(tables, seen, picture.transpose()?))
    }
}

/// How many times finer than its input a model's view of a photograph is shown.
fn finer(preprocess: &Preprocess, height: usize, width: usize) -> usize {
    let Some(shown) = preprocess.output_size().map(|[h, w]| h.min(w).max(1)) else { return 1 };
    let there = match preprocess.resize {
        Some(Resize::Exact([h, w])) => (height / h.max(1)).min(width / w.max(1)),
        Some(Resize::ShortSide(side)) => height.min(width) / side.max(1),
        None => 1,
    };
    there.clamp(1, THUMBNAIL.div_ceil(shown))
}

/// The words under a photograph.
pub(super) fn photo(tables: &Tables, seen: &Seen, picture: Option<Picture>) -> Photo {
    let wrong = seen.clean.filter(|c| !c.correct);
    Photo {
        id: seen.id.clone(),
        class: seen.class.clone(),
        answer: wrong.map(|c| tables.label(c.output)),
        confidence: wrong.map(|c| c.confidence),
        picture,
    }
}

pub(super) fn encode<T>(
    what: &str,
    picture: Result<T, image::ImageError>,
) -> Result<T, ReportError> {
    picture.map_err(|source| ReportError::Picture { path: what.into(), source })
}
