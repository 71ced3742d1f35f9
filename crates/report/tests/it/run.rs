//! From a run directory to `report.html`. The runs are made by hand; their figures are invented.

use std::{fs, path::Path};

use rightly_audit::{Metric, RunDir, run::StageRecord};
use rightly_data::{Problem, RgbImage, pixels::encode_png, table::Columns};

use crate::html;

const IMAGES: usize = 12;

fn metric(metric: &str, condition: &str, class: &str, value: f64, n: usize) -> Metric {
    Metric {
        stage: "evaluate".to_owned(),
        metric: metric.to_owned(),
        condition: Some(condition.to_owned()),
        class: Some(class.to_owned()),
        group: None,
        value: Some(value),
        low: Some(value - 0.05),
        high: Some(value + 0.05),
        n,
        clusters: None,
        p: None,
        q: None,
    }
}

fn id(i: usize) -> String {
    format!("{i}.png")
}

fn class(i: usize) -> &'static str {
    ["cat", "dog"][i % 2]
}

/// Photographs with masks, and a table that names them.
fn data(folder: &Path) {
    let mut rows = String::from("image,class,mask\n");
    for i in 0..IMAGES {
        let paint = |on: [u8; 3], off: [u8; 3]| {
            let at = |p: usize| if (10..20).contains(&(p % 40)) { on } else { off };
            RgbImage { width: 40, height: 32, data: (0..40 * 32).flat_map(at).collect() }
        };
        let photo = paint([200, 20 * i as u8, 30], [40, 90, 160]);
        fs::write(folder.join(id(i)), encode_png(&photo).unwrap()).unwrap();
        let mask = paint([255; 3], [0; 3]);
        fs::write(folder.join(format!("m{i}.png")), encode_png(&mask).unwrap()).unwrap();
        rows += &format!("{},{},m{i}.png\n", id(i), class(i));
    }
    fs::write(folder.join("dataset.csv"), rows).unwrap();
}

fn run(root: &Path, table_file: &Path) {
    let run = RunDir::new(root).keyed("k");
    fs::create_dir_all(root).unwrap();
    let labels = root.join("labels.txt");
    fs::write(&labels, "tabby cat\nhound\nteapot\n").unwrap();
    let manifest = format!(
        r#"
version = "0.1.0"
seed = 0
split = "all"
split_choice = "No split column: all images."
[hashes]
model = "aa"
data = "bb"
label_map = "cc"
[inputs]
model = "toy.onnx"
engine = "rten"
data = '{}'
outputs = "all"
seed = 0
mask_void = []
mask_resize = false
mask_sampling = "nearest"
as_stored = false
max_pixels = 1000000
max_bytes = 1000000
background = [255, 255, 255]
[stages.evaluate]
cam = "gradcam"
target = "true"
quick = true
[card]
input = "x"
layout = "nchw"
logits = "y"
softmax = false
labels = '{}'
cam_layer = "conv9"
[card.preprocess]
resize = {{ short_side = 32 }}
crop = 32
interpolation = "bilinear"
channels = "rgb"
scale = 1.0
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
"#,
        table_file.display(),
        labels.display()
    );
    run.write("run.toml", manifest.as_bytes()).unwrap();
    let ids = || (0..IMAGES).map(id);
    let write = |name: &str, columns: Columns| {
        run.write_table(name, &columns.batch().unwrap()).unwrap();
    };
    write(
        "samples.parquet",
        Columns::new().utf8("id", ids()).utf8("class", (0..IMAGES).map(class)),
    );
    write(
        "predictions.parquet",
        Columns::new()
            .utf8("id", ids().chain([id(0)]))
            .utf8("condition", (0..=IMAGES).map(|i| if i < IMAGES { "none" } else { "gray" }))
            .i64("output", (0..=IMAGES).map(|i| if i % 3 == 0 { 2 } else { (i % 2) as i64 }))
            .bool("correct", (0..=IMAGES).map(|i| i % 3 != 0))
            .f32("confidence", (0..=IMAGES).map(|i| 0.01 * i as f32)),
    );
    write(
        "measures/saliency.parquet",
        Columns::new()
            .utf8("id", ids())
            .utf8("layer", (0..IMAGES).map(|_| "conv9"))
            .utf8("state", (0..IMAGES).map(|i| if i == 5 { "zero" } else { "usable" }))
            .f64_opt("iou", (0..IMAGES).map(|i| (i != 5).then_some(i as f64 / 12.0))),
    );
    write(
        "measures/cam.parquet",
        Columns::new()
            .utf8("id", ids())
            .i64("height", (0..IMAGES).map(|_| 2))
            .i64("width", (0..IMAGES).map(|_| 2))
            .list_f32("map", (0..IMAGES).map(|_| [0.0_f32, 1.0, 0.2, 0.4])),
    );
    write(
        "measures/mean-mask.parquet",
        Columns::new()
            .utf8("class", ["cat", "dog"])
            .i64("n", [6, 6])
            .i64("height", [2, 2])
            .i64("width", [2, 2])
            .list_f32("map", [[0.0_f32, 1.0, 0.5, 0.2]; 2]),
    );
    let mut metrics = Vec::new();
    for (condition, value) in [("none", 0.667), ("gray", 0.4), ("gray-box", 0.3)] {
        for class in ["cat", "dog", "*", "mean"] {
            metrics.push(metric("accuracy", condition, class, value, IMAGES));
        }
        if condition != "none" {
            metrics.push(metric("drop", condition, "*", 0.667 - value, IMAGES));
        }
    }
    metrics.push(metric("cam-iou", "gradcam", "*", 0.46, 11));
    let problem = Problem {
        image: "x.png".to_owned(),
        stage: "data".to_owned(),
        problem: "can't be read".to_owned(),
        action: "left out".to_owned(),
    };
    let record = StageRecord {
        key: "k".to_owned(),
        metrics,
        findings: Vec::new(),
        problems: vec![problem],
        notes: vec!["noise not measured: it was not asked for.".to_owned()],
    };
    run.finish_stage("evaluate", &record).unwrap();
}

#[test]
fn a_run_becomes_a_page_with_its_photographs() {
    let folder = tempfile::tempdir().unwrap();
    data(folder.path());
    let root = folder.path().join("run");
    run(&root, &folder.path().join("dataset.csv"));
    let path = rightly_report::write(&root).unwrap();
    assert_eq!(path, root.join("report.html"));
    let page = fs::read_to_string(&path).unwrap();
    let text = html::text(&page).unwrap();
    for words in [
        "toy",
        "teapot",
        "left out",
        "Most overlap",
        "noise not measured: it was not asked for.",
        "conv9",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("1 image had a map without positive evidence"), "{text}");
    // Three maps of each group with their photographs, four wrong images in mistakes, each once
    // more as an example of its confusion.
    assert_eq!(page.matches("data:image/jpeg").count(), 3 * 3 * 2 + 4 + 4);
    assert_eq!(page.matches("data:image/png").count(), 2);
    assert!(!page.contains("photograph not available"));
    let again = fs::read(rightly_report::write(&root).unwrap()).unwrap();
    assert_eq!(again, page.as_bytes());
}

#[test]
fn without_the_data_figures_stay_and_the_page_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("run");
    run(&root, &folder.path().join("gone/dataset.csv"));
    let page = fs::read_to_string(rightly_report::write(&root).unwrap()).unwrap();
    let text = html::text(&page).unwrap();
    assert!(text.contains("Photographs are missing from this report:"), "{text}");
    assert!(text.contains("photograph not available"));
    assert!(!page.contains("data:image/jpeg"));
}

#[test]
fn a_folder_that_is_no_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = rightly_report::write(folder.path()).unwrap_err();
    assert!(error.to_string().contains("run.toml"), "{error}");
}
