//! The command line, second level: from words to the library's options, each checked where it is
//! turned.

use std::path::{Path, PathBuf};

use anyhow::bail;
use rightly::{
    InputOptions,
    discover::DiscoverOptions,
    dynamics,
    evaluate::{EvaluateOptions, MeasureName, Target},
    features::Source,
    first_look::AUTO,
    inputs::Outputs,
    interpret::{InterpretOptions, LanguageEndpoint},
    measures::noise::Level,
    mitigate::{DomainHeads, MitigateOptions, PoolLabels},
    rank::RankOptions,
};
use rightly_data::{
    dataset::Protocol, mask::MaskOptions, pixels::DecodeOptions, preprocess::MaskSampling,
};
use rightly_model::{EngineKind, FeaturePool, Overrides, cam::CamMethod};
use rightly_onnx::graph::Limits;

use crate::{
    args::{
        CamArg, CardFlags, DecodeFlags, DomainHeadsArg, DynamicsFlags, Engine, FeatureFlags,
        MaskFlags, MeasureFlags, OutputsArg, PoolArg, PoolLabelsArg, SamplingArg, StageArgs,
        TargetArg,
    },
    hub::{Fetcher, Kind},
};

/// Name of an engine, as a run's inputs take it.
pub(crate) fn engine(engine: Engine) -> &'static str {
    engine.named().map_or(AUTO, EngineKind::name)
}

pub(crate) fn overrides(flags: &CardFlags) -> anyhow::Result<Overrides> {
    let three = |name: &str, values: &Option<Vec<f32>>| -> anyhow::Result<Option<[f32; 3]>> {
        let Some(values) = values else { return Ok(None) };
        match <[f32; 3]>::try_from(values.as_slice()) {
            Ok(three) => Ok(Some(three)),
            Err(_) => bail!("--{name}: expected three numbers, found {}", values.len()),
        }
    };
    Ok(Overrides {
        card: flags.card.clone(),
        labels: flags.labels.clone(),
        preset: flags.preset.clone(),
        input: flags.input.clone(),
        layout: flags.layout.clone(),
        logits: flags.logits.clone(),
        softmax: flags.softmax,
        cam_layer: flags.cam_layer.clone(),
        feature_layer: flags.feature_layer.clone(),
        feature_pool: None,
        resize: flags.resize.clone(),
        crop: flags.crop.clone(),
        interpolation: flags.interpolation.clone(),
        channels: flags.channels.clone(),
        scale: flags.scale,
        mean: three("mean", &flags.mean)?,
        std: three("std", &flags.std)?,
        limits: limits(flags.max_memory.as_deref())?,
    })
}

/// `4GiB`, `500MiB`, a number of bytes, or `none`.
fn limits(text: Option<&str>) -> anyhow::Result<Limits> {
    let Some(text) = text else { return Ok(Limits::DEFAULT) };
    if text == "none" {
        return Ok(Limits::NONE);
    }
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kib" | "k" => 1024.0,
        "mib" | "m" => 1024.0 * 1024.0,
        "gib" | "g" => 1024.0 * 1024.0 * 1024.0,
        _ => f64::NAN,
    };
    match number.parse::<f64>().map(|number| number * factor) {
        Ok(bytes) if bytes >= 1.0 => Ok(Limits { memory: bytes as u64, ..Limits::DEFAULT }),
        _ => bail!("--max-memory {text}: expected a size such as 4GiB or 500MiB, or none"),
    }
}

/// What overrides the model's card, the way of reading tokens among it.
pub(crate) fn model_overrides(args: &StageArgs) -> anyhow::Result<Overrides> {
    Ok(Overrides { feature_pool: pool(&args.features), ..overrides(&args.model.card)? })
}

fn pool(flags: &FeatureFlags) -> Option<FeaturePool> {
    flags.feature_pool.map(|pool| match pool {
        PoolArg::Class => FeaturePool::Class,
        PoolArg::Mean => FeaturePool::Mean,
    })
}

/// Options of `rank`.
pub(crate) fn rank(args: &StageArgs) -> anyhow::Result<RankOptions> {
    let flags = &args.rank;
    if flags.top == 0 {
        bail!("--top 0: at least one feature of a class is needed");
    }
    if flags.k.is_empty() || flags.k.contains(&0) {
        bail!("--k: each end of the ranking needs at least one image");
    }
    let mut ks = flags.k.clone();
    ks.sort_unstable();
    ks.dedup();
    let defaults = RankOptions::default();
    Ok(RankOptions {
        features: features(args)?,
        votes: flags.votes.clone(),
        ranks: flags.ranks.clone(),
        fit_split: args.features.fit_split.clone(),
        top: flags.top,
        ks,
        min_effect: args.measures.min_effect,
        paper_compat: flags.paper_compat,
        ..defaults
    })
}

/// Options of `discover`.
pub(crate) fn discover(args: &StageArgs) -> anyhow::Result<DiscoverOptions> {
    let flags = &args.discover;
    let mut methods = Vec::new();
    for name in &flags.method {
        let method = name.trim().parse()?;
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    let defaults = DiscoverOptions::default();
    let second = match &flags.second_encoder {
        Some(path) => Some(second(path, args)?),
        None => None,
    };
    Ok(DiscoverOptions {
        features: features(args)?,
        second,
        fit_split: args.features.fit_split.clone(),
        confirm_split: flags.confirm_split.clone(),
        methods,
        components: flags.components.parse()?,
        min_effect: args.measures.min_effect,
        paper_compat: args.rank.paper_compat,
        ..defaults
    })
}

/// Another network's features, read as its card says.
fn second(path: &Path, args: &StageArgs) -> anyhow::Result<Source> {
    let limits = limits(args.model.card.max_memory.as_deref())?;
    let overrides = Overrides { limits, ..Overrides::default() };
    Ok(Source::Encoder(path.to_owned(), Box::new(overrides)))
}

/// The image tower of an image-text model as a second view, where its folder has it under its usual name with a card.
pub(crate) fn image_tower(folder: &Path, args: &StageArgs) -> anyhow::Result<Option<Source>> {
    let tower = folder.join("vision_model.onnx");
    let usable = tower.is_file() && tower.with_extension("toml").is_file();
    if usable { second(&tower, args).map(Some) } else { Ok(None) }
}

/// Where features come from.
fn features(args: &StageArgs) -> anyhow::Result<Source> {
    Ok(match (&args.features.encoder, &args.features.features) {
        (Some(path), _) => {
            let feature_layer = args.features.encoder_layer.clone();
            let feature_pool = pool(&args.features);
            let limits = limits(args.model.card.max_memory.as_deref())?;
            let overrides =
                Overrides { feature_layer, feature_pool, limits, ..Overrides::default() };
            Source::Encoder(path.clone(), Box::new(overrides))
        }
        (None, Some(path)) => Source::File(path.clone()),
        (None, None) => Source::Model,
    })
}

/// Most noise draws of an image: beyond, nothing changes but the time.
const MOST_TRIALS: u32 = 1000;

/// Options of `interpret`; models by name are fetched.
pub(crate) fn interpret(args: &StageArgs, fetch: &Fetcher<'_>) -> anyhow::Result<InterpretOptions> {
    let flags = &args.words;
    let language = flags.llm.clone().zip(flags.llm_model.clone());
    if !(0.5..=1.0).contains(&flags.name_share) {
        bail!("--name-share {}: expected a share of .5 to 1", flags.name_share);
    }
    let located = |path: &Option<PathBuf>, kind: Kind| -> anyhow::Result<Option<PathBuf>> {
        path.as_deref().map(|path| fetch.located(path, kind)).transpose()
    };
    Ok(InterpretOptions {
        image_text: located(&flags.image_text, Kind::ImageText)?,
        phrases: flags.phrases.clone(),
        captioner: located(&flags.captioner, Kind::Captioner)?,
        pool: flags.pool.clone(),
        language: language.map(|(url, model)| LanguageEndpoint { url, model }),
        least_share: flags.name_share,
    })
}

/// Options of `mitigate`.
pub(crate) fn mitigate(args: &StageArgs) -> anyhow::Result<MitigateOptions> {
    let flags = &args.repair;
    let mut repairs = Vec::new();
    for name in &flags.repair {
        let repair = name.trim().parse()?;
        if !repairs.contains(&repair) {
            repairs.push(repair);
        }
    }
    if flags.budget == 0 {
        bail!("--budget 0: at least one image is needed");
    }
    if !(0.0..=1.0).contains(&flags.max_cost) {
        bail!("--max-cost {}: expected a share of 0 to 1", flags.max_cost);
    }
    Ok(MitigateOptions {
        repairs,
        pool: args.words.pool.as_ref().map(|path| path.to_string_lossy().into_owned()),
        pool_labels: match flags.pool_labels {
            PoolLabelsArg::Given => PoolLabels::Given,
            PoolLabelsArg::Predicted => PoolLabels::Predicted,
        },
        domain_heads: match flags.domain_heads {
            DomainHeadsArg::Fresh => DomainHeads::Fresh,
            DomainHeadsArg::Copies => DomainHeads::Copies,
        },
        budget: flags.budget,
        groups: flags.groups.clone(),
        features: features(args)?,
        train_split: flags.train_split.clone(),
        fit_split: args.features.fit_split.clone(),
        confirm_split: args.discover.confirm_split.clone(),
        max_cost: flags.max_cost,
        controls: flags.controls,
        measure_again: !flags.no_remeasure,
        ..MitigateOptions::default()
    })
}

/// Where training dynamics come from, where a flag says so.
pub(crate) fn dynamics(flags: &DynamicsFlags) -> Option<dynamics::Source> {
    let table = flags.dynamics.clone().map(dynamics::Source::Table);
    table.or_else(|| flags.checkpoints.clone().map(dynamics::Source::Checkpoints))
}

pub(crate) fn decode(flags: &DecodeFlags) -> anyhow::Result<DecodeOptions> {
    let mut options = DecodeOptions::default();
    if flags.as_stored {
        options.orientation = rightly_data::pixels::Orientation::AsStored;
    }
    options.max_pixels = flags.max_pixels.unwrap_or(options.max_pixels);
    options.max_bytes = flags.max_bytes.unwrap_or(options.max_bytes);
    if let Some(colour) = &flags.background {
        let Ok(colour) = <[u8; 3]>::try_from(colour.as_slice()) else {
            bail!("--background: expected three numbers of 0 to 255");
        };
        options.background = colour;
    }
    Ok(options)
}

pub(crate) fn masks(flags: &MaskFlags) -> MaskOptions {
    MaskOptions {
        object: flags.mask_object.clone(),
        void: flags.mask_void.clone(),
        resize_nearest: flags.mask_resize.is_some(),
        ..MaskOptions::default()
    }
}

/// Worker threads: all cores unless the user says otherwise.
pub(crate) fn threads(given: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    given.unwrap_or_else(cores).max(1)
}

/// A paper's division into splits.
pub(crate) fn protocol(name: Option<&str>) -> anyhow::Result<Option<Protocol>> {
    Ok(name.map(str::parse).transpose()?)
}

/// Inputs of a stage.
pub(crate) fn inputs(args: &StageArgs) -> anyhow::Result<InputOptions> {
    let data = &args.data;
    let decode = decode(&data.decode)?;
    let masks = masks(&data.masks);
    Ok(InputOptions {
        engine: engine(args.model.card.engine).to_owned(),
        protocol: protocol(data.protocol.as_deref())?,
        splits: data.splits.map(Into::into),
        masks: data.masks.masks.clone(),
        label_map: data.label_map.clone(),
        outputs: match data.outputs {
            OutputsArg::All => Outputs::All,
            OutputsArg::Mapped => Outputs::Mapped,
        },
        split: data.split.clone(),
        cluster: data.cluster.clone(),
        limit: data.limit,
        seed: args.run.seed,
        verify: args.run.verify,
        mask_object: masks.object,
        mask_void: masks.void,
        mask_resize: masks.resize_nearest,
        mask_sampling: match data.masks.mask_sampling {
            SamplingArg::Nearest => MaskSampling::Nearest,
            SamplingArg::Paper => MaskSampling::Paper,
        },
        as_stored: data.decode.as_stored,
        max_pixels: decode.max_pixels,
        max_bytes: decode.max_bytes,
        background: decode.background,
        ..InputOptions::new(args.model.model.clone(), data.data.clone())
    })
}

/// Options of `evaluate`.
pub(crate) fn evaluate(flags: &MeasureFlags) -> anyhow::Result<EvaluateOptions> {
    let mut options = EvaluateOptions::default();
    if flags.quick {
        options = options.quick();
    }
    if let Some(names) = &flags.measures {
        options.measures = Vec::new();
        for name in names {
            let measure: MeasureName = name.trim().parse()?;
            if !options.measures.contains(&measure) {
                options.measures.push(measure);
            }
        }
    }
    if let Some(levels) = &flags.noise_levels {
        options.noise_levels = Vec::new();
        for text in levels {
            match text.trim().parse::<Level>() {
                Ok(level) if !options.noise_levels.contains(&level) => {
                    options.noise_levels.push(level);
                }
                Ok(_) => {}
                Err(error) => bail!("--noise-levels {text}: {error}"),
            }
        }
    }
    options.trials = flags.trials.unwrap_or(options.trials);
    if options.trials > MOST_TRIALS {
        bail!("--trials {}: at most {MOST_TRIALS} noise draws an image", options.trials);
    }
    if options.trials == 0 {
        bail!("--trials 0: at least one noise draw is needed");
    }
    for text in &flags.overlay {
        match text.split_once('=') {
            Some((name, file)) if !name.is_empty() && !file.is_empty() => {
                if options.overlays.iter().any(|(n, _)| n == name) {
                    bail!("--overlay {text}: the name '{name}' is given twice");
                }
                options.overlays.push((name.to_owned(), file.into()));
            }
            _ => bail!("--overlay {text}: expected NAME=FILE.png"),
        }
    }
    options.compare_layer = flags.compare_layer.clone();
    options.cam = match flags.cam {
        CamArg::Grad => CamMethod::Grad,
        CamArg::Hires => CamMethod::HiRes,
        CamArg::Layer => CamMethod::Layer,
        CamArg::Eigen => CamMethod::Eigen,
        CamArg::Score => CamMethod::Score,
    };
    options.target = match flags.target {
        TargetArg::True => Target::True,
        TargetArg::Predicted => Target::Predicted,
    };
    if !(0.0..=1.0).contains(&flags.min_effect) {
        bail!("--min-effect {}: expected a share of 0 to 1", flags.min_effect);
    }
    options.min_effect = flags.min_effect;
    Ok(options)
}
