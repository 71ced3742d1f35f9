//! Features of every family, and the head above them.
use crate::support::{data, wave};
use rightly_model::{Classifier, Encoder, EngineKind, FeaturePool, Overrides};
use std::path::{Path, PathBuf};

/// Family, whether a linear head is exactly what lies above its features, and whether features have maps.
const FAMILIES: [(&str, bool, bool); 14] = [
    ("resnet-basic", true, true),
    ("resnet-bottleneck", true, true),
    ("mobilenet-v2", true, true),
    ("mobilenet-v3", true, false),
    ("efficientnet", true, true),
    ("squeezenet", false, true),
    ("convnext", true, true),
    ("convnext-tv", true, true),
    ("vit", true, true),
    ("vit-tv", true, true),
    ("vit-legacy", true, true),
    ("deit-distilled", false, false),
    ("swin", true, true),
    ("swin-tv", true, true),
];

fn golden(name: &str) -> (PathBuf, [usize; 2]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cam");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let side = |at: usize| json["size"][at].as_u64().unwrap() as usize;
    (folder.join(format!("{name}.onnx")), [side(0), side(1)])
}

fn sized(size: [usize; 2]) -> Overrides {
    Overrides { resize: Some(format!("exact={}x{}", size[0], size[1])), ..Overrides::default() }
}

#[test]
fn logits_are_the_head_of_the_features_in_every_family() {
    let mut found_families = Vec::new();
    for (name, _, _) in FAMILIES {
        let (path, size) = golden(name);
        let classifier = Classifier::open(&path, &sized(size), EngineKind::Rten).unwrap();
        let encoder = Encoder::of(&classifier).unwrap_or_else(|e| panic!("{name}: {e}"));
        let input = wave(3 * size[0] * size[1], 1.0, 0.1);
        let found = encoder.encode(&input, true).unwrap();
        assert_eq!(found.vector.len(), encoder.dim());
        let logits = classifier.forward(&input, false).unwrap().logits;
        assert_eq!(found.logits.as_deref(), Some(&logits[..]), "{name}: in the same pass");
        let head = encoder.head().filter(|head| head.exact);
        found_families.push((name, head.is_some(), encoder.has_map()));
        if let Some(head) = head {
            for ((row, bias), logit) in head.weight.rows().into_iter().zip(&head.bias).zip(&logits)
            {
                let product = row.iter().zip(&found.vector).map(|(w, v)| w * v).sum::<f32>() + bias;
                assert!(
                    (product - logit).abs() < 1e-4 * logit.abs().max(1.0),
                    "{name}: {product} {logit}"
                );
            }
        }
        if let Some(map) = found.map {
            assert_eq!(map.values.dim(), (encoder.dim(), map.height * map.width), "{name}");
        }
    }
    assert_eq!(found_families, FAMILIES);
}

/// Where the layer has positions the vector is their mean.
#[test]
fn vectors_are_the_means_of_their_maps() {
    let (path, size) = golden("resnet-basic");
    let classifier = Classifier::open(&path, &sized(size), EngineKind::Rten).unwrap();
    let encoder = Encoder::of(&classifier).unwrap();
    let found = encoder.encode(&wave(3 * size[0] * size[1], 1.0, 0.1), true).unwrap();
    let map = found.map.unwrap();
    for (row, value) in map.values.rows().into_iter().zip(&found.vector) {
        assert!((row.mean().unwrap() - value).abs() < 1e-5);
    }
}

#[test]
fn tokens_are_read_as_the_card_says() {
    let (path, size) = golden("vit");
    let vector = |pool: Option<FeaturePool>| {
        let layer = Classifier::open(&path, &sized(size), EngineKind::Rten)
            .unwrap()
            .card()
            .cam_layer
            .clone();
        let overrides = Overrides { feature_layer: layer, feature_pool: pool, ..sized(size) };
        let encoder = Encoder::open(&path, &overrides, EngineKind::Rten).unwrap();
        assert!(encoder.has_map() && !encoder.has_logits());
        let found = encoder.encode(&wave(3 * size[0] * size[1], 1.0, 0.1), true).unwrap();
        (found.vector, found.map.unwrap())
    };
    let (class, _) = vector(None);
    let (mean, map) = vector(Some(FeaturePool::Mean));
    assert_eq!(class, vector(Some(FeaturePool::Class)).0);
    assert_ne!(class, mean);
    for (row, value) in map.values.rows().into_iter().zip(&mean) {
        assert!((row.mean().unwrap() - value).abs() < 1e-4);
    }
}

#[test]
fn real_networks_serve_as_encoders() {
    for (file, size, dim, head) in [
        ("efficientnet-lite0", 224, 1280, true),
        ("squeezenet-1.0", 227, 512, true),
        ("dinov2-small-int8w", 224, 384, false),
    ] {
        let Some(path) = data(&format!("models/{file}.onnx")) else { return };
        let encoder = Encoder::open(&path, &Overrides::default(), EngineKind::Rten)
            .unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!((encoder.dim(), encoder.input_size()), (dim, [size, size]), "{file}");
        let found = encoder.encode(&wave(3 * size * size, 1.0, 0.0), true).unwrap();
        assert!(found.vector.iter().all(|v| v.is_finite()) && found.vector.len() == dim);
        if head {
            let classifier =
                Classifier::open(&path, &Overrides::default(), EngineKind::Rten).unwrap();
            assert!(Encoder::of(&classifier).unwrap().head().is_some(), "{file}");
        }
    }
}

/// An encoder with a head on top is a classifier whose logits are that head of the encoder's features, and whose own
/// features are the encoder's.
#[test]
fn an_encoder_with_a_head_is_a_classifier() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, encoder: &Encoder| {
        let d = encoder.dim();
        let weight =
            ndarray::Array2::from_shape_fn((3, d), |(c, k)| ((c * d + k) as f32 * 0.7).sin());
        let bias = [0.5, -1.0, 2.0];
        let (graph, card) = encoder
            .with_head(weight.view(), &bias, "labels.txt".into())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let path = folder.path().join(format!("{name}.onnx"));
        graph.save(&path).unwrap();
        std::fs::write(folder.path().join("labels.txt"), "a\nb\nc\n").unwrap();
        std::fs::write(path.with_extension("toml"), card.to_toml().unwrap()).unwrap();
        let classifier = Classifier::open(&path, &Overrides::default(), EngineKind::Rten)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let [h, w] = encoder.input_size();
        let input = wave(3 * h * w, 1.0, 0.1);
        let vector = encoder.encode(&input, false).unwrap().vector;
        let logits = classifier.forward(&input, false).unwrap().logits;
        for ((row, bias), logit) in weight.rows().into_iter().zip(bias).zip(&logits) {
            let product = row.iter().zip(&vector).map(|(w, v)| w * v).sum::<f32>() + bias;
            assert!(
                (product - logit).abs() < 1e-4 * logit.abs().max(1.0),
                "{name}: {product} {logit}"
            );
        }
        let again = Encoder::of(&classifier).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(again.dim(), d, "{name}");
        let own = again.encode(&input, false).unwrap().vector;
        assert!(own.iter().zip(&vector).all(|(a, b)| (a - b).abs() < 1e-5), "{name}");
        assert!(encoder.with_head(weight.view(), &bias[..2], "x".into()).is_err());
    };
    for (name, _, _) in FAMILIES {
        let (path, size) = golden(name);
        check(name, &Encoder::open(&path, &sized(size), EngineKind::Rten).unwrap());
    }
    let (path, size) = golden("vit");
    let layer =
        Classifier::open(&path, &sized(size), EngineKind::Rten).unwrap().card().cam_layer.clone();
    for pool in [FeaturePool::Class, FeaturePool::Mean] {
        let overrides =
            Overrides { feature_layer: layer.clone(), feature_pool: Some(pool), ..sized(size) };
        let encoder = Encoder::open(&path, &overrides, EngineKind::Rten).unwrap();
        check(&format!("vit-{pool:?}"), &encoder);
    }
}
