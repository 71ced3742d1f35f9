//! What every image will be: class, variant and background by exact quotas, then shuffled.
use super::{
    World,
    format::Class,
    quota::{apportion, interleave},
    stream::Key,
};

/// One image that is to be rendered. Numbers are indices into the world's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Index into [`World::splits`].
    pub split: usize,
    /// Number of the image in its split, from 0.
    pub index: usize,
    /// Class of the label ([`World::classes`]), wrong where there is label noise.
    pub class: usize,
    /// Class of the object.
    pub true_class: usize,
    /// Variant of `true_class`.
    pub variant: usize,
    /// Background ([`World::backgrounds`]).
    pub background: usize,
}

/// All images of a world for one seed, split by split, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// Images.
    pub images: Vec<Planned>,
}

impl World {
    /// What every image will be. Shares are met to the image in each split: of classes, of a
    /// class's variants, of a class's backgrounds (and those within each variant to one or two
    /// images), of wrong labels.
    pub fn plan(&self, seed: u64) -> Plan {
        let images = (0..self.splits.len()).flat_map(|split| self.plan_split(split, seed));
        Plan { seed, images: images.collect() }
    }

    /// The images of one split.
    pub(super) fn plan_split(&self, split: usize, seed: u64) -> Vec<Planned> {
        let part = &self.splits[split];
        let shares: Vec<f64> = self.classes.iter().map(|class| class.share.0[split]).collect();
        let mut images = Vec::with_capacity(part.count);
        for (class, count) in apportion(part.count, &shares).into_iter().enumerate() {
            let of = &self.classes[class];
            let variants: Vec<f64> = of.variants.iter().map(|v| v.share.0[split]).collect();
            let variants = apportion(count, &variants).into_iter().enumerate();
            let variants = variants.flat_map(|(variant, n)| std::iter::repeat_n(variant, n));
            // Walking through the variants one after the other, each gets its part of every
            // background.
            let places = interleave(&of.background_quotas(split, count));
            images.extend(variants.zip(places).map(|(variant, background)| Planned {
                split,
                index: 0,
                class,
                true_class: class,
                variant,
                background,
            }));
        }
        let key = Key { world: &self.name, seed, split: &part.name, index: 0 };
        key.stream("order").shuffle(&mut images);
        for (index, image) in images.iter_mut().enumerate() {
            image.index = index;
        }
        let mut stream = key.stream("label noise");
        let mut order: Vec<usize> = (0..images.len()).collect();
        stream.shuffle(&mut order);
        let wrong = (part.label_noise * images.len() as f64).round() as usize;
        for &i in order.iter().take(wrong) {
            let other = stream.below(self.classes.len() - 1);
            images[i].class = other + usize::from(other >= images[i].true_class);
        }
        images
    }

    /// Names of the classes, in the order of the file.
    pub fn classes(&self) -> Vec<&str> {
        self.classes.iter().map(|class| class.name.as_str()).collect()
    }

    /// Names of the splits: train, val, test, intervention, then others by name.
    pub fn splits(&self) -> Vec<&str> {
        self.splits.iter().map(|split| split.name.as_str()).collect()
    }

    /// Names of the backgrounds.
    pub fn backgrounds(&self) -> Vec<&str> {
        self.backgrounds.iter().map(|background| background.name.as_str()).collect()
    }

    /// Names of a class's variants; empty where there is no such class.
    pub fn variants(&self, class: usize) -> Vec<&str> {
        let variants = self.classes.get(class).map_or(&[][..], |class| &class.variants);
        variants.iter().map(|variant| variant.name.as_str()).collect()
    }

    /// Background that gives a class away, where it has a cue.
    pub fn cue(&self, class: usize) -> Option<usize> {
        self.classes.get(class)?.cue.as_ref().map(|cue| cue.background)
    }

    /// The same world in which a class has no cue: its backgrounds are drawn by the weights that
    /// hold for all classes (a class without a cue stays as it is). For the same seed and number, everything of an image but its
    /// background stays as it was: class, label, object, pose, light, camera noise. `None` where
    /// there is no such class.
    pub fn without_cue(&self, class: &str) -> Option<World> {
        let index = self.classes.iter().position(|known| known.name == class)?;
        let mut world = self.clone();
        if world.classes[index].cue.take().is_some() {
            world.classes[index].backgrounds =
                self.backgrounds.iter().map(|background| background.share.clone()).collect();
        }
        Some(world)
    }
}

impl Class {
    /// Images of each background among `count` of a split.
    fn background_quotas(&self, split: usize, count: usize) -> Vec<usize> {
        let mut weights: Vec<f64> = self.backgrounds.iter().map(|share| share.0[split]).collect();
        let Some(cue) = &self.cue else { return apportion(count, &weights) };
        let strength = cue.strength.0[split];
        let with = apportion(count, &[strength, 1.0 - strength])[0];
        weights[cue.background] = 0.0;
        let mut quotas = apportion(count - with, &weights);
        quotas[cue.background] = with;
        quotas
    }
}

impl Planned {
    /// The image's id: `images/SPLIT/NUMBER.png`.
    pub fn id(&self, world: &World) -> String {
        format!("images/{}/{:05}.png", world.splits[self.split].name, self.index)
    }

    /// Path of its mask: `masks/SPLIT/NUMBER.png`.
    pub fn mask_path(&self, world: &World) -> String {
        format!("masks/{}/{:05}.png", world.splits[self.split].name, self.index)
    }
}
