//! A made-up view. Every number in it is invented for these tests and says nothing about a model.

use rightly_audit::{
    audit::LeftOut,
    findings::Kind,
    verdict::{Answer, Cause, FaultyClass, Step, Verdict},
};
use rightly_data::{Mask, RgbImage};
use rightly_report::{
    ReportView, picture,
    view::{
        CamCard, CamGallery, Change, Confusion, Facts, Figure, FindingView, GroupView,
        GroupedClass, GroupsView, Levels, MapPoint, MappedPhoto, MeanMask, NameView, Panel, Photo,
        PhraseView, Picture, ProblemRow, RankView, RankedClass, RankedFeature, RepairView,
        RepairedGroup, RepairedModel, StripRow,
    },
};

/// Side of the made-up photographs, pixels.
const SIDE: usize = 96;

/// Invented accuracies: class, n, as photographed, object gray, box gray, tiled.
const CLASSES: [(&str, usize, [f64; 4]); 11] = [
    ("parachute", 48, [0.79, 0.66, 0.62, 0.58]),
    ("mountain bike", 32, [0.81, 0.44, 0.31, 0.25]),
    ("racer", 22, [0.45, 0.23, 0.18, 0.14]),
    ("flamingo", 16, [0.94, 0.44, 0.19, 0.12]),
    ("bear", 16, [0.88, 0.38, 0.25, 0.12]),
    ("mallard", 16, [0.62, 0.31, 0.19, 0.19]),
    ("camel", 16, [0.75, 0.5, 0.38, 0.31]),
    ("bullet train", 16, [0.25, 0.19, 0.12, 0.06]),
    ("goat", 12, [0.33, 0.17, 0.17, 0.08]),
    ("black swan", 10, [1.0, 0.4, 0.3, 0.2]),
    ("kite", 8, [0.12, 0.0, 0.0, 0.0]),
];

/// A figure with an interval of plausible width.
fn figure(metric: &str, condition: Option<&str>, class: &str, value: f64, n: usize) -> Figure {
    let half = 1.0 / (n as f64).sqrt();
    Figure {
        metric: metric.to_owned(),
        condition: condition.map(str::to_owned),
        class: Some(class.to_owned()),
        value: Some(value),
        low: Some(value - half),
        high: Some(value + half),
        n,
        clusters: Some(16),
        p: None,
        q: None,
    }
}

/// An interval inside 0..1.
fn share(metric: &str, condition: Option<&str>, class: &str, value: f64, n: usize) -> Figure {
    let f = figure(metric, condition, class, value, n);
    Figure { low: f.low.map(|v| v.max(0.0)), high: f.high.map(|v| v.min(1.0)), ..f }
}

fn figures() -> Vec<Figure> {
    let mut out = Vec::new();
    for (class, q) in [("parachute", Some(0.004)), ("*", None), ("mean", None)] {
        for metric in ["gap", "gap-without-object"] {
            out.push(Figure { q, ..figure(metric, Some("k=10"), class, 0.3, 20) });
        }
    }
    for step in 1..=5 {
        let accuracy = 1.0 - 0.12 * f64::from(step);
        for class in ["parachute", "*"] {
            let condition = format!("step={step}/5");
            out.push(share("accuracy-by-rank", Some(&condition), class, accuracy, 10));
        }
    }
    for (at, condition) in ["none", "gray", "gray-box", "tile"].into_iter().enumerate() {
        for (class, n, values) in CLASSES {
            let mut f = share("accuracy", Some(condition), class, values[at], n);
            // One cluster: nothing can be said about the spread.
            if n <= 16 {
                (f.low, f.high, f.clusters) = (None, None, Some(1));
            }
            out.push(f);
        }
        let all = [0.642, 0.417, 0.311, 0.262][at];
        let n = if at == 3 { 207 } else { 212 };
        out.push(share("accuracy", Some(condition), "*", all, n));
        out.push(share("accuracy", Some(condition), "mean", all - 0.02, n));
        if at > 0 {
            out.push(figure("drop", Some(condition), "*", 0.642 - all, n));
        }
    }
    out.push(share("default-answer", Some("gray-box"), "*", 0.02, 212));
    out.push(share("beyond-default", Some("gray-box"), "*", 0.291, 212));
    out.push(share("accuracy", Some("gray-control"), "*", 0.571, 209));
    out.push(figure("gray-control", Some("gray"), "*", 0.068, 209));
    out.push(figure("gray-excess", Some("gray"), "*", 0.154, 209));
    for (i, size) in ["0.125", "0.25", "0.375", "0.5", "0.625", "0.75"].into_iter().enumerate() {
        let level = format!("linf/{size}");
        levels(&mut out, &level, -0.04 - 0.03 * i as f64, 0.62 - 0.08 * i as f64);
    }
    for (i, size) in ["30", "60", "90", "120", "150", "180"].into_iter().enumerate() {
        levels(&mut out, &format!("l2/{size}"), 0.03 + 0.055 * i as f64, 0.6 - 0.06 * i as f64);
    }
    for level in ["linf/0.25", "l2/60"] {
        out.push(figure("rfs-control", Some(level), "mean", -0.21, 205));
    }
    let overlay = "overlay/watermark";
    for (condition, value) in [(overlay, 0.58), ("overlay/watermark/control", 0.63)] {
        out.push(share("accuracy", Some(condition), "*", value, 212));
        out.push(figure("drop", Some(condition), "*", 0.642 - value, 212));
    }
    for (i, label) in
        ["carton", "packet", "web site", "comic book", "envelope"].into_iter().enumerate()
    {
        let rise = 2.9 - 0.4 * i as f64;
        out.push(figure("logit-rise", Some(overlay), label, rise, 212));
        out.push(figure("logit-rise", Some("overlay/watermark/control"), label, 0.12, 212));
    }
    for (metric, value) in
        [("cam-iou", 0.271), ("cam-iou-median", 0.244), ("cam-delta-density", 0.183)]
    {
        out.push(figure(metric, Some("gradcam"), "*", value, 206));
    }
    for (metric, value) in [
        ("object-share", 0.112),
        ("object-share-crop", 0.164),
        ("object-share-random-crop", 0.121),
        ("object-kept", 0.871),
        ("object-distance", 0.163),
    ] {
        out.push(share(metric, None, "*", value, 212));
    }
    out
}

fn levels(out: &mut Vec<Figure>, level: &str, rfs: f64, accuracy: f64) {
    out.push(figure("rfs", Some(level), "mean", rfs, 205));
    out.push(figure("noise-gap", Some(level), "mean", rfs * accuracy, 205));
    for side in ["foreground", "background"] {
        let value = if side == "background" { accuracy * (1.0 + rfs) } else { accuracy };
        out.push(share("accuracy", Some(&format!("noise-{side}/{level}")), "mean", value, 205));
    }
}

/// A made-up picture: a disc on a ramp.
fn drawing(shift: usize) -> (RgbImage, Mask) {
    let mut data = Vec::new();
    let mut on = Vec::new();
    let centre = (30 + 5 * (shift % 7)) as f64;
    for y in 0..SIDE {
        for x in 0..SIDE {
            let inside = (x as f64 - centre).hypot(y as f64 - 50.0) < 17.0;
            on.push(inside);
            let ground = [(60 + y) as u8, (90 + x) as u8, 150];
            data.extend(if inside { [210, 120, (40 + 20 * (shift % 9)) as u8] } else { ground });
        }
    }
    (RgbImage { width: SIDE, height: SIDE, data }, Mask { width: SIDE, height: SIDE, data: on })
}

fn encoded(image: &RgbImage) -> Option<Picture> {
    picture::jpeg(image).ok()
}

fn photo(i: usize, class: &str, answer: Option<&str>) -> Photo {
    Photo {
        id: format!("frames/{i:05}.jpg"),
        class: class.to_owned(),
        answer: answer.map(str::to_owned),
        confidence: answer.map(|_| 0.0031 * (i + 1) as f64),
        picture: encoded(&drawing(i).0),
    }
}

fn cam(i: usize, iou: f64) -> CamCard {
    let (mut image, mask) = drawing(i);
    let map: Vec<f32> = (0..49).map(|c| (c * (i + 3) % 17) as f32 / 16.0).collect();
    let map = picture::enlarge(&map, 7, 7, SIDE, SIDE);
    let mut over = picture::heat(&image, &map);
    picture::contour(&mut over, &map);
    picture::outline(&mut over, &mask);
    picture::outline(&mut image, &mask);
    let photo = Photo { picture: encoded(&image), ..photo(i, CLASSES[i % 11].0, None) };
    CamCard { photo, map: encoded(&over), iou: Some(iou) }
}

/// Everything that the first stage can show.
/// Two features of one class, each with its ends.
fn ranks() -> RankView {
    let end = |from: usize| -> Vec<MappedPhoto> {
        (from..from + 2)
            .map(|i| MappedPhoto {
                photo: photo(i, "parachute", None),
                right: i % 2 == 0,
                map: cam(i, 0.5).map,
            })
            .collect()
    };
    let feature = |index: i64, value: f64, spurious: Option<bool>| RankedFeature {
        feature: index,
        spurious,
        evidence: Figure {
            low: Some(value - 0.1),
            high: Some(value + 0.1),
            ..figure("", None, "", value, 48)
        },
        kept: figure("", None, "", 0.9, 48),
        word: None,
        high: end(0),
        low: end(4),
    };
    RankView {
        chosen_by: Some("model".to_owned()),
        basis: "masks".to_owned(),
        classes: vec![RankedClass {
            class: "parachute".to_owned(),
            words: named("blue sky", "blue sky"),
            features: vec![feature(17, -0.31, Some(true)), feature(40, 0.22, Some(false))],
        }],
        spurious: (1, 2),
    }
}

/// A name with one phrase.
fn named(title: &str, phrase: &str) -> NameView {
    let auc = Figure {
        low: Some(0.66),
        high: Some(0.87),
        ..figure("name-auc", Some("captions"), "racer", 0.78, 60)
    };
    let phrase =
        PhraseView { phrase: phrase.to_owned(), shares: Some([0.62, 0.08]), present: true, auc };
    NameView { title: title.to_owned(), phrases: vec![phrase] }
}

/// One class of three groups, the first of which fails.
fn groups() -> GroupsView {
    let group = |name: &str, share: f64, gap: f64, q: Option<f64>| GroupView {
        name: name.to_owned(),
        accuracy: Figure {
            low: Some(share - 0.1),
            high: Some(share + 0.1),
            ..figure("subgroup-accuracy", Some("slices"), "racer", share, 24)
        },
        gap: Figure {
            low: Some(gap - 0.2),
            high: Some(gap + 0.2),
            q,
            ..figure("subgroup-gap", Some("slices"), "racer", gap, 24)
        },
        found: q.is_some_and(|q| q < 0.05),
        words: match name {
            "slices/1" => named("racers on wet <gravel>", "wet <gravel>"),
            _ => NameView::default(),
        },
        photos: q.map_or_else(Vec::new, |_| {
            (0..3).map(|i| (photo(i, "racer", None), Some(i % 2 == 0))).collect()
        }),
        far: match name {
            "slices/1" => vec![(photo(3, "racer", None), Some(true))],
            _ => Vec::new(),
        },
    };
    let point = |i: usize| MapPoint {
        x: (i * 7 % 11) as f64,
        y: (i * 5 % 13) as f64,
        group: Some(i % 3),
        right: Some(!i.is_multiple_of(3)),
    };
    GroupsView {
        classes: vec![GroupedClass {
            class: "racer".to_owned(),
            groups: vec![
                group("slices/1", 0.2, 0.41, Some(0.0004)),
                group("slices/2", 0.5, 0.02, Some(0.8)),
                group("slices/3", 0.7, -0.3, None),
            ],
            map: (0..24).map(point).collect(),
        }],
        tried: (1, 2),
        detectable: Some(0.31),
    }
}

fn repair() -> RepairView {
    let of = |value: f64, n: usize| Figure {
        value: Some(value),
        low: Some(value - 0.08),
        high: Some(value + 0.07),
        n,
        ..Figure::default()
    };
    let levels = |accuracy: f64, worst: f64| Levels {
        accuracy: of(accuracy, 212),
        worst_group: of(worst, 24),
        worst_true_group: Some(of(worst + 0.05, 31)),
        class_gap: of(0.4, 212),
    };
    let group = |name: &str, before: f64, after: f64, n: usize, q: Option<f64>| RepairedGroup {
        class: "racer".to_owned(),
        name: name.to_owned(),
        before: of(before, n),
        after: of(after, n),
        gain: Figure { q, ..of(after - before, n) },
    };
    let change = |metric: &str, condition: &str, value: f64| Change {
        metric: metric.to_owned(),
        condition: condition.to_owned(),
        before: Some(of(0.4, 212)),
        change: Figure { q: Some(0.02), ..of(value, 212) },
    };
    let model = |name: &str, helps: bool, after: f64| RepairedModel {
        name: name.to_owned(),
        helps,
        words: format!("'{name}' was tried."),
        file: format!("mitigate/{name}/repaired.onnx"),
        after: levels(0.71, after),
        control: "random groups".to_owned(),
        random: Some(levels(0.7, 0.25)),
        gain: Figure { q: Some(0.0003), ..of(after - 0.2, 212) },
        beyond: Figure { q: Some(0.021), ..of(after - 0.25, 212) },
        cost: of(-0.01, 212),
        groups: vec![
            group("dusty racers", 0.2, 0.55, 24, Some(0.0002)),
            group("subgroup 2", 0.5, 0.5, 18, Some(1.0)),
            group("subgroup 3", 0.7, 0.68, 40, None),
        ],
        changes: vec![
            change("accuracy", "none", 0.01),
            change("accuracy", "gray", -0.12),
            change("rfs", "linf/0.25", 0.1),
            change("cam-iou", "gradcam", 0.02),
        ],
    };
    RepairView {
        before: levels(0.7, 0.2),
        repairs: vec![model("dim", true, 0.55), model("dfr", false, 0.3)],
        notes: vec!["Groups: the subgroups that 'slices' found.".to_owned()],
    }
}

/// One image under two conditions.
fn strip() -> StripRow {
    let panel = |words: &str, answer: &str, right: bool, confidence: f64| Panel {
        words: words.to_owned(),
        picture: photo(1, "parachute", None).picture,
        answer: Some(answer.to_owned()),
        right: Some(right),
        confidence: Some(confidence),
    };
    StripRow {
        title: "A parachute that is right without its object".to_owned(),
        id: "frames/00001.jpg".to_owned(),
        class: "parachute".to_owned(),
        panels: vec![
            panel("as photographed", "parachute", true, 0.93),
            panel("the object's box gray", "parachute", true, 0.71),
            panel("the object alone", "balloon", false, 0.22),
        ],
    }
}

/// What the run says in a few words.
fn answer() -> Verdict {
    let cause = |kind, class: Option<&str>, cue: Option<&str>, title: &str, finding| Cause {
        kind,
        class: class.map(str::to_owned),
        cue: cue.map(str::to_owned),
        title: title.to_owned(),
        effect: None,
        low: None,
        high: None,
        n: 48,
        finding,
        explains: Vec::new(),
    };
    let ignored = "'parachute' is recognised without its object";
    Verdict {
        verdict: Answer::LeansOnSurroundings,
        sentence: "madeup-net uses the object, and the surroundings as well, and it leans on cues in one class: parachute (its \
                   surroundings)."
            .to_owned(),
        classes: vec![FaultyClass {
            class: "parachute".to_owned(),
            n: 48,
            accuracy: Some(0.79),
            cue: Some("its surroundings".to_owned()),
            kinds: vec![Kind::ObjectIgnored],
        }],
        figures: Vec::new(),
        findings: [
            (Kind::DataProblem, vec![cause(Kind::DataProblem, None, None, "can't be read (2)", 0)]),
            (
                Kind::ObjectIgnored,
                vec![cause(
                    Kind::ObjectIgnored,
                    Some("parachute"),
                    Some("its surroundings"),
                    ignored,
                    1,
                )],
            ),
        ]
        .into(),
        left_out: vec![LeftOut {
            stage: "subgroups".to_owned(),
            why: "none was tested: subgroups are looked for in 20 images or more".to_owned(),
        }],
        next: vec![
            Step {
                what: "Mend the data first: can't be read (2).".to_owned(),
                command: Some("rightly data frames/dataset.csv".to_owned()),
            },
            Step {
                what: "Collect training images of parachute in other surroundings.".to_owned(),
                command: None,
            },
        ],
    }
}

pub(crate) fn view() -> ReportView {
    let bump: Vec<f32> = (0..56 * 56)
        .map(|i| {
            (-((i % 56 - 26) as f32 / 14.0).powi(2) - ((i / 56 - 30) as f32 / 10.0).powi(2)).exp()
        })
        .collect();
    ReportView {
        planted: None,
        facts: Facts {
            model: "madeup-net".to_owned(),
            data: "made-up frames".to_owned(),
            split: "all".to_owned(),
            images: 212,
            classes: CLASSES.iter().map(|c| c.0.to_owned()).collect(),
            cluster: Some("sequence".to_owned()),
            quick: false,
            cam_layer: Some("features.9".to_owned()),
            rows: vec![
                ("Engine".to_owned(), "rten".to_owned()),
                ("Seed".to_owned(), "0".to_owned()),
            ],
        },
        figures: figures().into(),
        answer: Some(answer()),
        strip: vec![strip()],
        findings: vec![
            FindingView {
                kind: "data-problem".to_owned(),
                title: "can't be read (2)".to_owned(),
                description: "2 of 212 images or files: can't be read; left out.".to_owned(),
                images: vec!["frames/00007.jpg".to_owned(), "frames/00031.jpg".to_owned()],
                ..FindingView::default()
            },
            FindingView {
                kind: "object-ignored".to_owned(),
                title: "'parachute' is recognised without its object".to_owned(),
                description: "With the object's box filled with gray the class is still named in \
                    62 % of 48 images (79 % with the object)."
                    .to_owned(),
                effect: Figure {
                    value: Some(0.785),
                    low: Some(0.61),
                    high: Some(0.93),
                    n: 48,
                    ..Figure::default()
                },
                q: Some(0.0124),
                images: (0..12).map(|i| format!("frames/{i:05}.jpg")).collect(),
                photos: (0..4).map(|i| photo(i, "parachute", None)).collect(),
                others: (4..6).map(|i| photo(i, "parachute", Some("web site"))).collect(),
                explains: vec![FindingView {
                    kind: "failing-subgroup".to_owned(),
                    title: "'parachute' fails on a subgroup: 12 % right, the rest 80 %".to_owned(),
                    description: "20 images look alike to the model.".to_owned(),
                    ..FindingView::default()
                }],
            },
        ],
        at_chance: false,
        too_few: false,
        cams: Some(CamGallery {
            method: "gradcam".to_owned(),
            layer: "features.9".to_owned(),
            predicted: false,
            n: 206,
            zero: 3,
            flat: 0,
            groups: vec![
                (
                    "Most overlap".to_owned(),
                    (0..3).map(|i| cam(i, 0.7 - 0.02 * i as f64)).collect(),
                ),
                ("Around the median".to_owned(), (3..6).map(|i| cam(i, 0.24)).collect()),
                ("Least overlap".to_owned(), (6..9).map(|i| cam(i, 0.0)).collect()),
            ],
            other_layer: None,
        }),
        ranks: Some(ranks()),
        groups: Some(groups()),
        repair: Some(repair()),
        mean_masks: CLASSES
            .iter()
            .map(|&(class, n, _)| MeanMask {
                class: class.to_owned(),
                n,
                picture: picture::mean_mask(&bump, 56, 56).ok(),
            })
            .collect(),
        confusions: vec![
            Confusion {
                class: "racer".to_owned(),
                answer: "sports car, sport car".to_owned(),
                count: 9,
                n: 22,
                photos: (0..4).map(|i| photo(i, "racer", Some("sports car, sport car"))).collect(),
            },
            Confusion {
                class: "bullet train".to_owned(),
                answer: "passenger car, coach".to_owned(),
                count: 7,
                n: 16,
                photos: (4..7)
                    .map(|i| photo(i, "bullet train", Some("passenger car, coach")))
                    .collect(),
            },
        ],
        mistakes: (0..8).map(|i| photo(i, CLASSES[i].0, Some("web site"))).collect(),
        problems: vec![ProblemRow {
            image: "frames/00007.jpg".to_owned(),
            stage: "evaluate".to_owned(),
            problem: "can't be read: the file is truncated".to_owned(),
            action: "left out".to_owned(),
        }],
        notes: vec![
            "No split column: all images are evaluated.".to_owned(),
            "overlay not measured: no --overlay was given.".to_owned(),
        ],
        without_photographs: None,
    }
}
