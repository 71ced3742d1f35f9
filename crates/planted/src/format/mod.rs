//! The file of a world, read and checked.
mod base;
mod class;
mod colour;
mod levels;
mod reader;
mod scenery;
mod shape;
mod texture;
mod words;

pub(super) use class::Class;
pub(super) use colour::Linear;
pub(super) use levels::{Clutter, Level, Light, Occlusion, Position};
pub(super) use scenery::{Background, Item, Paint, Region};
pub(super) use shape::{Geometry, Part, Shape};
pub(super) use texture::{Kind, Stop, Texture};
pub(super) use words::{Captions, Piece, Slot, Thing};

use reader::Reader;
use rightly_data::DataError;
use std::path::Path;

/// Uniform between two numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// A number for each split, in the order of `World::splits`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct BySplit(pub(super) Vec<f64>);

/// A split and its number of images.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Split {
    pub(super) name: String,
    pub(super) count: usize,
    /// Share of images whose label is drawn anew from the other classes.
    pub(super) label_noise: f64,
}

/// How objects and pictures vary apart from the levels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variety {
    /// Turn of the object, degrees.
    pub(super) rotation: Range,
    /// Width of the object over its height.
    pub(super) stretch: Range,
    /// Share of objects that are mirrored.
    pub(super) mirror: f64,
    /// Deviation of a part's place and size, in unit coordinates.
    pub(super) jitter: f64,
    /// Deviation of colours, as a share.
    pub(super) colour: f64,
    /// Noise of the camera: deviation of a level, as a share of white.
    pub(super) noise: Range,
    /// Darkening of the corners, 0 to 1.
    pub(super) vignette: Range,
}

/// A planted world: everything that its file says.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    pub(super) name: String,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) splits: Vec<Split>,
    pub(super) variety: Variety,
    pub(super) shapes: Vec<Shape>,
    pub(super) textures: Vec<Texture>,
    pub(super) items: Vec<Item>,
    pub(super) backgrounds: Vec<Background>,
    pub(super) classes: Vec<Class>,
    pub(super) sizes: Vec<Level<Range>>,
    pub(super) positions: Vec<Level<Position>>,
    pub(super) lights: Vec<Level<Light>>,
    pub(super) clutter: Vec<Level<Clutter>>,
    pub(super) occlusion: Vec<Level<Occlusion>>,
    pub(super) captions: Captions,
}

/// Order of the splits that are known by name; others come after them by name.
const SPLIT_ORDER: [&str; 4] = ["train", "val", "test", "intervention"];
const DEFAULT_SPLITS: [(&str, usize); 3] = [("train", 1250), ("val", 1500), ("test", 1500)];
/// Most images of a split.
const MOST_IMAGES: usize = 1_000_000;

/// Reads a world; `file` is what errors name.
pub(super) fn read(file: &Path, text: &str) -> Result<World, DataError> {
    let table = base::merge(file, reader::parse(file, text)?)?;
    let root = Reader::new(file, &table);
    let name = root.text("name", "the world's name")?.to_owned();
    let [width, height] = root.wholes_or("size", [96, 96], 16..=1024)?;
    let splits = splits(&root)?;
    let names: Vec<String> = splits.iter().map(|split| split.name.clone()).collect();
    let variety = variety(&root)?;
    let palette = colour::Palette::read(&root)?;
    let shapes = shape::read(&root, &palette)?;
    let textures = texture::read(&root, &palette)?;
    let texture_names = Names::of("texture", textures.iter().map(|t| t.name.as_str()));
    let items = scenery::items(&root, &shapes, &palette, &texture_names)?;
    let item_names = Names::of("item", items.iter().map(|item| item.name.as_str()));
    let backgrounds = scenery::backgrounds(&root, &names, &textures, &item_names)?;
    let known = class::Known {
        splits: &names,
        shapes: &shapes,
        palette: &palette,
        textures: &texture_names,
        backgrounds: &backgrounds,
    };
    let classes = class::read(&root, &known)?;
    for (split, name) in names.iter().enumerate() {
        if classes.iter().all(|class| class.share.0[split] == 0.0) {
            let message = format!("every share in the split '{name}' is 0; give one above 0");
            return Err(root.error("classes.share", message));
        }
    }
    let (sizes, positions) = (levels::sizes(&root)?, levels::positions(&root)?);
    let lights = levels::lights(&root)?;
    let clutter = levels::clutter(&root, &item_names)?;
    let occlusion = levels::occlusion(&root, &item_names)?;
    let captions = Captions::read(&root)?;
    root.finish()?;
    Ok(World {
        name,
        width,
        height,
        splits,
        variety,
        sizes,
        positions,
        lights,
        clutter,
        occlusion,
        captions,
        classes,
        backgrounds,
        items,
        textures,
        shapes,
    })
}

fn splits(root: &Reader<'_>) -> Result<Vec<Split>, DataError> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    match root.child("splits")? {
        None => counts.extend(DEFAULT_SPLITS.map(|(name, count)| (name.to_owned(), count))),
        Some(table) => {
            for (name, entry) in table.entries() {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                if name.is_empty() || name == "other" || !name.chars().all(plain) {
                    let message = "is no name of a split; use letters, digits, - and _ ('other' \
                        stands for all splits not named)";
                    return Err(entry.error(message));
                }
                counts.push((name.to_owned(), entry.whole(1..=MOST_IMAGES)?));
            }
            if counts.is_empty() {
                return Err(root.error("splits", "is empty; give NAME = COUNT, or leave it out"));
            }
        }
    }
    let order = |name: &str| SPLIT_ORDER.iter().position(|known| *known == name);
    counts.sort_by_key(|(name, _)| (order(name).unwrap_or(SPLIT_ORDER.len()), name.clone()));
    let names: Vec<String> = counts.iter().map(|(name, _)| name.clone()).collect();
    let noise = root.by_split("label_noise", Some(0.0), &names, 0.0..=1.0)?;
    let with_noise = counts.into_iter().zip(noise.0);
    Ok(with_noise.map(|((name, count), label_noise)| Split { name, count, label_noise }).collect())
}

fn variety(root: &Reader<'_>) -> Result<Variety, DataError> {
    let empty = toml::Table::new();
    let table = match root.child("variety")? {
        Some(table) => table,
        None => Reader::new(Path::new(""), &empty),
    };
    let variety = Variety {
        rotation: table.range_or("rotation", (-10.0, 10.0), -360.0..=360.0)?,
        stretch: table.range_or("stretch", (0.9, 1.1), 0.2..=5.0)?,
        mirror: table.number_or("mirror", 0.5, 0.0..=1.0)?,
        jitter: table.number_or("jitter", 0.02, 0.0..=0.3)?,
        colour: table.number_or("colour", 0.08, 0.0..=1.0)?,
        noise: table.range_or("noise", (0.005, 0.02), 0.0..=0.5)?,
        vignette: table.range_or("vignette", (0.0, 0.2), 0.0..=1.0)?,
    };
    table.finish()?;
    Ok(variety)
}

/// Names of one kind of thing, to be referred to.
pub(super) struct Names<'a> {
    kind: &'static str,
    names: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn of(kind: &'static str, names: impl Iterator<Item = &'a str>) -> Self {
        Self { kind, names: names.collect() }
    }

    /// Index of a name; the message lists those there are.
    fn find(&self, name: &str) -> Result<usize, String> {
        self.names.iter().position(|known| *known == name).ok_or_else(|| {
            let (kind, known) = (self.kind, listed(&self.names));
            format!("there is no {kind} '{name}'; there are {known}")
        })
    }

    /// The name that stands at a key.
    fn at(&self, table: &Reader<'_>, key: &'static str) -> Result<usize, DataError> {
        let name = table.text(key, &format!("the name of a {}", self.kind))?;
        self.find(name).map_err(|message| table.error(key, message))
    }

    /// One name or a list of them at a key; none where it is absent.
    fn all(&self, table: &Reader<'_>, key: &'static str) -> Result<Vec<usize>, DataError> {
        let names = table.texts(key, &format!("the name of a {}", self.kind))?;
        let found: Result<Vec<usize>, String> =
            names.unwrap_or_default().into_iter().map(|name| self.find(name)).collect();
        found.map_err(|message| table.error(key, message))
    }
}

/// `a, b, c`, at most twenty; 'none' where there are none.
fn listed(names: &[&str]) -> String {
    match names.len() {
        0 => "none".to_owned(),
        n if n > 20 => format!("{} and {} more", names[..20].join(", "), n - 20),
        _ => names.join(", "),
    }
}

#[cfg(test)]
pub(super) mod tests;
