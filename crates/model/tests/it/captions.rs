//! Captions, held against `generate` of transformers; layouts of files, marks, errors.
use crate::support::{copied, engines, golden_json, golden_text, picture};
use rightly_model::text::{Captioner, CaptionerFiles, Search};
use rightly_model::{EngineKind, Overrides};
use std::path::Path;

fn files(name: &str, decoder: &str, with_past: bool) -> CaptionerFiles {
    let folder = golden_text(name);
    CaptionerFiles {
        encoder: folder.join("encoder_model.onnx"),
        decoder: folder.join(decoder),
        decoder_with_past: with_past.then(|| folder.join("decoder_with_past_model.onnx")),
        tokenizer: folder.join("tokenizer.json"),
    }
}

fn open(files: &CaptionerFiles, engine: EngineKind) -> Captioner {
    Captioner::open_files(files, &Overrides::default(), engine)
        .unwrap_or_else(|error| panic!("{engine}: {error}"))
}

fn error(folder: &Path) -> String {
    Captioner::open(folder, &Overrides::default(), EngineKind::Rten).unwrap_err().to_string()
}

/// Every golden caption; the ids that were found.
fn check(captioner: &Captioner, golden: &serde_json::Value, what: &str) -> Vec<Vec<u32>> {
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 24);
    let number = |case: &serde_json::Value, key: &str| case[key].as_u64().unwrap() as usize;
    let mut all = Vec::new();
    for case in cases {
        let search = Search {
            beams: number(case, "beams"),
            max_length: number(case, "max_length"),
            length_penalty: 1.0,
        };
        let what = format!("{what}, picture {}, {search:?}", case["picture"]);
        let found = captioner.caption(&picture(number(case, "picture")), &search).unwrap();
        let ids: Vec<u32> =
            case["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect();
        assert_eq!(found.ids, ids, "{what}");
        assert_eq!(found.text, case["text"].as_str().unwrap().trim(), "{what}");
        if let Some(score) = case["score"].as_f64() {
            assert!((found.score - score).abs() < 1e-4, "{what}: {} {score}", found.score);
        }
        all.push(found.ids);
    }
    all
}

/// Without stored keys, with them in a file of their own, and merged: the same captions, those of transformers.
#[test]
fn every_layout_of_the_decoder_gives_the_captions_of_transformers() {
    let golden = golden_json("vit-gpt2/golden.json");
    for engine in engines() {
        let mut found = Vec::new();
        for (decoder, with_past, stores) in [
            ("decoder_model.onnx", false, false),
            ("decoder_model.onnx", true, true),
            ("decoder_model_merged.onnx", false, true),
        ] {
            let captioner = open(&files("vit-gpt2", decoder, with_past), engine);
            assert_eq!(captioner.stores_keys(), stores, "{decoder}");
            found.push(check(&captioner, &golden, &format!("{engine}, {decoder}, {with_past}")));
        }
        assert_eq!(found[0], found[1]);
        assert_eq!(found[0], found[2]);
        // Some end by a mark, some by their length.
        let ends = |ids: &Vec<u32>| [27, 62].contains(ids.last().unwrap());
        assert!(found[0].iter().any(ends) && !found[0].iter().all(ends));
    }
}

/// The decoder that takes stored keys serves alone: at the start they are of no length.
#[test]
fn one_decoder_may_serve_start_and_rest() {
    let golden = golden_json("vit-gpt2/golden.json");
    for engine in engines() {
        let captioner = open(&files("vit-gpt2", "decoder_with_past_model.onnx", false), engine);
        assert!(captioner.stores_keys());
        check(&captioner, &golden, "alone");
    }
}

#[test]
fn a_decoder_with_masks_gives_the_captions_of_blip() {
    for engine in engines() {
        let captioner = Captioner::open(
            &sized_blip().path().join("encoder_model.onnx"),
            &Overrides::default(),
            engine,
        )
        .unwrap();
        assert!(!captioner.stores_keys());
        check(&captioner, &golden_json("blip/golden.json"), "blip");
    }
}

fn sized_blip() -> tempfile::TempDir {
    let folder = copied("blip");
    std::fs::write(
        folder.path().join("preprocessor_config.json"),
        r#"{"image_processor_type": "BlipImageProcessor", "size": {"height": 16, "width": 16},
            "image_mean": [0.48, 0.46, 0.41], "image_std": [0.27, 0.26, 0.28]}"#,
    )
    .unwrap();
    folder
}

#[test]
fn settings_are_those_beside_the_encoder_or_of_its_card() {
    let folder = copied("vit-gpt2");
    let open = || Captioner::open(folder.path(), &Overrides::default(), EngineKind::Rten).unwrap();
    let captioner = open();
    let expected = Search { beams: 4, max_length: 12, length_penalty: 1.0 };
    assert_eq!(captioner.search(), expected);
    assert!(captioner.stores_keys(), "the merged decoder is taken first");
    assert_eq!(captioner.input_size(), [16, 16]);
    assert_eq!(captioner.preprocess().mean, [0.5; 3]);
    let inputs: Vec<Vec<f32>> = (0..6).map(picture).collect();
    let one = captioner.captions(&inputs, &expected, 1).unwrap();
    assert_eq!(captioner.captions(&inputs, &expected, 4).unwrap(), one);
    let card = folder.path().join("encoder_model.toml");
    std::fs::write(
        &card,
        "[caption]\nstart = 0\nend = [56]\nbeams = 2\nmax_length = 8\nlength_penalty = 0.5\n\
         decoder = \"decoder_model.onnx\"\n",
    )
    .unwrap();
    let other = open();
    assert_eq!(other.search(), Search { beams: 2, max_length: 8, length_penalty: 0.5 });
    assert!(!other.stores_keys() && other.hash() != captioner.hash());
    let found = other.captions(&inputs, &other.search(), 2).unwrap();
    assert!(found.iter().any(|caption| caption.ids.ends_with(&[56]) && caption.ids.len() < 8));
    std::fs::write(&card, "[caption]\nbeam = 2\n").unwrap();
    assert!(error(folder.path()).contains("beam"), "{}", error(folder.path()));
    std::fs::write(&card, "[caption]\nstart = 5000\n").unwrap();
    let captioner = open();
    assert!(captioner.notes().iter().any(|note| note.contains("5000 is beyond")));
    let error = captioner.caption(&inputs[0], &expected).unwrap_err().to_string();
    assert!(error.contains("id 5000 is beyond"), "{error}");
}

#[test]
fn what_can_not_be_searched_for_is_an_error() {
    let captioner = open(&files("vit-gpt2", "decoder_model.onnx", true), EngineKind::Rten);
    let search = Search::default();
    for wrong in [Search { beams: 0, ..search }, Search { max_length: 1, ..search }] {
        let error = captioner.caption(&picture(0), &wrong).unwrap_err().to_string();
        assert!(error.contains("at least 1 beam and 2 ids"), "{error}");
    }
    assert!(captioner.caption(&[0.0; 5], &search).is_err());
    // More beams than there are words, and a caption of one id.
    let wide = Search { beams: 300, max_length: 3, length_penalty: 1.0 };
    assert!(captioner.caption(&picture(0), &wide).unwrap().ids.len() <= 3);
    let short = Search { beams: 4, max_length: 2, length_penalty: 1.0 };
    assert_eq!(captioner.caption(&picture(0), &short).unwrap().ids.len(), 2);
}

#[test]
fn missing_and_foreign_files_are_named() {
    let folder = copied("vit-gpt2");
    let remove = |name: &str| std::fs::remove_file(folder.path().join(name)).unwrap();
    std::fs::remove_file(folder.path().join("preprocessor_config.json")).unwrap();
    assert!(Captioner::open(folder.path(), &Overrides::default(), EngineKind::Rten).is_ok());
    for name in ["decoder_model_merged.onnx", "decoder_model.onnx", "decoder_with_past_model.onnx"]
    {
        remove(name);
    }
    let message = error(folder.path());
    assert!(message.contains("no decoder") && message.contains("decoder_model.onnx"), "{message}");
    assert!(message.contains("which hold encoder_model.onnx"), "{message}");
    remove("encoder_model.onnx");
    let message = error(folder.path());
    assert!(
        message.contains("no encoder of a captioner") && message.contains("optimum-cli"),
        "{message}"
    );
    let mixed = CaptionerFiles {
        decoder: golden_text("blip/decoder_model.onnx"),
        ..files("vit-gpt2", "", false)
    };
    let error = Captioner::open_files(&mixed, &Overrides::default(), EngineKind::Rten).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("vectors of 16 numbers") && error.contains("of 8"), "{error}");
    let folder = copied("vit-gpt2");
    for name in ["config.json", "generation_config.json"] {
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    let message = self::error(folder.path());
    assert!(message.contains("set start and end in [caption]"), "{message}");
    std::fs::write(folder.path().join("config.json"), "{").unwrap();
    assert!(self::error(folder.path()).contains("this is no JSON"));
}
