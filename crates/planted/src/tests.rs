use super::{ATTRIBUTES, Planned, Scene, World, format::tests as format};
use proptest::prelude::*;
use rightly_data::Mask;
use std::{collections::BTreeMap, path::Path};

fn world(text: &str) -> World {
    World::from_text(Path::new("w.toml"), text).unwrap()
}

fn example() -> World {
    world(&format::example())
}

/// A still picture: no jitter, no shadow, no camera noise, one fixed pose.
fn still(size: f64, x: f64, part: &str) -> World {
    let text = format!(
        "name = \"still\"\nsize = [64, 64]\nsplits = {{ train = 4, test = 4 }}\n\
         variety = {{ rotation = 0, stretch = 1, mirror = 0, jitter = 0, colour = 0, noise = 0, vignette = 0 }}\n\
         [shapes.a]\nparts = [{{ {part}, colour = \"body\" }}]\n\
         [textures.t]\nkind = \"plain\"\ncolours = \"#202020\"\n\
         [backgrounds.b]\nlayers = [{{ texture = \"t\" }}]\n\
         [sizes.one]\nsize = {size}\n[positions.one]\nx = {x}\ny = 0.5\n\
         [lights.one]\nshadow = 0\n\
         [[classes]]\nname = \"a\"\n[[classes.variants]]\nname = \"v\"\nshape = \"a\"\ncolours = {{ body = \"#ffffff\" }}\n\
         [[classes]]\nname = \"b\"\n[[classes.variants]]\nname = \"v\"\nshape = \"a\"\ncolours = {{ body = \"#ffffff\" }}\n"
    );
    world(&text)
}

fn count<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    keys.for_each(|key| *counts.entry(key).or_default() += 1);
    counts
}

#[test]
fn every_shipped_world_parses_and_renders() {
    for name in World::shipped_names() {
        let world = World::shipped(name).unwrap();
        assert_eq!(world.name(), name);
        let plan = world.plan(1);
        for planned in plan.images.iter().step_by(plan.images.len() / 12) {
            let scene = world.render(planned, 1);
            assert_eq!(scene.image.data.len(), 3 * scene.mask.data.len());
            let area = scene.mask.data.iter().filter(|&&object| object).count();
            assert!(area * 50 > scene.mask.data.len(), "{name}: {area} pixels of object");
            assert!((3..=5).contains(&scene.captions.len()));
            assert_eq!(scene.attributes.len(), ATTRIBUTES.len());
        }
        let truths = world.truths(&plan);
        assert_eq!(truths.is_empty(), name.starts_with("null"), "{name}");
        for truth in truths {
            let own = |split: &str| truth.ids.iter().filter(|id| id.contains(split)).count();
            assert!(own("/val/") >= 25 && own("/test/") >= 25, "{name}: {truth:?}");
        }
    }
    let message = World::shipped("mixd").unwrap_err().to_string();
    assert!(message.contains("there is no world 'mixd'; there are cues, mixed"), "{message}");
}

#[test]
fn a_scene_depends_on_world_seed_split_and_index_alone() {
    let world = example();
    let scene = |split, index, seed| world.scene(split, index, seed).unwrap();
    let first = scene("test", 7, 3);
    let plan = world.plan(3);
    for planned in plan.images.iter().rev() {
        if world.splits()[planned.split] == "test" && planned.index == 7 {
            assert_eq!(world.render(planned, 3), first);
            assert_eq!(world.render_image(planned, 3), first.image);
            assert_eq!(world.render_mask(planned, 3), first.mask);
            let (attributes, captions) = world.describe_image(planned, 3);
            assert_eq!((attributes, captions), (first.attributes.clone(), first.captions.clone()));
        }
    }
    for other in [scene("test", 8, 3), scene("test", 7, 4), scene("train", 7, 3)] {
        assert_ne!(other.image, first.image);
    }
    assert_eq!(world.scene("val", 0, 0), None);
    assert_eq!(world.scene("test", 80, 0), None);
}

#[test]
fn shares_are_met_to_the_image() {
    let world = World::shipped("mixed").unwrap();
    for seed in [0, 1] {
        let plan = world.plan(seed);
        for (split, name) in world.splits().into_iter().enumerate() {
            let of_split = || plan.images.iter().filter(|image| image.split == split);
            let per_class = of_split().count() / world.classes().len();
            assert!(of_split().enumerate().all(|(i, image)| image.index == i));
            for (class, of) in world.classes.iter().enumerate() {
                let images: Vec<&Planned> =
                    of_split().filter(|image| image.true_class == class).collect();
                assert_eq!(images.len(), per_class);
                let variants = count(images.iter().map(|image| image.variant));
                for (number, variant) in of.variants.iter().enumerate() {
                    let exact = variant.share.0[split] * per_class as f64;
                    let found = *variants.get(&number).unwrap_or(&0) as f64;
                    assert!((found - exact).abs() < 1.0, "{name} {}: {found}", of.name);
                }
                if let Some(cue) = &of.cue {
                    let with = images.iter().filter(|i| i.background == cue.background).count();
                    let exact = cue.strength.0[split] * per_class as f64;
                    assert!(
                        (with as f64 - exact).abs() <= 0.5 + 1e-9,
                        "{name} {}: {with}",
                        of.name
                    );
                    // And so within each variant, to two images.
                    for (variant, n) in variants {
                        let own = images.iter().filter(|image| image.variant == variant);
                        let with = own.filter(|i| i.background == cue.background).count();
                        let exact = cue.strength.0[split] * n as f64;
                        assert!(
                            (with as f64 - exact).abs() <= 2.0,
                            "{} {variant}: {with}",
                            of.name
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn wrong_labels_are_an_exact_share_and_leave_the_truth() {
    let world = World::shipped("null").unwrap();
    let plan = world.plan(5);
    for (split, part) in world.splits.iter().enumerate() {
        let of_split: Vec<&Planned> = plan.images.iter().filter(|i| i.split == split).collect();
        let wrong: Vec<_> = of_split.iter().filter(|i| i.class != i.true_class).collect();
        assert_eq!(wrong.len(), (part.label_noise * part.count as f64).round() as usize);
        assert!(part.label_noise == 0.0 || !wrong.is_empty());
        if let Some(planned) = wrong.first() {
            let scene = world.render(planned, 5);
            assert_ne!(scene.class, scene.true_class);
            assert_eq!(scene.attributes.last(), Some(&scene.true_class));
            assert!(scene.captions.iter().any(|text| text.contains(&scene.true_class)));
        }
    }
}

#[test]
fn masks_are_the_pixels_that_are_more_than_half_covered() {
    let square = "kind = \"rectangle\", centre = [0, 0], size = [1, 1], bevel = 0";
    // The square covers 16 pixels each way; its centre moves by fractions of a pixel.
    for (x, columns) in [(0.5, 24..40), (0.5 + 0.4 / 64.0, 24..40), (0.5 + 0.6 / 64.0, 25..41)] {
        let scene = still(0.5, x, square).scene("test", 0, 0).unwrap();
        for (pixel, &object) in scene.mask.data.iter().enumerate() {
            let inside = columns.contains(&(pixel % 64)) && (24..40).contains(&(pixel / 64));
            assert_eq!(object, inside, "{x}: {pixel}");
        }
    }
    // A disk's mask against the share of each pixel that it covers, from 32 x 32 samples.
    let disk = "kind = \"ellipse\", centre = [0.1, 0], radius = [0.9, 0.5], angle = 30, bevel = 0";
    let scene = still(0.7, 0.47, disk).scene("test", 1, 0).unwrap();
    let (sin, cos) = 30f64.to_radians().sin_cos();
    let inside = |x: f64, y: f64| {
        let (u, v) = ((x - 0.47 * 64.0) / 22.4 - 0.1, (y - 32.0) / 22.4);
        let (a, b) = ((u * cos + v * sin) / 0.9, (v * cos - u * sin) / 0.5);
        a * a + b * b < 1.0
    };
    let mut covered = 0;
    for (pixel, &object) in scene.mask.data.iter().enumerate() {
        let (x, y) = ((pixel % 64) as f64, (pixel / 64) as f64);
        let sample = |i: u32| (f64::from(i) + 0.5) / 32.0;
        let hits = (0..1024u32).filter(|i| inside(x + sample(i % 32), y + sample(i / 32))).count();
        // The generator takes 16 samples: near a half it may err by one or two of them.
        if !(400..=624).contains(&hits) {
            assert_eq!(object, hits > 512, "{x} {y}: {hits}");
        }
        covered += usize::from(hits > 512);
    }
    assert!(covered > 500);
}

#[test]
fn the_object_changes_its_mask_its_rim_and_its_shadow_alone() {
    let part = "kind = \"polygon\", points = [[-0.8, -0.7], [0.9, -0.2], [0.1, 0.8]], bevel = 0.2";
    let world = still(0.6, 0.5, part);
    let plan = world.plan(0);
    let with = world.render(&plan.images[0], 0);
    let without = world.render_surroundings(&plan.images[0], 0);
    let near = |mask: &Mask, pixel: usize| {
        let (x, y) = ((pixel % 64) as isize, (pixel / 64) as isize);
        (-1..=1).any(|dy| {
            (-1..=1).any(|dx| {
                let (x, y) = (x + dx, y + dy);
                (0..64).contains(&x) && (0..64).contains(&y) && mask.data[(y * 64 + x) as usize]
            })
        })
    };
    for pixel in 0..64 * 64 {
        let at = 3 * pixel..3 * pixel + 3;
        let differs = with.image.data[at.clone()] != without.data[at];
        assert!(!with.mask.data[pixel] || differs, "object pixel {pixel} is as without it");
        assert!(!differs || near(&with.mask, pixel), "pixel {pixel} differs, far from the object");
    }
}

#[test]
fn without_a_cue_only_that_class_s_backgrounds_change() {
    let world = example();
    let plain = world.without_cue("sign").unwrap();
    assert_eq!(world.without_cue("flag").unwrap(), world);
    assert_eq!(world.without_cue("sing"), None);
    assert!(plain.truths(&plain.plan(2)).iter().all(|truth| truth.kind != "spurious-cue"));
    let (mut moved, mut same) = (0, 0);
    for (before, after) in world.plan(2).images.iter().zip(&plain.plan(2).images) {
        assert_eq!(after, &Planned { background: after.background, ..before.clone() });
        let (a, b) = (world.render(before, 2), plain.render(after, 2));
        if before.background == after.background {
            assert_eq!(a, b);
            same += 1;
            continue;
        }
        assert_eq!(world.classes()[before.true_class], "sign");
        moved += 1;
        assert_eq!(a.mask, b.mask);
        let changed: Vec<usize> = (0..8).filter(|&i| a.attributes[i] != b.attributes[i]).collect();
        assert_eq!(changed, [0]);
        assert_eq!(inner(&a), inner(&b));
    }
    assert!(moved > 20 && same > 100, "{moved} {same}");
    // Without its cue a class is spread over the backgrounds as all classes are.
    let train = plain.plan(2).images.into_iter().filter(|i| i.split == 0 && i.true_class == 0);
    assert_eq!(count(train.map(|image| image.background)), BTreeMap::from([(0, 30), (1, 30)]));
}

/// Pixels whose whole neighbourhood is object.
fn inner(scene: &Scene) -> Vec<u8> {
    let (w, h) = (scene.mask.width, scene.mask.height);
    let at = |x: usize, y: usize| scene.mask.data[y * w + x];
    let mut out = Vec::new();
    for y in 1..h - 1 {
        for x in 1..w - 1 {
            if (y - 1..=y + 1).all(|y| (x - 1..=x + 1).all(|x| at(x, y))) {
                out.extend_from_slice(&scene.image.data[3 * (y * w + x)..][..3]);
            }
        }
    }
    assert!(out.len() > 30);
    out
}

#[test]
fn truths_follow_from_the_file_and_list_the_right_images() {
    let world = example();
    let plan = world.plan(9);
    let truths = world.truths(&plan);
    let found: Vec<_> =
        truths.iter().map(|t| (t.kind, t.class.as_str(), t.attribute, t.value.as_str())).collect();
    let expected = [
        ("spurious-cue", "sign", "background", "yard"),
        ("failing-subgroup", "flag", "variant", "white"),
    ];
    assert_eq!(found, expected);
    assert!((truths[0].strength - 0.95).abs() < 1e-9 && (truths[1].strength - 0.9).abs() < 1e-9);
    for truth in &truths {
        let place = ATTRIBUTES.iter().position(|name| *name == truth.attribute).unwrap();
        let mut ids = Vec::new();
        let mut spoken = [0, 0];
        for planned in &plan.images {
            let scene = world.render(planned, 9);
            let carries = scene.attributes[place] == truth.value;
            if scene.class == truth.class && carries != (truth.kind == "spurious-cue") {
                ids.push(planned.id(&world));
            }
            let says = scene.captions.iter().any(|text| text.contains(&truth.value));
            if scene.true_class == truth.class {
                spoken[usize::from(carries)] += usize::from(says);
            }
        }
        assert_eq!(truth.ids, ids);
        assert!(spoken[0] == 0 && spoken[1] > 20, "{}: {spoken:?}", truth.value);
    }
}

#[test]
fn files_are_the_same_for_any_number_of_threads() {
    let world = example();
    let plan = world.plan(0);
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for (folder, threads) in folders.iter().zip([1, 5]) {
        let done = std::sync::atomic::AtomicUsize::new(0);
        let most = |n| {
            done.fetch_max(n, std::sync::atomic::Ordering::Relaxed);
        };
        world.write(&plan, folder.path(), threads, &most).unwrap();
        assert_eq!(done.into_inner(), plan.images.len());
    }
    let read =
        |folder: usize, name: &str| std::fs::read(folders[folder].path().join(name)).unwrap();
    for planned in &plan.images {
        for name in [planned.id(&world), planned.mask_path(&world)] {
            assert_eq!(read(0, &name), read(1, &name));
        }
    }
    for name in ["dataset.csv", "attributes.csv"] {
        assert_eq!(read(0, name), read(1, name));
        assert_eq!(read(0, name).iter().filter(|&&byte| byte == b'\n').count(), 201);
    }
    let there = |name: &str| folders[0].path().join(name).exists();
    assert!(!there("dataset.csv.part"));
    let file = folders[0].path().join("dataset.csv");
    assert!(world.write(&plan, &file, 2, &|_| ()).is_err());
}

#[test]
fn articles_follow_what_they_stand_before() {
    let text = format::example()
        .replace("name = \"sign\"", "name = \"hour glass\"\narticle = \"an\"")
        + "[captions]\ncount = [3, 3]\ntemplates = [\"{a} {class}\", \"{A} {variant} {class}\", \"two {classes}\"]\n\
           [sizes.enormous]\nsize = 0.5\n";
    let world = world(&text);
    let captions =
        (0..20).filter_map(|i| world.scene("test", i, 0)).find(|s| s.class == "hour glass");
    let mut captions = captions.unwrap().captions;
    captions.sort();
    assert_eq!(captions, ["A red hour glass", "an hour glass", "two hour glasss"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_seed_and_size_renders(seed: u64, size in 0.05f64..2.0, x in 0.0f64..1.0, kind in 0usize..5) {
        let part = [
            "kind = \"rectangle\", centre = [0, 0], size = [1.5, 1], round = 0.3",
            "kind = \"ellipse\", centre = [0, 0], radius = [0.9, 0.02]",
            "kind = \"polygon\", points = [[-0.8, -0.7], [0.9, -0.2], [0.1, 0.8]], round = 0.1, repeat = 5",
            "kind = \"ring\", centre = [0, 0], radius = 0.8, width = 0.2, arc = [20, 300]",
            "kind = \"stroke\", points = [[-0.9, 0], [0.9, 0], [0.9, 0]], width = 0.3, mirror = true",
        ][kind];
        let world = still(size, x, part);
        let scene = world.scene("train", 2, seed).unwrap();
        let area = scene.mask.data.iter().filter(|&&object| object).count();
        prop_assert!(area > 0 || size < 0.2 || kind == 1);
        prop_assert_eq!(scene.image.data.len(), 64 * 64 * 3);
    }
}
