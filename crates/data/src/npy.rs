//! NumPy's `.npy` format, versions 1 to 3 (NumPy Enhancement Proposal 1).
use crate::{DataError, files};
use std::{io::Read as _, path::Path};

pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";

/// Most bytes of a matrix: a million vectors of 4,096 numbers.
const MAX_BYTES: u64 = 16 << 30;

/// A matrix of numbers, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// `[rows, columns]`.
    pub values: Vec<f32>,
}

impl Matrix {
    /// Reads `[n, d]` of float16, float32 or float64, in C or Fortran order.
    ///
    /// # Errors
    /// The file is missing, no `.npy`, of another type or number of axes, or truncated.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        // What is no array is not read to its end.
        let mut head = Vec::new();
        let start = files::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut head);
        start.map_err(|e| DataError::io(path, e))?;
        let bytes = if head == MAGIC { files::read(path, MAX_BYTES)? } else { head };
        Self::parse(&bytes).map_err(|message| DataError::invalid(path, message))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let Rows { descr, fortran, rows, columns, data } = Rows::of(bytes)?;
        let (size, convert): (usize, fn(&[u8]) -> f32) = match descr.as_str() {
            "<f2" => (2, |b| half::f16::from_le_bytes([b[0], b[1]]).to_f32()),
            "<f4" => (4, |b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
            "<f8" => (8, |b| b.try_into().map_or(f32::NAN, |b| f64::from_le_bytes(b) as f32)),
            ">f4" => (4, |b| f32::from_be_bytes([b[0], b[1], b[2], b[3]])),
            ">f8" => (8, |b| b.try_into().map_or(f32::NAN, |b| f64::from_be_bytes(b) as f32)),
            other => {
                return Err(format!(
                    "the array's type is '{other}'; save it as float16, float32 or float64"
                ));
            }
        };
        let count = values(rows, columns, size, data)?;
        let stored: Vec<f32> = data.chunks_exact(size).map(convert).collect();
        let values = if fortran {
            (0..count).map(|at| stored[(at % columns) * rows + at / columns]).collect()
        } else {
            stored
        };
        Ok(Self { rows, columns, values })
    }
}

/// A file of two axes whose header was understood.
pub(crate) struct Rows<'a> {
    pub(crate) descr: String,
    pub(crate) fortran: bool,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// What follows the header.
    pub(crate) data: &'a [u8],
}

impl<'a> Rows<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, String> {
        if !bytes.starts_with(MAGIC) {
            return Err("not a .npy file; save the array with numpy.save".to_owned());
        }
        let (text, data) = split(bytes)?;
        let Header { descr, fortran, shape } = header(text)?;
        let [rows, columns] = *shape.as_slice() else {
            return Err(format!("the array has shape {shape:?}, expected [n, d]"));
        };
        Ok(Self { descr, fortran, rows, columns, data })
    }
}

/// Number of values, where just as many of `size` bytes are there.
pub(crate) fn values(
    rows: usize,
    columns: usize,
    size: usize,
    data: &[u8],
) -> Result<usize, String> {
    rows.checked_mul(columns).filter(|count| count.checked_mul(size) == Some(data.len())).ok_or_else(|| {
        format!(
            "an array of {rows} x {columns} values does not fit {} bytes of data; the file is truncated or corrupt",
            data.len()
        )
    })
}

/// What the header says.
pub(crate) struct Header {
    pub(crate) descr: String,
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<usize>,
}

pub(crate) fn split(bytes: &[u8]) -> Result<(&str, &[u8]), String> {
    let short = || "the .npy header is cut off; save the array again".to_string();
    let major = *bytes.get(6).ok_or_else(short)?;
    let (start, length): (usize, usize) = match major {
        1 => {
            let field = bytes.get(8..10).ok_or_else(short)?;
            (10, usize::from(u16::from_le_bytes([field[0], field[1]])))
        }
        2 | 3 => {
            let field = bytes.get(8..12).ok_or_else(short)?;
            (12, u32::from_le_bytes([field[0], field[1], field[2], field[3]]) as usize)
        }
        other => return Err(format!(".npy version {other} is not known; save it as version 1")),
    };
    let text = bytes.get(start..start.saturating_add(length)).ok_or_else(short)?;
    let text = std::str::from_utf8(text).map_err(|_| "the .npy header is no text".to_string())?;
    Ok((text, &bytes[start + length..]))
}

/// The Python dictionary of the header, with exactly the keys that the format prescribes.
pub(crate) fn header(text: &str) -> Result<Header, String> {
    let bad =
        || format!("the .npy header '{}' is not understood; save the array again", text.trim());
    let value = |key: &str| {
        let at = text.find(&format!("'{key}'")).ok_or_else(bad)?;
        let rest = text[at + key.len() + 2..].trim_start();
        rest.strip_prefix(':').map(str::trim_start).ok_or_else(bad)
    };
    let descr = value("descr")?
        .strip_prefix('\'')
        .and_then(|rest| rest.split_once('\''))
        .map(|(descr, _)| descr.to_string())
        .ok_or_else(|| "the array is a record, expected plain numbers".to_string())?;
    let order = value("fortran_order")?;
    let fortran = order.starts_with("True");
    if !fortran && !order.starts_with("False") {
        return Err(bad());
    }
    let shape = value("shape")?
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .ok_or_else(bad)?
        .0
        .split(',')
        .map(str::trim)
        .filter(|side| !side.is_empty())
        .map(|side| side.parse().map_err(|_| bad()))
        .collect::<Result<_, _>>()?;
    Ok(Header { descr, fortran, shape })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let text =
            format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn types_and_orders_give_the_same_matrix() {
        let values = [1.0_f32, -2.5, 0.0, 4.0, 8.0, 0.5];
        let turned = [1.0_f32, 4.0, -2.5, 8.0, 0.0, 0.5];
        let single: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let big: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
        let double: Vec<u8> = values.iter().flat_map(|v| f64::from(*v).to_le_bytes()).collect();
        let half: Vec<u8> =
            values.iter().flat_map(|v| half::f16::from_f32(*v).to_le_bytes()).collect();
        let fortran: Vec<u8> = turned.iter().flat_map(|v| v.to_le_bytes()).collect();
        let expected = Matrix { rows: 2, columns: 3, values: values.to_vec() };
        for (descr, order, data) in [
            ("<f4", "False", single),
            (">f4", "False", big),
            ("<f8", "False", double),
            ("<f2", "False", half),
            ("<f4", "True", fortran),
        ] {
            assert_eq!(
                Matrix::parse(&file(descr, order, "(2, 3)", &data)).unwrap(),
                expected,
                "{descr} {order}"
            );
        }
    }

    /// A damaged file is an error or another matrix, whatever byte is wrong.
    #[test]
    fn damaged_files_do_not_panic() {
        for order in ["False", "True"] {
            let bytes = file("<f4", order, "(2, 3)", &[7; 24]);
            for at in 0..bytes.len() {
                assert!(Matrix::parse(&bytes[..at]).is_err(), "cut at {at}");
                for value in 0..=u8::MAX {
                    let mut damaged = bytes.clone();
                    damaged[at] = value;
                    if let Ok(matrix) = Matrix::parse(&damaged) {
                        assert_eq!(matrix.values.len(), matrix.rows * matrix.columns);
                    }
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (bytes, part) in [
            (b"PK".to_vec(), "not a .npy"),
            (file("<f4", "False", "(3,)", &[0; 12]), "[3], expected [n, d]"),
            (file("<i8", "False", "(1, 1)", &[0; 8]), "'<i8'"),
            (file("<f4", "False", "(2, 2)", &[0; 12]), "truncated"),
            (file("<f4", "False", "(9999999999999, 9999999999999)", &[0; 12]), "truncated"),
        ] {
            let message = Matrix::parse(&bytes).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }
}
