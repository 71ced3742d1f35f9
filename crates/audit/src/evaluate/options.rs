//! What `evaluate` measures and how.

use std::path::PathBuf;

use rightly_model::cam::CamMethod;
use serde::{Deserialize, Serialize};

use crate::{Error, measures::noise::Level};

/// The measures that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MeasureName {
    /// Gray, gray box, tile, and the area-matched control of gray.
    Ablation,
    /// Noise on and off the object, relative foreground sensitivity.
    Noise,
    /// Class activation maps against the mask.
    Saliency,
    /// Shares, position and mean mask of the objects.
    Objects,
    /// Suspected cues laid over every picture.
    Overlay,
}

impl MeasureName {
    /// All measures, in the order of the report.
    pub const ALL: [Self; 5] =
        [Self::Ablation, Self::Noise, Self::Saliency, Self::Objects, Self::Overlay];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ablation => "ablation",
            Self::Noise => "noise",
            Self::Saliency => "saliency",
            Self::Objects => "objects",
            Self::Overlay => "overlay",
        }
    }
}

impl std::str::FromStr for MeasureName {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|m| m.name() == text).ok_or_else(|| {
            Error::Usage(format!(
                "--measures {text}: expected some of {}",
                Self::ALL.map(Self::name).join(",")
            ))
        })
    }
}

/// Which output a class activation map explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// The class's output with the largest clean logit.
    #[default]
    True,
    /// The argmax.
    Predicted,
}

/// Options of the stage; the defaults are the papers' (76 forward passes an image, and the
/// area-matched controls).
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluateOptions {
    /// Measures to run; those that the inputs don't allow are skipped and said.
    pub measures: Vec<MeasureName>,
    /// Noise levels.
    pub noise_levels: Vec<Level>,
    /// Levels at which the area-matched control also runs.
    pub control_levels: Vec<Level>,
    /// Noise draws an image.
    pub trials: u32,
    /// Suspected cues: name and RGBA picture.
    pub overlays: Vec<(String, PathBuf)>,
    /// How activation maps are made.
    pub cam: CamMethod,
    /// Output that the maps explain.
    pub target: Target,
    /// A second layer at which the maps are also made, to see how far the verdict depends on it.
    pub compare_layer: Option<String>,
    /// Bootstrap resamples.
    pub resamples: usize,
    /// Smallest effect that counts as a finding.
    pub min_effect: f64,
    /// Do as Hard ImageNet's code does: a zero map has IoU 0, RFS is 0 where it is undefined, images whose object the crop
    /// removed are counted, tiles are laid in sequence, the share that the crop keeps is that of 256 and 224.
    pub paper_compat: bool,
    /// `--quick` was given (one level, one trial): the report says so.
    pub quick: bool,
}

impl Default for EvaluateOptions {
    fn default() -> Self {
        Self {
            measures: MeasureName::ALL.to_vec(),
            noise_levels: Level::paper(),
            control_levels: control_levels(),
            trials: 3,
            overlays: Vec::new(),
            cam: CamMethod::Grad,
            target: Target::True,
            compare_layer: None,
            resamples: 2000,
            min_effect: 0.05,
            paper_compat: false,
            quick: false,
        }
    }
}

impl EvaluateOptions {
    /// One noise level and one trial, for a first look.
    pub fn quick(mut self) -> Self {
        self.noise_levels.truncate(0);
        self.noise_levels.extend(control_levels().into_iter().take(1));
        self.trials = 1;
        self.quick = true;
        self
    }

    /// Whether a measure was asked for.
    pub fn wants(&self, name: MeasureName) -> bool {
        self.measures.contains(&name)
    }

    /// The options that `run.toml` records, to measure again what was measured; what a table lacks is the default.
    ///
    /// # Errors
    /// A name that is none.
    pub(crate) fn from_table(table: &toml::Table) -> Result<Self, Error> {
        let defaults = Self::default();
        let wrong =
            |key: &str| Error::Usage(format!("{key} of evaluate is not what run.toml holds"));
        let list = |key: &str| -> Result<Option<Vec<&str>>, Error> {
            let Some(value) = table.get(key) else { return Ok(None) };
            let items = value.as_array().ok_or_else(|| wrong(key))?;
            let texts = items.iter().map(|item| item.as_str().ok_or_else(|| wrong(key)));
            texts.collect::<Result<_, _>>().map(Some)
        };
        let levels = |key: &str, default: &[Level]| -> Result<Vec<Level>, Error> {
            let Some(names) = list(key)? else { return Ok(default.to_vec()) };
            let level = |name: &str| {
                name.parse().map_err(|error| Error::Usage(format!("{key} {name}: {error}")))
            };
            names.into_iter().map(level).collect()
        };
        let text = |key: &str| match table.get(key) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or_else(|| wrong(key)),
        };
        let measures = match list("measures")? {
            Some(names) => names.into_iter().map(str::parse).collect::<Result<_, _>>()?,
            None => defaults.measures,
        };
        let overlay = |text: &str| {
            let (name, file) = text.split_once('=').ok_or_else(|| wrong("overlays"))?;
            Ok::<_, Error>((name.to_owned(), file.into()))
        };
        // None were recorded: none were laid.
        let overlays = list("overlays")?.into_iter().flatten();
        Ok(Self {
            measures,
            noise_levels: levels("noise_levels", &defaults.noise_levels)?,
            control_levels: levels("control_levels", &defaults.control_levels)?,
            trials: read(table, "trials", defaults.trials)?,
            overlays: overlays.map(overlay).collect::<Result<_, _>>()?,
            cam: match text("cam")? {
                None => defaults.cam,
                Some("gradcam") => CamMethod::Grad,
                Some("hirescam") => CamMethod::HiRes,
                Some("layercam") => CamMethod::Layer,
                Some("eigencam") => CamMethod::Eigen,
                Some("scorecam") => CamMethod::Score,
                Some(_) => return Err(wrong("cam")),
            },
            target: match text("target")? {
                None => defaults.target,
                Some("true") => Target::True,
                Some("predicted") => Target::Predicted,
                Some(_) => return Err(wrong("target")),
            },
            compare_layer: text("compare_layer")?.map(str::to_owned),
            resamples: read(table, "resamples", defaults.resamples)?,
            min_effect: read(table, "min_effect", defaults.min_effect)?,
            paper_compat: read(table, "paper_compat", defaults.paper_compat)?,
            quick: read(table, "quick", defaults.quick)?,
        })
    }

    /// The options as `run.toml` records them.
    pub fn to_table(&self) -> toml::Table {
        let strings = |items: Vec<String>| {
            toml::Value::Array(items.into_iter().map(toml::Value::String).collect())
        };
        let mut table = toml::Table::new();
        table.insert(
            "measures".into(),
            strings(self.measures.iter().map(|m| m.name().to_owned()).collect()),
        );
        table.insert(
            "noise_levels".into(),
            strings(self.noise_levels.iter().map(ToString::to_string).collect()),
        );
        table.insert(
            "control_levels".into(),
            strings(self.control_levels.iter().map(ToString::to_string).collect()),
        );
        table.insert("trials".into(), i64::from(self.trials).into());
        table.insert(
            "overlays".into(),
            strings(self.overlays.iter().map(|(n, p)| format!("{n}={}", p.display())).collect()),
        );
        table.insert("cam".into(), cam_name(self.cam).into());
        let target = if self.target == Target::True { "true" } else { "predicted" };
        table.insert("target".into(), target.into());
        if let Some(layer) = &self.compare_layer {
            table.insert("compare_layer".into(), layer.clone().into());
        }
        table.insert("resamples".into(), (self.resamples as i64).into());
        table.insert("min_effect".into(), self.min_effect.into());
        table.insert("paper_compat".into(), self.paper_compat.into());
        table.insert("quick".into(), self.quick.into());
        table
    }
}

/// A value of `run.toml`; what the table lacks is the default.
fn read<T: serde::de::DeserializeOwned>(
    table: &toml::Table,
    key: &str,
    default: T,
) -> Result<T, Error> {
    let Some(value) = table.get(key) else { return Ok(default) };
    let wrong = |e: toml::de::Error| Error::Usage(format!("{key} of evaluate in run.toml: {e}"));
    value.clone().try_into().map_err(wrong)
}

/// `gradcam`, `hirescam`, `layercam`, `eigencam` or `scorecam`, as metrics name the method.
pub fn cam_name(method: CamMethod) -> &'static str {
    match method {
        CamMethod::Grad => "gradcam",
        CamMethod::HiRes => "hirescam",
        CamMethod::Layer => "layercam",
        CamMethod::Eigen => "eigencam",
        CamMethod::Score => "scorecam",
    }
}

fn control_levels() -> Vec<Level> {
    ["linf/0.25", "l2/60"].iter().filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_read_again() {
        let options = EvaluateOptions {
            measures: vec![MeasureName::Ablation, MeasureName::Noise],
            overlays: vec![("sky".to_owned(), "a=b.png".into())],
            cam: CamMethod::Eigen,
            target: Target::Predicted,
            compare_layer: Some("l".to_owned()),
            resamples: 7,
            min_effect: 0.1,
            paper_compat: true,
            ..EvaluateOptions::default().quick()
        };
        for options in [options, EvaluateOptions::default()] {
            assert_eq!(EvaluateOptions::from_table(&options.to_table()).unwrap(), options);
        }
        let wrong = toml::toml! { noise_levels = ["linf/x"] };
        assert!(EvaluateOptions::from_table(&wrong).is_err());
        for wrong in [
            toml::toml! { trials = -1 },
            toml::toml! { trials = "three" },
            toml::toml! { cam = "camera" },
            toml::toml! { target = 1 },
            toml::toml! { overlays = ["sky"] },
            toml::toml! { measures = "noise" },
        ] {
            assert!(EvaluateOptions::from_table(&wrong).is_err(), "{wrong}");
        }
    }
}
