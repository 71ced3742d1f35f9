//! The world that the towers are trained on: every class, look and place of the library in equal shares.
use crate::TrainError;
use rightly_planted::World;
use std::fmt::Write as _;
use std::path::Path;

/// Colours of its own; all else is the library's.
const BASE: &str = include_str!("../../worlds/towers.toml");
/// Captions from the shortest to the longest: what a phrase alone means is learnt from phrases alone.
const CAPTIONS: &str = include_str!("../../worlds/towers-captions.toml");

/// A class: its shape has the same name. Plural where it is not the name and s; the role beside `body` and its colours.
struct Class {
    name: &'static str,
    plural: Option<&'static str>,
    role: &'static str,
    colours: &'static [&'static str],
}

const fn class(name: &'static str, role: &'static str, colours: &'static [&'static str]) -> Class {
    Class { name, plural: None, role, colours }
}

const CLASSES: [Class; 16] = [
    class("mug", "trim", &["white", "teal"]),
    class("bucket", "trim", &["white", "metal"]),
    class("teapot", "trim", &["white", "metal"]),
    class("vase", "trim", &["white"]),
    class("car", "trim", &["fitting"]),
    class("van", "trim", &["fitting"]),
    Class { plural: Some("buses"), ..class("bus", "trim", &["fitting"]) },
    class("umbrella", "handle", &["stem"]),
    class("mushroom", "handle", &["stem"]),
    class("lamp", "handle", &["stem"]),
    Class { plural: Some("fishes"), ..class("fish", "trim", &["second"]) },
    class("bird", "trim", &["second"]),
    Class { plural: Some("butterflies"), ..class("butterfly", "trim", &["second"]) },
    class("flower", "trim", &["second"]),
    class("kite", "trim", &["white", "second"]),
    class("boat", "trim", &["white"]),
];

/// Colours of the library that an object may have; each is a look.
const COLOURS: [&str; 13] = [
    "red", "orange", "yellow", "green", "teal", "blue", "violet", "pink", "brown", "white", "gray",
    "black", "cream",
];

/// Patterns on any colour, each a look: name, word, texture.
const PATTERNS: [[&str; 3]; 4] = [
    ["striped", "striped", "stripes"],
    ["banded", "striped", "bands"],
    ["dotted", "dotted", "dots"],
    ["checked", "checked", "checks"],
];

/// The world to train on, with `images` in its only split `train`.
///
/// # Errors
/// [`TrainError::Table`] where `images` is no number of images.
pub fn training_world(images: usize) -> Result<World, TrainError> {
    read("towers-training", "train", images, CAPTIONS)
}

/// A world with the same classes and looks and the library's own captions, whose scenes (in its only split `test`) are
/// others than those that are trained on.
///
/// # Errors
/// As [`training_world`].
pub fn held_out_world(images: usize) -> Result<World, TrainError> {
    read("towers-held-out", "test", images, "")
}

fn read(name: &str, split: &str, images: usize, captions: &str) -> Result<World, TrainError> {
    let mut text = format!("name = \"{name}\"\n{BASE}\n[splits]\n{split} = {images}\n{captions}");
    for class in &CLASSES {
        // Writing into a text does not fail.
        let _ = add(&mut text, class);
    }
    Ok(World::from_text(Path::new(&format!("planted:{name}")), &text)?)
}

fn add(text: &mut String, class: &Class) -> std::fmt::Result {
    let Class { name, role, colours, .. } = class;
    writeln!(text, "\n[[classes]]\nname = \"{name}\"")?;
    if let Some(plural) = class.plural {
        writeln!(text, "plural = \"{plural}\"")?;
    }
    let plain = COLOURS.iter().map(|colour| [*colour, *colour, "worn", *colour]);
    let patterned = PATTERNS.iter().map(|[name, word, texture]| [*name, *word, *texture, "any"]);
    for [variant, word, texture, body] in plain.chain(patterned) {
        writeln!(
            text,
            "[[classes.variants]]\nname = \"{variant}\"\nword = \"{word}\"\nshape = \"{name}\"\n\
             colours = {{ body = \"{body}\", {role} = {colours:?} }}\n\
             textures = {{ body = \"{texture}\" }}"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn it_knows_every_class_look_and_place_of_the_shipped_worlds() {
        let own = training_world(300).unwrap();
        assert_eq!(own.backgrounds().len(), 12);
        for name in World::shipped_names() {
            let world = World::shipped(name).unwrap();
            for attribute in rightly_planted::ATTRIBUTES {
                let values = |world: &World| -> BTreeSet<String> {
                    world.wordings(attribute).into_iter().map(|wording| wording.value).collect()
                };
                let missing: Vec<_> = values(&world).difference(&values(&own)).cloned().collect();
                assert!(missing.is_empty(), "{name}: {missing:?}");
            }
        }
    }

    #[test]
    fn scenes_are_others_than_those_held_out() {
        let (own, held) = (training_world(40).unwrap(), held_out_world(40).unwrap());
        let (own, held) = (own.scene("train", 0, 1).unwrap(), held.scene("test", 0, 1).unwrap());
        assert_ne!(own.image, held.image);
        assert_eq!(own.captions.len(), 20);
        assert!((3..=5).contains(&held.captions.len()));
    }
}
