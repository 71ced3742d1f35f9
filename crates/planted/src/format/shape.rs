//! `[shapes.NAME]`: parts in unit coordinates.
//!
//! A shape lives in the square from -1 to 1 in both directions, x to the right and y down. Later
//! parts lie over earlier ones.
use super::{
    colour::{Linear, Palette},
    reader::Reader,
};
use rightly_data::DataError;

/// Outline of a part around its centre, before it is turned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Geometry {
    /// Half axes.
    Ellipse { radius: [f32; 2] },
    /// Half sides, and the radius of the corners.
    Rectangle { half: [f32; 2], round: f32 },
    /// Corners; grown by `round` on all sides, which rounds them.
    Polygon { points: Vec<[f32; 2]>, round: f32 },
    /// Radius of the middle line, half the width; half of the arc's angle in radians where it is
    /// not closed (the middle of the arc is to the right).
    Ring { radius: f32, half_width: f32, half_angle: Option<f32> },
    /// A line through points, half of its width; round ends.
    Stroke { points: Vec<[f32; 2]>, half_width: f32 },
}

/// One part, one colour.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) geometry: Geometry,
    pub(crate) centre: [f32; 2],
    /// Turn about its centre, radians, clockwise as seen.
    pub(crate) angle: f32,
    /// Turn of the finished part about the shape's origin, radians (`repeat`).
    pub(crate) around: f32,
    /// Mirrored at the vertical axis.
    pub(crate) mirrored: bool,
    /// Index into `Shape::roles`.
    pub(crate) role: usize,
    /// Width of the rounded edge that catches light, in unit coordinates.
    pub(crate) bevel: f32,
}

/// Who gives a part its colour.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Role {
    /// The variant or item that uses the shape.
    Named(String),
    /// The shape itself: one of these.
    Fixed(String, Vec<Linear>),
}

impl Role {
    fn key(&self) -> &str {
        match self {
            Self::Named(name) | Self::Fixed(name, _) => name,
        }
    }
}

/// A named shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) parts: Vec<Part>,
}

/// Coordinates may leave the unit square a little.
const REACH: f64 = 1.5;
/// Most parts of a shape, copies included.
const MOST_PARTS: usize = 64;

pub(super) fn read(root: &Reader<'_>, palette: &Palette) -> Result<Vec<Shape>, DataError> {
    let mut shapes = Vec::new();
    for (name, table) in root.children("shapes")? {
        let mut shape = Shape { name: name.to_owned(), roles: Vec::new(), parts: Vec::new() };
        let parts = table.list("parts")?;
        if parts.is_empty() {
            return Err(table.error("parts", "is missing or empty; give [[shapes.NAME.parts]]"));
        }
        for part in parts {
            read_part(part, palette, &mut shape)?;
        }
        if shape.parts.len() > MOST_PARTS {
            let n = shape.parts.len();
            let message = format!("{n} parts with their copies; give at most {MOST_PARTS}");
            return Err(table.error("parts", message));
        }
        table.finish()?;
        shapes.push(shape);
    }
    Ok(shapes)
}

fn read_part(table: Reader<'_>, palette: &Palette, shape: &mut Shape) -> Result<(), DataError> {
    let limits = -REACH..=REACH;
    let length = 0.005..=REACH;
    let single = |v: f64| v as f32;
    let pair = |p: [f64; 2]| p.map(|v| v as f32);
    let kind = table.text("kind", "one of ellipse, rectangle, polygon, ring, stroke")?;
    let mut angle = table.number_or("angle", 0.0, -360.0..=360.0)?;
    let mut centre = [0.0; 2];
    if kind == "ellipse" || kind == "rectangle" || kind == "ring" || table.has("centre") {
        centre = table.point("centre", limits.clone())?;
    }
    let corners = || -> Result<Vec<[f32; 2]>, DataError> {
        let least = if kind == "polygon" { 3 } else { 2 };
        Ok(table.points("points", least..=48, limits.clone())?.into_iter().map(pair).collect())
    };
    let geometry = match kind {
        "ellipse" => Geometry::Ellipse { radius: radii(&table)?.map(|v| v as f32) },
        "rectangle" => {
            let size = table.point("size", 0.01..=2.0 * REACH)?;
            let half = pair(size).map(|side| side / 2.0);
            let round = single(table.number_or("round", 0.0, 0.0..=1.0)?);
            Geometry::Rectangle { half, round: round.min(half[0].min(half[1])) }
        }
        "polygon" => {
            let round = single(table.number_or("round", 0.0, 0.0..=0.5)?);
            Geometry::Polygon { points: corners()?, round }
        }
        "ring" => {
            let radius = single(table.number("radius", length.clone())?);
            let half_width = single(table.number("width", length)? / 2.0);
            let mut half_angle = None;
            if table.has("arc") {
                let arc = table.range("arc", -360.0..=720.0)?;
                angle += (arc.low + arc.high) / 2.0;
                half_angle = Some(single((arc.high - arc.low).min(360.0).to_radians() / 2.0));
            }
            Geometry::Ring { radius, half_width, half_angle }
        }
        "stroke" => {
            let half_width = single(table.number("width", length)? / 2.0);
            Geometry::Stroke { points: corners()?, half_width }
        }
        other => {
            let known = "ellipse, rectangle, polygon, ring, stroke";
            let message = format!("'{other}' is no kind of part; there are {known}");
            return Err(table.error("kind", message));
        }
    };
    let role = role(&table, palette, shape)?;
    let bevel = single(table.number_or("bevel", 0.15, 0.0..=1.0)?);
    let mirror = table.flag("mirror")?;
    let repeat = table.whole_or("repeat", 1, 1..=24)?;
    table.finish()?;
    for copy in 0..repeat {
        for mirrored in [false, true] {
            if mirrored && !mirror {
                continue;
            }
            shape.parts.push(Part {
                geometry: geometry.clone(),
                centre: pair(centre),
                angle: single(angle.to_radians()),
                around: std::f32::consts::TAU * copy as f32 / repeat as f32,
                mirrored,
                role,
                bevel,
            });
        }
    }
    Ok(())
}

/// `radius = r`, or `[rx, ry]`.
fn radii(table: &Reader<'_>) -> Result<[f64; 2], DataError> {
    match table.number("radius", 0.005..=REACH) {
        Ok(radius) => Ok([radius; 2]),
        Err(_) => table.point("radius", 0.005..=REACH),
    }
}

fn role(table: &Reader<'_>, palette: &Palette, shape: &mut Shape) -> Result<usize, DataError> {
    let what = "a role (a name that variants give a colour to) or a colour '#rrggbb'";
    let text = table.text("colour", what)?;
    if let Some(role) = shape.roles.iter().position(|role| role.key() == text) {
        return Ok(role);
    }
    shape.roles.push(if text.starts_with('#') {
        let colours = palette.find(text).map_err(|message| table.error("colour", message))?;
        Role::Fixed(text.to_owned(), colours)
    } else {
        Role::Named(text.to_owned())
    });
    Ok(shape.roles.len() - 1)
}
