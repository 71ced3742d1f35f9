//! `planted:WORLD`: a planted world, rendered when an image is asked for.
//!
//! `WORLD` is a shipped world's name or a TOML file, with options after a question mark:
//! `planted:mixed?seed=3&attributes=true`. Ids, classes, splits and captions are those of the
//! files that [`World::write`] makes; attributes are left out unless they are asked for, as they
//! are there.
use super::{ATTRIBUTES, PlantedImage, World};
use rightly_data::{
    DataError, Dataset, ImageSource, MaskSource, Rendered, Sample, dataset::Kind, names::name_key,
};
use std::{path::Path, sync::Arc};

/// Makes `planted:WORLD` known to [`Dataset::open`]
/// ([`OpenOptions::kinds`](rightly_data::dataset::OpenOptions::kinds)).
///
/// ```
/// use rightly_data::{Dataset, dataset::OpenOptions};
///
/// let options = OpenOptions { kinds: rightly_planted::KINDS, ..OpenOptions::default() };
/// let dataset = Dataset::open("planted:cues?seed=3", &options)?;
/// assert!(dataset.samples.iter().all(|sample| sample.mask.is_some()));
/// # Ok::<(), rightly_data::DataError>(())
/// ```
pub const KINDS: &[Kind] = &[Kind { name: "planted", usage: "WORLD", open }];

fn open(rest: &str) -> Result<Dataset, DataError> {
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
    let mut data = Dataset::default();
    let mut class_of = |class: &str| {
        let key = name_key(class);
        data.classes.iter().position(|known| *known == key).unwrap_or_else(|| {
            data.classes.push(key);
            data.classes.len() - 1
        })
    };
    let classes: Vec<usize> = world.classes().iter().map(|class| class_of(class)).collect();
    if attributes {
        data.attributes = ATTRIBUTES.map(str::to_owned).to_vec();
    }
    let splits = world.splits();
    for image in PlantedImage::all(&world, name, seed) {
        let planned = image.planned();
        let (values, captions) = world.describe_image(planned, seed);
        let values = if attributes { values.into_iter().map(Some).collect() } else { Vec::new() };
        let (id, class) = (planned.id(&world), classes[planned.class]);
        let split = Some(splits[planned.split].to_owned());
        let image = Rendered::new(image);
        data.samples.push(Sample {
            id,
            class,
            split,
            mask: Some(MaskSource::Rendered(image.clone())),
            image: ImageSource::Rendered(image),
            captions,
            group: None,
            attributes: values,
            parts: Vec::new(),
        });
    }
    data.notes
        .push(format!("The planted world '{}', seed {seed}: rendered, not read.", world.name()));
    Ok(data)
}
