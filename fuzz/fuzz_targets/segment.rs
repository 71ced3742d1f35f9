//! COCO segments: run lengths, their compressed string, polygons. The first byte says which, the next two the size.
#![no_main]
use libfuzzer_sys::fuzz_target;
use rightly_data::{
    MaskSource,
    mask::{CocoSegment, MaskOptions},
};
use rightly_fuzz::image;
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    let [kind, height, width, rest @ ..] = bytes else { return };
    let size = [usize::from(*height), usize::from(*width)];
    let words = rest.as_chunks::<4>().0;
    let segment = match kind % 3 {
        0 => {
            let Ok(counts) = str::from_utf8(rest) else { return };
            CocoSegment::CompressedRle { counts: counts.to_owned(), size }
        }
        1 => {
            let counts = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
            CocoSegment::Rle { counts, size }
        }
        _ => {
            let numbers = words.iter().map(|word| f32::from_le_bytes(*word).into()).collect();
            CocoSegment::Polygons(vec![numbers])
        }
    };
    let options = MaskOptions { resize_nearest: true, ..MaskOptions::default() };
    let file = Path::new("set.json").into();
    let source = MaskSource::Coco { file, segments: vec![segment], size: None };
    if let Ok(mask) = source.load(&image(), &options) {
        assert_eq!((mask.width, mask.height, mask.data.len()), (6, 4, 24));
    }
});
