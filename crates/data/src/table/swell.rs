//! Pages that unpack to more than they say. The parquet crate unpacks gzip, Brotli and LZ4 frames to their end and compares
//! afterwards, so that some kilobytes fill any memory. (Zstandard, Snappy and LZ4 blocks end at the size that is said.)
use parquet::basic::Compression;
use std::io::{self, Read};

/// A page whose packed bytes can't become more than this is not looked at.
const SMALL: u64 = 256 << 20;
/// Most bytes that a byte can become: of DEFLATE 1,032, of LZ4 255.
const GZIP: u64 = 1032;
const LZ4: u64 = 255;

/// Whether a page has to be unpacked to know its size.
pub(super) fn may_swell(codec: Compression, packed: u64) -> bool {
    let most = match codec {
        Compression::GZIP(_) => GZIP,
        Compression::LZ4 => LZ4,
        Compression::BROTLI(_) => u64::MAX,
        _ => 0,
    };
    packed.saturating_mul(most) > SMALL
}

/// Unpacks a page without keeping it, no further than one byte behind the size that it says.
///
/// # Errors
/// It becomes more than that. What can't be unpacked is left to its reader, which says why.
pub(super) fn check(codec: Compression, packed: impl Read, unpacked: u64) -> Result<(), String> {
    let most = unpacked.saturating_add(1);
    let into = &mut io::sink();
    let passed = match codec {
        Compression::GZIP(_) => {
            io::copy(&mut flate2::read::MultiGzDecoder::new(packed).take(most), into)
        }
        Compression::BROTLI(_) => {
            io::copy(&mut brotli::Decompressor::new(packed, 1 << 16).take(most), into)
        }
        Compression::LZ4 => {
            io::copy(&mut lz4_flex::frame::FrameDecoder::new(packed).take(most), into)
        }
        _ => Ok(0),
    };
    match passed {
        Ok(passed) if passed > unpacked => {
            Err(format!("it says {unpacked} bytes and becomes more; write the table again"))
        }
        _ => Ok(()),
    }
}
