//! Geometry against torchvision (golden values: tests/golden/preprocess.py).
use crate::{
    formula::{crc32, noise, rows},
    resize_golden::filter,
};
use rightly_data::{
    Mask, Planes, Preprocess, RgbImage,
    preprocess::{MaskSampling, Resize},
};

fn steps(resize: [usize; 2], crop: [usize; 2], name: &str) -> Preprocess {
    Preprocess {
        resize: match resize {
            [0, _] => None,
            [side, 0] => Some(Resize::ShortSide(side)),
            exact => Some(Resize::Exact(exact)),
        },
        crop: (crop[0] > 0).then_some(crop),
        interpolation: filter(name),
        ..Preprocess::preset("imagenet").unwrap()
    }
}

#[test]
fn every_byte_is_torchvisions() {
    let mut cases = 0;
    for row in rows(include_str!("../golden/preprocess.csv")) {
        let n: Vec<usize> =
            [0, 1, 2, 3, 4, 5, 7, 8].iter().map(|&i| row[i].parse().unwrap()).collect();
        let preprocess = steps([n[2], n[3]], [n[4], n[5]], row[6]);
        let image = RgbImage { height: n[0], width: n[1], data: noise(n[0] * n[1] * 3, 9) };
        let out = preprocess.crop_image(&image);
        assert_eq!([out.height, out.width], [n[6], n[7]], "{row:?}");
        assert_eq!(format!("{:08x}", crc32(&out.data)), row[9], "{row:?}");
        cases += 1;
    }
    assert_eq!(cases, 36);
}

#[test]
fn a_mask_follows_its_image() {
    // A mask through nearest sampling equals the picture of the mask through nearest sampling.
    let preprocess = steps([20, 0], [21, 60], "nearest");
    let data: Vec<bool> = noise(91 * 37, 4).iter().map(|&byte| byte > 99).collect();
    let picture = RgbImage {
        height: 91,
        width: 37,
        data: data.iter().flat_map(|&object| [u8::from(object); 3]).collect(),
    };
    let mask = preprocess.crop_mask(&Mask { height: 91, width: 37, data }, MaskSampling::Nearest);
    let expected: Vec<bool> =
        preprocess.crop_image(&picture).data.chunks(3).map(|pixel| pixel[0] > 0).collect();
    assert_eq!((mask.height, mask.width), (21, 60));
    assert_eq!(mask.data, expected);
}

#[test]
fn the_papers_sampling_grows_a_line_that_nearest_keeps_or_drops() {
    let preprocess = steps([4, 0], [0, 0], "bilinear");
    let mut data = vec![false; 64];
    data[3 * 8..4 * 8].fill(true);
    let mask = Mask { height: 8, width: 8, data };
    assert_eq!(preprocess.crop_mask(&mask, MaskSampling::Nearest).area(), 4);
    // Rows 1 and 2 of the small picture both see row 3 of the large one.
    assert_eq!(preprocess.crop_mask(&mask, MaskSampling::Paper).area(), 8);
}

#[test]
fn normalising_is_three_roundings() {
    let image = RgbImage { width: 2, height: 1, data: vec![0, 51, 255, 17, 200, 3] };
    let planes = Planes::from(&image);
    assert_eq!(planes.data, [0.0, 17.0 / 255.0, 51.0 / 255.0, 200.0 / 255.0, 1.0, 3.0 / 255.0]);
    let out = Preprocess::preset("imagenet").unwrap().normalise(&planes);
    assert_eq!(out[1], (17.0f32 / 255.0 - 0.485) / 0.229);
    assert_eq!(out[4], (1.0f32 - 0.406) / 0.225);
}
