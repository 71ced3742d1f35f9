//! One test of ONNX's suite: a model, what goes in, what comes out.
use ndarray::ArrayD;
use prost::Message;
use rightly_onnx::engine::Value;
use rightly_onnx::graph::proto::{
    GraphProto, ModelProto, TensorProto, ValueInfoProto, data_type, type_proto,
};
use std::path::{Path, PathBuf};

/// A folder with `model.onnx` and `test_data_set_0`.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) model: ModelProto,
}

/// Values by name.
pub(crate) type Named = Vec<(String, Value)>;

/// All tests below a folder, sorted by name.
pub(crate) fn all(root: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for kind in folders(root) {
        for folder in folders(&kind) {
            let path = folder.join("model.onnx");
            if !path.exists() {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let model = ModelProto::decode(&bytes[..]).unwrap();
            let name = folder.strip_prefix(root).unwrap().display().to_string();
            cases.push(Case { name, folder, model });
        }
    }
    cases
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).unwrap_or_else(|e| panic!("{}: {e}", root.display()));
    let mut folders: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

impl Case {
    pub(crate) fn graph(&self) -> &GraphProto {
        self.model.graph.as_ref().unwrap()
    }

    /// Inputs that are no weights.
    fn inputs(&self) -> impl Iterator<Item = &ValueInfoProto> {
        let weights = &self.graph().initializer;
        self.graph()
            .input
            .iter()
            .filter(move |input| !weights.iter().any(|tensor| tensor.name() == input.name()))
    }

    /// What goes in; the sentence says why a value can't be given to an engine.
    pub(crate) fn given(&self) -> Result<Named, String> {
        // A test may leave trailing inputs out.
        let inputs: Vec<&ValueInfoProto> = self.inputs().collect();
        self.values("input", &inputs)
    }

    /// What comes out.
    pub(crate) fn expected(&self) -> Result<Named, String> {
        let outputs: Vec<&ValueInfoProto> = self.graph().output.iter().collect();
        self.values("output", &outputs)
    }

    fn values(&self, side: &str, declared: &[&ValueInfoProto]) -> Result<Named, String> {
        let folder = self.folder.join("test_data_set_0");
        declared
            .iter()
            .enumerate()
            .map(|(place, value)| {
                let name = value.name().to_owned();
                let Some(kind) = tensor_type(value) else {
                    return Err(format!("{side} '{name}' is no tensor"));
                };
                let bytes = std::fs::read(folder.join(format!("{side}_{place}.pb")))
                    .map_err(|error| format!("{side} '{name}': {error}"))?;
                let tensor = TensorProto::decode(&bytes[..]).map_err(|e| e.to_string())?;
                Ok((name, value_of(&tensor, kind)?))
            })
            .collect()
    }
}

/// Element type of a declared tensor.
pub(crate) fn tensor_type(value: &ValueInfoProto) -> Option<i32> {
    match value.r#type.as_ref()?.value.as_ref()? {
        type_proto::Value::TensorType(tensor) => tensor.elem_type,
        _ => None,
    }
}

fn value_of(tensor: &TensorProto, kind: i32) -> Result<Value, String> {
    use data_type::{BFLOAT16, DOUBLE, FLOAT, FLOAT16};
    Ok(match kind {
        FLOAT | DOUBLE | FLOAT16 | BFLOAT16 => Value::F32(tensor.to_f32()?),
        _ => Value::I64(tensor.to_i64()?),
    })
}

/// Differences that are nothing: as a share of the expected element, and of the largest one (of 1 at least).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tolerance {
    pub(crate) element: f32,
    pub(crate) largest: f32,
}

/// Why two values are not the same.
pub(crate) fn difference(found: &Value, expected: &Value, tolerance: Tolerance) -> Option<String> {
    if found.shape() != expected.shape() {
        return Some(format!("shape {:?}, expected {:?}", found.shape(), expected.shape()));
    }
    match (found, expected) {
        (Value::F32(found), Value::F32(expected)) => floats(found, expected, tolerance),
        (Value::I64(found), Value::I64(expected)) => {
            let (a, b) = found.iter().zip(expected).find(|(a, b)| a != b)?;
            Some(format!("{a}, expected {b}"))
        }
        (Value::F32(_), Value::I64(_)) => Some("floats, expected integers".to_owned()),
        (Value::I64(_), Value::F32(_)) => Some("integers, expected floats".to_owned()),
    }
}

fn floats(found: &ArrayD<f32>, expected: &ArrayD<f32>, tolerance: Tolerance) -> Option<String> {
    // Edge values are far beyond the others; they don't excuse those.
    let largest =
        expected.iter().filter(|v| v.is_finite()).fold(1_f32, |a, v| a.max(v.abs())).min(1e3);
    let same = |a: f32, b: f32| {
        let allowed = tolerance.largest * largest + tolerance.element * b.abs();
        (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= allowed
    };
    let (a, b) = found.iter().zip(expected).find(|(a, b)| !same(**a, **b))?;
    Some(format!("{a}, expected {b}"))
}
