//! `[[classes]]` with their variants and cues.
use super::{
    BySplit, Names,
    colour::Palette,
    reader::Reader,
    scenery::{Background, Paint, paints},
    shape::Shape,
    words,
};
use rightly_data::DataError;

/// One look of a class.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) word: String,
    pub(crate) phrases: Vec<String>,
    /// Indices into `World::shapes`; a scene has one of them.
    pub(crate) shapes: Vec<usize>,
    /// For each of `shapes` a paint for each role.
    pub(crate) paints: Vec<Vec<Paint>>,
    /// Share of the class's images; sums to 1 over the variants.
    pub(crate) share: BySplit,
}

/// A background that gives the class away.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cue {
    /// Index into `World::backgrounds`.
    pub(crate) background: usize,
    /// Share of the class's images that have it.
    pub(crate) strength: BySplit,
}

/// A class.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) plural: String,
    /// `a` or `an`, where the first letter does not say it.
    pub(crate) article: Option<String>,
    /// Weight among the classes.
    pub(crate) share: BySplit,
    /// Factor on the object's size.
    pub(crate) scale: f64,
    /// 1: colours as given; 0: middle gray.
    pub(crate) contrast: f64,
    pub(crate) variants: Vec<Variant>,
    pub(crate) cue: Option<Cue>,
    /// Weight of each background where there is no cue.
    pub(crate) backgrounds: Vec<BySplit>,
}

/// What classes refer to.
pub(super) struct Known<'a> {
    pub(super) splits: &'a [String],
    pub(super) shapes: &'a [Shape],
    pub(super) palette: &'a Palette,
    pub(super) textures: &'a Names<'a>,
    pub(super) backgrounds: &'a [Background],
}

/// How far shares may be from their sum.
const SLACK: f64 = 1e-6;

pub(super) fn read(root: &Reader<'_>, known: &Known<'_>) -> Result<Vec<Class>, DataError> {
    let mut classes: Vec<Class> = Vec::new();
    for table in root.list("classes")? {
        let name = table.text("name", "the class's name")?;
        if classes.iter().any(|class| class.name == name) {
            return Err(table.error("name", format!("two classes are named '{name}'")));
        }
        classes.push(class(table, name, known)?);
    }
    if classes.len() < 2 {
        let n = classes.len();
        return Err(root.error("classes", format!("{n} classes; give at least two [[classes]]")));
    }
    Ok(classes)
}

fn class(table: Reader<'_>, name: &str, known: &Known<'_>) -> Result<Class, DataError> {
    let places = Names::of("background", known.backgrounds.iter().map(|b| b.name.as_str()));
    let mut weights: Vec<BySplit> = known.backgrounds.iter().map(|b| b.share.clone()).collect();
    if let Some(list) = table.child("backgrounds")? {
        weights = vec![BySplit(vec![0.0; known.splits.len()]); known.backgrounds.len()];
        for (name, entry) in list.entries() {
            let place = places.find(name).map_err(|message| entry.error(message))?;
            weights[place] = entry.by_split(known.splits, 0.0..=1000.0)?;
        }
    }
    let mut cue = None;
    if let Some(found) = table.child("cue")? {
        let background = places.at(&found, "background")?;
        let strength = found.by_split("strength", None, known.splits, 0.0..=1.0)?;
        found.finish()?;
        cue = Some(Cue { background, strength });
    }
    for (split, name) in known.splits.iter().enumerate() {
        let free = |place: usize| cue.as_ref().is_none_or(|cue| cue.background != place);
        let needed = cue.as_ref().is_none_or(|cue| cue.strength.0[split] < 1.0);
        let left = (0..weights.len()).any(|place| free(place) && weights[place].0[split] > 0.0);
        if needed && !left {
            let message = format!(
                "in the split '{name}' no background {}has a share above 0; give one",
                if cue.is_some() { "beside the cue's " } else { "" }
            );
            return Err(table.error("backgrounds", message));
        }
    }
    let class = Class {
        name: name.to_owned(),
        plural: table.text_or("plural", "")?.to_owned(),
        article: article(&table)?,
        share: table.by_split("share", Some(1.0), known.splits, 0.0..=1000.0)?,
        scale: table.number_or("scale", 1.0, 0.1..=3.0)?,
        contrast: table.number_or("contrast", 1.0, 0.0..=1.0)?,
        variants: variants(&table, known)?,
        cue,
        backgrounds: weights,
    };
    table.finish()?;
    let plural = if class.plural.is_empty() { format!("{name}s") } else { class.plural };
    Ok(Class { plural, ..class })
}

fn article(table: &Reader<'_>) -> Result<Option<String>, DataError> {
    match table.text_or("article", "")? {
        "" => Ok(None),
        article @ ("a" | "an") => Ok(Some(article.to_owned())),
        other => Err(table.error("article", format!("'{other}' is no article; give a or an"))),
    }
}

fn variants(class: &Reader<'_>, known: &Known<'_>) -> Result<Vec<Variant>, DataError> {
    let shape_names = Names::of("shape", known.shapes.iter().map(|s| s.name.as_str()));
    let mut variants: Vec<Variant> = Vec::new();
    let tables = class.list("variants")?;
    let even = 1.0 / tables.len().max(1) as f64;
    for table in tables {
        let name = table.text("name", "the variant's name")?;
        if variants.iter().any(|variant| variant.name == name) {
            let message = format!("two variants of the class are named '{name}'");
            return Err(table.error("name", message));
        }
        let (word, phrases) = words::read(&table, "phrases", name)?;
        let shapes = shape_names.all(&table, "shape")?;
        if shapes.is_empty() {
            return Err(table.error("shape", "is missing; give a name from [shapes] or several"));
        }
        let paints: Result<Vec<_>, DataError> = shapes
            .iter()
            .map(|&shape| paints(&table, &known.shapes[shape], known.palette, known.textures))
            .collect();
        variants.push(Variant {
            name: name.to_owned(),
            word,
            phrases,
            shapes,
            paints: paints?,
            share: table.by_split("share", Some(even), known.splits, 0.0..=1.0)?,
        });
        table.finish()?;
    }
    if variants.is_empty() {
        return Err(class.error("variants", "is missing or empty; give [[classes.variants]]"));
    }
    for (split, name) in known.splits.iter().enumerate() {
        let sum: f64 = variants.iter().map(|variant| variant.share.0[split]).sum();
        if (sum - 1.0).abs() > SLACK {
            let message = format!(
                "the shares in the split '{name}' sum to {}; they must sum to 1",
                (sum * 1e6).round() / 1e6
            );
            return Err(class.error("variants.share", message));
        }
    }
    Ok(variants)
}
