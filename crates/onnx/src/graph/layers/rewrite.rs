//! Another head in the place of a graph's own.
use super::repair::{GraphHead, Linear, Place};
use crate::OnnxError;
use crate::graph::Graph;
use crate::graph::proto::{
    AttributeProto, NodeProto, TensorProto, ValueInfoProto, data_type, tensor_shape_proto,
    type_proto,
};
use crate::graph::tensor::{f32_to_bfloat, f32_to_half, half_to_f32};
use ndarray::{ArrayD, ArrayView2, IxDyn};
use std::collections::BTreeSet;

impl Graph {
    /// The graph with another head at the place of its own: `head` has weight `[outputs, inputs]` and bias `[outputs]` of each
    /// linear layer, from the features up, as [`GraphHead::layers`]. It may have another number of classes or hidden units; the
    /// shapes that the file declares above it then follow. The element type of the weights stays (half precision rounds
    /// them), and weights that other nodes read as well are left as they are for those.
    ///
    /// # Errors
    /// [`OnnxError::Head`] where the head has another number of layers or features than the place; [`OnnxError::Invalid`]
    /// where the graph is another one than the place was found in, or keeps the weights in a type that can't be written.
    pub fn with_head<'a>(
        &self,
        place: &GraphHead,
        head: impl IntoIterator<Item = (ArrayView2<'a, f32>, &'a [f32])>,
    ) -> Result<Self, OnnxError> {
        let head: Vec<_> = head.into_iter().collect();
        let inputs = head.first().map_or(0, |(weight, _)| weight.ncols());
        let classes = head.last().map_or(0, |(weight, _)| weight.nrows());
        if (head.len(), inputs) != (place.places().len(), place.inputs()) {
            return Err(OnnxError::Head(format!(
                "a head of {} layers on {inputs} features for a place of {} layers on {}",
                head.len(),
                place.places().len(),
                place.inputs()
            )));
        }
        let mut graph = self.clone();
        for (place, (weight, bias)) in place.places().iter().zip(head) {
            graph.write_layer(place, weight, bias)?;
        }
        let (Some(first), Some(last)) = (place.places().first(), place.places().last()) else {
            return Err(OnnxError::Head("a place of no layers".to_owned()));
        };
        graph.forget_shapes_above(&first.linear);
        if classes != place.classes() {
            graph.resize_above(&last.linear, place.classes(), classes)?;
        }
        graph.tidy();
        Ok(Self::from_model(graph.model, &graph.path)?.with_limits(graph.limits))
    }

    /// A head as this graph can hold it at a place: rounded to the element type of the weights there.
    ///
    /// # Errors
    /// As [`Graph::with_head`].
    pub fn rounded_head<'a>(
        &self,
        place: &GraphHead,
        head: impl IntoIterator<Item = (ArrayView2<'a, f32>, &'a [f32])>,
    ) -> Result<Vec<Linear>, OnnxError> {
        let mut layers = Vec::new();
        for (place, (weight, bias)) in place.places().iter().zip(head) {
            let node = &self.proto().node[self.place_of(&place.linear)?];
            let name = node.input.get(place.weight).ok_or_else(|| {
                self.invalid(format!(
                    "'{}' is made by {} without weights, where a linear layer was found before",
                    place.linear,
                    node.op_type()
                ))
            })?;
            let of_bias = match (&place.sum, node.input.get(2).filter(|name| !name.is_empty())) {
                (Some((_, constant)), _) => constant,
                (None, Some(own)) => own,
                (None, None) => name,
            };
            let (of_weight, of_bias) = (self.written_type(name)?, self.written_type(of_bias)?);
            let bias: Vec<f32> = bias.iter().map(|&value| rounded(value, of_bias)).collect();
            layers.push((weight.mapv(|value| rounded(value, of_weight)), bias));
        }
        Ok(layers)
    }

    fn write_layer(
        &mut self,
        place: &Place,
        weight: ArrayView2<'_, f32>,
        bias: &[f32],
    ) -> Result<(), OnnxError> {
        let at = self.place_of(&place.linear)?;
        let node = self.proto().node[at].clone();
        let op = node.op_type.as_deref().unwrap_or("");
        let side = place.weight;
        let expected = ["MatMul", "Gemm", "Conv"].contains(&op) && node.input.len() > side;
        if !expected {
            return Err(self.invalid(format!(
                "'{}' is made by {op}, where a linear layer was found before",
                place.linear
            )));
        }
        let turned = match op {
            "MatMul" => side == 1,
            "Gemm" => node.attribute.iter().all(|a| a.name() != "transB" || a.i() == 0),
            _ => false,
        };
        let (outputs, inputs) = weight.dim();
        let shape = match op {
            "Conv" => vec![outputs, inputs, 1, 1],
            _ if turned => vec![inputs, outputs],
            _ => vec![outputs, inputs],
        };
        let values = if turned {
            weight.t().iter().copied().collect()
        } else {
            weight.iter().copied().collect()
        };
        let name = self.write_constant(&node.input[side], at, self.array(&shape, values)?)?;
        self.proto_mut().node[at].input[side] = name;
        self.proto_mut().node[at].attribute.retain(|a| !matches!(a.name(), "alpha" | "beta"));
        match &place.sum {
            Some((sum, constant)) => {
                let at = self.place_of(sum)?;
                // As many dimensions as before: [C], [1, C] or [1, C, 1, 1].
                let mut shape = match self.weight_f32(constant) {
                    Some(old) => old.shape().to_vec(),
                    None => vec![outputs],
                };
                match shape.iter_mut().max_by_key(|size| **size) {
                    Some(size) => *size = outputs,
                    None => shape.push(outputs),
                }
                let name = self.write_constant(constant, at, self.array(&shape, bias.to_vec())?)?;
                for input in &mut self.proto_mut().node[at].input {
                    if input == constant {
                        input.clone_from(&name);
                    }
                }
            }
            None if op == "MatMul" => {
                if bias.iter().any(|b| *b != 0.0) {
                    // A column where the weight stands on the left.
                    let shape = if side == 1 { vec![outputs] } else { vec![outputs, 1] };
                    let bias = self.array(&shape, bias.to_vec())?;
                    self.add_after(at, &node.input[side], bias)?;
                }
            }
            None => {
                let bias = self.array(&[outputs], bias.to_vec())?;
                let old = node.input.get(2).filter(|name| !name.is_empty());
                let name = match old {
                    Some(old) => self.write_constant(old, at, bias)?,
                    None => self.new_constant(&node.input[side], "bias", bias)?,
                };
                let inputs = &mut self.proto_mut().node[at].input;
                inputs.truncate(2);
                inputs.push(name);
            }
        }
        Ok(())
    }

    fn place_of(&self, output: &str) -> Result<usize, OnnxError> {
        let mut nodes = self.proto().node.iter();
        let at = nodes.position(|node| node.output.first().is_some_and(|name| name == output));
        at.ok_or_else(|| self.no_value(output))
    }

    fn array(&self, shape: &[usize], values: Vec<f32>) -> Result<ArrayD<f32>, OnnxError> {
        ArrayD::from_shape_vec(IxDyn(shape), values)
            .map_err(|error| self.invalid(error.to_string()))
    }

    /// Writes a constant that node `at` reads, under its own name where nothing else reads it, and gives its name.
    fn write_constant(
        &mut self,
        name: &str,
        at: usize,
        value: ArrayD<f32>,
    ) -> Result<String, OnnxError> {
        let alone = self.index().readers(name).iter().all(|reader| reader.index() == at)
            && self.proto().node[at].input.iter().filter(|input| *input == name).count() == 1;
        if alone && self.initializer(name).is_some() {
            let tensor = self.tensor_like(name, name, &value)?;
            self.put(tensor);
            return Ok(name.to_owned());
        }
        self.new_constant(name, "repaired", value)
    }

    /// A constant of the element type of `like`, under a new name.
    fn new_constant(
        &mut self,
        like: &str,
        ending: &str,
        value: ArrayD<f32>,
    ) -> Result<String, OnnxError> {
        let mut name = format!("{like}.{ending}");
        while self.has_value(&name) {
            name.push('+');
        }
        let tensor = self.tensor_like(like, &name, &value)?;
        self.put(tensor);
        Ok(name)
    }

    /// Element type in which a weight in the place of `like` is written.
    fn written_type(&self, like: &str) -> Result<i32, OnnxError> {
        self.weight_type(like).map_err(|kind| {
            self.invalid(format!(
                "the head's weight '{like}' holds elements of {}, which are not written; repair the model in single \
                 precision",
                data_type::name(kind)
            ))
        })
    }

    fn tensor_like(
        &self,
        like: &str,
        name: &str,
        value: &ArrayD<f32>,
    ) -> Result<TensorProto, OnnxError> {
        let kind = self.written_type(like)?;
        let mut tensor = TensorProto {
            name: Some(name.to_owned()),
            data_type: Some(kind),
            ..TensorProto::default()
        };
        tensor.set_f32(value);
        Ok(tensor)
    }

    /// Adds a constant to what node `at` makes; its readers read the sum.
    fn add_after(&mut self, at: usize, like: &str, bias: ArrayD<f32>) -> Result<(), OnnxError> {
        let name = self.new_constant(like, "bias", bias)?;
        let output = self.proto().node[at].output[0].clone();
        let mut product = format!("{output}.product");
        while self.has_value(&product) {
            product.push('+');
        }
        let sum = NodeProto::of("Add", &[&product, &name], &output, Vec::<AttributeProto>::new());
        let nodes = &mut self.proto_mut().node;
        nodes[at].output[0] = product;
        nodes.insert(at + 1, sum);
        Ok(())
    }

    /// Values that are computed from `name`, itself included.
    fn above(&self, name: &str) -> BTreeSet<String> {
        let mut above = BTreeSet::from([name.to_owned()]);
        for node in self.nodes() {
            if node.reads().iter().any(|read| above.contains(*read)) {
                above.extend(node.outputs().iter().filter(|name| !name.is_empty()).cloned());
            }
        }
        above
    }

    fn forget_shapes_above(&mut self, name: &str) {
        let above = self.above(name);
        self.proto_mut().value_info.retain(|value| !above.contains(value.name()));
    }

    /// Declared outputs and constant shapes of `Reshape` above a layer, of another number of classes.
    fn resize_above(&mut self, name: &str, old: usize, new: usize) -> Result<(), OnnxError> {
        let above = self.above(name);
        let (old, new) = (old as i64, new as i64);
        let reshapes: Vec<(usize, String)> = self
            .nodes()
            .filter(|node| node.is("Reshape") || node.is("Expand"))
            .filter(|node| node.input(0).is_some_and(|input| above.contains(input)))
            .filter_map(|node| Some((node.index(), node.input(1)?.to_owned())))
            .collect();
        for (at, shape) in reshapes {
            let Some(mut sizes) = self.constant_i64(&shape) else { continue };
            // The batch, the first size, may be the same number.
            let own = sizes.iter_mut().skip(1).filter(|size| **size == old);
            if own.map(|size| *size = new).count() == 0 {
                continue;
            }
            let mut name = format!("{shape}.repaired");
            while self.has_value(&name) {
                name.push('+');
            }
            self.put(TensorProto::from_i64(&name, &sizes));
            self.proto_mut().node[at].input[1] = name;
        }
        for output in &mut self.proto_mut().output {
            if above.contains(output.name()) {
                resize(output, old, new);
            }
        }
        Ok(())
    }
}

/// A number as a type holds it.
fn rounded(value: f32, kind: i32) -> f32 {
    match kind {
        data_type::FLOAT16 => half_to_f32(f32_to_half(value)),
        data_type::BFLOAT16 => f32::from_bits(u32::from(f32_to_bfloat(value)) << 16),
        _ => value,
    }
}

/// Declares another number of classes.
fn resize(value: &mut ValueInfoProto, old: i64, new: i64) {
    use tensor_shape_proto::Value::DimValue;
    let kind = value.r#type.as_mut().and_then(|kind| kind.value.as_mut());
    if let Some(type_proto::Value::TensorType(tensor)) = kind
        && let Some(shape) = &mut tensor.shape
    {
        for dim in shape.dim.iter_mut().skip(1) {
            if dim.value == Some(DimValue(old)) {
                dim.value = Some(DimValue(new));
            }
        }
    }
}
