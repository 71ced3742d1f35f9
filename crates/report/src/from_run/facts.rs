//! What the run was made from, in words.

use std::path::Path;

use rightly_audit::run::{Manifest, model_name};
use rightly_data::{
    Preprocess,
    preprocess::{Channels, Resize},
};

use super::tables::Tables;
use crate::view::Facts;

pub(super) fn facts(manifest: &Manifest, tables: &Tables) -> Facts {
    let inputs = &manifest.inputs;
    let evaluate = manifest.stages.get(rightly_audit::evaluate::STAGE);
    let mut rows = vec![
        ("Model file".to_owned(), inputs.model.display().to_string()),
        ("Model hash (blake3)".to_owned(), manifest.hashes.model.clone()),
        ("Preprocessing".to_owned(), preprocessing(&manifest.card.preprocess)),
        ("Engine".to_owned(), engine(manifest)),
        ("Data from".to_owned(), inputs.data.clone()),
        ("Data hash (blake3)".to_owned(), manifest.hashes.data.clone()),
        ("Split".to_owned(), manifest.split_choice.clone()),
        ("Seed".to_owned(), manifest.seed.to_string()),
        ("Version".to_owned(), format!("rightly {}", manifest.version)),
    ];
    if let Some(look) = &manifest.first_look {
        let holds = rightly_audit::first_look::output(look.output).to_owned();
        rows.insert(3, ("The model's output".to_owned(), holds));
    }
    for (stage, options) in &manifest.stages {
        let words: Vec<String> = options.iter().map(|(k, v)| format!("{k} = {v}")).collect();
        rows.push((format!("Options of {stage}"), words.join(", ")));
    }
    let quick = evaluate.and_then(|o| o.get("quick")).and_then(|v| v.as_bool());
    Facts {
        model: model_name(&inputs.model),
        data: data_name(&inputs.data),
        split: manifest.split.clone(),
        images: tables.images.len(),
        classes: tables.classes.clone(),
        cluster: manifest.cluster.clone(),
        quick: quick.unwrap_or(false),
        cam_layer: manifest.card.cam_layer.clone(),
        rows,
    }
}

/// The engine, and what another one said of the first images.
fn engine(manifest: &Manifest) -> String {
    match &manifest.first_look {
        Some(look) => look.sentence().trim_start_matches("engine: ").to_owned(),
        None => manifest.inputs.engine.clone(),
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A short name: the folder's, the table's, or its folder's where the table's says nothing.
pub(super) fn data_name(data: &str) -> String {
    let path = Path::new(data);
    if path.extension().is_none() {
        let last = path.file_name().map(|n| n.to_string_lossy().into_owned());
        return last.unwrap_or_else(|| data.to_owned());
    }
    let stem = stem(path);
    let says_nothing =
        ["dataset", "data", "table", "labels", "index", "images"].contains(&stem.as_str());
    let folder = path.parent().and_then(Path::file_name).filter(|_| says_nothing);
    folder.map_or(stem, |f| f.to_string_lossy().into_owned())
}

fn preprocessing(p: &Preprocess) -> String {
    let resize = match p.resize {
        None => "no resize".to_owned(),
        Some(Resize::ShortSide(size)) => format!("short side to {size}"),
        Some(Resize::Exact([h, w])) => format!("to {h} × {w}"),
    };
    let crop = p.crop.map_or_else(String::new, |[h, w]| format!(", centre crop {h} × {w}"));
    let channels = if p.channels == Channels::Rgb { "RGB" } else { "BGR" };
    format!(
        "{resize} ({:?}){crop}, {channels}, scale {}, mean {:?}, deviation {:?}",
        p.interpolation, p.scale, p.mean, p.std
    )
}

#[cfg(test)]
mod tests {
    use super::data_name;

    #[test]
    fn data_has_a_name_that_says_something() {
        assert_eq!(data_name("../data/davis/dataset.csv"), "davis");
        assert_eq!(data_name("photos/birds.csv"), "birds");
        assert_eq!(data_name("photos/birds"), "birds");
        assert_eq!(data_name("dataset.csv"), "dataset");
    }
}
