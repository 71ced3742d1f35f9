//! Nuisances in named levels: `[sizes.NAME]`, `[positions.NAME]`, `[lights.NAME]`,
//! `[clutter.NAME]`, `[occlusion.NAME]`. A scene has one level of each, drawn by share,
//! independently of its class and of each other; the level's name is the image's attribute.
use super::{Names, Range, reader::Reader};
use rightly_data::DataError;

/// One level of a nuisance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Level<T> {
    pub(crate) name: String,
    pub(crate) word: String,
    pub(crate) phrases: Vec<String>,
    /// Weight among the levels.
    pub(crate) share: f64,
    pub(crate) value: T,
}

/// Centre of the object, shares of the picture's width and height.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Position {
    pub(crate) x: Range,
    pub(crate) y: Range,
}

/// A light on the scene.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Light {
    /// Factor on all colours.
    pub(crate) brightness: Range,
    /// -1 (blue) to 1 (orange).
    pub(crate) warmth: Range,
    /// Where it comes from, degrees: 0 right, 90 below, 270 above.
    pub(crate) azimuth: Range,
    /// Height above the picture plane, degrees.
    pub(crate) elevation: Range,
    /// Share of the light that comes from everywhere.
    pub(crate) ambient: Range,
    /// Darkness of cast shadows, 0 to 1.
    pub(crate) shadow: Range,
}

/// Items around the object, behind it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clutter {
    pub(crate) count: [usize; 2],
    pub(crate) items: Vec<usize>,
}

/// An item before the object; none where there are no items.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Occlusion {
    pub(crate) items: Vec<usize>,
    /// Distance of its centre from the object's, in halves of the object's size.
    pub(crate) distance: Range,
}

type Levels<T> = Result<Vec<Level<T>>, DataError>;

fn read<'a, T>(
    root: &Reader<'a>,
    key: &'static str,
    default: (&str, T),
    value: impl Fn(&Reader<'a>) -> Result<T, DataError>,
) -> Levels<T> {
    let mut levels = Vec::new();
    for (name, table) in root.children(key)? {
        let value = value(&table)?;
        let share = table.number_or("share", 1.0, 0.0..=1000.0)?;
        let (word, phrases) = super::words::read(&table, "phrases", name)?;
        levels.push(Level { name: name.to_owned(), word, phrases, share, value });
        table.finish()?;
    }
    if levels.is_empty() {
        let (name, value) = (default.0.to_owned(), default.1);
        let (word, phrases) = (name.clone(), vec![name.clone()]);
        levels.push(Level { name, word, phrases, share: 1.0, value });
    }
    if levels.iter().all(|level| level.share == 0.0) {
        return Err(root.error(key, "every share is 0; give at least one level a share above 0"));
    }
    Ok(levels)
}

fn fixed(low: f64, high: f64) -> Range {
    Range { low, high }
}

/// Size of the object's unit square as a share of the picture's shorter side.
pub(super) fn sizes(root: &Reader<'_>) -> Levels<Range> {
    read(root, "sizes", ("medium", fixed(0.5, 0.6)), |table| table.range("size", 0.05..=2.0))
}

pub(super) fn positions(root: &Reader<'_>) -> Levels<Position> {
    let centre = Position { x: fixed(0.4, 0.6), y: fixed(0.4, 0.6) };
    read(root, "positions", ("centre", centre), |table| {
        Ok(Position { x: table.range("x", 0.0..=1.0)?, y: table.range("y", 0.0..=1.0)? })
    })
}

pub(super) fn lights(root: &Reader<'_>) -> Levels<Light> {
    let day = Light {
        brightness: fixed(0.9, 1.1),
        warmth: fixed(0.0, 0.0),
        azimuth: fixed(215.0, 325.0),
        elevation: fixed(35.0, 60.0),
        ambient: fixed(0.45, 0.6),
        shadow: fixed(0.3, 0.5),
    };
    let base = day.clone();
    read(root, "lights", ("daylight", day), |table| {
        let or = |range: Range| (range.low, range.high);
        Ok(Light {
            brightness: table.range_or("brightness", or(base.brightness), 0.05..=3.0)?,
            warmth: table.range_or("warmth", or(base.warmth), -1.0..=1.0)?,
            azimuth: table.range_or("azimuth", or(base.azimuth), -360.0..=720.0)?,
            elevation: table.range_or("elevation", or(base.elevation), 5.0..=90.0)?,
            ambient: table.range_or("ambient", or(base.ambient), 0.0..=1.0)?,
            shadow: table.range_or("shadow", or(base.shadow), 0.0..=1.0)?,
        })
    })
}

pub(super) fn clutter(root: &Reader<'_>, items: &Names<'_>) -> Levels<Clutter> {
    let none = Clutter { count: [0, 0], items: Vec::new() };
    read(root, "clutter", ("none", none), |table| {
        let count = table.wholes_or("count", [0, 0], 0..=40)?;
        let found = items.all(table, "items")?;
        if count[0] > count[1] {
            return Err(table.error("count", "expected [FEWEST, MOST] with FEWEST not above MOST"));
        }
        if count[1] > 0 && found.is_empty() {
            return Err(
                table.error("items", "is missing; give names from [items], or count = [0, 0]")
            );
        }
        Ok(Clutter { count, items: found })
    })
}

pub(super) fn occlusion(root: &Reader<'_>, items: &Names<'_>) -> Levels<Occlusion> {
    let none = Occlusion { items: Vec::new(), distance: fixed(1.0, 1.0) };
    read(root, "occlusion", ("none", none), |table| {
        Ok(Occlusion {
            items: items.all(table, "items")?,
            distance: table.range_or("distance", (0.6, 1.0), 0.0..=3.0)?,
        })
    })
}
