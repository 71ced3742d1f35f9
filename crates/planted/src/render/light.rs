//! The light of one picture, and how it becomes levels.
use super::super::{
    format::{Light, Linear},
    stream::Stream,
};
use std::sync::LazyLock;

/// A light that has been drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lamp {
    /// Towards the light: right, down, out of the picture; length 1.
    direction: [f32; 3],
    ambient: f32,
    /// Factor of each channel.
    pub(super) tint: Linear,
    pub(super) shadow: f32,
}

impl Lamp {
    pub(super) fn draw(light: &Light, stream: &mut Stream) -> Self {
        let azimuth = stream.within(light.azimuth).to_radians();
        let elevation = stream.within(light.elevation).to_radians();
        let brightness = stream.within(light.brightness);
        let warmth = stream.within(light.warmth);
        let flat = elevation.cos();
        Self {
            direction: [
                (azimuth.cos() * flat) as f32,
                (azimuth.sin() * flat) as f32,
                elevation.sin() as f32,
            ],
            ambient: stream.within(light.ambient) as f32,
            tint: [1.0 + 0.35 * warmth, 1.0 + 0.05 * warmth, 1.0 - 0.35 * warmth]
                .map(|factor| (factor * brightness) as f32),
            shadow: stream.within(light.shadow) as f32,
        }
    }

    /// A colour on a surface with this tilt (components of the normal in the picture). A surface
    /// that faces the viewer keeps its colour.
    pub(super) fn shade(&self, colour: Linear, tilt: [f32; 2]) -> Linear {
        let [lx, ly, lz] = self.direction;
        let length = (tilt[0] * tilt[0] + tilt[1] * tilt[1]).sqrt();
        let shrink = if length > 0.95 { 0.95 / length } else { 1.0 };
        let (nx, ny) = (tilt[0] * shrink, tilt[1] * shrink);
        let nz = (1.0 - nx * nx - ny * ny).sqrt();
        let facing = (nx * lx + ny * ly + nz * lz).max(0.0) / lz;
        let factor = self.ambient + (1.0 - self.ambient) * facing.min(2.0);
        // Halfway between the light and the viewer: a soft highlight.
        let half = (lx * lx + ly * ly + (lz + 1.0) * (lz + 1.0)).sqrt();
        let mirror = ((nx * lx + ny * ly + nz * (lz + 1.0)) / half).max(0.0);
        let shine = 0.12 * mirror.powi(40);
        colour.map(|v| v * factor + shine)
    }

    /// Where shadows of things of this height fall, in the same unit.
    pub(super) fn shadow_shift(&self, height: f32) -> [f32; 2] {
        let [x, y, z] = self.direction;
        [-x / z * height, -y / z * height]
    }

    /// Slope of the light over the picture, for a place from -1 to 1 in both directions.
    pub(super) fn slope(&self, x: f32, y: f32) -> f32 {
        1.0 + 0.12 * (x * self.direction[0] + y * self.direction[1])
    }
}

const STEPS: usize = 1 << 14;

/// Linear light 0..=1 in `STEPS` steps as an sRGB level 0..=255, not rounded.
static LEVELS: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let level = |i: usize| {
        let v = i as f32 / STEPS as f32;
        255.0 * if v <= 0.0031308 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
    };
    (0..=STEPS).map(level).collect()
});

/// The sRGB level of linear light, not rounded; clipped to 0..=255.
pub(super) fn level(value: f32) -> f32 {
    LEVELS[(value.clamp(0.0, 1.0) * STEPS as f32) as usize]
}
