//! Constants to arrays and back.
use super::proto::{TensorProto, data_type};
use ndarray::{ArrayD, IxDyn};

/// IEEE half to single precision, exact.
#[must_use]
pub fn half_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = u32::from(bits) & 0x3ff;
    match (exponent, fraction) {
        (0, 0) => f32::from_bits(sign),
        (0, _) => {
            // Subnormal: fraction x 2^-24.
            let value = fraction as f32 * (-24_f32).exp2();
            if sign == 0 { value } else { -value }
        }
        (31, _) => f32::from_bits(sign | 0x7f80_0000 | (fraction << 13)),
        _ => f32::from_bits(sign | ((exponent + 112) << 23) | (fraction << 13)),
    }
}

/// Single precision to IEEE half, round to nearest, ties to even; too large values become infinite.
#[must_use]
pub fn f32_to_half(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let magnitude = bits & 0x7fff_ffff;
    if magnitude > 0x7f80_0000 {
        return sign | 0x7e00;
    }
    if magnitude >= 0x4780_0000 {
        return sign | 0x7c00;
    }
    if magnitude < 0x3880_0000 {
        // Subnormal in half precision: a multiple of 2^-24. The product is exact, the rounding is to even.
        let scaled = f32::from_bits(magnitude) * 24_f32.exp2();
        return sign | scaled.round_ties_even() as u16;
    }
    let rounded = magnitude + 0xfff + ((magnitude >> 13) & 1);
    sign | ((rounded - 0x3800_0000) >> 13) as u16
}

/// Single precision to its upper half, round to nearest, ties to even.
#[must_use]
pub fn f32_to_bfloat(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    // The carry may reach infinity, which is then the nearest value.
    ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) as u16
}

fn chunks<const N: usize, T>(bytes: &[u8], convert: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().map(|chunk| convert(*chunk)).collect()
}

impl TensorProto {
    /// Shape.
    ///
    /// # Errors
    /// A sentence where a dimension is negative or the number of elements is beyond memory.
    pub fn shape(&self) -> Result<Vec<usize>, String> {
        let shape: Option<Vec<usize>> =
            self.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
        let shape = shape.ok_or_else(|| {
            format!("tensor '{}' has a negative dimension: {:?}", self.name(), self.dims)
        })?;
        shape
            .iter()
            .try_fold(8_usize, |product, &dim| product.checked_mul(dim))
            .filter(|&bytes| isize::try_from(bytes).is_ok())
            .ok_or_else(|| {
                format!("tensor '{}' is too large: shape {:?}", self.name(), self.dims)
            })?;
        Ok(shape)
    }

    /// Whether there are as many elements as the shape says; `name` is what messages call it.
    pub(super) fn check_elements(&self, name: &str) -> Result<(), String> {
        let shape = self.shape().map_err(|message| message.replace("''", &format!("'{name}'")))?;
        let wanted: usize = shape.iter().product();
        let raw = self.raw_data.as_ref().map_or(0, Vec::len);
        let (width, typed) = match self.data_type.unwrap_or(0) {
            data_type::FLOAT => (4, self.float_data.len()),
            data_type::DOUBLE => (8, self.double_data.len()),
            data_type::INT64 => (8, self.int64_data.len()),
            data_type::UINT64 => (8, self.uint64_data.len()),
            data_type::UINT32 => (4, self.uint64_data.len()),
            data_type::INT32 => (4, self.int32_data.len()),
            data_type::FLOAT16 | data_type::BFLOAT16 | data_type::INT16 | data_type::UINT16 => {
                (2, self.int32_data.len())
            }
            data_type::INT8 | data_type::UINT8 | data_type::BOOL => (1, self.int32_data.len()),
            data_type::STRING => (1, self.string_data.len()),
            // Types that are packed, or newer than this: no engine reads more than there is.
            _ => return Ok(()),
        };
        if self.segment.is_some() || wanted == typed || wanted.checked_mul(width) == Some(raw) {
            return Ok(());
        }
        Err(format!(
            "tensor '{name}' of shape {shape:?} wants {wanted} elements, the file holds {}; it is damaged",
            if raw > 0 { raw / width } else { typed }
        ))
    }

    /// Number of elements of a float or 8-bit type.
    pub(crate) fn parameters(&self) -> Option<usize> {
        use data_type::{BFLOAT16, DOUBLE, FLOAT, FLOAT16, INT8, UINT8};
        match self.data_type.unwrap_or(0) {
            FLOAT | FLOAT16 | BFLOAT16 | DOUBLE | INT8 | UINT8 => {
                self.shape().ok().map(|shape| shape.iter().product())
            }
            _ => None,
        }
    }

    fn array<T>(&self, values: Vec<T>) -> Result<ArrayD<T>, String> {
        let shape = self.shape()?;
        let count = values.len();
        ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|_| {
            format!("tensor '{}' of shape {shape:?} holds {count} elements", self.name())
        })
    }

    fn unusable(&self, wanted: &str) -> String {
        if self.segment.is_some() {
            return format!(
                "tensor '{}' is stored in segments, which no engine reads",
                self.name()
            );
        }
        format!(
            "tensor '{}' has elements of {}, expected {wanted}",
            self.name(),
            data_type::name(self.data_type.unwrap_or(0))
        )
    }

    /// Elements as single precision. Float types, integers up to 32 bits and booleans are read.
    ///
    /// # Errors
    /// A sentence where the type is another one, or the number of elements does not fit the shape.
    pub fn to_f32(&self) -> Result<ArrayD<f32>, String> {
        let raw = self.raw_data.as_deref();
        let values = match self.data_type.unwrap_or(0) {
            _ if self.segment.is_some() => return Err(self.unusable("one piece")),
            data_type::FLOAT => {
                raw.map_or_else(|| self.float_data.clone(), |raw| chunks(raw, f32::from_le_bytes))
            }
            data_type::DOUBLE => raw.map_or_else(
                || self.double_data.iter().map(|&v| v as f32).collect(),
                |raw| chunks(raw, |b| f64::from_le_bytes(b) as f32),
            ),
            data_type::FLOAT16 => self.halves().into_iter().map(half_to_f32).collect(),
            data_type::BFLOAT16 => self
                .halves()
                .into_iter()
                .map(|bits| f32::from_bits(u32::from(bits) << 16))
                .collect(),
            _ => return Ok(self.to_i64()?.mapv(|value| value as f32)),
        };
        self.array(values)
    }

    fn halves(&self) -> Vec<u16> {
        self.raw_data.as_deref().map_or_else(
            || self.int32_data.iter().map(|&v| v as u16).collect(),
            |raw| chunks(raw, u16::from_le_bytes),
        )
    }

    /// Elements of an integer or boolean type.
    ///
    /// # Errors
    /// As [`TensorProto::to_f32`].
    pub fn to_i64(&self) -> Result<ArrayD<i64>, String> {
        if self.segment.is_some() {
            return Err(self.unusable("one piece"));
        }
        let narrow = || self.int32_data.iter().map(|&v| i64::from(v)).collect();
        let wide = || self.uint64_data.iter().map(|&v| v as i64).collect();
        let raw = self.raw_data.as_deref();
        let values: Vec<i64> = match self.data_type.unwrap_or(0) {
            data_type::INT64 => {
                raw.map_or_else(|| self.int64_data.clone(), |raw| chunks(raw, i64::from_le_bytes))
            }
            data_type::INT32 => {
                raw.map_or_else(narrow, |raw| chunks(raw, |b| i64::from(i32::from_le_bytes(b))))
            }
            data_type::INT16 => {
                raw.map_or_else(narrow, |raw| chunks(raw, |b| i64::from(i16::from_le_bytes(b))))
            }
            data_type::UINT16 => {
                raw.map_or_else(narrow, |raw| chunks(raw, |b| i64::from(u16::from_le_bytes(b))))
            }
            data_type::INT8 => raw.map_or_else(narrow, |raw| chunks(raw, |[b]| i64::from(b as i8))),
            data_type::UINT8 => raw.map_or_else(narrow, |raw| chunks(raw, |[b]| i64::from(b))),
            data_type::BOOL => raw.map_or_else(narrow, |raw| chunks(raw, |[b]| i64::from(b != 0))),
            data_type::UINT32 => {
                raw.map_or_else(wide, |raw| chunks(raw, |b| i64::from(u32::from_le_bytes(b))))
            }
            data_type::UINT64 => {
                raw.map_or_else(wide, |raw| chunks(raw, |b| u64::from_le_bytes(b) as i64))
            }
            _ => return Err(self.unusable("numbers")),
        };
        self.array(values)
    }

    /// A float32 tensor.
    #[must_use]
    pub fn from_f32(name: &str, value: &ArrayD<f32>) -> Self {
        Self {
            raw_data: Some(value.iter().flat_map(|v| v.to_le_bytes()).collect()),
            ..Self::header(name, data_type::FLOAT, value.shape())
        }
    }

    /// An int64 tensor.
    #[must_use]
    pub fn from_i64(name: &str, value: &ArrayD<i64>) -> Self {
        Self {
            raw_data: Some(value.iter().flat_map(|v| v.to_le_bytes()).collect()),
            ..Self::header(name, data_type::INT64, value.shape())
        }
    }

    fn header(name: &str, kind: i32, shape: &[usize]) -> Self {
        Self {
            name: Some(name.to_owned()),
            data_type: Some(kind),
            dims: shape.iter().map(|&dim| dim as i64).collect(),
            ..Self::default()
        }
    }

    /// Replaces the elements, keeping name and element type where that is a float type (float32 otherwise).
    pub fn set_f32(&mut self, value: &ArrayD<f32>) {
        let kind = self.data_type.unwrap_or(0);
        let raw: Vec<u8> = match kind {
            data_type::FLOAT16 => {
                value.iter().flat_map(|&v| f32_to_half(v).to_le_bytes()).collect()
            }
            data_type::BFLOAT16 => {
                value.iter().flat_map(|&v| f32_to_bfloat(v).to_le_bytes()).collect()
            }
            data_type::DOUBLE => value.iter().flat_map(|&v| f64::from(v).to_le_bytes()).collect(),
            _ => value.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        let kind = match kind {
            data_type::FLOAT16 | data_type::BFLOAT16 | data_type::DOUBLE => kind,
            _ => data_type::FLOAT,
        };
        *self = Self {
            raw_data: Some(raw),
            doc_string: self.doc_string.take(),
            metadata_props: std::mem::take(&mut self.metadata_props),
            ..Self::header(self.name.as_deref().unwrap_or(""), kind, value.shape())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_survives_the_way_to_single_precision_and_back() {
        for bits in 0..=u16::MAX {
            let value = half_to_f32(bits);
            if value.is_nan() {
                assert!(half_to_f32(f32_to_half(value)).is_nan());
            } else {
                assert_eq!(f32_to_half(value), bits, "{value}");
            }
        }
    }

    #[test]
    fn halves_are_rounded_to_even_and_overflow_to_infinity() {
        assert_eq!(f32_to_half(1.0 + 1.0 / 2048.0), 0x3c00);
        assert_eq!(f32_to_half(1.0 + 3.0 / 2048.0), 0x3c02);
        assert_eq!(f32_to_half(65504.0), 0x7bff);
        assert_eq!(f32_to_half(65520.0), 0x7c00);
        assert_eq!(f32_to_half(1e9), 0x7c00);
        assert_eq!(f32_to_half(2_f32.powi(-25)), 0);
        assert_eq!(f32_to_half(-3.0 * 2_f32.powi(-25)), 0x8002);
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let mut tensor = TensorProto::from_f32("w", &ArrayD::zeros(IxDyn(&[2, 3])));
        tensor.dims = vec![2, 4];
        assert!(tensor.to_f32().unwrap_err().contains("'w'"));
        tensor.dims = vec![-1];
        assert!(tensor.to_f32().is_err());
        tensor.dims = vec![i64::MAX, i64::MAX];
        assert!(tensor.to_f32().is_err());
    }

    #[test]
    fn new_weights_keep_the_element_type() {
        let mut tensor = TensorProto {
            name: Some("w".into()),
            dims: vec![2],
            data_type: Some(data_type::FLOAT16),
            int32_data: vec![0x3c00, 0x4000],
            ..TensorProto::default()
        };
        assert_eq!(tensor.to_f32().unwrap().as_slice().unwrap(), &[1.0, 2.0]);
        tensor.set_f32(&ArrayD::from_elem(IxDyn(&[3]), 0.5));
        assert_eq!(tensor.data_type, Some(data_type::FLOAT16));
        assert_eq!(tensor.to_f32().unwrap(), ArrayD::from_elem(IxDyn(&[3]), 0.5));
    }
}
