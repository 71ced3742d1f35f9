//! What the list of samples says about clusters, files and their state.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use rightly_data::{Dataset, MaskSource, Sample, dataset::file_state, files::open_regular};

use crate::{Error, run::Key};

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
                "{}: --cluster {column}: the data has no such column; it has {}",
                dataset.given.display(),
                if dataset.attributes.is_empty() {
                    "no attributes".to_owned()
                } else {
                    dataset.attributes.join(", ")
                }
            ))
        })?;
        selected.iter().map(|&i| dataset.samples[i].attributes[at].as_deref()).collect()
    };
    // Blanks around a value are no part of it.
    let values = values.into_iter().map(|v| v.map(str::trim).filter(|v| !v.is_empty()));
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut next = 0;
    Ok(values
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

/// What has to be said of images that the column of clusters says nothing of.
pub(super) fn without_cluster(
    dataset: &Dataset,
    selected: &[usize],
    column: &str,
) -> Option<String> {
    let at = dataset.attributes.iter().position(|name| name == column);
    let none = |&&i: &&usize| {
        let sample = &dataset.samples[i];
        let value = at.map_or(sample.group.as_deref(), |at| sample.attributes[at].as_deref());
        value.is_none_or(|value| value.trim().is_empty())
    };
    let count = selected.iter().filter(none).count();
    (count > 0).then(|| {
        format!(
            "{count} of {} images have no value of '{column}': each of them counts as a cluster of its own.",
            selected.len()
        )
    })
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
        // Nothing of data without parts, whose runs go on.
        for (name, part) in dataset.parts.iter().zip(&sample.parts) {
            if part.is_some() {
                field(name.as_bytes());
            }
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// What a sample's image and mask are, short: changes when one of them is replaced. By size, times and identity of the
/// files, or, with `verify`, by their contents.
///
/// # Errors
/// Where what a mask is made of can't be written out.
pub(super) fn fingerprint(sample: &Sample, verify: bool) -> Result<[u8; 16], Error> {
    // What is rendered is known by what it is rendered from.
    let image = match sample.image.path() {
        Some(_) if verify => contents(sample.image.reader()),
        _ => sample.image.state(),
    };
    let state = |mask: &MaskSource| {
        Ok::<_, Error>(match mask {
            MaskSource::File(path) if verify => contents(open_regular(path)),
            MaskSource::File(path) => file_state(path),
            MaskSource::Pickled { file, name } if verify => {
                format!("{}#{name}", contents(open_regular(file)))
            }
            MaskSource::Pickled { file, name } => format!("{}#{name}", file_state(file)),
            MaskSource::Coco { segments, size, .. } => {
                Key::new("coco mask", 2).with("segments", segments)?.with("size", size)?.finish()
            }
            MaskSource::Rendered(image) => image.state(),
        })
    };
    let mut text = format!("{image}\n");
    if let Some(mask) = &sample.mask {
        text += &state(mask)?;
    }
    for (at, part) in sample.parts.iter().enumerate() {
        if let Some(part) = part {
            text += &format!("\npart {at}: {}", state(part)?);
        }
    }
    let hash = blake3::hash(text.as_bytes());
    let bytes: [u8; 32] = *hash.as_bytes();
    let (short, _) = bytes.split_at(16);
    Ok(short.try_into().expect("sixteen of thirty-two bytes: by construction"))
}

/// Hash of what is read, or what kept it from being read.
fn contents<R: Read>(reader: io::Result<R>) -> String {
    let mut hasher = blake3::Hasher::new();
    match reader.and_then(|reader| hasher.update_reader(reader).map(|_| ())) {
        Ok(()) => hasher.finalize().to_hex().to_string(),
        Err(error) => format!("unreadable: {error}"),
    }
}

/// Where a sample's pixels are, for people and tables.
pub(crate) fn image_path(sample: &Sample) -> String {
    sample.image.describe()
}
