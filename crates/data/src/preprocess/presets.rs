//! Preprocessing by name.
use super::{Channels, Preprocess, Resize};
use crate::resize::Filter;

pub(super) const NAMES: [&str; 5] =
    ["imagenet", "imagenet-squash-256", "clip", "caffe-bgr", "cifar"];

pub(super) fn preset(name: &str) -> Option<Preprocess> {
    let imagenet = Preprocess {
        resize: Some(Resize::ShortSide(256)),
        crop: Some([224, 224]),
        interpolation: Filter::Bilinear,
        channels: Channels::Rgb,
        scale: 1.0,
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    };
    Some(match name {
        "imagenet" => imagenet,
        "imagenet-squash-256" => Preprocess { resize: Some(Resize::Exact([256, 256])), ..imagenet },
        "clip" => Preprocess {
            resize: Some(Resize::ShortSide(224)),
            interpolation: Filter::Bicubic,
            mean: [0.48145466, 0.4578275, 0.40821073],
            std: [0.26862954, 0.261_302_6, 0.275_777_1],
            ..imagenet
        },
        "caffe-bgr" => Preprocess {
            crop: Some([227, 227]),
            channels: Channels::Bgr,
            scale: 255.0,
            mean: [104.0, 117.0, 123.0],
            std: [1.0; 3],
            ..imagenet
        },
        "cifar" => Preprocess {
            resize: Some(Resize::Exact([32, 32])),
            crop: None,
            mean: [0.5071, 0.4865, 0.4409],
            std: [0.2673, 0.2564, 0.2762],
            ..imagenet
        },
        _ => return None,
    })
}
