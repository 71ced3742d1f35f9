//! A mask in the geometry of its image.
use super::{CocoSegment, Mask, MaskOptions, MaskSource, coco, labels, rule};
use crate::{
    DataError, pickle,
    pixels::{DecodeOptions, Decoded, fail, load_bytes, orient},
};
use base64::prelude::{BASE64_STANDARD, Engine};
use std::path::Path;

impl MaskSource {
    /// The mask in the geometry of the decoded (displayed) image.
    ///
    /// A mask of the displayed size is taken as it is. One of the stored size of an image that its
    /// EXIF orientation turned is turned along. Where both sizes are the same (mirrored or turned
    /// by half, or a square), it is taken as drawn on the displayed image. COCO polygons are drawn on
    /// an image of the size that their file states; where it states none and the image is turned by a
    /// quarter, they are taken as drawn on the stored image, unless they leave it.
    ///
    /// # Errors
    /// Where the file can't be read, and where a mask of any other size is not to be resized
    /// (`MaskOptions::resize_nearest`).
    pub fn load(&self, image: &Decoded, options: &MaskOptions) -> Result<Mask, DataError> {
        match self {
            MaskSource::File(path) => {
                let labels = labels::read(path)?;
                let data = rule::objects(&labels, options);
                let mask = Mask { width: labels.width, height: labels.height, data };
                fit(mask, image, options, path)
            }
            MaskSource::Coco { file: path, segments, size } => {
                let [height, width] = size.unwrap_or_else(|| coco_size(segments, image));
                check_raster(height, width, image).map_err(|message| fail(path, message))?;
                let mask =
                    coco::union(segments, height, width).map_err(|message| fail(path, message))?;
                fit(mask, image, options, path)
            }
            MaskSource::Pickled { file: path, name } => {
                let bytes = pickled(path, name)?;
                let labels = labels::decode(&bytes, path)?;
                let data = rule::objects(&labels, options);
                let mask = Mask { width: labels.width, height: labels.height, data };
                fit(mask, image, options, path)
            }
            MaskSource::Rendered(rendered) => {
                fit(rendered.mask(), image, options, Path::new("rendered mask"))
            }
        }
    }
}

/// The picture that a pickled dictionary holds under a name.
fn pickled(path: &Path, name: &str) -> Result<Vec<u8>, DataError> {
    let bytes = load_bytes(path, DecodeOptions::default().max_bytes)?;
    let mut texts = pickle::texts(&bytes).map_err(|message| fail(path, message))?;
    let text = texts.remove(name).ok_or_else(|| {
        let held: Vec<&str> = texts.keys().map(String::as_str).collect();
        fail(path, format!("there is no mask of '{name}'; it has those of {}", held.join(", ")))
    })?;
    let text: Vec<u8> = text.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64_STANDARD
        .decode(text)
        .map_err(|error| fail(path, format!("the mask of '{name}' is no base64 text ({error})")))
}

/// Raster of the segments: that of their run lengths; for polygons the image as stored, or as
/// displayed where only that holds them.
fn coco_size(segments: &[CocoSegment], image: &Decoded) -> [usize; 2] {
    let stated = segments.iter().find_map(|segment| match segment {
        CocoSegment::Rle { size, .. } | CocoSegment::CompressedRle { size, .. } => Some(*size),
        CocoSegment::Polygons(_) => None,
    });
    if let Some(size) = stated {
        return size;
    }
    let stored = [image.stored.1, image.stored.0];
    let displayed = [image.image.height, image.image.width];
    let holds = |[height, width]: [usize; 2]| {
        segments.iter().all(|segment| match segment {
            CocoSegment::Polygons(polygons) => polygons.iter().all(|polygon| {
                polygon
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .all(|[x, y]| *x <= width as f64 && *y <= height as f64)
            }),
            _ => true,
        })
    };
    if !holds(stored) && holds(displayed) { displayed } else { stored }
}

/// A size that an annotation states is checked as that of a mask file, before memory is taken for it.
fn check_raster(height: usize, width: usize, image: &Decoded) -> Result<(), String> {
    let shown = image.image.width as u64 * image.image.height as u64;
    let most = DecodeOptions::default().max_pixels.max(shown);
    match (height as u64).checked_mul(width as u64) {
        Some(pixels) if (1..=most).contains(&pixels) => Ok(()),
        _ => Err(format!(
            "the annotations are for {height} x {width} pixels (height x width), expected 1 to {most} in all; \
             correct the annotation"
        )),
    }
}

fn fit(mask: Mask, image: &Decoded, options: &MaskOptions, path: &Path) -> Result<Mask, DataError> {
    let displayed = (image.image.width, image.image.height);
    let size = (mask.width, mask.height);
    if size == displayed {
        return Ok(mask);
    }
    if image.applied != 1 && size == image.stored {
        let (width, height, data) = orient(mask.width, mask.height, mask.data, image.applied);
        return Ok(Mask { width, height, data });
    }
    if options.resize_nearest {
        return Ok(mask.resize_nearest(displayed.1, displayed.0));
    }
    let turned = if image.applied == 1 || image.stored == displayed {
        String::new()
    } else {
        format!(" ({} x {} as stored, before its EXIF orientation)", image.stored.0, image.stored.1)
    };
    Err(fail(
        path,
        format!(
            "the mask has {} x {} pixels (width x height), its image {} x {}{turned}; give a mask of the image's size, or allow resizing with --mask-resize nearest",
            size.0, size.1, displayed.0, displayed.1
        ),
    ))
}
