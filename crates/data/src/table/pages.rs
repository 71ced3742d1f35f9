//! What a column's pages say of themselves, read from their headers alone. A file's footer can say anything; a page is
//! unpacked by its own header.
//!
//! The headers are Thrift's compact protocol; the parquet crate reads them, but does not show sizes before it unpacks.
use super::swell;
use parquet::file::metadata::ColumnChunkMetaData;
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
};

/// Structs inside structs of a page's header: four are known.
const DEPTH: usize = 16;
/// Numbers of the types of Thrift's fields.
const FALSE: u8 = 2;
const I32: u8 = 5;
const STRUCT: u8 = 12;
/// Numbers of page types and encodings in the format.
const DICTIONARY_PAGE: u64 = 2;
const PLAIN_DICTIONARY: u64 = 2;
const DELTA_BYTE_ARRAY: u64 = 7;
const RLE_DICTIONARY: u64 = 8;

/// What the pages of a column chunk hold. Sizes are in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pages {
    /// Values, nulls among them, of all data pages.
    pub(super) values: u64,
    /// Those of pages that refer to a dictionary.
    pub(super) referring: u64,
    /// All pages as they are when they are unpacked.
    pub(super) unpacked: u64,
    /// All pages as they are in the file.
    pub(super) packed: u64,
    /// The dictionary, unpacked: no value that it holds is larger. 0 where there is none.
    pub(super) dictionary: u64,
    has_dictionary: bool,
    /// The largest page of values that are told by what they share with the one before: such a value may be as large.
    pub(super) shared: u64,
    /// The page that grows most when it is unpacked: its size then, and in the file.
    pub(super) swollen: (u64, u64),
}

impl Pages {
    /// Reads the headers of a chunk's pages.
    ///
    /// # Errors
    /// The file can't be read, or a header is damaged: said in words.
    pub(super) fn of(file: &File, chunk: &ColumnChunkMetaData) -> Result<Self, String> {
        let (start, length) = chunk.byte_range();
        let mut from = BufReader::new(file);
        from.seek(SeekFrom::Start(start)).map_err(|e| e.to_string())?;
        let mut pages = Self::default();
        let mut place = start;
        while place < start + length {
            let mut header = Reader { from: &mut from, taken: 0 };
            let at = |why: String| format!("the page at byte {place}: {why}");
            let page = header.page().map_err(|e| at(e.to_string()))?;
            let next = place + header.taken + page.packed;
            pages.add(&page).map_err(at)?;
            let codec = chunk.compression();
            if page.is_packed && swell::may_swell(codec, page.packed) {
                let levels = page.levels.min(page.packed);
                from.seek_relative(levels as i64).map_err(|e| e.to_string())?;
                let packed = from.by_ref().take(page.packed - levels);
                swell::check(codec, packed, page.unpacked.saturating_sub(levels)).map_err(at)?;
            }
            place = next;
            from.seek(SeekFrom::Start(place)).map_err(|e| e.to_string())?;
        }
        Ok(pages)
    }

    fn add(&mut self, page: &Page) -> Result<(), String> {
        let unpacked = page.unpacked.max(page.packed);
        self.unpacked = self.unpacked.saturating_add(unpacked);
        self.packed = self.packed.saturating_add(page.packed);
        if unpacked - page.packed > self.swollen.0 - self.swollen.1 {
            self.swollen = (unpacked, page.packed);
        }
        if page.kind == DICTIONARY_PAGE {
            self.has_dictionary = true;
            self.dictionary = self.dictionary.max(unpacked);
            // Each takes a byte at least, and room is made for all before they are read.
            if page.values > unpacked {
                return Err(format!("{} values in {unpacked} bytes", page.values));
            }
            return Ok(());
        }
        self.values = self.values.saturating_add(page.values);
        match page.encoding {
            // The parquet crate takes it for granted.
            PLAIN_DICTIONARY | RLE_DICTIONARY if !self.has_dictionary => {
                return Err("its values refer to a dictionary that is not there".to_owned());
            }
            PLAIN_DICTIONARY | RLE_DICTIONARY => self.referring += page.values,
            DELTA_BYTE_ARRAY => self.shared = self.shared.max(unpacked),
            _ => {}
        }
        Ok(())
    }
}

/// One page's header. Where it says a thing twice, the larger counts.
#[derive(Debug)]
struct Page {
    kind: u64,
    unpacked: u64,
    packed: u64,
    values: u64,
    encoding: u64,
    /// Bytes before the packed ones.
    levels: u64,
    is_packed: bool,
}

/// The header of a page of one kind.
#[derive(Debug, Default)]
struct Inner {
    values: u64,
    encoding: u64,
    levels: u64,
    /// Whether it says that its values are not packed.
    is_plain: bool,
}

struct Reader<'r, R> {
    from: &'r mut R,
    taken: u64,
}

fn damaged(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

impl<R: Read> Reader<'_, R> {
    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.from.read_exact(&mut byte)?;
        self.taken += 1;
        Ok(byte[0])
    }

    /// An unsigned number of seven bits a byte.
    fn number(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(damaged("a number of more than ten bytes"))
    }

    /// A signed number, which the format lets be no less than 0 where it is asked for here.
    fn count(&mut self, kind: u8) -> io::Result<u64> {
        if kind != I32 {
            return Err(damaged(format!("a field of type {kind} where a number belongs")));
        }
        let number = self.number()?;
        if number & 1 == 1 { Err(damaged("a size below 0")) } else { Ok(number >> 1) }
    }

    /// Number and type of the next field, `None` at the end of a struct.
    fn field(&mut self, last: &mut i64) -> io::Result<Option<u8>> {
        let byte = self.byte()?;
        let kind = byte & 0x0f;
        if kind == 0 {
            return Ok(None);
        }
        *last = match byte >> 4 {
            0 => {
                let number = self.number()?;
                (number >> 1) as i64 ^ -((number & 1) as i64)
            }
            step => last.wrapping_add(i64::from(step)),
        };
        Ok(Some(kind))
    }

    fn page(&mut self) -> io::Result<Page> {
        let mut page = Page {
            kind: 0,
            unpacked: 0,
            packed: 0,
            values: 0,
            encoding: 0,
            levels: 0,
            is_packed: true,
        };
        let mut last = 0;
        while let Some(kind) = self.field(&mut last)? {
            match last {
                1 => page.kind = page.kind.max(self.count(kind)?),
                2 => page.unpacked = page.unpacked.max(self.count(kind)?),
                3 => page.packed = page.packed.max(self.count(kind)?),
                // Of data pages, dictionaries, and data pages of version 2.
                5 | 7 | 8 if kind == STRUCT => {
                    let inner = self.inner(last == 8)?;
                    page.values = page.values.max(inner.values);
                    page.encoding = page.encoding.max(inner.encoding);
                    page.levels = inner.levels;
                    page.is_packed = !inner.is_plain;
                }
                _ => self.skip(kind, 1)?,
            }
        }
        Ok(page)
    }

    /// The header of a data page, of version 2 or not, or of a dictionary.
    fn inner(&mut self, second: bool) -> io::Result<Inner> {
        let (mut inner, mut last) = (Inner::default(), 0);
        while let Some(kind) = self.field(&mut last)? {
            match (last, second) {
                (1, _) => inner.values = self.count(kind)?,
                (2, false) | (4, true) => inner.encoding = self.count(kind)?,
                (5 | 6, true) => inner.levels += self.count(kind)?,
                (7, true) if kind == FALSE => inner.is_plain = true,
                _ => self.skip(kind, 2)?,
            }
        }
        Ok(inner)
    }

    /// Passes over a field's value.
    fn skip(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        if depth > DEPTH {
            return Err(damaged("structs too deep in each other"));
        }
        match kind {
            // True and false are their own type.
            1 | FALSE => {}
            3 => _ = self.byte()?,
            4..=6 => _ = self.number()?,
            7 => self.pass(8)?,
            8 => {
                let length = self.number()?;
                self.pass(length)?;
            }
            9 | 10 => {
                let head = self.byte()?;
                let length = if head >> 4 == 15 { self.number()? } else { u64::from(head >> 4) };
                for _ in 0..length {
                    self.element(head & 0x0f, depth)?;
                }
            }
            11 => {
                let length = self.number()?;
                let kinds = if length == 0 { 0 } else { self.byte()? };
                for _ in 0..length {
                    self.element(kinds >> 4, depth)?;
                    self.element(kinds & 0x0f, depth)?;
                }
            }
            STRUCT => {
                let mut last = 0;
                while let Some(kind) = self.field(&mut last)? {
                    self.skip(kind, depth + 1)?;
                }
            }
            other => return Err(damaged(format!("a field of the unknown type {other}"))),
        }
        Ok(())
    }

    /// Passes over a value in a list or map, where true and false take a byte.
    fn element(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        if kind <= FALSE { self.byte().map(drop) } else { self.skip(kind, depth + 1) }
    }

    fn pass(&mut self, length: u64) -> io::Result<()> {
        let passed = io::copy(&mut self.from.by_ref().take(length), &mut io::sink())?;
        self.taken += passed;
        if passed == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}
