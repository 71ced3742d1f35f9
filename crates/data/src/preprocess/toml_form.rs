//! Preprocessing as it stands in a model card.
use super::{Channels, Preprocess, Resize, presets};
use crate::resize::Filter;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    preset: Option<String>,
    resize: Option<Resize>,
    crop: Option<Crop>,
    interpolation: Option<Filter>,
    channels: Option<Channels>,
    scale: Option<f32>,
    mean: Option<[f32; 3]>,
    std: Option<[f32; 3]>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "crop must be a whole number, or [H, W] in pixels")]
enum Crop {
    Square(usize),
    Sides([usize; 2]),
}

#[derive(Serialize)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    resize: Option<Resize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crop: Option<[usize; 2]>,
    interpolation: Filter,
    channels: Channels,
    scale: f64,
    mean: [f64; 3],
    std: [f64; 3],
}

impl<'de> Deserialize<'de> for Preprocess {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read::deserialize(deserializer)?;
        resolve(read).map_err(D::Error::custom)
    }
}

fn resolve(read: Read) -> Result<Preprocess, String> {
    let base = match &read.preset {
        Some(name) => Some(presets::preset(name).ok_or_else(|| {
            format!("preset '{name}' is not known; there are {}", presets::NAMES.join(", "))
        })?),
        None => None,
    };
    let missing = |key: &str| {
        format!(
            "'{key}' is missing: give mean and std (three numbers each, in the order in which the channels enter the model) or a preset ({})",
            presets::NAMES.join(", ")
        )
    };
    let mean = read.mean.or(base.as_ref().map(|b| b.mean)).ok_or_else(|| missing("mean"))?;
    let std = read.std.or(base.as_ref().map(|b| b.std)).ok_or_else(|| missing("std"))?;
    let crop = read.crop.map(|crop| match crop {
        Crop::Square(side) => [side, side],
        Crop::Sides(sides) => sides,
    });
    let preprocess = Preprocess {
        resize: read.resize.or(base.as_ref().and_then(|b| b.resize)),
        crop: crop.or(base.as_ref().and_then(|b| b.crop)),
        interpolation: read
            .interpolation
            .or(base.as_ref().map(|b| b.interpolation))
            .unwrap_or(Filter::Bilinear),
        channels: read.channels.or(base.as_ref().map(|b| b.channels)).unwrap_or_default(),
        scale: read.scale.or(base.as_ref().map(|b| b.scale)).unwrap_or(1.0),
        mean,
        std,
    };
    check(&preprocess)?;
    Ok(preprocess)
}

/// Largest side that a resize or crop may ask for.
const MAX_SIDE: usize = 16_384;

fn check(preprocess: &Preprocess) -> Result<(), String> {
    let side = |key: &str, side: usize| {
        if (1..=MAX_SIDE).contains(&side) {
            Ok(())
        } else {
            Err(format!("{key} of {side} pixels: give 1 to {MAX_SIDE}"))
        }
    };
    match preprocess.resize {
        Some(Resize::ShortSide(size)) => side("resize.short_side", size)?,
        Some(Resize::Exact(sizes)) => {
            for size in sizes {
                side("resize.exact", size)?;
            }
        }
        None => {}
    }
    for size in preprocess.crop.into_iter().flatten() {
        side("crop", size)?;
    }
    if !(preprocess.scale.is_finite() && preprocess.scale > 0.0) {
        return Err(format!("scale = {}: it must be above 0", preprocess.scale));
    }
    if let Some(mean) = preprocess.mean.iter().find(|mean| !mean.is_finite()) {
        return Err(format!("mean holds {mean}: give finite numbers"));
    }
    if let Some(std) = preprocess.std.iter().find(|std| !(std.is_finite() && **std > 0.0)) {
        return Err(format!("std holds {std}: deviations must be above 0"));
    }
    Ok(())
}

impl Serialize for Preprocess {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written {
            resize: self.resize,
            crop: self.crop,
            interpolation: self.interpolation,
            channels: self.channels,
            scale: shortest(self.scale),
            mean: self.mean.map(shortest),
            std: self.std.map(shortest),
        }
        .serialize(serializer)
    }
}

/// The f64 that prints as the f32 does: 0.485, not 0.48500001430511475. Reads back the same f32.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}
