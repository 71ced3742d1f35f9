//! One process at a time, one model and dataset a run.

use rightly_audit::{InputOptions, Inputs, RunDir, inputs::Outputs, run::StageRecord};
use rightly_data::preprocess::MaskSampling;
use rightly_model::Overrides;

use crate::support::{inputs, open, quick, quickstart, run, tables};

#[test]
fn a_second_process_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let held = RunDir::new(out.path()).lock().unwrap();
    let error = RunDir::new(out.path()).lock().unwrap_err().to_string();
    assert!(error.contains("another rightly process"), "{error}");
    drop(held);
    RunDir::new(out.path()).lock().unwrap();
}

#[test]
fn a_run_of_another_model_is_refused_unless_forced() {
    let out = tempfile::tempdir().unwrap();
    run(inputs(), &quick(), out.path()).unwrap();
    let other = out.path().join("other.onnx");
    let mut bytes = std::fs::read(quickstart("model.onnx")).unwrap();
    // Another producer name of the same length: another file, the same network.
    let at = bytes.windows(7).position(|w| w == b"pytorch").unwrap();
    bytes[at..at + 7].copy_from_slice(b"pytorcH");
    std::fs::write(&other, bytes).unwrap();
    for file in ["model.toml", "labels.txt"] {
        let to = if file == "model.toml" { "other.toml" } else { file };
        std::fs::copy(quickstart(file), out.path().join(to)).unwrap();
    }
    let mut options = inputs();
    options.model = other;
    let error = run(options.clone(), &quick(), out.path()).unwrap_err().to_string();
    assert!(error.contains("another model") && error.contains("--force"), "{error}");
    let inputs = open(options).unwrap();
    inputs.claim(&RunDir::new(out.path()), true).unwrap();
    assert!(!out.path().join("metrics.json").exists(), "the old run is gone");
}

#[test]
fn a_folder_that_is_no_run_is_refused() {
    let out = tempfile::tempdir().unwrap();
    let error = RunDir::open(out.path()).unwrap_err().to_string();
    assert!(error.contains("not a run directory"), "{error}");
}

#[test]
fn a_run_on_a_planted_world_is_refused_once_the_world_s_file_changed() {
    let folder = tempfile::tempdir().unwrap();
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/worlds.md");
    let text = std::fs::read_to_string(docs).unwrap();
    let world = text.split("```toml\n").nth(1).and_then(|t| t.split("```").next()).unwrap();
    let (file, map) = (folder.path().join("posts.toml"), folder.path().join("map.csv"));
    std::fs::write(&map, "class,output\nsign,0\nflag,1\n").unwrap();
    let claim = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut options = inputs();
        options.data = format!("planted:{}", file.display());
        options.label_map = Some(map.clone());
        let inputs = open(options).unwrap();
        inputs.claim(&RunDir::new(folder.path().join("run")), false).map_err(|e| e.to_string())
    };
    claim(world).unwrap();
    claim(world).unwrap();
    // The same images by name, class and split, in another colour.
    let refused = claim(&world.replace("#c8322b", "#2bc832")).unwrap_err();
    assert!(refused.contains("other data"), "{refused}");
}

/// The quickstart's table with a split and an attribute, and the run that was made of it.
fn with_splits(folder: &std::path::Path) -> InputOptions {
    let text = std::fs::read_to_string(quickstart("table.csv")).unwrap();
    let mut table = String::from("image,class,mask,background,split\n");
    for (at, line) in text.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let (image, mask) = (quickstart(cells[0]), quickstart(cells[2]));
        let split = ["test", "val"][at % 2];
        let (image, mask) = (image.display(), mask.display());
        table += &format!("{image},{},{mask},{},{split}\n", cells[1], cells[3]);
    }
    let data = folder.join("table.csv");
    std::fs::write(&data, table).unwrap();
    InputOptions::new(quickstart("model.onnx"), data.to_string_lossy().into_owned())
}

#[test]
fn what_the_figures_rest_on_is_part_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let options = with_splits(folder.path());
    let map = |name: &str, cross: usize| {
        let path = folder.path().join(name);
        let others = "ring,1\nstar,2\nwedge,3\n";
        std::fs::write(&path, format!("class,output\ncross,{cross}\n{others}")).unwrap();
        Some(path)
    };
    let first = InputOptions { label_map: map("map.csv", 0), ..options };
    run(first.clone(), &quick(), &out).unwrap();
    let claim = |options: &InputOptions, overrides: &Overrides, force: bool| {
        let inputs = Inputs::open(options.clone(), overrides).unwrap();
        inputs.claim(&RunDir::new(&out), force).map_err(|e| e.to_string())
    };
    let plain = Overrides::default();
    // What is no part of it, and the same by other words.
    assert!(claim(&first, &plain, false).unwrap().is_empty());
    let test = InputOptions { split: Some("test".to_owned()), ..first.clone() };
    assert!(claim(&test, &plain, false).unwrap().is_empty());
    let moved = InputOptions { label_map: map("same-map.csv", 0), ..first.clone() };
    assert!(claim(&moved, &plain, false).unwrap().is_empty());

    let other = |change: &dyn Fn(&mut InputOptions)| {
        let mut options = first.clone();
        change(&mut options);
        options
    };
    let cases: Vec<(InputOptions, &str)> = vec![
        (other(&|o| o.split = Some("val".into())), "split 'test', now 'val'"),
        (other(&|o| o.split = Some("all".into())), "split 'test', now 'all'"),
        (other(&|o| o.seed = 1), "seed 0, now 1"),
        (other(&|o| o.cluster = Some("background".into())), "cluster none, now 'background'"),
        (other(&|o| o.limit = Some(5)), "limit none, now 5"),
        (other(&|o| o.outputs = Outputs::Mapped), "outputs 'all', now 'mapped'"),
        (other(&|o| o.mask_object = Some(vec![255.into()])), "mask-object none, now [255]"),
        (other(&|o| o.mask_void = vec![255.into()]), "mask-void [], now [255]"),
        (other(&|o| o.mask_resize = true), "mask-resize false, now true"),
        (other(&|o| o.mask_sampling = MaskSampling::Paper), "mask-sampling 'nearest', now 'paper'"),
        (other(&|o| o.as_stored = true), "as-stored false, now true"),
        (other(&|o| o.max_bytes -= 1), "max-bytes "),
        (other(&|o| o.background = [1, 2, 3]), "background "),
        (other(&|o| o.verify = true), "verify none, now true"),
        (other(&|o| o.label_map = map("other.csv", 3)), "other.csv'"),
        (other(&|o| o.label_map = None), "now by the classes' names"),
    ];
    let metrics = std::fs::read(out.join("metrics.json")).unwrap();
    for (options, what) in &cases {
        let Err(refused) = claim(options, &plain, false) else {
            // The same outputs by another way are the same.
            assert!(what.contains("names"), "{what}");
            continue;
        };
        assert!(refused.contains(what) && refused.contains("--force"), "{what}: {refused}");
        assert_eq!(metrics, std::fs::read(out.join("metrics.json")).unwrap(), "{what}");
        let manifest = RunDir::new(&out).manifest().unwrap();
        assert_eq!((manifest.split.as_str(), manifest.seed), ("test", 0), "{what}");
    }
    let card = Overrides { mean: Some([0.25; 3]), ..plain.clone() };
    let refused = claim(&first, &card, false).unwrap_err();
    assert!(
        refused.contains("preprocess.mean [") && refused.contains("now [0.25, 0.25, 0.25]"),
        "{refused}"
    );

    // With --force nothing of the old figures is left, and the new ones are those of a new run.
    assert!(claim(&cases[0].0, &plain, true).unwrap().is_empty());
    assert!(!out.join("metrics.json").exists() && !out.join("measures").exists());
    run(cases[0].0.clone(), &quick(), &out).unwrap();
    let fresh = folder.path().join("fresh");
    run(cases[0].0.clone(), &quick(), &fresh).unwrap();
    assert_eq!(tables(&out), tables(&fresh));
    assert_eq!(RunDir::new(&out).manifest().unwrap().split, "val");
}

#[test]
fn a_cleared_run_leaves_nothing_but_the_lock_and_what_is_not_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let run_of = || RunDir::new(&out);
    crate::integrity::audit(&open(inputs()).unwrap(), &out).unwrap();
    std::fs::create_dir_all(out.join(".work/language")).unwrap();
    std::fs::write(out.join(".work/language/answer.json"), "{}").unwrap();
    std::fs::write(out.join("mine.txt"), "mine").unwrap();
    let _lock = run_of().lock().unwrap();
    run_of().clear().unwrap();
    let names = |folder: &std::path::Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&out), [".work", "mine.txt"]);
    assert_eq!(names(&out.join(".work")), ["lock"]);
}

#[test]
fn a_stage_that_is_not_known_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let record = StageRecord {
        key: "k".to_owned(),
        metrics: Vec::new(),
        findings: Vec::new(),
        problems: Vec::new(),
        notes: Vec::new(),
    };
    let run = RunDir::new(folder.path());
    let error = run.finish_stage("evaluation", &record).unwrap_err().to_string();
    assert!(error.contains("there is no stage 'evaluation'"), "{error}");
    run.finish_stage("evaluate", &record).unwrap();
    assert!(run.metrics().unwrap().is_empty());
}
