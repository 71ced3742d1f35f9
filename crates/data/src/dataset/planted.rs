//! `planted:WORLD`: a planted world, rendered when an image is asked for.
//!
//! `WORLD` is a shipped world's name or a TOML file, with options after a question mark:
//! `planted:mixed?seed=3&attributes=true`. Ids, classes, splits and captions are those of the
//! files that [`World::write`] makes; attributes are left out unless they are asked for, as they
//! are there.
use super::{ImageSource, Sample, builder::Builder};
use crate::{
    DataError, MaskSource,
    planted::{ATTRIBUTES, PlantedImage, World},
};
use std::{path::Path, sync::Arc};

pub(super) fn open(rest: &str) -> Result<Builder, DataError> {
    let (name, options) = rest.split_once('?').unwrap_or((rest, ""));
    let (mut seed, mut attributes) = (0u64, false);
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let known = match option.split_once('=') {
            Some(("seed", value)) => value.parse().map(|value| seed = value).is_ok(),
            Some(("attributes", value)) => value.parse().map(|value| attributes = value).is_ok(),
            _ => false,
        };
        if !known {
            let message = format!(
                "'{option}' is no option of a planted world; known are seed=N and attributes=true"
            );
            return Err(DataError::invalid(format!("planted:{rest}"), message));
        }
    }
    let path = Path::new(name);
    let file = path.is_file() || path.extension().is_some_and(|ending| ending == "toml");
    let world = Arc::new(if file { World::from_file(path)? } else { World::shipped(name)? });
    let mut draft = Builder::default();
    let classes: Vec<usize> = world.classes().iter().map(|class| draft.class(class)).collect();
    if attributes {
        draft.data.attributes = ATTRIBUTES.map(str::to_owned).to_vec();
    }
    let splits = world.splits();
    for image in PlantedImage::all(&world, name, seed) {
        let planned = image.planned();
        let (values, captions) = world.describe_image(planned, seed);
        let values = if attributes { values.into_iter().map(Some).collect() } else { Vec::new() };
        draft.data.samples.push(Sample {
            id: planned.id(&world),
            class: classes[planned.class],
            split: Some(splits[planned.split].to_owned()),
            mask: Some(MaskSource::Planted(image.clone())),
            image: ImageSource::Planted(image),
            captions,
            group: None,
            attributes: values,
            parts: Vec::new(),
        });
    }
    draft.note(format!("The planted world '{}', seed {seed}: rendered, not read.", world.name()));
    Ok(draft)
}
