//! What a world calls the values of its attributes.
use super::format::{Level, World};

/// A value of an attribute as [`super::Scene::attributes`] has it, with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// The value.
    pub value: String,
    /// One word (or a few) for it.
    pub word: String,
    /// Phrases with it; the word where the world gives none.
    pub phrases: Vec<String>,
}

impl World {
    /// The values of an attribute of [`super::ATTRIBUTES`] in the order of the file, each once, with their words; empty
    /// for any other name.
    pub fn wordings(&self, attribute: &str) -> Vec<Wording> {
        fn levels<T>(levels: &[Level<T>]) -> Vec<Wording> {
            levels.iter().map(|level| wording(&level.name, &level.word, &level.phrases)).collect()
        }
        match attribute {
            "background" => {
                let all = self.backgrounds.iter();
                all.map(|place| wording(&place.word, &place.word, &place.phrases)).collect()
            }
            "variant" => {
                let mut all: Vec<Wording> = Vec::new();
                for variant in self.classes.iter().flat_map(|class| &class.variants) {
                    if all.iter().all(|known| known.value != variant.word) {
                        all.push(wording(&variant.word, &variant.word, &variant.phrases));
                    }
                }
                all
            }
            "size" => levels(&self.sizes),
            "position" => levels(&self.positions),
            "light" => levels(&self.lights),
            "clutter" => levels(&self.clutter),
            "occlusion" => levels(&self.occlusion),
            "true_class" => {
                let phrases = |plural: &String| vec![plural.clone()];
                let all = self.classes.iter();
                all.map(|class| wording(&class.name, &class.name, &phrases(&class.plural)))
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

fn wording(value: &str, word: &str, phrases: &[String]) -> Wording {
    Wording { value: value.to_owned(), word: word.to_owned(), phrases: phrases.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ATTRIBUTES;

    #[test]
    fn every_value_of_a_scene_has_its_words() {
        let world = World::shipped("subgroups").unwrap();
        let scene = world.scene("val", 3, 1).unwrap();
        for (attribute, value) in ATTRIBUTES.iter().zip(&scene.attributes) {
            let wordings = world.wordings(attribute);
            assert!(wordings.iter().any(|wording| wording.value == *value), "{attribute} {value}");
            assert!(wordings.iter().all(|wording| !wording.phrases.is_empty()));
        }
        let variants = world.wordings("variant");
        assert_eq!(variants.iter().filter(|wording| wording.word == "blue").count(), 1);
        assert!(world.wordings("colour").is_empty());
    }
}
