//! `[textures.NAME]`: patterns between colours.
use super::{
    Range,
    colour::{Linear, Palette},
    reader::Reader,
};
use rightly_data::DataError;

/// What decides the place between the first colour and the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The middle of the colours everywhere.
    Plain,
    /// From the first colour to the last over one `scale`.
    Gradient,
    /// Bands across the angle.
    Stripes,
    /// A chessboard.
    Checks,
    /// Round spots on a jittered grid.
    Dots,
    /// Smooth noise, summed over octaves.
    Noise,
    /// Noise with sharp crests: marble, cloud edges, caustics.
    Ridges,
    /// Courses of bricks, each with its own shade; the first colour is the mortar.
    Bricks,
    /// Sines that noise bends.
    Waves,
    /// Pebbles: cells around random points, each with its own shade.
    Cells,
}

const KINDS: [(&str, Kind); 10] = [
    ("plain", Kind::Plain),
    ("gradient", Kind::Gradient),
    ("stripes", Kind::Stripes),
    ("checks", Kind::Checks),
    ("dots", Kind::Dots),
    ("noise", Kind::Noise),
    ("ridges", Kind::Ridges),
    ("bricks", Kind::Bricks),
    ("waves", Kind::Waves),
    ("cells", Kind::Cells),
];

/// A colour of a texture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stop {
    /// One of these.
    Colours(Vec<Linear>),
    /// The colour of the part that carries the texture, times a factor (`own`, `own*0.6`).
    Own(f32),
}

/// A named texture. Lengths are shares of the picture's shorter side on a background, and of the
/// object's unit square on an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Texture {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) colours: Vec<Stop>,
    /// Size of a period or feature.
    pub(crate) scale: Range,
    /// Features are this many times longer along the angle.
    pub(crate) stretch: Range,
    /// Degrees, clockwise.
    pub(crate) angle: Range,
    /// 1: the whole way between the first and last colours; 0: their middle.
    pub(crate) contrast: Range,
    /// How far noise bends the pattern, in units of `scale`.
    pub(crate) warp: Range,
    /// Noise is summed over so many octaves.
    pub(crate) octaves: usize,
    /// Width of soft edges in units of `scale`.
    pub(crate) softness: f32,
    /// Deviation of fine noise, as a share of the colour.
    pub(crate) grain: f32,
}

impl Texture {
    /// Whether it needs a part's own colour.
    pub(crate) fn needs_own(&self) -> bool {
        self.colours.iter().any(|stop| matches!(stop, Stop::Own(_)))
    }
}

pub(super) fn read(root: &Reader<'_>, palette: &Palette) -> Result<Vec<Texture>, DataError> {
    let mut textures = Vec::new();
    for (name, table) in root.children("textures")? {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let what = format!("one of {}", names.join(", "));
        let text = table.text("kind", &what)?;
        let kind = KINDS.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind).ok_or_else(
            || {
                let known = names.join(", ");
                table.error("kind", format!("'{text}' is no kind of texture; there are {known}"))
            },
        )?;
        let mut colours = Vec::new();
        let texts = table.texts("colours", super::colour::EXPECTED)?;
        for text in
            texts.ok_or_else(|| table.error("colours", "is missing; give a list of colours"))?
        {
            colours.push(stop(&table, palette, text)?);
        }
        textures.push(Texture {
            name: name.to_owned(),
            kind,
            colours,
            scale: table.range_or("scale", (0.2, 0.2), 0.005..=10.0)?,
            stretch: table.range_or("stretch", (1.0, 1.0), 0.05..=20.0)?,
            angle: table.range_or("angle", (0.0, 0.0), -360.0..=360.0)?,
            contrast: table.range_or("contrast", (1.0, 1.0), 0.0..=1.0)?,
            warp: table.range_or("warp", (0.0, 0.0), 0.0..=3.0)?,
            octaves: table.whole_or("octaves", 4, 1..=6)?,
            softness: table.number_or("softness", 0.05, 0.0..=1.0)? as f32,
            grain: table.number_or("grain", 0.0, 0.0..=0.5)? as f32,
        });
        table.finish()?;
    }
    Ok(textures)
}

fn stop(table: &Reader<'_>, palette: &Palette, text: &str) -> Result<Stop, DataError> {
    let factor = match text.strip_prefix("own") {
        Some("") => Some(1.0),
        Some(rest) => rest.strip_prefix('*').and_then(|f| f.trim().parse::<f32>().ok()),
        None => None,
    };
    match factor {
        Some(factor) if (0.0..=3.0).contains(&factor) => Ok(Stop::Own(factor)),
        Some(_) => Err(table.error("colours", format!("'{text}': give own*FACTOR from 0 to 3"))),
        None => palette
            .find(text)
            .map(Stop::Colours)
            .map_err(|message| table.error("colours", message + ", or 'own' on an object")),
    }
}
