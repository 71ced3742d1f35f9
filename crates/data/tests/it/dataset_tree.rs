//! Small trees of real pictures for the dataset tests.
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use rightly_data::{Dataset, dataset::OpenOptions};
use std::{
    io::Cursor,
    path::{Path, PathBuf},
};

pub(crate) struct Tree {
    folder: tempfile::TempDir,
}

fn encode(picture: DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// An RGB JPEG whose pixels depend on `seed`.
pub(crate) fn jpeg(width: u32, height: u32, seed: u8) -> Vec<u8> {
    let pixel = |x: u32, y: u32| Rgb([x as u8, y as u8, seed]);
    encode(RgbImage::from_fn(width, height, pixel).into(), ImageFormat::Jpeg)
}

/// Top-left quarter is `value`, the rest 0.
fn quarter(width: u32, height: u32, value: u8) -> DynamicImage {
    GrayImage::from_fn(width, height, |x, y| {
        Luma([if x < width / 2 && y < height / 2 { value } else { 0 }])
    })
    .into()
}

pub(crate) fn mask_png(width: u32, height: u32, value: u8) -> Vec<u8> {
    encode(quarter(width, height, value), ImageFormat::Png)
}

pub(crate) fn mask_jpeg(width: u32, height: u32) -> Vec<u8> {
    encode(quarter(width, height, 255), ImageFormat::Jpeg)
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }
    pub(crate) fn into_folder(self) -> tempfile::TempDir {
        self.folder
    }
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }
    /// Small different JPEGs under these names.
    pub(crate) fn images<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> &Self {
        for (i, name) in names.into_iter().enumerate() {
            self.write(name, jpeg(8, 6, i as u8 * 16));
        }
        self
    }
    pub(crate) fn open(&self, name: &str) -> Dataset {
        self.open_with(name, &OpenOptions::default())
    }
    pub(crate) fn open_with(&self, name: &str, options: &OpenOptions) -> Dataset {
        Dataset::open(self.path(name).to_str().unwrap(), options).unwrap()
    }
    /// The message of a dataset that can't be opened.
    pub(crate) fn error(&self, name: &str, options: &OpenOptions) -> String {
        Dataset::open(self.path(name).to_str().unwrap(), options).unwrap_err().to_string()
    }
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }
}

pub(crate) fn with_masks(tree: &Tree, name: &str) -> OpenOptions {
    OpenOptions { masks: Some(tree.path(name)), ..OpenOptions::default() }
}

pub(crate) fn ids(data: &Dataset) -> Vec<&str> {
    data.samples.iter().map(|s| s.id.as_str()).collect()
}

/// `image: problem -> action`, a line each.
pub(crate) fn problems(data: &Dataset) -> Vec<String> {
    data.problems.iter().map(|p| format!("{}: {} -> {}", p.image, p.problem, p.action)).collect()
}

pub(crate) fn has_note(data: &Dataset, part: &str) -> bool {
    data.notes.iter().any(|n| n.contains(part))
}
