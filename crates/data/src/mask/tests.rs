use super::*;

fn mask(rows: &[&str]) -> Mask {
    Mask {
        width: rows[0].len(),
        height: rows.len(),
        data: rows.iter().flat_map(|row| row.chars().map(|c| c == '#')).collect(),
    }
}

#[test]
fn figures_of_a_mask() {
    let m = mask(&["....", ".##.", "..#.", "...."]);
    assert_eq!(m.area(), 3);
    assert_eq!(m.bounding_box(), Some(BoundingBox { top: 1, left: 1, bottom: 2, right: 2 }));
    let (y, x) = m.centroid().unwrap();
    assert!((y - 11.0 / 6.0).abs() < 1e-12 && (x - 13.0 / 6.0).abs() < 1e-12);
    assert_eq!(m.invert().area(), 13);
    assert!(!m.is_empty() && !m.is_full());
}

#[test]
fn one_pixel_has_a_box_and_a_centre() {
    let m = mask(&["...", "..#"]);
    assert_eq!(m.bounding_box(), Some(BoundingBox { top: 1, left: 2, bottom: 1, right: 2 }));
    assert_eq!(m.centroid(), Some((1.5, 2.5)));
}

#[test]
fn empty_and_full() {
    let empty = mask(&["..", ".."]);
    assert!(empty.is_empty() && !empty.is_full());
    assert_eq!((empty.bounding_box(), empty.centroid()), (None, None));
    let full = empty.invert();
    assert!(full.is_full() && !full.is_empty());
    assert_eq!(full.centroid(), Some((1.0, 1.0)));
    let nothing = Mask { width: 0, height: 0, data: vec![] };
    assert!(nothing.is_empty() && !nothing.is_full());
}

#[test]
fn void_wins_over_object() {
    let options = MaskOptions { object: Some(vec![1, 255]), void: vec![255], resize_nearest: false };
    assert!(options.is_object(1) && !options.is_object(255) && !options.is_object(2));
    let options = MaskOptions::default();
    assert!(options.is_object(7) && !options.is_object(0));
}
