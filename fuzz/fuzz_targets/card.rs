//! A model card, and all that reading a model does with it.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rightly_fuzz::{file, model};
use rightly_model::{Classifier, Description, EngineKind, Overrides};

fuzz_target!(|bytes: &[u8]| {
    let overrides = Overrides { card: Some(file("card.toml", bytes)), ..Overrides::default() };
    let _ = Description::read(model(), &overrides, EngineKind::Rten);
    if let Ok(classifier) = Classifier::open(model(), &overrides, EngineKind::Rten) {
        classifier.card().to_toml().unwrap();
    }
});
