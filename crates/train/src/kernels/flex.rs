//! The operation on burn's CPU backend: slices out of its tensors, and back.
use super::geometry::Geometry;
use super::{Back, ConvNormBack, ConvNormOps, ConvNormed, Saved, Settings, Shortcut, fused};
use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::{Shape, TensorData};

/// A tensor whose values lie in the order of its shape.
fn plain(tensor: FlexTensor) -> FlexTensor {
    tensor.to_contiguous()
}

fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.storage::<f32>()
}

fn tensor(values: Vec<f32>, shape: Shape) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

fn geometry(x: &FlexTensor, weight: &FlexTensor, settings: Settings) -> Geometry {
    let (x, weight) = (x.shape(), weight.shape());
    let four = |shape: &Shape| [0, 1, 2, 3].map(|axis| shape[axis]);
    Geometry::new(four(&x), four(&weight), settings.stride)
}

impl ConvNormOps for Flex {
    fn conv_norm(
        x: FlexTensor,
        weight: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        shortcut: Shortcut<Self>,
        settings: Settings,
    ) -> ConvNormed<Self> {
        let [x, weight, gamma, beta] = [x, weight, gamma, beta].map(plain);
        let shortcut = match shortcut {
            Shortcut::Add(shortcut) => Some(plain(shortcut)),
            Shortcut::None => None,
        };
        let geometry = geometry(&x, &weight, settings);
        let done = fused::forward(
            &geometry,
            values(&x),
            values(&weight),
            fused::Norm { gamma: values(&gamma), beta: values(&beta), epsilon: settings.epsilon },
            shortcut.as_ref().map(values),
            settings.relu,
        );
        let Geometry { images, outputs, out_height, out_width, .. } = geometry;
        let shape = Shape::from([images, outputs, out_height, out_width]);
        ConvNormed {
            out: tensor(done.out, shape.clone()),
            conv: tensor(done.conv, shape),
            mean: tensor(done.mean, Shape::from([outputs])),
            variance: tensor(done.variance, Shape::from([outputs])),
        }
    }
}

impl ConvNormBack for Flex {
    fn conv_norm_back(
        saved: Saved<Self>,
        grad: FlexTensor,
        [input, shortcut]: [bool; 2],
    ) -> Back<Self> {
        let Saved { x, weight, gamma, normed, settings } = saved;
        let [x, weight, gamma, grad] = [x, weight, gamma, grad].map(plain);
        let geometry = geometry(&x, &weight, settings);
        let saved = fused::Saved {
            x: values(&x),
            weight: values(&weight),
            gamma: values(&gamma),
            conv: values(&normed.conv),
            out: settings.relu.then(|| values(&normed.out)),
            mean: values(&normed.mean),
            variance: values(&normed.variance),
            epsilon: settings.epsilon,
        };
        let back = fused::back(&geometry, saved, values(&grad), input, shortcut);
        Back {
            x: input.then(|| tensor(back.x, x.shape())),
            weight: tensor(back.weight, weight.shape()),
            gamma: tensor(back.gamma, gamma.shape()),
            beta: tensor(back.beta, gamma.shape()),
            shortcut: shortcut.then(|| tensor(back.shortcut, grad.shape())),
        }
    }
}
