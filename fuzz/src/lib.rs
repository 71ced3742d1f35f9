//! What several targets need: the readers take paths, so there are files to read, and a model and images that go with
//! them.
use rightly_data::{RgbImage, pixels, pixels::Decoded};
use std::{
    path::{Path, PathBuf},
    sync::{Once, OnceLock},
};

/// 6 x 4 pixels.
pub fn image() -> Decoded {
    let image = RgbImage { width: 6, height: 4, data: (0..72).collect() };
    Decoded { stored: (image.width, image.height), image, applied: 1 }
}

/// A folder of this process with the images `a.png` and `b/c.png`.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("rightly-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("b")).unwrap();
        let picture = pixels::encode_png(&image().image).unwrap();
        std::fs::write(folder.join("a.png"), &picture).unwrap();
        std::fs::write(folder.join("b/c.png"), &picture[..picture.len() - 1]).unwrap();
        folder
    })
}

/// A file of this process with these bytes.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The parquet crate gives up on some damaged files by a panic, which the reader catches. libfuzzer-sys ends the process at
/// the panic itself; after this call it does so only where a panic leaves the target.
pub fn caught_panics_are_no_crash() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))));
}

/// A classifier of 3 x 4 images with three outputs.
pub fn model() -> &'static Path {
    static MODEL: OnceLock<PathBuf> = OnceLock::new();
    MODEL.get_or_init(|| file("model.onnx", include_bytes!("../seeds/onnx/averages.onnx")))
}
