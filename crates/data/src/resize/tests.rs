use super::*;

#[test]
fn a_flat_picture_stays_flat() {
    for filter in [Filter::Nearest, Filter::Box, Filter::Bilinear, Filter::Bicubic, Filter::Lanczos]
    {
        let image = RgbImage { width: 7, height: 5, data: [3, 128, 255].repeat(35) };
        let out = resize(&image, 13, 3, filter);
        assert_eq!(out.data, [3, 128, 255].repeat(39), "{filter:?}");
    }
}

#[test]
fn a_window_holds_the_pixels_of_the_whole() {
    let data = (0..40 * 31 * 3).map(|i| (i * 7919 % 251) as u8).collect();
    let image = RgbImage { width: 31, height: 40, data };
    for filter in [Filter::Nearest, Filter::Bilinear, Filter::Lanczos] {
        let whole = resize(&image, 23, 50, filter);
        let window = Window { top: 4, left: 11, height: 9, width: 20 };
        let part = resize_window(&image, 23, 50, filter, window);
        for y in 0..9 {
            let from = ((y + 4) * 50 + 11) * 3;
            assert_eq!(part.data[y * 60..][..60], whole.data[from..][..60], "{filter:?} {y}");
        }
    }
}
