//! What the list of samples says about clusters, files and their state.

use std::collections::BTreeMap;

use rightly_data::{Dataset, MaskSource, Sample, dataset::file_state};

use crate::Error;

/// Cluster of each selected sample, numbered in order of first appearance.
pub(super) fn clusters(
    dataset: &Dataset,
    selected: &[usize],
    column: &str,
) -> Result<Vec<u32>, Error> {
    let values: Vec<Option<&str>> = if column == "group" {
        selected.iter().map(|&i| dataset.samples[i].group.as_deref()).collect()
    } else {
        let at = dataset.attributes.iter().position(|name| name == column).ok_or_else(|| {
            Error::Usage(format!(
                "--cluster {column}: the data has no such column; it has {}",
                if dataset.attributes.is_empty() {
                    "no attributes".to_owned()
                } else {
                    dataset.attributes.join(", ")
                }
            ))
        })?;
        selected.iter().map(|&i| dataset.samples[i].attributes[at].as_deref()).collect()
    };
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut next = 0;
    Ok(values
        .into_iter()
        .map(|value| {
            // An image without a value is a cluster of its own.
            let known = value.and_then(|v| numbers.get(v).copied());
            known.unwrap_or_else(|| {
                let number = next;
                next += 1;
                if let Some(v) = value {
                    numbers.insert(v, number);
                }
                number
            })
        })
        .collect())
}

/// blake3 of the list of samples: ids, classes, splits, masks and file sizes.
pub(super) fn hash_listing(dataset: &Dataset) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut field = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for sample in &dataset.samples {
        field(sample.id.as_bytes());
        field(dataset.classes[sample.class].as_bytes());
        field(sample.split.as_deref().unwrap_or("").as_bytes());
        match sample.image.path() {
            Some(_) => field(&sample.image.size().unwrap_or(0).to_le_bytes()),
            // Nothing is stored, so nothing has a size: what the image is rendered from.
            None => field(sample.image.state().as_bytes()),
        }
        field(&[u8::from(sample.mask.is_some())]);
    }
    hasher.finalize().to_hex().to_string()
}

/// State of a sample's files: changes when an image or a mask is replaced.
pub(crate) fn fingerprint(sample: &Sample) -> String {
    let mask = match &sample.mask {
        None => String::new(),
        Some(MaskSource::File(path)) => format!("{} {}", path.display(), file_state(path)),
        Some(other) => blake3::hash(format!("{other:?}").as_bytes()).to_hex().to_string(),
    };
    format!("{} {mask}", sample.image.state())
}

/// Where a sample's pixels are, for people and tables.
pub(crate) fn image_path(sample: &Sample) -> String {
    sample.image.describe()
}
