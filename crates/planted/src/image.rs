//! An image of a planted world that is rendered when it is asked for.
use super::{Planned, World};
use rightly_data::{Mask, Render, RgbImage};
use std::{fmt, sync::Arc};

/// A planned image with its world and seed.
#[derive(Clone)]
pub struct PlantedImage {
    world: Arc<World>,
    /// What the user called the world: a name or a file.
    name: Arc<str>,
    /// [`World::fingerprint`].
    fingerprint: Arc<str>,
    seed: u64,
    planned: Planned,
}

impl PlantedImage {
    /// All images of a world for a seed, in the order of the plan. `name` is what the user called
    /// it.
    pub fn all(world: &Arc<World>, name: &str, seed: u64) -> Vec<Self> {
        let name: Arc<str> = Arc::from(name);
        let fingerprint: Arc<str> = Arc::from(world.fingerprint());
        let plan = world.plan(seed);
        let image = |planned| Self {
            world: Arc::clone(world),
            name: Arc::clone(&name),
            fingerprint: Arc::clone(&fingerprint),
            seed,
            planned,
        };
        plan.images.into_iter().map(image).collect()
    }

    /// What it is to be.
    pub fn planned(&self) -> &Planned {
        &self.planned
    }
}

impl Render for PlantedImage {
    fn image(&self) -> RgbImage {
        self.world.render_image(&self.planned, self.seed)
    }

    fn mask(&self) -> Mask {
        self.world.render_mask(&self.planned, self.seed)
    }

    /// World, seed and id in words.
    fn describe(&self) -> String {
        format!("planted:{}?seed={} {}", self.name, self.seed, self.planned.id(&self.world))
    }

    /// Changes when the world's file does.
    fn state(&self) -> String {
        format!("{} {} {:?}", self.fingerprint, self.seed, self.planned)
    }
}

impl PartialEq for PlantedImage {
    fn eq(&self, other: &Self) -> bool {
        self.state() == other.state()
    }
}

/// Without the world, which is long and the same for all.
impl fmt::Debug for PlantedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlantedImage({} {})", self.describe(), self.state())
    }
}

impl World {
    /// A hash of everything that decides the world's images: its file, and this program's version.
    pub fn fingerprint(&self) -> String {
        let text = format!("{} {self:?}", env!("CARGO_PKG_VERSION"));
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }
}
