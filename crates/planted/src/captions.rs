//! Captions from a world's templates.
use super::{
    format::{Level, Piece, Slot, Thing, World},
    plan::Planned,
    setting::Setting,
    stream::{Key, Stream},
};

/// The captions of a scene, from different templates.
pub(super) fn write(
    world: &World,
    planned: &Planned,
    setting: &Setting,
    key: Key<'_>,
) -> Vec<String> {
    let mut stream = key.stream("captions");
    let [fewest, most] = world.captions.count;
    let count = fewest + stream.below(most - fewest + 1);
    let mut order: Vec<usize> = (0..world.captions.templates.len()).collect();
    stream.shuffle(&mut order);
    order
        .into_iter()
        .take(count)
        .map(|template| {
            let pieces = &world.captions.templates[template];
            sentence(world, planned, setting, pieces, &mut stream)
        })
        .collect()
}

/// Words of a piece, and their article where it is not the first letter's.
struct Words<'w> {
    text: &'w str,
    article: Option<&'w str>,
}

fn sentence(
    world: &World,
    planned: &Planned,
    setting: &Setting,
    pieces: &[Piece],
    stream: &mut Stream,
) -> String {
    let class = &world.classes[planned.true_class];
    let plain = |text| Words { text, article: None };
    let words: Vec<Words<'_>> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => plain(text),
            Piece::Slot(Slot::Article { .. }) => plain(""),
            Piece::Slot(Slot::Class) => {
                Words { text: &class.name, article: class.article.as_deref() }
            }
            Piece::Slot(Slot::Classes) => plain(&class.plural),
            Piece::Slot(Slot::Thing { thing, phrase }) => {
                let (word, phrases) = named(world, planned, setting, *thing);
                plain(if *phrase { &phrases[stream.below(phrases.len())] } else { word })
            }
        })
        .collect();
    let mut text = String::new();
    for (i, piece) in pieces.iter().enumerate() {
        let Piece::Slot(Slot::Article { capital }) = piece else {
            text.push_str(words[i].text);
            continue;
        };
        let next = words[i + 1..].iter().find(|words| !words.text.trim().is_empty());
        let vowel = |text: &str| {
            text.trim_start().starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U'])
        };
        let article = next.map_or("a", |words| {
            words.article.unwrap_or(if vowel(words.text) { "an" } else { "a" })
        });
        text.push(if *capital { 'A' } else { 'a' });
        text.push_str(&article[1..]);
    }
    text
}

/// Word and phrases of what a scene has.
fn named<'w>(
    world: &'w World,
    planned: &Planned,
    setting: &Setting,
    thing: Thing,
) -> (&'w str, &'w [String]) {
    fn of<T>(level: &Level<T>) -> (&str, &[String]) {
        (&level.word, &level.phrases)
    }
    match thing {
        Thing::Variant => {
            let variant = &world.classes[planned.true_class].variants[planned.variant];
            (&variant.word, &variant.phrases)
        }
        Thing::Background => {
            let background = &world.backgrounds[planned.background];
            (&background.word, &background.phrases)
        }
        Thing::Size => of(&world.sizes[setting.size_level]),
        Thing::Position => of(&world.positions[setting.position]),
        Thing::Light => of(&world.lights[setting.light]),
        Thing::Clutter => of(&world.clutter[setting.clutter]),
        Thing::Occlusion => of(&world.occlusion[setting.occlusion]),
    }
}
