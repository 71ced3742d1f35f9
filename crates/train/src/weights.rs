//! Weights on the host: named, in a fixed order, as a state dictionary has them.
use crate::TrainError;
use crate::arch::{Arch, HEAD, Network};
use rand::RngExt as _;
use rightly_data::files;
use rightly_stats::rng::{keyed, standard_normal_fill};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, View};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// One tensor of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// Path in the state dictionary, `stage1_block1.conv1.conv.weight`.
    pub name: String,
    /// Shape as PyTorch has it: convolutions `[out, in, k, k]`, the linear layer `[out, in]`.
    pub shape: Vec<usize>,
    /// Row-major elements.
    pub values: Vec<f32>,
}

/// Everything that a network is: what is trained, and batch norm's running statistics.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Trained tensors: for each convolution its weight, batch norm's weight and bias; then the linear layer's.
    pub trained: Vec<Weight>,
    /// Running mean and variance of each batch norm.
    pub running: Vec<Weight>,
}

impl Weights {
    /// Fresh weights as torchvision initialises them: convolutions kaiming normal (fan out, ReLU), batch norm 1 and 0,
    /// the linear layer as `torch.nn.Linear` (uniform up to 1 / sqrt(inputs)). Drawn from streams keyed by seed and
    /// name.
    #[must_use]
    pub fn init(arch: Arch, classes: usize, seed: u64) -> Self {
        Self::fresh(&arch.network(classes), seed)
    }

    /// As [`Weights::init`], of any network.
    pub(crate) fn fresh(network: &Network, seed: u64) -> Self {
        let mut weights = Self::of_shape(network);
        for weight in &mut weights.trained {
            let mut rng = keyed(seed, "train/init", &weight.name, 0);
            if let [outputs, _, height, width] = weight.shape[..] {
                let deviation = (2.0 / (outputs * height * width) as f32).sqrt();
                standard_normal_fill(&mut rng, &mut weight.values);
                weight.values.iter_mut().for_each(|value| *value *= deviation);
            } else if weight.name.starts_with(HEAD) {
                let bound = 1.0 / (network.features as f32).sqrt();
                weight.values.fill_with(|| (rng.random::<f32>() * 2.0 - 1.0) * bound);
            }
        }
        weights
    }

    /// Batch norm 1 and 0, everything else 0.
    pub(crate) fn of_shape(network: &Network) -> Self {
        let mut weights = Self { trained: Vec::new(), running: Vec::new() };
        let weight = |name: String, shape: &[usize], value: f32| Weight {
            name,
            shape: shape.to_vec(),
            values: vec![value; shape.iter().product()],
        };
        for unit in network.units() {
            let name = |part: &str| format!("{}.{part}", unit.name);
            let channels = [unit.outputs];
            weights.trained.push(weight(name("conv.weight"), &unit.shape(), 0.0));
            weights.trained.push(weight(name("norm.weight"), &channels, 1.0));
            weights.trained.push(weight(name("norm.bias"), &channels, 0.0));
            weights.running.push(weight(name("norm.running_mean"), &channels, 0.0));
            weights.running.push(weight(name("norm.running_var"), &channels, 1.0));
        }
        let shape = [network.classes, network.features];
        weights.trained.push(weight(format!("{HEAD}.weight"), &shape, 0.0));
        weights.trained.push(weight(format!("{HEAD}.bias"), &shape[..1], 0.0));
        weights
    }

    /// Every tensor, trained ones first.
    pub fn iter(&self) -> impl Iterator<Item = &Weight> {
        self.trained.iter().chain(&self.running)
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut Weight> {
        self.trained.iter_mut().chain(&mut self.running)
    }

    /// Reads a safetensors file that holds every tensor of the network (running statistics may be left out: 0 and 1),
    /// in float32. Tensors of other names are not looked at.
    ///
    /// # Errors
    /// The file is missing, no regular file, or too large; [`TrainError::Weights`] where a tensor is missing or has another shape or type.
    pub fn load(path: &Path, arch: Arch, classes: usize) -> Result<Self, TrainError> {
        let bytes = files::read(path, files::LARGE)?;
        let mut weights = Self::of_shape(&arch.network(classes));
        let file = parse(&bytes, path)?;
        let trained = weights.trained.len();
        for (place, weight) in weights.iter_mut().enumerate() {
            if place >= trained && file.tensor(&weight.name).is_err() {
                continue;
            }
            weight.values = read(&file, &weight.name, &weight.shape, path)?;
        }
        Ok(weights)
    }

    /// Writes a safetensors file, whole or not at all.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        write(path, self.iter().map(|w| (w.name.clone(), w)).collect(), &[])
    }
}

pub(crate) fn parse<'a>(bytes: &'a [u8], path: &Path) -> Result<SafeTensors<'a>, TrainError> {
    SafeTensors::deserialize(bytes).map_err(|error| TrainError::Weights {
        path: path.to_owned(),
        message: format!("this is no safetensors file: {error}"),
    })
}

/// One float32 tensor of the expected shape.
pub(crate) fn read(
    file: &SafeTensors<'_>,
    name: &str,
    shape: &[usize],
    path: &Path,
) -> Result<Vec<f32>, TrainError> {
    let invalid = |message: String| TrainError::Weights { path: path.to_owned(), message };
    let view: TensorView<'_> =
        file.tensor(name).map_err(|_| invalid(format!("there is no tensor '{name}'")))?;
    if view.dtype() != Dtype::F32 || view.shape() != shape {
        let (dtype, found) = (view.dtype(), view.shape());
        return Err(invalid(format!(
            "tensor '{name}' is {dtype:?} {found:?}, expected F32 {shape:?}"
        )));
    }
    let (chunks, _) = view.data().as_chunks::<4>();
    Ok(chunks.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
}

impl View for &Weight {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()
    }

    fn data_len(&self) -> usize {
        self.values.len() * 4
    }
}

/// Writes named tensors with texts beside them, under another name first.
pub(crate) fn write(
    path: &Path,
    tensors: BTreeMap<String, &Weight>,
    texts: &[(&str, String)],
) -> Result<(), TrainError> {
    let texts = texts.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let bytes = safetensors::serialize(
        tensors,
        Some(texts).filter(|texts: &HashMap<_, _>| !texts.is_empty()),
    )
    .map_err(|error| TrainError::Weights { path: path.to_owned(), message: error.to_string() })?;
    Ok(files::write_whole(path, &bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_weights_have_the_deviation_of_kaiming_and_depend_on_the_seed() {
        let weights = Weights::init(Arch::Resnet20, 10, 1);
        let conv = weights.trained.iter().find(|w| w.name == "stage3_block3.conv2.conv.weight");
        let conv = conv.unwrap();
        let n = conv.values.len() as f64;
        let variance = conv.values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / n;
        let expected = 2.0 / (64.0 * 9.0);
        // Five standard errors of a variance.
        assert!((variance / expected - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
        let head = weights.trained.iter().find(|w| w.name == "head.weight").unwrap();
        assert!(head.values.iter().all(|v| v.abs() <= 0.125));
        assert_eq!(weights, Weights::init(Arch::Resnet20, 10, 1));
        assert_ne!(weights, Weights::init(Arch::Resnet20, 10, 2));
    }

    #[test]
    fn weights_come_back_from_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        let weights = Weights::init(Arch::Resnet8, 3, 5);
        weights.save(&path).unwrap();
        assert_eq!(Weights::load(&path, Arch::Resnet8, 3).unwrap(), weights);
        let message = Weights::load(&path, Arch::Resnet8, 4).unwrap_err().to_string();
        assert!(message.contains("head.weight") && message.contains("[4, 64]"), "{message}");
    }
}
