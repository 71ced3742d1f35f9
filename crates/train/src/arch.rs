//! The networks, as data: which layers, of which sizes, under which names.
//!
//! One description serves initialisation, the forward pass and the ONNX file, so that they can't differ.
use std::fmt;
use std::str::FromStr;

/// A network that can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// He's CIFAR network with one block a stage, widths 16, 32, 64: 0.08 million weights.
    Resnet8,
    /// He's CIFAR network with three blocks a stage (He et al. 2016, section 4.2): 0.27 million weights.
    ///
    /// Both use projections (option B: 1 x 1 convolution and batch norm) where a shortcut changes its size.
    Resnet20,
    /// torchvision's ResNet-18: 7 x 7 stem of stride 2, 3 x 3 max pooling, widths 64 to 512: 11.2 million weights.
    Resnet18,
}

impl Arch {
    /// Every network, the smallest first.
    pub const ALL: [Self; 3] = [Self::Resnet8, Self::Resnet20, Self::Resnet18];

    /// `resnet8`, `resnet20` or `resnet18`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Resnet8 => "resnet8",
            Self::Resnet20 => "resnet20",
            Self::Resnet18 => "resnet18",
        }
    }

    /// Its layers for so many classes.
    pub(crate) fn network(self, classes: usize) -> Network {
        match self {
            Self::Resnet8 => Network::cifar(1, classes),
            Self::Resnet20 => Network::cifar(3, classes),
            Self::Resnet18 => Network::imagenet([2, 2, 2, 2], classes),
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Arch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|arch| arch.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("no network is called '{text}'; there are {names}")
        })
    }
}

/// A convolution with the batch norm after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Path in the state dictionary, `stage1_block1.conv1`.
    pub(crate) name: String,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
}

impl Unit {
    /// `[outputs, inputs, k, k]`.
    pub(crate) fn shape(&self) -> [usize; 4] {
        [self.outputs, self.inputs, self.kernel, self.kernel]
    }
}

/// Two convolutions and a shortcut around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// `stage1_block1`.
    pub(crate) name: String,
    pub(crate) conv1: Unit,
    pub(crate) conv2: Unit,
    /// Projection; the identity where there is none.
    pub(crate) shortcut: Option<Unit>,
}

/// A residual network for classification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) stem: Unit,
    /// 3 x 3 max pooling of stride 2 after the stem.
    pub(crate) stem_pool: bool,
    pub(crate) blocks: Vec<Block>,
    /// Whether the linear layer reads every position of the last block's output, and not their mean.
    pub(crate) flat: bool,
    /// Numbers before the linear layer.
    pub(crate) features: usize,
    /// Numbers after it: logits of classes, or an embedding.
    pub(crate) classes: usize,
}

/// Name of the linear layer.
pub(crate) const HEAD: &str = "head";

impl Network {
    fn cifar(depth: usize, classes: usize) -> Self {
        let stem = unit("stem", 3, 16, 3, 1);
        Self::staged(stem, false, &[16, 32, 64], &[depth; 3], classes)
    }

    fn imagenet(depths: [usize; 4], classes: usize) -> Self {
        let stem = unit("stem", 3, 64, 7, 2);
        Self::staged(stem, true, &[64, 128, 256, 512], &depths, classes)
    }

    /// One block a stage after a stem of stride 2, ending in an embedding of every position of a `side` x `side` picture,
    /// so that where something is can be told.
    pub(crate) fn embedder(widths: &[usize], side: usize, dim: usize) -> Self {
        let stem = unit("stem", 3, widths[0], 3, 2);
        let mut network = Self::staged(stem, false, widths, &vec![1; widths.len()], dim);
        let end = widths.iter().fold(side, |side, _| side.div_ceil(2));
        network.flat = true;
        network.features *= end * end;
        network
    }

    fn staged(
        stem: Unit,
        stem_pool: bool,
        widths: &[usize],
        depths: &[usize],
        classes: usize,
    ) -> Self {
        let mut blocks = Vec::new();
        let mut inputs = stem.outputs;
        for (stage, (&width, &depth)) in widths.iter().zip(depths).enumerate() {
            for place in 0..depth {
                let stride = if stage > 0 && place == 0 { 2 } else { 1 };
                let name = format!("stage{}_block{}", stage + 1, place + 1);
                let part = |part: &str| format!("{name}.{part}");
                blocks.push(Block {
                    conv1: unit(&part("conv1"), inputs, width, 3, stride),
                    conv2: unit(&part("conv2"), width, width, 3, 1),
                    shortcut: (inputs != width || stride != 1)
                        .then(|| unit(&part("shortcut"), inputs, width, 1, stride)),
                    name,
                });
                inputs = width;
            }
        }
        Self { stem, stem_pool, blocks, flat: false, features: inputs, classes }
    }

    /// Every convolution, in the order in which weights are stored.
    pub(crate) fn units(&self) -> impl Iterator<Item = &Unit> {
        let blocks = self.blocks.iter();
        std::iter::once(&self.stem).chain(
            blocks
                .flat_map(|block| [&block.conv1, &block.conv2].into_iter().chain(&block.shortcut)),
        )
    }

    /// Name of the value that CAMs and features are taken from: the last block's output.
    pub(crate) fn last_layer(&self) -> String {
        self.blocks.last().map_or_else(|| "stem".to_owned(), |block| format!("{}_out", block.name))
    }
}

fn unit(name: &str, inputs: usize, outputs: usize, kernel: usize, stride: usize) -> Unit {
    Unit { name: name.to_owned(), inputs, outputs, kernel, stride }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(arch: Arch, classes: usize) -> usize {
        let network = arch.network(classes);
        let units: usize =
            network.units().map(|u| u.shape().iter().product::<usize>() + 2 * u.outputs).sum();
        units + (network.features + 1) * classes
    }

    #[test]
    fn sizes_are_those_of_the_papers() {
        // torchvision's resnet18 has 11 689 512 weights.
        assert_eq!(weights(Arch::Resnet18, 1000), 11_689_512);
        // 0.27 million in the paper's table 6 (with option A).
        assert_eq!(weights(Arch::Resnet20, 10), 272_474);
        assert_eq!(Arch::Resnet20.network(10).units().count(), 21);
    }

    #[test]
    fn names_are_read_back() {
        for arch in Arch::ALL {
            assert_eq!(arch.to_string().parse(), Ok(arch));
        }
        assert!("resnet50".parse::<Arch>().unwrap_err().contains("resnet18"));
    }
}
