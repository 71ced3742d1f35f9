//! Planted worlds: small photograph-like scenes in which the truth is known.
//!
//! A [`World`] is read from a TOML file that names classes, their variants, backgrounds, textures,
//! shapes, words and shares; nothing in the code knows a class or a word. [`World::plan`] says what
//! every image will be, by exact quotas; [`World::render`] draws one, with its mask, attributes and
//! captions; [`World::truths`] lists what is planted: background cues, and variants that training
//! hardly shows. All of it depends on the world, the seed, the split and the number of the image
//! alone. The format stands in `docs/worlds.md`.
//!
//! [`KINDS`] makes `planted:WORLD` an address of data; [`towers`] is the small image-text model that
//! knows the scenes.
//!
//! ```
//! use rightly_planted::World;
//!
//! let world = World::shipped("cues")?;
//! let scene = world.scene("test", 0, 3).expect("the world has a test split");
//! assert_eq!((scene.image.width, scene.image.height), world.size());
//! println!("{}: {}", scene.class, scene.captions[0]);
//! # Ok::<(), rightly_data::DataError>(())
//! ```

mod address;
mod captions;
mod format;
mod image;
mod plan;
mod quota;
mod render;
mod scene;
mod setting;
mod stream;
pub mod towers;
mod truths;
mod wording;
mod write;

pub use address::KINDS;
pub use format::World;
pub use image::PlantedImage;
pub use plan::{Plan, Planned};
pub use scene::{ATTRIBUTES, Scene};
pub use truths::{CUE, PlantedTruth, RARE};
pub use wording::Wording;

#[cfg(test)]
mod tests;
