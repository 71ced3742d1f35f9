//! The look at a few images with which a run begins.

use std::fs;

use rightly_audit::{Error, Inputs, RunDir, evaluate::evaluate, first_look::AUTO};
use rightly_model::{EngineKind, Overrides};

use crate::support::{context, inputs, quick};

fn begin(run: &RunDir, engine: &str) -> Result<(Inputs, Vec<String>), Error> {
    let mut options = inputs();
    options.engine = engine.to_owned();
    Inputs::open_for(options, &Overrides::default(), run, false)
}

fn claimed(run: &RunDir, engine: &str) -> (Inputs, Vec<String>) {
    let (inputs, said) = begin(run, engine).unwrap();
    inputs.claim(run, false).unwrap();
    (inputs, said)
}

#[test]
fn a_run_goes_on_with_the_engine_that_it_began_with_and_looks_once() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::new(folder.path());
    let _lock = run.lock().unwrap();
    let (first, said) = claimed(&run, AUTO);
    assert!(said[0].starts_with("first look at 7 images: "), "{said:?}");
    let engine = first.options.engine.clone();
    assert!(EngineKind::ALL.iter().any(|kind| kind.name() == engine), "{engine}");
    let text = fs::read_to_string(run.path("run.toml")).unwrap();
    assert!(text.contains(&format!("engine = \"{engine}\"")), "{text}");
    assert!(text.contains("[first_look]") && text.contains("largest_difference"), "{text}");
    // Times would make two runs of the same inputs differ.
    assert!(!text.contains("second on a core"), "{text}");

    let (again, said) = claimed(&run, AUTO);
    assert_eq!((again.options.engine.as_str(), again.look()), (engine.as_str(), first.look()));
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn a_named_engine_is_what_runs() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::new(folder.path());
    let _lock = run.lock().unwrap();
    let (named, _) = claimed(&run, "rten");
    assert_eq!(named.classifier.engine(), EngineKind::Rten);
    assert!(named.look().engine.starts_with("rten"));
    // What is not named goes on with it, whatever is faster.
    let (next, said) = claimed(&run, AUTO);
    assert_eq!((next.classifier.engine(), said.len()), (EngineKind::Rten, 0));
    let error = begin(&RunDir::new(folder.path().join("b")), "tflite").err().unwrap().to_string();
    assert!(error.contains("tflite") && error.contains("auto"), "{error}");
}

#[test]
fn what_the_look_showed_is_said_in_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDir::new(folder.path());
    let _lock = run.lock().unwrap();
    let (inputs, _) = claimed(&run, "rten");
    let record = evaluate(&inputs, &quick(), &context(&run)).unwrap();
    let said = record.notes.iter().find(|note| note.starts_with("engine: rten")).unwrap();
    assert!(said.contains("gives the same answers on 7 images"), "{said}");
    assert!(record.findings.iter().all(|f| !f.title.contains("engines")));
}
