//! What of a scene is drawn by chance, not by quota: size, place, light, clutter, occlusion.
use super::{
    format::{Level, World},
    plan::Planned,
    stream::{Key, Stream},
};

/// A level of each nuisance, and what was drawn within it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    pub(super) size_level: usize,
    pub(super) position: usize,
    pub(super) light: usize,
    pub(super) clutter: usize,
    pub(super) occlusion: usize,
    /// Side of the object's unit square as a share of the picture's shorter side.
    pub(super) size: f64,
    /// Centre of the object in pixels.
    pub(super) centre: [f64; 2],
}

/// Share of the object's unit square that may leave the picture on one side.
const OVERHANG: f64 = 0.1;

impl Setting {
    pub(super) fn draw(world: &World, planned: &Planned, key: Key<'_>) -> Self {
        let mut stream = key.stream("setting");
        let size_level = level(&world.sizes, &mut stream);
        let position = level(&world.positions, &mut stream);
        let light = level(&world.lights, &mut stream);
        let clutter = level(&world.clutter, &mut stream);
        let occlusion = level(&world.occlusion, &mut stream);
        let factor = world.classes[planned.true_class].scale;
        let size = stream.within(world.sizes[size_level].value) * factor;
        let place = &world.positions[position].value;
        let short = world.width.min(world.height) as f64;
        let inside = |share: f64, side: usize| {
            let side = side as f64;
            let margin = (size * short * (0.5 - OVERHANG)).min(side / 2.0);
            (share * side).clamp(margin, side - margin)
        };
        let x = stream.within(place.x);
        let y = stream.within(place.y);
        let centre = [inside(x, world.width), inside(y, world.height)];
        Self { size_level, position, light, clutter, occlusion, size, centre }
    }
}

fn level<T>(levels: &[Level<T>], stream: &mut Stream) -> usize {
    stream.weighted(levels.iter().map(|level| level.share))
}
