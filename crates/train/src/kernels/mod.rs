//! The one operation that the networks here are made of, as an extension of burn's backends:
//! convolution, batch norm on the batch's own moments, an optional shortcut, an optional ReLU.
//!
//! | module | subject |
//! |---|---|
//! | `mod` | the operation for every backend, in burn's own primitives |
//! | `flex` | its form for burn's CPU backend |
//! | `autodiff` | how gradients go back through it |
//! | `geometry`, `pack`, `tile`, `conv`, `norm`, `fused` | the CPU form itself, on slices |
mod autodiff;
mod conv;
mod flex;
mod fused;
mod geometry;
mod norm;
mod pack;
mod tile;

use burn::backend::ops::ConvOptions;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, ExtensionType, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor};

/// What is added before the ReLU.
#[derive(ExtensionType, Debug, Clone)]
pub(crate) enum Shortcut<B: Backend> {
    /// `[n, outputs, h, w]`.
    Add(FloatTensor<B>),
    /// Nothing.
    None,
}

/// What the operation gives.
#[derive(ExtensionType, Debug, Clone)]
pub(crate) struct ConvNormed<B: Backend> {
    /// `[n, outputs, h, w]`.
    pub(crate) out: FloatTensor<B>,
    /// Output of the convolution itself, for the backward pass; not differentiable.
    pub(crate) conv: FloatTensor<B>,
    /// Mean of each channel over the batch, `[outputs]`; not differentiable.
    pub(crate) mean: FloatTensor<B>,
    /// Variance with divisor n, `[outputs]`; not differentiable.
    pub(crate) variance: FloatTensor<B>,
}

/// What is no tensor about the operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Settings {
    /// Stride on both axes; the padding is half the kernel.
    pub(crate) stride: usize,
    /// Added to the variance.
    pub(crate) epsilon: f32,
    /// Whether a ReLU ends it.
    pub(crate) relu: bool,
}

/// Training-mode convolution and batch norm.
#[backend_extension(Flex, Autodiff, Cube: cfg(feature = "cuda"), LibTorch: cfg(feature = "tch"))]
pub(crate) trait ConvNormOps: Backend {
    /// `relu(norm(conv(x, weight)) + shortcut)`.
    ///
    /// # Shapes
    /// `x` [n, inputs, h, w], `weight` [outputs, inputs, k, k], `gamma` and `beta` [outputs].
    fn conv_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        #[extension_type] shortcut: Shortcut<Self>,
        settings: Settings,
    ) -> ConvNormed<Self> {
        forward::<Self>(x, weight, gamma, beta, shortcut, settings)
    }
}

/// What the backward pass reads.
#[derive(Debug, Clone)]
pub(crate) struct Saved<B: Backend> {
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    gamma: FloatTensor<B>,
    normed: ConvNormed<B>,
    settings: Settings,
}

/// Gradients of the operation's inputs; `None` where not wanted.
#[derive(Debug)]
pub(crate) struct Back<B: Backend> {
    x: Option<FloatTensor<B>>,
    weight: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    shortcut: Option<FloatTensor<B>>,
}

/// The backward pass of [`ConvNormOps::conv_norm`], in closed form.
pub(crate) trait ConvNormBack: ConvNormOps {
    /// Gradients from that of the output; `wanted`: whether those of the input and of the shortcut are needed.
    fn conv_norm_back(
        saved: Saved<Self>,
        grad: FloatTensor<Self>,
        wanted: [bool; 2],
    ) -> Back<Self> {
        back(saved, grad, wanted)
    }
}

#[cfg(feature = "cuda")]
mod cube {
    impl super::ConvNormOps for burn::backend::Cube {}
    impl super::ConvNormBack for burn::backend::Cube {}
}

#[cfg(feature = "tch")]
mod libtorch {
    impl super::ConvNormOps for burn::backend::LibTorch {}
    impl super::ConvNormBack for burn::backend::LibTorch {}
}

/// Axes that a channel's moments are taken over.
const AXES: [usize; 3] = [0, 2, 3];

fn options(stride: usize, kernel: usize) -> ConvOptions<2> {
    ConvOptions::new([stride; 2], [kernel / 2; 2], [1, 1], 1)
}

fn per_channel<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    let channels = tensor.shape().num_elements();
    B::float_reshape(tensor, Shape::from([1, channels, 1, 1]))
}

fn flat<B: Backend>(tensor: FloatTensor<B>) -> FloatTensor<B> {
    let channels = tensor.shape().num_elements();
    B::float_reshape(tensor, Shape::from([channels]))
}

fn inverse_deviation<B: Backend>(variance: FloatTensor<B>, epsilon: f32) -> FloatTensor<B> {
    let sum = B::float_add_scalar(per_channel::<B>(variance), epsilon.into());
    B::float_recip(B::float_sqrt(sum))
}

fn forward<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    gamma: FloatTensor<B>,
    beta: FloatTensor<B>,
    shortcut: Shortcut<B>,
    settings: Settings,
) -> ConvNormed<B> {
    let kernel = weight.shape()[3];
    let conv = B::conv2d(x, weight, None, options(settings.stride, kernel));
    let shape = conv.shape();
    let count = (shape.num_elements() / shape[1]) as f32;
    let mean_of = |values| B::float_div_scalar(B::float_sum_dims(values, &AXES), count.into());
    let mean = mean_of(conv.clone());
    let centred = B::float_sub(conv.clone(), mean.clone());
    let variance = mean_of(B::float_mul(centred.clone(), centred.clone()));
    let scale = B::float_mul(
        inverse_deviation::<B>(variance.clone(), settings.epsilon),
        per_channel::<B>(gamma),
    );
    let mut out = B::float_add(B::float_mul(centred, scale), per_channel::<B>(beta));
    if let Shortcut::Add(shortcut) = shortcut {
        out = B::float_add(out, shortcut);
    }
    if settings.relu {
        out = B::relu(out);
    }
    ConvNormed { out, conv, mean: flat::<B>(mean), variance: flat::<B>(variance) }
}

fn back<B: Backend>(
    saved: Saved<B>,
    grad: FloatTensor<B>,
    [input, shortcut]: [bool; 2],
) -> Back<B> {
    let Saved { x, weight, gamma, normed, settings } = saved;
    let grad = if settings.relu { B::relu_backward(normed.out, grad) } else { grad };
    let shape = normed.conv.shape();
    let count = (shape.num_elements() / shape[1]) as f32;
    let inverse = inverse_deviation::<B>(normed.variance, settings.epsilon);
    let centred = B::float_sub(normed.conv, per_channel::<B>(normed.mean));
    let unit = B::float_mul(centred, inverse.clone());
    let beta = B::float_sum_dims(grad.clone(), &AXES);
    let for_gamma = B::float_sum_dims(B::float_mul(grad.clone(), unit.clone()), &AXES);
    let mean_of = |sum: &FloatTensor<B>| B::float_div_scalar(sum.clone(), count.into());
    let conv = B::float_sub(
        B::float_sub(grad.clone(), mean_of(&beta)),
        B::float_mul(unit, mean_of(&for_gamma)),
    );
    let conv = B::float_mul(conv, B::float_mul(inverse, per_channel::<B>(gamma)));
    let options = options(settings.stride, weight.shape()[3]);
    let back_to_x =
        |x: FloatTensor<B>| B::conv2d_x_backward(x, weight.clone(), conv.clone(), options.clone());
    Back {
        x: input.then(|| back_to_x(x.clone())),
        weight: B::conv2d_weight_backward(x, weight, conv, options),
        gamma: flat::<B>(for_gamma),
        beta: flat::<B>(beta),
        shortcut: shortcut.then_some(grad),
    }
}

/// What [`conv_norm`] gives, as tensors.
#[derive(Debug)]
pub(crate) struct Normed {
    /// `[n, outputs, h, w]`.
    pub(crate) out: Tensor<4>,
    /// Mean of each channel over the batch, `[outputs]`.
    pub(crate) mean: Tensor<1>,
    /// Variance with divisor n, `[outputs]`.
    pub(crate) variance: Tensor<1>,
}

/// [`ConvNormOps::conv_norm`] on tensors of whatever backend they live on.
pub(crate) fn conv_norm(
    x: Tensor<4>,
    weight: Tensor<4>,
    [gamma, beta]: [Tensor<1>; 2],
    shortcut: Option<Tensor<4>>,
    settings: Settings,
) -> Normed {
    let normed = Dispatch::conv_norm(
        x.into_dispatch(),
        weight.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        shortcut.map_or(Shortcut::None, |shortcut| Shortcut::Add(shortcut.into_dispatch())),
        settings,
    );
    Normed {
        out: Tensor::from_dispatch(normed.out),
        mean: Tensor::from_dispatch(normed.mean),
        variance: Tensor::from_dispatch(normed.variance),
    }
}

#[cfg(test)]
mod tests;
