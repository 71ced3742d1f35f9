use super::{World, read};
use std::path::Path;
use toml::{Table, Value};

/// The example of the format's own page.
pub(crate) fn example() -> String {
    let page = include_str!("../../../../docs/worlds.md");
    let start = page.find("```toml\n").unwrap() + "```toml\n".len();
    let end = start + page[start..].find("```").unwrap();
    page[start..end].to_owned()
}

/// A world that uses every key.
fn full() -> String {
    let extra = r##"
[colours]
rust = ["#a4502a", "#8f4423"]
[textures.scratched]
kind = "ridges"
colours = ["own*0.6", "own", "rust"]
scale = [0.2, 0.3]
stretch = [1.0, 2.0]
angle = [0, 90]
contrast = [0.5, 1.0]
warp = [0.1, 0.2]
octaves = 3
softness = 0.1
grain = 0.05
[shapes.pebble]
[[shapes.pebble.parts]]
kind = "ellipse"
centre = [0.1, 0.0]
radius = [0.6, 0.4]
angle = 20
bevel = 0.3
colour = "body"
mirror = true
repeat = 2
[[shapes.pebble.parts]]
kind = "ring"
centre = [0.0, 0.0]
radius = 0.5
width = 0.1
arc = [0, 90]
colour = "body"
[items.pebble]
shape = "pebble"
colours = { body = "rust" }
textures = { body = "scratched" }
size = [0.1, 0.2]
rotation = [-90, 90]
[backgrounds.hill]
word = "hill"
phrases = ["on a hill"]
share = { train = 1, test = 2 }
horizon = [0.2, 0.4]
hills = 0.1
layers = [{ texture = "turf", region = "ground", opacity = [0.5, 1.0], perspective = 0.5 }]
scatter = [{ item = "pebble", count = [0, 2], region = "ground" }]
[sizes.small]
word = "small"
phrases = ["far away"]
share = 2
size = [0.3, 0.4]
[positions.left]
x = [0.2, 0.4]
y = 0.5
[lights.dim]
brightness = [0.6, 0.8]
warmth = [-0.1, 0.1]
azimuth = [200, 300]
elevation = 40
ambient = 0.5
shadow = 0.4
[clutter.some]
count = [1, 2]
items = ["pebble"]
[occlusion.pebble]
items = "pebble"
distance = [0.5, 1.0]
[variety]
rotation = [-5, 5]
stretch = 1.0
mirror = 0.2
jitter = 0.01
colour = 0.1
noise = 0.01
vignette = 0.1
[captions]
count = [1, 2]
templates = ["{a} {class} {background.phrase}", "{A} {variant} {class}"]
[[classes]]
name = "urn"
plural = "urns"
article = "an"
share = 1
scale = 0.9
contrast = 0.8
backgrounds = { hill = 1, lawn = { train = 1, other = 2 } }
[[classes.variants]]
name = "rusty"
word = "rusty"
phrases = ["with rust"]
shape = ["pebble", "pebble"]
colours = { body = "rust" }
textures = { body = "scratched" }
share = 1.0
"##;
    let example =
        example().replace("[splits]", "label_noise = { train = 0.1, other = 0 }\n[splits]");
    example + extra
}

fn parse(text: &str) -> Result<World, String> {
    read(Path::new("w.toml"), text).map_err(|error| error.to_string())
}

#[test]
fn the_documented_example_and_a_full_world_parse() {
    let world = parse(&example()).unwrap();
    assert_eq!(world.classes(), ["sign", "flag"]);
    assert_eq!(world.splits(), ["train", "test"]);
    let world = parse(&full()).unwrap();
    assert_eq!(world.classes(), ["sign", "flag", "urn"]);
    assert_eq!(world.splits[0].label_noise, 0.1);
}

/// Paths to every value below a table, tables and arrays of tables included.
fn places(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let mut below = |key: String, value: &Value| {
        path.push(key);
        found.push(path.clone());
        places(value, path, found);
        path.pop();
    };
    match value {
        Value::Table(table) => table.iter().for_each(|(key, value)| below(key.clone(), value)),
        Value::Array(items) if items.iter().all(Value::is_table) => {
            items.iter().enumerate().for_each(|(i, item)| below(i.to_string(), item));
        }
        _ => {}
    }
}

fn at<'t>(table: &'t mut Value, path: &[String]) -> &'t mut Value {
    path.iter().fold(table, |value, key| match value {
        Value::Table(table) => table.get_mut(key).unwrap(),
        Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
        _ => unreachable!(),
    })
}

/// The last key of a path that is no index.
fn key(path: &[String]) -> &str {
    path.iter().rev().find(|key| key.parse::<usize>().is_err()).unwrap()
}

#[test]
fn every_value_of_a_wrong_type_is_refused_by_its_key() {
    let whole = Value::Table(full().parse::<Table>().unwrap());
    let mut paths = Vec::new();
    places(&whole, &mut Vec::new(), &mut paths);
    let mut refused = 0;
    for path in &paths {
        let wrong = [
            Value::Boolean(true),
            Value::Integer(-7_000_000),
            Value::Float(f64::NAN),
            Value::String(String::new()),
            Value::String("no such thing!".to_owned()),
            Value::Array(vec![Value::Boolean(false)]),
            Value::Array(vec![Value::Float(9e9), Value::Float(-9e9)]),
            Value::Array(Vec::new()),
            Value::Datetime("2026-01-01".parse().unwrap()),
        ];
        for value in wrong {
            let mut world = whole.clone();
            *at(&mut world, path) = value.clone();
            let text = toml::to_string(&world).unwrap();
            match parse(&text) {
                Err(message) => {
                    assert!(message.starts_with("w.toml: "), "{message}");
                    assert!(message.contains(key(path)), "{path:?} = {value}: {message}");
                    assert!(!message.contains('\n') && message.len() < 400, "{message}");
                    refused += 1;
                }
                // Free texts may say anything, and a list without entries may be allowed.
                Ok(_) => {
                    let free = ["name", "plural", "phrases", "templates", "mirror"];
                    let empty = ["scatter", "items"];
                    let k = key(path);
                    let allowed = free.contains(&k)
                        || (empty.contains(&k) && value.as_array().is_some_and(Vec::is_empty));
                    assert!(allowed, "{path:?} = {value} was taken");
                }
            }
        }
    }
    assert!(refused > 700, "{refused}");
}

#[test]
fn unknown_and_missing_keys_are_named() {
    let whole = Value::Table(full().parse::<Table>().unwrap());
    let mut paths = vec![Vec::new()];
    places(&whole, &mut Vec::new(), &mut paths);
    let mut refused = 0;
    for path in paths {
        let mut world = whole.clone();
        let Value::Table(table) = at(&mut world, &path) else { continue };
        table.insert("bogus".to_owned(), Value::Integer(1));
        match parse(&toml::to_string(&world).unwrap()) {
            Err(message) => {
                assert!(message.contains("bogus"), "{path:?}: {message}");
                refused += 1;
            }
            Ok(_) => assert_eq!(path, ["splits"], "'bogus' was taken"),
        }
    }
    assert!(refused > 60, "{refused}");
    for required in [
        "kind",
        "colour",
        "radius",
        "centre",
        "points",
        "width",
        "size",
        "name",
        "shape",
        "texture",
        "item",
        "background",
        "strength",
        "layers",
        "parts",
        "variants",
        "x",
        "y",
    ] {
        let mut paths = Vec::new();
        places(&whole, &mut Vec::new(), &mut paths);
        let mut tried = 0;
        for path in paths.iter().filter(|path| path.last().unwrap() == required) {
            let mut world = whole.clone();
            let Value::Table(table) = at(&mut world, &path[..path.len() - 1]) else { continue };
            table.remove(required);
            // The picture's own size and the deviation of colours have defaults.
            if path.len() == 1 && required == "size" || path[0] == "variety" {
                continue;
            }
            let message = parse(&toml::to_string(&world).unwrap()).unwrap_err();
            assert!(message.contains(required) && message.contains("is missing"), "{message}");
            tried += 1;
        }
        assert!(tried > 0, "{required}");
    }
}

#[test]
fn what_does_not_fit_together_is_named() {
    let cases = [
        (
            "share = { train = 0.95, test = 0.5 }",
            "share = 0.9",
            "classes[1].variants.share: the shares in the split 'train' sum to",
        ),
        (
            "background = \"yard\"",
            "background = \"yrad\"",
            "classes[0].cue.background: there is no background 'yrad'; there are lawn, yard",
        ),
        (
            "strength = { train = 0.95, other = 0.5 }",
            "strength = { train = 0.95 }",
            "classes[0].cue.strength.test: is missing",
        ),
        (
            "strength = { train = 0.95, other = 0.5 }",
            "strength = { train = 0.95, tset = 0.5 }",
            "classes[0].cue.strength.tset: is no split; there are train, test",
        ),
        (
            "strength = { train = 0.95, other = 0.5 }",
            "strength = 1.5",
            "classes[0].cue.strength: expected a number from 0 to 1",
        ),
        (
            "shape = \"flag\"",
            "shape = \"flga\"",
            "shape: there is no shape 'flga'; there are flag, sign",
        ),
        (
            "{ board = \"#ece9e2\" }",
            "{ bord = \"#ece9e2\" }",
            "classes[1].variants[1].colours.bord: is no role of the shape 'flag'; it has board",
        ),
        ("{ board = \"#ece9e2\" }", "{}", "classes[1].variants[1].colours.board: is missing"),
        ("{ board = \"#ece9e2\" }", "{ board = \"pearl\" }", "'pearl' is no colour"),
        (
            "{ texture = \"turf\" }",
            "{ texture = \"turff\" }",
            "backgrounds.lawn.layers[0].texture: there is no texture 'turff'",
        ),
        (
            "{ texture = \"turf\" }",
            "{ texture = \"turf\", region = \"sky\" }",
            "this background has no horizon",
        ),
        (
            "name = \"white\"",
            "name = \"blue\"",
            "classes[1].variants[1].name: two variants of the class are named 'blue'",
        ),
        ("name = \"flag\"", "name = \"sign\"", "classes[1].name: two classes are named 'sign'"),
        (
            "train = 120",
            "train = 0",
            "splits.train: expected a whole number from 1 to 1000000, found 0",
        ),
        ("train = 120", "train = 120\nother = 3", "splits.other: is no name of a split"),
        ("size = [64, 64]", "size = [8, 64]", "size: expected two whole numbers"),
        (
            "kind = \"noise\"",
            "kind = \"noisy\"",
            "textures.turf.kind: 'noisy' is no kind of texture; there are plain",
        ),
        (
            "scale = [0.06, 0.1]",
            "scale = [0.1, 0.06]",
            "textures.turf.scale: expected LOW not above HIGH, found [0.1, 0.06]",
        ),
        ("colours = [\"#3f6b2c\"", "colours = [\"own\"", "takes a part's own colour"),
        (
            "name = \"posts\"",
            "name = \"posts\"\nbase = \"nowhere.toml\"",
            "base: 'nowhere.toml' can't be read",
        ),
        ("name = \"posts\"", "name = \"posts", "line 1 is no TOML"),
        ("name = \"red\"", "name = \"Red\"", "'Red' is no plain word"),
    ];
    for (from, to, expected) in cases {
        let text = example();
        assert!(text.contains(from), "{from}");
        let message = parse(&text.replacen(from, to, 1)).unwrap_err();
        assert!(message.contains(expected), "{to}: {message}");
    }
    let captions = [
        ("templates = [\"{a} {klass}\"]\ncount = 1", "'{klass}'"),
        ("templates = [\"{a} {class\"]\ncount = [1, 1]", "without its '}'"),
        (
            "templates = [\"a {class}\"]\ncount = [2, 3]",
            "captions.templates: 1 templates for up to 3",
        ),
    ];
    for (table, expected) in captions {
        let table = table.replace("count = 1", "count = [1, 1]");
        let message = parse(&format!("{}\n[captions]\n{table}\n", example())).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_base_fills_in_what_is_left_out() {
    let text = "name = \"w\"\nbase = \"library\"\n[backgrounds.snow]\nshare = 2\n[sizes.small]\n\
        [sizes.tiny]\nsize = 0.2\n\
        [[classes]]\nname = \"mug\"\n[[classes.variants]]\nname = \"red\"\nshape = \"mug\"\n\
        colours = { body = \"red\", trim = \"white\" }\n\
        [[classes]]\nname = \"bird\"\n[[classes.variants]]\nname = \"black\"\nshape = \"bird\"\n\
        colours = { body = \"black\", trim = \"gray\" }\n";
    let world = parse(text).unwrap();
    assert_eq!(world.backgrounds(), ["snow"]);
    assert_eq!(world.backgrounds[0].share.0, [2.0; 3]);
    assert!(world.backgrounds[0].horizon.is_some());
    let sizes: Vec<&str> = world.sizes.iter().map(|size| size.name.as_str()).collect();
    assert_eq!(sizes, ["small", "tiny"]);
    assert!(world.lights.len() > 1);
}
