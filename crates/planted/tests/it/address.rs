//! `planted:` as a dataset, against the files that the same world writes.
use rightly_data::{
    Dataset, ImageSource, MaskSource,
    dataset::{Duplicates, OpenOptions},
    pixels::DecodeOptions,
};
use rightly_planted::{ATTRIBUTES, KINDS, World};

/// The example of docs/worlds.md.
fn example() -> &'static str {
    let page = include_str!("../../../../docs/worlds.md");
    page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap()
}

#[test]
fn rendered_and_written_datasets_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("posts.toml");
    std::fs::write(&file, example()).unwrap();
    let world = World::from_file(&file).unwrap();
    world.write(&world.plan(3), folder.path(), 2, &|_| ()).unwrap();
    let options =
        OpenOptions { duplicates: Duplicates::Always, kinds: KINDS, ..OpenOptions::default() };
    let table = folder.path().join("dataset.csv");
    let written = Dataset::open(&table.display().to_string(), &options).unwrap();
    let name = format!("planted:{}?seed=3", file.display());
    let rendered = Dataset::open(&name, &options).unwrap();
    assert_eq!(written.classes, rendered.classes);
    assert!(written.problems.is_empty() && rendered.problems.is_empty());
    assert!(written.attributes.is_empty() && rendered.attributes.is_empty());
    assert_eq!(written.samples.len(), rendered.samples.len());
    let decode = DecodeOptions::default();
    for (a, b) in written.samples.iter().zip(&rendered.samples) {
        assert_eq!(
            (&a.id, a.class, &a.split, &a.captions),
            (&b.id, b.class, &b.split, &b.captions)
        );
        let (file, made) = (a.image.load(&decode).unwrap(), b.image.load(&decode).unwrap());
        assert_eq!(file.image, made.image);
        let mask = |source: &Option<MaskSource>, image, options| {
            source.as_ref().unwrap().load(image, options).unwrap()
        };
        let masks = [
            mask(&a.mask, &file, &written.mask_options),
            mask(&b.mask, &made, &rendered.mask_options),
        ];
        assert_eq!(masks[0], masks[1]);
    }
    let with = Dataset::open(&format!("{name}&attributes=true"), &options).unwrap();
    assert_eq!(with.attributes, ATTRIBUTES);
    assert!(with.samples.iter().all(|sample| sample.attributes.len() == ATTRIBUTES.len()));
}

#[test]
fn planted_sources_say_what_they_are() {
    let options = OpenOptions { limit: Some(2), kinds: KINDS, ..OpenOptions::default() };
    let data = Dataset::open("planted:mixed", &options).unwrap();
    let again = Dataset::open("planted:mixed?seed=0", &options).unwrap();
    assert_eq!(data.samples, again.samples);
    let other = Dataset::open("planted:mixed?seed=1", &options).unwrap();
    assert_ne!(data.samples[0], other.samples[0]);
    let ImageSource::Rendered(image) = &data.samples[0].image else { unreachable!() };
    let source = &data.samples[0].image;
    assert_eq!(source.describe(), image.describe());
    assert!(source.describe().starts_with("planted:mixed?seed=0 images/train/"));
    assert!(source.path().is_none() && source.size().is_err() && source.reader().is_err());
    assert_ne!(source.state(), other.samples[0].image.state());
    assert!(format!("{:?}", data.samples[0]).len() < 2000);
    for (name, expected) in [
        ("planted:mixd", "there is no world 'mixd'"),
        ("planted:mixed?sed=1", "'sed=1' is no option of a planted world"),
        ("planted:mixed?seed=x", "'seed=x' is no option"),
        ("planted:nowhere.toml", "nowhere.toml"),
    ] {
        let message = Dataset::open(name, &options).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    // Own and further kinds are listed together, by name.
    let message = Dataset::open("voc:x", &options).unwrap_err().to_string();
    assert!(message.contains("cifar-100:PATH, cifar-100-coarse:PATH"), "{message}");
    assert!(message.ends_with("imagenet:PATH, planted:WORLD, rival10:PATH"), "{message}");
}
