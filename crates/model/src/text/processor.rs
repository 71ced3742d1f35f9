//! How pictures are prepared, where `preprocessor_config.json` or `open_clip_config.json` says it.
use super::files::beside;
use super::settings::Settings;
use crate::ModelError;
use rightly_data::Preprocess;
use rightly_data::preprocess::{Channels, Resize};
use rightly_data::resize::Filter;
use std::path::Path;

/// Preprocessing and where it came from, for an input of `size` `[H, W]` where the graph fixes it: of the file beside
/// `graph` that says it, else the preset `clip` at the input's size.
pub(super) fn beside_graph(
    graph: &Path,
    size: Option<[usize; 2]>,
) -> Result<(Preprocess, String), ModelError> {
    let hugging_face = Settings::read(beside(graph, "preprocessor_config.json"))?;
    if let Some(path) = hugging_face.path() {
        let found = of_hugging_face(&hugging_face).map_err(|message| invalid(path, message))?;
        return Ok((found, format!("preprocessing: from {}", path.display())));
    }
    let open_clip = Settings::read(beside(graph, "open_clip_config.json"))?;
    if let Some(path) = open_clip.path() {
        let found = of_open_clip(&open_clip, size).map_err(|message| invalid(path, message))?;
        return Ok((found, format!("preprocessing: from {}", path.display())));
    }
    let mut guess = clip();
    if let Some([height, width]) = size {
        guess.resize = Some(Resize::ShortSide(height.min(width)));
        guess.crop = Some([height, width]);
    }
    let source = "preprocessing: guessed to be CLIP's (preset 'clip' at the input's size), as there is neither a card \
                  nor preprocessor_config.json; SigLIP and others differ, so check it";
    Ok((guess, source.to_owned()))
}

fn invalid(path: &Path, message: String) -> ModelError {
    ModelError::Invalid {
        path: path.to_owned(),
        message: format!("{message}; write [preprocess] in a card instead"),
    }
}

fn clip() -> Preprocess {
    // The name is a preset.
    Preprocess::preset("clip").unwrap_or(Preprocess {
        resize: Some(Resize::ShortSide(224)),
        crop: Some([224, 224]),
        interpolation: Filter::Bicubic,
        channels: Channels::Rgb,
        scale: 1.0,
        mean: [0.5; 3],
        std: [0.5; 3],
    })
}

/// `{"height": H, "width": W}` or one number, under a key.
fn size_of(settings: &Settings, key: &str) -> Option<[usize; 2]> {
    if let Some(side) = settings.number(&[key]) {
        return Some([side, side]);
    }
    settings.number(&[key, "height"]).zip(settings.number(&[key, "width"])).map(|(h, w)| [h, w])
}

fn of_hugging_face(settings: &Settings) -> Result<Preprocess, String> {
    let on = |key: &str, default: bool| settings.flag(&[key]).unwrap_or(default);
    let kind = settings
        .text(&["image_processor_type"])
        .or_else(|| settings.text(&["feature_extractor_type"]))
        .unwrap_or("");
    let resize = if !on("do_resize", true) {
        None
    } else if let Some(side) = settings.number(&["size", "shortest_edge"]) {
        Some(Resize::ShortSide(side))
    } else if let Some(side) = settings.number(&["size"]).filter(|_| kind.starts_with("CLIP")) {
        // One number means the short side to CLIP's processor and a square to all others.
        Some(Resize::ShortSide(side))
    } else {
        let size = size_of(settings, "size");
        Some(Resize::Exact(size.ok_or("'size' is neither shortest_edge nor height and width")?))
    };
    if settings.get(&["crop_pct"]).is_some() {
        return Err("'crop_pct' (a resize that depends on the crop) is not understood".to_owned());
    }
    let crop = if on("do_center_crop", kind.starts_with("CLIP")) {
        Some(size_of(settings, "crop_size").ok_or("'crop_size' is missing")?)
    } else {
        None
    };
    let interpolation = match settings.number(&["resample"]) {
        Some(0) => Filter::Nearest,
        Some(1) => Filter::Lanczos,
        Some(2) => Filter::Bilinear,
        Some(3) => Filter::Bicubic,
        Some(4) => Filter::Box,
        None if kind.starts_with("CLIP") || kind.starts_with("Blip") => Filter::Bicubic,
        None => Filter::Bilinear,
        Some(other) => return Err(format!("'resample' is {other}, expected 0 to 4")),
    };
    let scale = match settings.float(&["rescale_factor"]) {
        _ if !on("do_rescale", true) => 255.0,
        Some(factor) => factor * 255.0,
        None => 1.0,
    };
    let (mean, std) = if on("do_normalize", true) {
        let get = |key: &str| {
            settings.triple(&[key]).ok_or_else(|| format!("'{key}' is missing or no three numbers"))
        };
        (get("image_mean")?, get("image_std")?)
    } else {
        ([0.0; 3], [1.0; 3])
    };
    let scale = if (scale - 1.0).abs() < 1e-6 { 1.0 } else { scale as f32 };
    Ok(Preprocess { resize, crop, interpolation, channels: Channels::Rgb, scale, mean, std })
}

fn of_open_clip(settings: &Settings, size: Option<[usize; 2]>) -> Result<Preprocess, String> {
    let own = &["model_cfg", "vision_cfg", "image_size"][..];
    let size = size.or_else(|| settings.number(own).map(|side| [side, side]));
    let size = size.ok_or("neither the graph nor 'image_size' gives the size of the input")?;
    let of = |key: &'static str| ["preprocess_cfg", key];
    let base = clip();
    let (resize, crop) = match settings.text(&of("resize_mode")) {
        None | Some("shortest") => (Resize::ShortSide(size[0].min(size[1])), Some(size)),
        Some("squash") => (Resize::Exact(size), None),
        Some(other) => return Err(format!("resize_mode '{other}' is not understood")),
    };
    let interpolation = match settings.text(&of("interpolation")) {
        None | Some("bicubic") => Filter::Bicubic,
        Some("bilinear") => Filter::Bilinear,
        Some(other) => return Err(format!("interpolation '{other}' is not understood")),
    };
    Ok(Preprocess {
        resize: Some(resize),
        crop,
        interpolation,
        mean: settings.triple(&of("mean")).unwrap_or(base.mean),
        std: settings.triple(&of("std")).unwrap_or(base.std),
        ..base
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Result<Preprocess, String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        beside_graph(&folder.path().join("model.onnx"), None)
            .map(|(preprocess, _)| preprocess)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn files_of_transformers_are_understood() {
        let numbers = r#""image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_std": [0.26862954, 0.26130258, 0.27577711], "resample": 3"#;
        for size in [
            r#""size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}, "do_center_crop": true"#,
            r#""size": 224, "crop_size": 224, "feature_extractor_type": "CLIPFeatureExtractor""#,
        ] {
            let found = of("preprocessor_config.json", &format!("{{{size}, {numbers}}}")).unwrap();
            assert_eq!(found, clip(), "{size}");
        }
        // One number is a square to other processors, and 1/255 is what is done anyway.
        let text = r#"{"size": 384, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
            "feature_extractor_type": "ViTFeatureExtractor", "rescale_factor": 0.00392156862745098}"#;
        let found = of("preprocessor_config.json", text).unwrap();
        assert_eq!((found.resize, found.crop), (Some(Resize::Exact([384, 384])), None));
        assert_eq!((found.scale, found.interpolation), (1.0, Filter::Bilinear));
        let text = r#"{"size": 32, "do_normalize": false, "do_rescale": false}"#;
        let found = of("preprocessor_config.json", text).unwrap();
        assert_eq!((found.scale, found.mean, found.std), (255.0, [0.0; 3], [1.0; 3]));
        for (text, expected) in [
            (r#"{"size": {"longest_edge": 9}}"#, "'size'"),
            (r#"{"size": 9}"#, "'image_mean'"),
            (r#"{"size": 9, "do_center_crop": true}"#, "'crop_size'"),
            (r#"{"size": 9, "resample": 7}"#, "'resample' is 7"),
        ] {
            let error = of("preprocessor_config.json", text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn files_of_open_clip_are_understood() {
        let of = |text: &str| of("open_clip_config.json", text);
        let text = r#"{"model_cfg": {"vision_cfg": {"image_size": 224}}, "preprocess_cfg": {}}"#;
        assert_eq!(of(text).unwrap(), clip());
        let text = r#"{"model_cfg": {"vision_cfg": {"image_size": 256}}, "preprocess_cfg":
            {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "resize_mode": "squash"}}"#;
        let found = of(text).unwrap();
        assert_eq!((found.resize, found.crop), (Some(Resize::Exact([256, 256])), None));
        assert_eq!(found.mean, [0.5; 3]);
        let text = r#"{"model_cfg": {"vision_cfg": {"image_size": 256}}, "preprocess_cfg": {"resize_mode": "longest"}}"#;
        assert!(of(text).unwrap_err().contains("longest"));
    }
}
