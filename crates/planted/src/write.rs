//! A world as ordinary files.
use super::{ATTRIBUTES, Plan, Planned, World};
use rightly_data::{DataError, Mask, RgbImage, files::write_whole};
use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

impl World {
    /// Renders every image of a plan into a folder: `images/SPLIT/NUMBER.png`,
    /// `masks/SPLIT/NUMBER.png` (0 and 255), `dataset.csv` (image, class, mask, split, caption as a
    /// JSON list) and `attributes.csv` (image and [`ATTRIBUTES`]). The tables come last and whole,
    /// so that a folder with a `dataset.csv` is complete. The bytes do not depend on the number of
    /// threads. `progress` is called with the number of images written so far, from any thread.
    ///
    /// # Errors
    /// A folder or file can't be written.
    pub fn write(
        &self,
        plan: &Plan,
        folder: &Path,
        threads: usize,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<(), DataError> {
        for split in self.splits() {
            for kind in ["images", "masks"] {
                let path = folder.join(kind).join(split);
                std::fs::create_dir_all(&path).map_err(|e| DataError::io(&path, e))?;
            }
        }
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let failed = Mutex::new(None);
        let rows: Vec<Mutex<Option<Row>>> = plan.images.iter().map(|_| Mutex::default()).collect();
        std::thread::scope(|scope| {
            for _ in 0..threads.clamp(1, plan.images.len().max(1)) {
                scope.spawn(|| {
                    while let Some(i) = take(&next, plan.images.len()) {
                        match self.write_image(&plan.images[i], plan.seed, folder) {
                            Ok(row) => *lock(&rows[i]) = Some(row),
                            Err(error) => {
                                lock(&failed).get_or_insert(error);
                                next.store(plan.images.len(), Ordering::Relaxed);
                            }
                        }
                        progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                    }
                });
            }
        });
        if let Some(error) = failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
            return Err(error);
        }
        let row = |row: Mutex<Option<Row>>| {
            let row = row.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
            row.expect("without an error every image was written")
        };
        let rows = rows.into_iter().map(row);
        self.write_tables(plan, folder, rows)
    }

    fn write_image(&self, planned: &Planned, seed: u64, folder: &Path) -> Result<Row, DataError> {
        let scene = self.render(planned, seed);
        let image = folder.join(planned.id(self));
        write_file(&image, &rgb_png(&scene.image, &image)?)?;
        let mask = folder.join(planned.mask_path(self));
        write_file(&mask, &mask_png(&scene.mask, &mask)?)?;
        Ok(Row { attributes: scene.attributes, captions: scene.captions })
    }

    fn write_tables(
        &self,
        plan: &Plan,
        folder: &Path,
        rows: impl Iterator<Item = Row>,
    ) -> Result<(), DataError> {
        let mut dataset = csv::Writer::from_writer(Vec::new());
        let mut attributes = csv::Writer::from_writer(Vec::new());
        let path = folder.join("dataset.csv");
        let broken = |e: csv::Error| DataError::io(&path, std::io::Error::other(e));
        let header = ["image", "class", "mask", "split", "caption"];
        dataset.write_record(header).map_err(broken)?;
        attributes.write_record(["image"].iter().chain(&ATTRIBUTES)).map_err(broken)?;
        for (planned, row) in plan.images.iter().zip(rows) {
            let id = planned.id(self);
            let captions = serde_json::Value::from(row.captions).to_string();
            let mask = planned.mask_path(self);
            let class = &self.classes[planned.class].name;
            let split = &self.splits[planned.split].name;
            let cells = [&id, class, &mask, split, &captions];
            dataset.write_record(cells).map_err(broken)?;
            attributes.write_record([&id].into_iter().chain(&row.attributes)).map_err(broken)?;
        }
        for (name, table) in [("attributes.csv", attributes), ("dataset.csv", dataset)] {
            let path = folder.join(name);
            let bytes = table.into_inner().map_err(|e| DataError::io(&path, e.into_error()))?;
            write_whole(&path, &bytes)?;
        }
        Ok(())
    }
}

/// What the tables say of an image beside its plan.
#[derive(Debug, Default)]
struct Row {
    attributes: Vec<String>,
    captions: Vec<String>,
}

fn take(next: &AtomicUsize, count: usize) -> Option<usize> {
    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&i| i < count)
}

/// A thread that panicked has left nothing half done in a single value.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn write_file(path: &PathBuf, bytes: &[u8]) -> Result<(), DataError> {
    std::fs::write(path, bytes).map_err(|e| DataError::io(path, e))
}

fn rgb_png(image: &RgbImage, path: &Path) -> Result<Vec<u8>, DataError> {
    encode(image.width, image.height, png::ColorType::Rgb, &image.data, path)
}

/// 8-bit gray, 255 on the object.
fn mask_png(mask: &Mask, path: &Path) -> Result<Vec<u8>, DataError> {
    let levels: Vec<u8> = mask.data.iter().map(|&object| u8::from(object) * 255).collect();
    encode(mask.width, mask.height, png::ColorType::Grayscale, &levels, path)
}

fn encode(
    width: usize,
    height: usize,
    colour: png::ColorType,
    data: &[u8],
    path: &Path,
) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    // Sides are at most 1,024.
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let failed = |e: png::EncodingError| DataError::io(path, std::io::Error::other(e));
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(data).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}
