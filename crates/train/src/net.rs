//! The network on burn's tensors.
use crate::arch::{Block, Network, Unit};
use crate::domains;
use crate::kernels::{Normed, Settings, conv_norm};
use crate::weights::{Weight, Weights};
use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::module::{conv2d, linear, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};

/// PyTorch's default, and ONNX's.
pub(crate) const EPSILON: f32 = 1e-5;
/// Share of a batch's moments in the running ones, PyTorch's default.
const MOMENTUM: f32 = 0.1;

/// Why no weight can be missing.
const ONE_DESCRIPTION: &str =
    "a weight for each layer: by construction, one description gives the weights and the layers";

/// A network whose tensors are on a device, flat; shapes are the network's.
#[derive(Debug, Clone)]
pub(crate) struct Net {
    pub(crate) network: Network,
    pub(crate) trained: Vec<Tensor<1>>,
    /// Mean and variance of each unit in turn.
    pub(crate) running: Vec<Tensor<1>>,
    device: Device,
}

/// What one part of a batch gives.
#[derive(Debug)]
pub(crate) struct Part {
    /// Gradients of the trained tensors.
    pub(crate) gradients: Vec<Tensor<1>>,
    /// Mean and unbiased variance of each unit in turn.
    pub(crate) moments: Vec<Tensor<1>>,
    /// This part's share of the batch's loss.
    pub(crate) loss: Tensor<1>,
}

/// A forward pass in training mode, before its backward pass.
#[derive(Debug)]
pub(crate) struct Forward {
    /// What the linear layer gives, `[n, classes]`.
    pub(crate) out: Tensor<2>,
    /// The trained tensors that gradients are wanted of.
    leaves: Vec<Tensor<1>>,
    /// Mean and unbiased variance of each unit in turn.
    pub(crate) moments: Vec<Tensor<1>>,
}

/// A part of a batch whose images have no weights yet.
pub(crate) struct Open {
    forward: Forward,
    /// Logarithm of each image's probability for its class, `[n, 1]`.
    likelihoods: Tensor<2>,
    device: Device,
}

impl Open {
    /// Cross-entropy of each image.
    pub(crate) fn losses(&self) -> Vec<f64> {
        let values = self.likelihoods.clone().inner().into_data();
        values.iter::<f32>().map(|value| -f64::from(value)).collect()
    }

    /// Back. The loss is the sum of `weights[i]` times the cross-entropy of image i: weights that sum to 1 over the
    /// whole batch give its weighted mean, whatever its parts.
    pub(crate) fn back(self, weights: Vec<f32>) -> Part {
        let n = weights.len();
        let weights =
            Tensor::<2>::from_data(TensorData::new(weights, [n, 1]), &self.device).autodiff();
        let loss = (self.likelihoods * weights).sum().neg();
        let gradients = self.forward.gradients(&mut loss.backward());
        Part { gradients, moments: self.forward.moments, loss: loss.inner() }
    }
}

impl Forward {
    /// Gradients of the trained tensors.
    pub(crate) fn gradients(&self, gradients: &mut Gradients) -> Vec<Tensor<1>> {
        self.leaves.iter().map(|leaf| gradient(leaf, gradients)).collect()
    }
}

/// Gradient of a leaf; 0 where nothing depends on it.
pub(crate) fn gradient(leaf: &Tensor<1>, gradients: &mut Gradients) -> Tensor<1> {
    leaf.grad_remove(gradients).unwrap_or_else(|| leaf.clone().inner().zeros_like())
}

/// Values to a device.
pub(crate) fn upload(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

/// Values from a device.
pub(crate) fn download(tensor: &Tensor<1>) -> Vec<f32> {
    tensor.clone().into_data().iter::<f32>().collect()
}

impl Net {
    /// `device` without autodiff.
    pub(crate) fn new(network: Network, weights: &Weights, device: &Device) -> Self {
        let up = |all: &[Weight]| all.iter().map(|w| upload(w.values.clone(), device)).collect();
        Self {
            network,
            trained: up(&weights.trained),
            running: up(&weights.running),
            device: device.clone(),
        }
    }

    /// The weights back on the host.
    pub(crate) fn weights(&self) -> Weights {
        let mut weights = Weights::of_shape(&self.network);
        let tensors = self.trained.iter().chain(&self.running);
        let slots = weights.trained.iter_mut().chain(&mut weights.running);
        for (weight, tensor) in slots.zip(tensors) {
            weight.values = download(tensor);
        }
        weights
    }

    /// Forward over `[n, 3, H, W]` in training mode.
    pub(crate) fn forward(&self, images: Vec<f32>, [height, width]: [usize; 2]) -> Forward {
        let n = images.len() / (3 * height * width).max(1);
        let images =
            Tensor::<4>::from_data(TensorData::new(images, [n, 3, height, width]), &self.device);
        let leaves: Vec<Tensor<1>> =
            self.trained.iter().map(|t| t.clone().autodiff().require_grad()).collect();
        let mut pass = Pass { leaves: leaves.iter(), moments: Vec::new() };
        let out = pass.network(&self.network, images.autodiff());
        let moments = pass.moments;
        Forward { out, leaves, moments }
    }

    /// Forward over one part of a batch in training mode, `images` `[n, 3, H, W]`. With `mixing`, `[n, groups]` row by
    /// row, the linear layer is one for each group (see [`domains`]).
    pub(crate) fn open(
        &self,
        images: Vec<f32>,
        size: [usize; 2],
        labels: &[usize],
        mixing: Option<Vec<f32>>,
    ) -> Open {
        let n = labels.len();
        let device = self.device.clone().autodiff();
        let forward = self.forward(images, size);
        let labels: Vec<i32> = labels.iter().map(|&label| label as i32).collect();
        let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [n, 1]), &device);
        let logits = match mixing {
            None => forward.out.clone(),
            Some(shares) => {
                let groups = shares.len() / n.max(1);
                let shares = Tensor::from_data(TensorData::new(shares, [n, groups]), &device);
                domains::mixed(forward.out.clone(), shares)
            }
        };
        let likelihoods = log_softmax(logits, 1).gather(1, labels);
        Open { forward, likelihoods, device: self.device.clone() }
    }

    /// Logits `[n, classes]` in evaluation mode, by burn's own layers one after another: what an exported model is
    /// held against, so it shares nothing with the fused training layers or the export.
    pub(crate) fn evaluate(&self, images: Tensor<4>) -> Tensor<2> {
        let network = &self.network;
        let mut trained = self.trained.iter();
        let mut running = self.running.iter();
        let mut unit = |unit: &Unit, x: Tensor<4>| {
            let mut next = || trained.next().cloned().expect(ONE_DESCRIPTION);
            let (weight, gamma, beta) = (next(), next(), next());
            let mut next = || running.next().cloned().expect(ONE_DESCRIPTION);
            let (mean, variance) = (next(), next());
            let channels = |t: Tensor<1>| t.reshape([1, unit.outputs, 1, 1]);
            let x = conv2d(x, weight.reshape(unit.shape()), None, padded(unit));
            let scale = gamma / (variance + EPSILON).sqrt();
            (x - channels(mean)) * channels(scale) + channels(beta)
        };
        let mut x = relu(unit(&network.stem, images));
        if network.stem_pool {
            x = stem_pool(x);
        }
        for block in &network.blocks {
            let inner = relu(unit(&block.conv1, x.clone()));
            let inner = unit(&block.conv2, inner);
            let shortcut = match &block.shortcut {
                Some(projection) => unit(projection, x),
                None => x,
            };
            x = relu(inner + shortcut);
        }
        let mut next = || trained.next().cloned().expect(ONE_DESCRIPTION);
        let (weight, bias) = (next(), next());
        head(network, x, weight, bias)
    }

    /// Takes the moments of a batch's parts into the running ones: each part counts the same.
    pub(crate) fn update_running(&mut self, parts: &[Vec<Tensor<1>>]) {
        let share = 1.0 / parts.len() as f32;
        for (place, running) in self.running.iter_mut().enumerate() {
            let mut of_parts = parts.iter().map(|moments| moments[place].clone());
            let Some(first) = of_parts.next() else { return };
            let sum = of_parts.fold(first, |sum, next| sum + next);
            let mean = if parts.len() == 1 { sum } else { sum * share };
            *running = running.clone() * (1.0 - MOMENTUM) + mean * MOMENTUM;
        }
    }
}

fn padded(unit: &Unit) -> ConvOptions<2> {
    ConvOptions::new([unit.stride; 2], [unit.kernel / 2; 2], [1, 1], 1)
}

fn stem_pool(x: Tensor<4>) -> Tensor<4> {
    let options = MaxPoolOptions {
        kernel_size: [3, 3],
        stride: [2, 2],
        padding: [(1, 1), (1, 1)],
        dilation: [1, 1],
        ceil_mode: false,
    };
    max_pool2d(x, options)
}

/// Mean over positions (or all of them), then the linear layer.
fn head(network: &Network, x: Tensor<4>, weight: Tensor<1>, bias: Tensor<1>) -> Tensor<2> {
    let [n, channels, height, width] = x.dims();
    let features = if network.flat {
        x.reshape([n, channels * height * width])
    } else {
        x.reshape([n, channels, height * width]).mean_dim(2).reshape([n, channels])
    };
    let weight = weight.reshape([network.classes, network.features]).transpose();
    linear(features, weight, Some(bias))
}

/// One forward pass in training mode.
struct Pass<'a> {
    leaves: std::slice::Iter<'a, Tensor<1>>,
    moments: Vec<Tensor<1>>,
}

impl Pass<'_> {
    fn next(&mut self) -> Tensor<1> {
        self.leaves.next().cloned().expect(ONE_DESCRIPTION)
    }

    fn network(&mut self, network: &Network, images: Tensor<4>) -> Tensor<2> {
        let mut x = self.unit(&network.stem, images, None, true);
        if network.stem_pool {
            x = stem_pool(x);
        }
        for block in &network.blocks {
            x = self.block(block, x);
        }
        let (weight, bias) = (self.next(), self.next());
        head(network, x, weight, bias)
    }

    fn block(&mut self, block: &Block, x: Tensor<4>) -> Tensor<4> {
        let inner = self.unit(&block.conv1, x.clone(), None, true);
        // The projection's weights stand after those of both convolutions.
        let second = [self.next(), self.next(), self.next()];
        let at = self.moments.len();
        let shortcut = match &block.shortcut {
            Some(projection) => self.unit(projection, x, None, false),
            None => x,
        };
        let of_shortcut = self.moments.split_off(at);
        let out = self.apply(&block.conv2, second, inner, Some(shortcut), true);
        self.moments.extend(of_shortcut);
        out
    }

    fn unit(
        &mut self,
        unit: &Unit,
        x: Tensor<4>,
        shortcut: Option<Tensor<4>>,
        relu: bool,
    ) -> Tensor<4> {
        let weights = [self.next(), self.next(), self.next()];
        self.apply(unit, weights, x, shortcut, relu)
    }

    fn apply(
        &mut self,
        unit: &Unit,
        [weight, gamma, beta]: [Tensor<1>; 3],
        x: Tensor<4>,
        shortcut: Option<Tensor<4>>,
        relu: bool,
    ) -> Tensor<4> {
        let settings = Settings { stride: unit.stride, epsilon: EPSILON, relu };
        let weight = weight.reshape(unit.shape());
        let Normed { out, mean, variance } =
            conv_norm(x, weight, [gamma, beta], shortcut, settings);
        let [n, _, height, width] = out.dims();
        let count = (n * height * width) as f32;
        // PyTorch keeps the unbiased variance, and normalises by the biased one.
        let unbiased = variance.inner() * (count / (count - 1.0).max(1.0));
        self.moments.extend([mean.inner(), unbiased]);
        out
    }
}
