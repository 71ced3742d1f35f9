//! A labels file, one line an output, and a table of classes and outputs.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rightly_fuzz::{file, model};
use rightly_model::{Description, EngineKind, LabelMap, Overrides};

fuzz_target!(|bytes: &[u8]| {
    let path = file("labels", bytes);
    let classes = ["tench", "black swan"].map(str::to_owned);
    if let Ok(map) = LabelMap::from_file(&classes, &path, Some(&classes), 3) {
        assert!(map.outputs.len() == 2 && map.outputs.iter().flatten().all(|&output| output < 3));
    }
    if let Ok(text) = str::from_utf8(bytes) {
        let labels: Vec<String> = text.lines().map(str::to_owned).collect();
        let _ = LabelMap::by_name(&classes, Some(&labels), labels.len(), &path);
        let _ = LabelMap::by_name(&labels, Some(&classes), 2, &path);
    }
    let overrides = Overrides { labels: Some(path), ..Overrides::default() };
    let _ = Description::read(model(), &overrides, EngineKind::Rten);
});
