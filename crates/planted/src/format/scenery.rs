//! `[items.NAME]` and `[backgrounds.NAME]`: what is not the object.
use super::{
    BySplit, Names, Range,
    colour::{Linear, Palette},
    reader::Reader,
    shape::{Role, Shape},
    texture::Texture,
};
use rightly_data::DataError;

/// How one role of a shape is painted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Paint {
    /// One of these.
    pub(crate) colours: Vec<Linear>,
    /// Index into `World::textures`.
    pub(crate) texture: Option<usize>,
}

/// A shape with its colours: clutter, scenery, or what stands before the object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) name: String,
    /// Index into `World::shapes`.
    pub(crate) shape: usize,
    /// A paint for each role of the shape.
    pub(crate) paints: Vec<Paint>,
    /// Size of its unit square as a share of the picture's shorter side.
    pub(crate) size: Range,
    /// Degrees.
    pub(crate) rotation: Range,
}

/// Where a layer lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    All,
    Sky,
    Ground,
}

/// One layer of a background.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layer {
    pub(crate) texture: usize,
    pub(crate) region: Region,
    pub(crate) opacity: Range,
    /// 0: seen from the front; 1: a plane that runs to the horizon.
    pub(crate) perspective: f32,
}

/// Items that belong to a background.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scatter {
    pub(crate) item: usize,
    /// Fewest and most.
    pub(crate) count: [usize; 2],
    pub(crate) region: Region,
}

/// A named background.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Background {
    pub(crate) name: String,
    pub(crate) word: String,
    pub(crate) phrases: Vec<String>,
    /// Its weight among the backgrounds of a class that names none.
    pub(crate) share: BySplit,
    /// Height of the horizon as a share of the picture, from the top.
    pub(crate) horizon: Option<Range>,
    /// How far the horizon rises and falls, as a share of the height.
    pub(crate) hills: f32,
    pub(crate) layers: Vec<Layer>,
    pub(crate) scatter: Vec<Scatter>,
}

/// A colour for each role of a shape from the tables `colours` and `textures`.
pub(super) fn paints(
    table: &Reader<'_>,
    shape: &Shape,
    palette: &Palette,
    textures: &Names<'_>,
) -> Result<Vec<Paint>, DataError> {
    let mut found: Vec<Paint> = shape
        .roles
        .iter()
        .map(|role| match role {
            Role::Named(_) => Paint { colours: Vec::new(), texture: None },
            Role::Fixed(_, colours) => Paint { colours: colours.clone(), texture: None },
        })
        .collect();
    let named: Vec<&str> = shape
        .roles
        .iter()
        .filter_map(|role| match role {
            Role::Named(name) => Some(name.as_str()),
            Role::Fixed(..) => None,
        })
        .collect();
    let role_of = |name: &str| {
        shape.roles.iter().position(|role| matches!(role, Role::Named(n) if n == name)).ok_or_else(
            || {
                let roles = super::listed(&named);
                format!("is no role of the shape '{}'; it has {roles}", shape.name)
            },
        )
    };
    if let Some(colours) = table.child("colours")? {
        for (name, entry) in colours.entries() {
            let role = role_of(name).map_err(|message| entry.error(message))?;
            let texts = entry.texts(super::colour::EXPECTED)?;
            found[role].colours =
                palette.find_all(&texts).map_err(|message| entry.error(message))?;
        }
    }
    if let Some(list) = table.child("textures")? {
        for (name, entry) in list.entries() {
            let role = role_of(name).map_err(|message| entry.error(message))?;
            let texts = entry.texts("a texture's name")?;
            let index = textures.find(texts[0]).map_err(|message| entry.error(message))?;
            found[role].texture = Some(index);
        }
    }
    for (role, paint) in shape.roles.iter().zip(&found) {
        if let (Role::Named(name), true) = (role, paint.colours.is_empty()) {
            let message =
                format!("is missing; the shape '{}' has this role, give it a colour", shape.name);
            return Err(table.error(&format!("colours.{name}"), message));
        }
    }
    Ok(found)
}

pub(super) fn items(
    root: &Reader<'_>,
    shapes: &[Shape],
    palette: &Palette,
    textures: &Names<'_>,
) -> Result<Vec<Item>, DataError> {
    let shape_names = Names::of("shape", shapes.iter().map(|s| s.name.as_str()));
    let mut items = Vec::new();
    for (name, table) in root.children("items")? {
        let shape = shape_names.at(&table, "shape")?;
        items.push(Item {
            name: name.to_owned(),
            shape,
            paints: paints(&table, &shapes[shape], palette, textures)?,
            size: table.range("size", 0.01..=1.5)?,
            rotation: table.range_or("rotation", (0.0, 0.0), -360.0..=360.0)?,
        });
        table.finish()?;
    }
    Ok(items)
}

pub(super) fn backgrounds(
    root: &Reader<'_>,
    splits: &[String],
    textures: &[Texture],
    items: &Names<'_>,
) -> Result<Vec<Background>, DataError> {
    let names = Names::of("texture", textures.iter().map(|t| t.name.as_str()));
    let mut backgrounds = Vec::new();
    for (name, table) in root.children("backgrounds")? {
        let (word, phrases) = super::words::read(&table, "phrases", name)?;
        let mut horizon = None;
        if table.has("horizon") {
            horizon = Some(table.range("horizon", 0.0..=1.0)?);
        }
        let mut layers = Vec::new();
        for layer in table.list("layers")? {
            let texture = names.at(&layer, "texture")?;
            if textures[texture].needs_own() {
                let message = format!(
                    "the texture '{}' takes a part's own colour, which a background doesn't have; \
                     give another texture",
                    textures[texture].name
                );
                return Err(layer.error("texture", message));
            }
            layers.push(Layer {
                texture,
                region: region(&layer, horizon.is_some())?,
                opacity: layer.range_or("opacity", (1.0, 1.0), 0.0..=1.0)?,
                perspective: layer.number_or("perspective", 0.0, 0.0..=1.0)? as f32,
            });
            layer.finish()?;
        }
        if layers.is_empty() {
            let message = "is missing or empty; give at least one layer with a texture";
            return Err(table.error("layers", message));
        }
        let mut scatter = Vec::new();
        for entry in table.list("scatter")? {
            let count = entry.wholes_or("count", [1, 3], 0..=40)?;
            if count[0] > count[1] {
                return Err(
                    entry.error("count", "expected [FEWEST, MOST] with FEWEST not above MOST")
                );
            }
            let item = items.at(&entry, "item")?;
            scatter.push(Scatter { item, count, region: region(&entry, horizon.is_some())? });
            entry.finish()?;
        }
        backgrounds.push(Background {
            name: name.to_owned(),
            word,
            phrases,
            share: table.by_split("share", Some(1.0), splits, 0.0..=1000.0)?,
            horizon,
            hills: table.number_or("hills", 0.0, 0.0..=0.3)? as f32,
            layers,
            scatter,
        });
        table.finish()?;
    }
    if backgrounds.is_empty() {
        return Err(root.error("backgrounds", "is missing or empty; give [backgrounds.NAME]"));
    }
    Ok(backgrounds)
}

fn region(table: &Reader<'_>, horizon: bool) -> Result<Region, DataError> {
    let region = match table.text_or("region", "all")? {
        "all" => return Ok(Region::All),
        "sky" => Region::Sky,
        "ground" => Region::Ground,
        other => {
            let message = format!("'{other}' is no region; there are all, sky, ground");
            return Err(table.error("region", message));
        }
    };
    if !horizon {
        let message = "this background has no horizon; give 'horizon' or leave the region out";
        return Err(table.error("region", message));
    }
    Ok(region)
}
