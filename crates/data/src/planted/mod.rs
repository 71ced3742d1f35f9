//! The planted world: small photograph-like scenes in which the truth is known.
//!
//! A [`World`] is read from a TOML file that names classes, their variants, backgrounds, textures,
//! shapes, words and shares; nothing in the code knows a class or a word. [`World::plan`] says what
//! every image will be, by exact quotas; [`World::render`] draws one, with its mask, attributes and
//! captions; [`World::truths`] lists what is planted: background cues, and variants that training
//! hardly shows. All of it depends on the world, the seed, the split and the number of the image
//! alone. The format stands in `docs/worlds.md`.
mod captions;
mod format;
mod image;
mod plan;
mod quota;
mod render;
mod scene;
mod setting;
mod stream;
mod truths;
mod wording;
mod write;

pub use format::World;
pub use image::PlantedImage;
pub use plan::{Plan, Planned};
pub use scene::{ATTRIBUTES, Scene};
pub use truths::{CUE, PlantedTruth, RARE};
pub use wording::Wording;

#[cfg(test)]
mod tests;
