//! EXIF orientation of pixel rasters.

/// Turns a row-major raster of `width` x `height` items by an EXIF orientation; gives width, height
/// and items as displayed. Values other than 2..=8 leave it as it is.
pub(crate) fn orient<T: Copy>(
    width: usize,
    height: usize,
    data: Vec<T>,
    orientation: u8,
) -> (usize, usize, Vec<T>) {
    if !(2..=8).contains(&orientation) || data.is_empty() {
        return (width, height, data);
    }
    let (w, h) = if orientation >= 5 { (height, width) } else { (width, height) };
    let mut out = Vec::with_capacity(data.len());
    for y in 0..h {
        for x in 0..w {
            let (row, column) = match orientation {
                2 => (y, width - 1 - x),
                3 => (height - 1 - y, width - 1 - x),
                4 => (height - 1 - y, x),
                5 => (x, y),
                6 => (height - 1 - x, y),
                7 => (height - 1 - x, width - 1 - y),
                _ => (x, width - 1 - y),
            };
            out.push(data[row * width + column]);
        }
    }
    (w, h, out)
}

#[cfg(test)]
mod tests {
    use super::orient;

    #[test]
    fn the_eight_orientations() {
        // a b c
        // d e f
        let stored = "abcdef".chars().collect::<Vec<_>>();
        for (orientation, width, shown) in [
            (1, 3, "abcdef"),
            (2, 3, "cbafed"),
            (3, 3, "fedcba"),
            (4, 3, "defabc"),
            (5, 2, "adbecf"),
            (6, 2, "daebfc"),
            (7, 2, "fcebda"),
            (8, 2, "cfbead"),
            (0, 3, "abcdef"),
            (9, 3, "abcdef"),
        ] {
            let (w, h, data) = orient(3, 2, stored.clone(), orientation);
            assert_eq!((w, h), (width, 6 / width), "{orientation}");
            assert_eq!(data.iter().collect::<String>(), shown, "{orientation}");
        }
    }
}
