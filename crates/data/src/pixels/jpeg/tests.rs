use super::*;
use crate::pixels::{RgbImage, encode_jpeg};

/// A textured picture as a baseline JPEG.
fn file(width: usize, height: usize) -> Vec<u8> {
    let data = (0..width * height * 3).map(|i| ((i * i / 7 + i * 31) % 251) as u8).collect();
    encode_jpeg(&RgbImage { width, height, data }, 80).unwrap()
}

fn read(bytes: &[u8]) -> Result<Picture, String> {
    decode(bytes, |_, _| Ok(()))
}

#[test]
fn every_cut_is_an_error_until_the_data_is_whole() {
    let bytes = file(45, 37);
    let whole = read(&bytes).unwrap();
    assert_eq!((whole.width, whole.height, whole.channels), (45, 37, 3));
    // Only the end marker may be missing.
    for cut in 3..bytes.len() - 2 {
        let error = read(&bytes[..cut]).err();
        assert!(error.is_some(), "cut at {cut} of {}", bytes.len());
        let mut closed = bytes[..cut].to_vec();
        closed.extend([0xFF, 0xD9]);
        if cut + 3 < bytes.len() {
            assert!(read(&closed).is_err(), "cut at {cut} and closed");
        }
    }
    for cut in [bytes.len() - 2, bytes.len() - 1] {
        assert_eq!(read(&bytes[..cut]).unwrap().data, whole.data);
    }
}

#[test]
fn the_size_is_checked_before_anything_else() {
    let bytes = file(45, 37);
    let refused = decode(&bytes, |w, h| Err::<(), _>(format!("{w} x {h}"))).err();
    assert_eq!(refused.unwrap(), "45 x 37");
}

#[test]
fn a_header_that_claims_more_than_the_file_can_hold_is_refused_at_once() {
    let mut bytes = file(16, 16);
    let at = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bytes[at + 5..at + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(read(&bytes).err().unwrap(), bits::ENDS_EARLY);
}

#[test]
fn bytes_left_over_are_corruption() {
    let bytes = file(32, 32);
    let end = bytes.len() - 2;
    let with = |extra: &[u8]| [&bytes[..end], extra, &[0xFF, 0xD9]].concat();
    let whole = read(&bytes).unwrap().data;
    assert_eq!(read(&with(&[0; 300])).unwrap().data, whole, "fill bytes");
    assert_eq!(read(&with(&[1, 2, 3])).unwrap().data, whole, "a few");
    assert_eq!(read(&with(&[1, 2, 3, 4, 5])).err().unwrap(), bits::CORRUPT);
}
