//! `[preprocess]`, its flags, and the guess where there is neither.
use super::{CardFile, Overrides};
use crate::ModelError;
use crate::classifier::{ImageInput, pixels};
use rightly_data::Preprocess;
use rightly_data::preprocess::Resize;
use rightly_onnx::graph::proto::data_type;
use std::path::Path;

/// The preprocessing of an input, and where it came from (a sentence).
pub(crate) fn preprocess(
    card: &CardFile,
    overrides: &Overrides,
    input: &ImageInput,
    model: &Path,
) -> Result<(Preprocess, String), ModelError> {
    preprocess_of(card, overrides, input.size, input.kind, model)
}

/// As [`preprocess`]; `size` is the input's `[H, W]` where the graph fixes it, `kind` its element type.
pub(crate) fn preprocess_of(
    card: &CardFile,
    overrides: &Overrides,
    size: Option<[usize; 2]>,
    kind: i32,
    model: &Path,
) -> Result<(Preprocess, String), ModelError> {
    preprocess_or(card, overrides, model, || {
        if pixels::is_whole(kind) {
            let ([scale, mean], words) = pixels::whole_scale(kind);
            let guess = Preprocess { scale, mean: [mean; 3], std: [1.0; 3], ..guess(size) };
            let source = format!(
                "preprocessing: assumed for an input of {}: {words}, the geometry that of torchvision's ImageNet \
                 classifiers, as there is no card; check it, or write a card",
                data_type::name(kind)
            );
            return Ok((guess, source));
        }
        let source = "preprocessing: guessed to be that of torchvision's ImageNet classifiers (preset 'imagenet', \
                      scaled to the input's size), as there is no card; wrong preprocessing lowers accuracy without an \
                      error, so check it, or write a card";
        Ok((guess(size), source.to_owned()))
    })
}

/// As [`preprocess`], with a guess of the caller's where neither card nor flags say it.
pub(crate) fn preprocess_or(
    card: &CardFile,
    overrides: &Overrides,
    model: &Path,
    guess: impl FnOnce() -> Result<(Preprocess, String), ModelError>,
) -> Result<(Preprocess, String), ModelError> {
    let flags = flags(overrides, model)?;
    let (mut table, source) = if let Some(name) = &overrides.preset {
        known(name, model)?;
        let mut table = toml::Table::new();
        table.insert("preset".to_owned(), name.clone().into());
        (table, format!("preprocessing: preset '{name}', as the flag says"))
    } else if let Some(table) = &card.preprocess {
        let path = card.path.as_deref().unwrap_or(model);
        (table.clone(), format!("preprocessing: from the card {}", path.display()))
    } else if flags.contains_key("mean") && flags.contains_key("std") {
        (toml::Table::new(), "preprocessing: from the flags".to_owned())
    } else {
        let (guess, source) = guess()?;
        let table = toml::Table::try_from(&guess).map_err(|error| ModelError::Invalid {
            path: model.to_owned(),
            message: format!(
                "[preprocess]: no geometry can be guessed for the model's input: {error}"
            ),
        })?;
        (table, source)
    };
    table.extend(flags);
    let path = card.path.as_deref().unwrap_or(model);
    let preprocess = toml::Value::Table(table).try_into::<Preprocess>().map_err(|error| {
        ModelError::Invalid {
            path: path.to_owned(),
            message: format!("[preprocess]: {}", error.to_string().trim_end()),
        }
    })?;
    Ok((preprocess, source))
}

fn known(name: &str, model: &Path) -> Result<(), ModelError> {
    if Preprocess::preset(name).is_some() {
        return Ok(());
    }
    Err(ModelError::Invalid {
        path: model.to_owned(),
        message: format!(
            "no preset is called '{name}'; there are {}",
            Preprocess::PRESETS.join(", ")
        ),
    })
}

/// torchvision's `imagenet` at the input's size: short side 256/224 of the crop.
fn guess(size: Option<[usize; 2]>) -> Preprocess {
    let [height, width] = size.unwrap_or([224, 224]);
    let name = if height.max(width) <= 40 { "cifar" } else { "imagenet" };
    // Both names are presets.
    let mut guess = Preprocess::preset(name).unwrap_or(Preprocess {
        resize: None,
        crop: None,
        interpolation: rightly_data::resize::Filter::Bilinear,
        channels: rightly_data::preprocess::Channels::Rgb,
        scale: 1.0,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    });
    if name == "cifar" {
        guess.resize = Some(Resize::Exact([height, width]));
        guess.crop = None;
    } else if height == width {
        let side = (height as f64 * 256.0 / 224.0).round() as usize;
        guess.resize = Some(Resize::ShortSide(side));
        guess.crop = Some([height, width]);
    } else {
        guess.resize = Some(Resize::Exact([height, width]));
        guess.crop = None;
    }
    guess
}

fn flags(overrides: &Overrides, model: &Path) -> Result<toml::Table, ModelError> {
    let invalid = |flag: &str, value: &str, wanted: &str| ModelError::Invalid {
        path: model.to_owned(),
        message: format!("--{flag} {value}: expected {wanted}"),
    };
    let mut table = toml::Table::new();
    if let Some(text) = &overrides.resize {
        let wanted = "short-side=N or exact=HxW";
        let value = match text.split_once('=') {
            Some(("short-side" | "short_side", side)) => side
                .parse::<i64>()
                .ok()
                .filter(|side| *side > 0)
                .map(|side| ("short_side", toml::Value::from(side))),
            Some(("exact", size)) => {
                size_of(size).map(|[h, w]| ("exact", toml::Value::from(vec![h, w])))
            }
            _ => None,
        };
        let (key, value) = value.ok_or_else(|| invalid("resize", text, wanted))?;
        table.insert("resize".to_owned(), toml::Table::from_iter([(key.to_owned(), value)]).into());
    }
    if let Some(text) = &overrides.crop {
        let size = size_of(text).ok_or_else(|| invalid("crop", text, "N or HxW"))?;
        table.insert("crop".to_owned(), toml::Value::from(size.to_vec()));
    }
    if let Some(text) = &overrides.interpolation {
        table.insert("interpolation".to_owned(), text.clone().into());
    }
    if let Some(text) = &overrides.channels {
        table.insert("channels".to_owned(), text.clone().into());
    }
    if let Some(scale) = overrides.scale {
        table.insert("scale".to_owned(), f64::from(scale).into());
    }
    for (key, values) in [("mean", overrides.mean), ("std", overrides.std)] {
        if let Some(values) = values {
            table.insert(key.to_owned(), toml::Value::from(values.map(f64::from).to_vec()));
        }
    }
    Ok(table)
}

/// `N` or `HxW`.
fn size_of(text: &str) -> Option<[i64; 2]> {
    let (height, width) = text.split_once('x').unwrap_or((text, text));
    let side = |text: &str| text.trim().parse::<i64>().ok().filter(|side| *side > 0);
    Some([side(height)?, side(width)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightly_data::preprocess::Channels;

    fn table(text: &str) -> CardFile {
        CardFile { preprocess: Some(text.parse().unwrap()), ..CardFile::default() }
    }

    fn read(
        card: &CardFile,
        overrides: &Overrides,
        size: Option<[usize; 2]>,
    ) -> Result<(Preprocess, String), ModelError> {
        preprocess_of(card, overrides, size, data_type::FLOAT, Path::new("m.onnx"))
    }

    #[test]
    fn flags_win_over_the_card_key_by_key() {
        let card = table("preset = \"caffe-bgr\"");
        let overrides = Overrides {
            crop: Some("224".into()),
            resize: Some("exact=230x240".into()),
            mean: Some([1.0, 2.0, 3.0]),
            ..Overrides::default()
        };
        let (found, source) = read(&card, &overrides, None).unwrap();
        assert_eq!(found.channels, Channels::Bgr);
        assert_eq!(found.crop, Some([224, 224]));
        assert_eq!(found.resize, Some(Resize::Exact([230, 240])));
        assert_eq!(found.mean, [1.0, 2.0, 3.0]);
        assert!(source.contains("card"));
        let overrides = Overrides { preset: Some("clip".into()), ..Overrides::default() };
        let (found, _) = read(&card, &overrides, None).unwrap();
        assert_eq!(Some(found), Preprocess::preset("clip"));
    }

    #[test]
    fn the_guess_is_scaled_to_the_input_and_said() {
        let (found, source) =
            read(&CardFile::default(), &Overrides::default(), Some([384, 384])).unwrap();
        assert_eq!(found.resize, Some(Resize::ShortSide(439)));
        assert_eq!(found.crop, Some([384, 384]));
        assert!(source.contains("guessed"), "{source}");
    }

    #[test]
    fn wrong_values_are_named() {
        let run = |overrides: Overrides| {
            read(&CardFile::default(), &overrides, None).unwrap_err().to_string()
        };
        let message = run(Overrides { preset: Some("imgnet".into()), ..Overrides::default() });
        assert!(message.contains("'imgnet'") && message.contains("caffe-bgr"), "{message}");
        let message = run(Overrides { crop: Some("0x4".into()), ..Overrides::default() });
        assert!(message.contains("--crop 0x4"), "{message}");
        let message = run(Overrides { resize: Some("256".into()), ..Overrides::default() });
        assert!(message.contains("short-side=N"), "{message}");
        let card = table("mean = [0,0,0]\nstd = [1,1,1]\ninterpolation = \"cubic\"");
        let message = read(&card, &Overrides::default(), None).unwrap_err();
        assert!(message.to_string().contains("cubic"), "{message}");
    }
}
