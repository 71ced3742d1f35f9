//! One scene with everything that is known about it.
use super::{
    World, captions,
    format::read,
    plan::Planned,
    render::{Painter, Show},
    setting::Setting,
    stream::Key,
};
use rightly_data::{DataError, Mask, RgbImage, files};
use std::path::Path;

/// Names of [`Scene::attributes`], in their order.
pub const ATTRIBUTES: [&str; 8] =
    ["background", "variant", "size", "position", "light", "clutter", "occlusion", "true_class"];

/// A rendered image and the truth about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// `[H, W, 3]`.
    pub image: RgbImage,
    /// `[H, W]`: pixels that the object covers by more than half, less what stands before it.
    pub mask: Mask,
    /// The label's class.
    pub class: String,
    /// The object's class.
    pub true_class: String,
    /// Its variant.
    pub variant: String,
    /// Its background.
    pub background: String,
    /// Values of [`ATTRIBUTES`]: the words of background and variant, the names of the levels of
    /// size, position, light, clutter and occlusion, and the object's class.
    pub attributes: Vec<String>,
    /// Captions, in words of the world's file. They describe the object, whatever its label.
    pub captions: Vec<String>,
}

/// Worlds that come with the program.
const SHIPPED: [(&str, &str); 6] = [
    ("cues", include_str!("../worlds/cues.toml")),
    ("mixed", include_str!("../worlds/mixed.toml")),
    ("null", include_str!("../worlds/null.toml")),
    ("null-hard", include_str!("../worlds/null-hard.toml")),
    ("null-alike", include_str!("../worlds/null-alike.toml")),
    ("subgroups", include_str!("../worlds/subgroups.toml")),
];

impl World {
    /// Names of the worlds that come with the program.
    pub fn shipped_names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }

    /// A world that comes with the program.
    ///
    /// # Errors
    /// There is none of this name; the message lists those there are.
    pub fn shipped(name: &str) -> Result<Self, DataError> {
        match SHIPPED.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => read(Path::new(&format!("planted:{name}")), text),
            None => {
                let known: Vec<&str> = Self::shipped_names().collect();
                let message = format!(
                    "there is no world '{name}'; there are {}, or give a file FILE.toml",
                    known.join(", ")
                );
                Err(DataError::invalid(format!("planted:{name}"), message))
            }
        }
    }

    /// A world from a file; the format is described in `docs/worlds.md`.
    ///
    /// # Errors
    /// The file can't be read, or something in it is wrong: the message names the file, the key,
    /// the value and what to do.
    pub fn from_file(path: &Path) -> Result<Self, DataError> {
        let text = files::read_text(path, files::SMALL)?;
        read(path, &text)
    }

    /// A world from the text of a file; `path` is what errors name.
    ///
    /// # Errors
    /// As [`Self::from_file`].
    pub fn from_text(path: &Path, text: &str) -> Result<Self, DataError> {
        read(path, text)
    }

    /// The world's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Width and height of its images in pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// One scene; the same bytes for the same world, seed, split and index. It plans the whole
    /// split each time: for many scenes make a [`Self::plan`] once and [`Self::render`] its images.
    /// `None` where the world has no such split or image.
    pub fn scene(&self, split: &str, index: usize, seed: u64) -> Option<Scene> {
        let split = self.splits.iter().position(|known| known.name == split)?;
        let images = self.plan_split(split, seed);
        images.get(index).map(|planned| self.render(planned, seed))
    }

    /// The scene of a planned image. `planned` must come from a plan of this world and `seed`.
    pub fn render(&self, planned: &Planned, seed: u64) -> Scene {
        let (key, setting) = self.set(planned, seed);
        let (image, mask) = Painter::new(self, planned, &setting, key).paint(Show::Everything);
        let class = &self.classes[planned.true_class];
        Scene {
            image,
            mask,
            class: self.classes[planned.class].name.clone(),
            true_class: class.name.clone(),
            variant: class.variants[planned.variant].name.clone(),
            background: self.backgrounds[planned.background].name.clone(),
            attributes: self.describe(planned, &setting),
            captions: captions::write(self, planned, &setting, key),
        }
    }

    /// Only the picture of a planned image.
    pub fn render_image(&self, planned: &Planned, seed: u64) -> RgbImage {
        let (key, setting) = self.set(planned, seed);
        Painter::new(self, planned, &setting, key).image(Show::Everything)
    }

    /// The picture without its object and the object's shadow; all else is as it was.
    pub fn render_surroundings(&self, planned: &Planned, seed: u64) -> RgbImage {
        let (key, setting) = self.set(planned, seed);
        Painter::new(self, planned, &setting, key).image(Show::Surroundings)
    }

    /// Only the mask of a planned image; much faster than the picture.
    pub fn render_mask(&self, planned: &Planned, seed: u64) -> Mask {
        let (key, setting) = self.set(planned, seed);
        Painter::new(self, planned, &setting, key).mask()
    }

    /// Attributes and captions of a planned image, without its pixels.
    pub fn describe_image(&self, planned: &Planned, seed: u64) -> (Vec<String>, Vec<String>) {
        let (key, setting) = self.set(planned, seed);
        (self.describe(planned, &setting), captions::write(self, planned, &setting, key))
    }

    fn set<'w>(&'w self, planned: &'w Planned, seed: u64) -> (Key<'w>, Setting) {
        let split = self.splits[planned.split].name.as_str();
        let key = Key { world: &self.name, seed, split, index: planned.index as u64 };
        (key, Setting::draw(self, planned, key))
    }

    fn describe(&self, planned: &Planned, setting: &Setting) -> Vec<String> {
        let class = &self.classes[planned.true_class];
        [
            &self.backgrounds[planned.background].word,
            &class.variants[planned.variant].word,
            &self.sizes[setting.size_level].name,
            &self.positions[setting.position].name,
            &self.lights[setting.light].name,
            &self.clutter[setting.clutter].name,
            &self.occlusion[setting.occlusion].name,
            &class.name,
        ]
        .map(String::clone)
        .to_vec()
    }
}
