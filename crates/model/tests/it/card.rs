//! Cards beside models, and the flags over them.
use crate::models::{CLASSES, Made};
use crate::support::data;
use rightly_data::preprocess::{Channels, Resize};
use rightly_model::{Classifier, EngineKind, LabelMap, Overrides};
use std::path::PathBuf;

/// A folder with the small model and a card.
struct Folder {
    root: tempfile::TempDir,
}

impl Folder {
    fn new(card: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("m.onnx"), Made::default().bytes()).unwrap();
        std::fs::write(root.path().join("m.toml"), card).unwrap();
        let labels: Vec<String> =
            (0..CLASSES).map(|at| format!("class {at}, n0000000{at}")).collect();
        std::fs::write(root.path().join("names.txt"), labels.join("\n")).unwrap();
        Self { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn open(&self, overrides: &Overrides) -> Result<Classifier, String> {
        Classifier::open(&self.path("m.onnx"), overrides, EngineKind::Rten)
            .map_err(|error| error.to_string())
    }
}

const CARD: &str = r#"
labels = "names.txt"
cam_layer = "relu_out"
[preprocess]
resize = { short_side = 18 }
crop = 16
channels = "bgr"
mean = [0.5, 0.5, 0.5]
std = [0.25, 0.25, 0.25]
"#;

#[test]
fn a_card_is_read_and_written_back() {
    let folder = Folder::new(CARD);
    let classifier = folder.open(&Overrides::default()).unwrap();
    let card = classifier.card();
    assert_eq!(card.preprocess.channels, Channels::Bgr);
    assert_eq!(card.preprocess.resize, Some(Resize::ShortSide(18)));
    assert_eq!((card.input.as_str(), card.layout.as_str()), ("image", "nchw"));
    assert_eq!(card.cam_layer.as_deref(), Some("relu_out"));
    assert!(classifier.has_labels());
    assert_eq!(classifier.labels()[2], "class 2, n00000002");
    // What is used, written as a card, opens to the same.
    let written = card.write_beside(&folder.path("m.onnx")).unwrap();
    assert_eq!(written, folder.path("m.toml"));
    let again = folder.open(&Overrides::default()).unwrap();
    assert_eq!(again.card(), card);
    let map = LabelMap::resolve(&["Class_4".into(), "n00000001".into()], None, &again).unwrap();
    assert_eq!(map.outputs, [[4], [1]]);
}

#[test]
fn unknown_keys_and_wrong_types_are_refused() {
    for (card, said) in [
        ("cam_layers = \"relu_out\"\n", "cam_layers"),
        ("softmax = \"yes\"\n", "softmax"),
        ("[preprocess]\nmean = [0, 0, 0]\nstd = [1, 1, 1]\ncrops = 16\n", "crops"),
        ("this is no toml", "m.toml"),
    ] {
        let message = Folder::new(card).open(&Overrides::default()).unwrap_err();
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn the_flag_wins() {
    let folder = Folder::new(CARD);
    std::fs::write(folder.path("other.txt"), "a\nb\nc\nd\ne\n").unwrap();
    let overrides = Overrides {
        labels: Some(folder.path("other.txt")),
        cam_layer: Some("conv_out".into()),
        channels: Some("rgb".into()),
        std: Some([1.0, 2.0, 4.0]),
        ..Overrides::default()
    };
    let classifier = folder.open(&overrides).unwrap();
    assert_eq!(classifier.labels()[1], "b");
    assert_eq!(classifier.cam_layer(), Some("conv_out"));
    assert_eq!(classifier.card().preprocess.channels, Channels::Rgb);
    assert_eq!(classifier.card().preprocess.std, [1.0, 2.0, 4.0]);
    assert_eq!(classifier.card().preprocess.mean, [0.5; 3]);
}

#[test]
fn a_card_of_another_name_and_no_card_at_all() {
    let folder = Folder::new("nonsense = 1");
    std::fs::write(folder.path("elsewhere.toml"), CARD).unwrap();
    let overrides = Overrides { card: Some(folder.path("elsewhere.toml")), ..Overrides::default() };
    assert!(folder.open(&overrides).unwrap().has_labels());
    let overrides = Overrides { card: Some(folder.path("gone.toml")), ..Overrides::default() };
    assert!(folder.open(&overrides).unwrap_err().contains("gone.toml"));
    std::fs::remove_file(folder.path("m.toml")).unwrap();
    let classifier = folder.open(&Overrides::default()).unwrap();
    assert_eq!(classifier.card().preprocess.output_size(), Some([16, 16]));
    assert!(classifier.notes()[0].contains("guessed"), "{:?}", classifier.notes());
}

#[test]
fn the_label_map_of_real_data() {
    let (Some(model), Some(map)) =
        (data("models/squeezenet-1.0.onnx"), data("davis/label-map.csv"))
    else {
        return;
    };
    let classifier = Classifier::open(&model, &Overrides::default(), EngineKind::Rten).unwrap();
    let classes = ["bicycle", "black swan", "camel"].map(str::to_owned);
    let found = LabelMap::resolve(&classes, Some(&map), &classifier).unwrap();
    assert_eq!(found.outputs, [vec![444, 671], vec![100], vec![354]]);
    let classes = ["black_swan", "no such class"].map(str::to_owned);
    let message = LabelMap::resolve(&classes, Some(&map), &classifier).unwrap_err().to_string();
    assert!(
        message.contains("'no such class'") && message.contains("there is 'black swan'"),
        "{message}"
    );
    // By name: 'crane' is a bird and a machine.
    let message = LabelMap::resolve(&["crane".into()], None, &classifier).unwrap_err().to_string();
    assert!(
        message.contains("134") && message.contains("517") && message.contains("--label-map"),
        "{message}"
    );
    let found =
        LabelMap::resolve(&["Goldfish".into(), "great white shark".into()], None, &classifier);
    assert_eq!(found.unwrap().outputs, [[1], [2]]);
}
