//! Entropy-coded bits and Huffman tables (ITU-T T.81, annexes C and F).

pub(super) const ENDS_EARLY: &str = "the compressed data ends early";
pub(super) const CORRUPT: &str = "the compressed data is corrupt";

/// Codes of up to this many bits are looked up at once.
const LOOKUP: u32 = 9;

/// A Huffman table for decoding.
pub(super) struct Huffman {
    /// For each 9 bits: length << 8 | symbol, 0 where the code is longer.
    lookup: Vec<u16>,
    /// For each length: one above its largest code, aligned to 16 bits (0 where it has none).
    limit: [u32; 17],
    /// For each length: index of its first symbol minus its first code.
    offset: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// From the number of codes of each length 1..=16 and the symbols in order.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            lookup: vec![0; 1 << LOOKUP],
            limit: [0; 17],
            offset: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index) = (0u32, 0usize);
        for (length, &count) in (1u32..).zip(counts) {
            let count = u32::from(count);
            if code + count > 1 << length {
                return None;
            }
            table.offset[length as usize] = index as i32 - code as i32;
            if length <= LOOKUP {
                for i in 0..count {
                    let entry = (length << 8) as u16 | u16::from(*symbols.get(index + i as usize)?);
                    let first = ((code + i) << (LOOKUP - length)) as usize;
                    table.lookup[first..first + (1 << (LOOKUP - length))].fill(entry);
                }
            }
            code += count;
            index += count as usize;
            if count > 0 {
                table.limit[length as usize] = code << (16 - length);
            }
            code <<= 1;
        }
        (index == symbols.len()).then_some(table)
    }
}

/// Reads bits up to the next marker. Beyond it there are none: asking for them is an error.
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    /// Next byte that is not in `buffer`.
    position: usize,
    /// Bits, the next one highest.
    buffer: u64,
    /// Valid bits of `buffer`; those below are 0.
    count: u32,
    /// A marker or the end of the data was reached.
    ended: bool,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8], position: usize) -> Self {
        Self { data, position, buffer: 0, count: 0, ended: false }
    }

    /// At least 32 bits, unless the data ends.
    #[inline]
    fn refill(&mut self) {
        if self.count > 32 || self.ended {
            return;
        }
        if let Some(bytes) = self.data.get(self.position..).and_then(|rest| rest.first_chunk::<4>())
        {
            let word = u32::from_be_bytes(*bytes);
            // No byte is 0xFF: its complement has no zero byte.
            if (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 == 0 {
                self.buffer |= u64::from(word) << (32 - self.count);
                self.count += 32;
                self.position += 4;
                return;
            }
        }
        self.refill_bytes();
    }

    #[cold]
    #[inline(never)]
    fn refill_bytes(&mut self) {
        while self.count <= 56 {
            let Some(&byte) = self.data.get(self.position) else {
                self.ended = true;
                return;
            };
            if byte == 0xFF {
                if self.data.get(self.position + 1) != Some(&0) {
                    self.ended = true;
                    return;
                }
                self.position += 1;
            }
            self.position += 1;
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    #[inline]
    fn drop_bits(&mut self, bits: u32) -> Result<(), &'static str> {
        if bits > self.count {
            return Err(ENDS_EARLY);
        }
        self.buffer <<= bits;
        self.count -= bits;
        Ok(())
    }

    /// The next symbol.
    #[inline]
    pub(super) fn symbol(&mut self, table: &Huffman) -> Result<u8, &'static str> {
        self.refill();
        let entry = table.lookup[(self.buffer >> (64 - LOOKUP)) as usize];
        if entry != 0 {
            self.drop_bits(u32::from(entry >> 8))?;
            return Ok(entry as u8);
        }
        self.long_symbol(table)
    }

    #[cold]
    #[inline(never)]
    fn long_symbol(&mut self, table: &Huffman) -> Result<u8, &'static str> {
        let bits = (self.buffer >> 48) as u32;
        for length in LOOKUP as usize + 1..=16 {
            if bits < table.limit[length] {
                let code = (bits >> (16 - length)) as i32;
                let symbol = table.symbols.get((code + table.offset[length]) as usize);
                self.drop_bits(length as u32)?;
                return symbol.copied().ok_or(CORRUPT);
            }
        }
        Err(if self.count < 16 { ENDS_EARLY } else { CORRUPT })
    }

    /// The next 0..=16 bits as a number.
    #[inline]
    pub(super) fn bits(&mut self, bits: u32) -> Result<i32, &'static str> {
        if bits == 0 {
            return Ok(0);
        }
        self.refill();
        let value = (self.buffer >> (64 - bits)) as i32;
        self.drop_bits(bits)?;
        Ok(value)
    }

    /// A signed value of `size` bits (T.81, F.2.2.1: EXTEND).
    #[inline]
    pub(super) fn signed(&mut self, size: u32) -> Result<i32, &'static str> {
        let value = self.bits(size)?;
        Ok(if size > 0 && value < 1 << (size - 1) { value - (1 << size) + 1 } else { value })
    }

    /// Ends a run of coded data: gives the position of the marker (or the end) behind it. Besides
    /// the bits that pad the last byte, up to four bytes or any number of equal fill bytes may be
    /// left, as libjpeg lets pass; more means that the decoder lost its way in corrupt data.
    pub(super) fn finish(&mut self) -> Result<usize, &'static str> {
        let unread = (self.count / 8) as usize;
        let mut left: Vec<u8> = (0..unread)
            .map(|i| (self.buffer >> (56 - self.count % 8 - 8 * i as u32)) as u8)
            .collect();
        let mut position = self.position;
        while let Some(&byte) = self.data.get(position) {
            if byte == 0xFF {
                match self.data.get(position + 1) {
                    Some(0) => position += 1,
                    Some(0xFF) => {}
                    _ => break,
                }
            }
            left.push(byte);
            position += 1;
        }
        let fill = |byte: u8| left.iter().all(|&other| other == byte);
        if left.len() > 4 && !fill(0) && !fill(0xFF) {
            return Err(CORRUPT);
        }
        Ok(position)
    }
}
