//! A linear head on top of an encoder: together they are a classifier.
use super::{Encoder, Reading};
use crate::{Card, Graph, ModelError};
use ndarray::{ArrayD, ArrayView2, IxDyn};
use rightly_onnx::graph::declare;
use rightly_onnx::graph::layers::Layout;
use rightly_onnx::graph::proto::{AttributeProto, NodeProto, TensorProto, data_type};
use std::path::PathBuf;

/// Names of what is added: the output, where no value has that name, and what the others begin with.
const LOGITS: &str = "logits";
const HEAD: &str = "rightly.head";

impl Encoder {
    /// The encoder's network up to its features, with `weight` `[classes, d]` and `bias` `[classes]` on top, and its card: a
    /// model like any other, whose feature layer is the encoder's. `labels` is the file that the card names.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] where sizes do not fit, or the file can't be read again or cut at the layer.
    pub fn with_head(
        &self,
        weight: ArrayView2<'_, f32>,
        bias: &[f32],
        labels: PathBuf,
    ) -> Result<(Graph, Card), ModelError> {
        let (classes, d) = weight.dim();
        if d != self.dim || bias.len() != classes || classes < 2 {
            return Err(self.invalid(format!(
                "a head of shape [{classes}, {d}] with {} offsets on {} features",
                bias.len(),
                self.dim
            )));
        }
        let (graph, hash) = Graph::load_hashed(&self.path)?;
        if hash != self.hash {
            return Err(self.invalid("the file has changed since it was opened".to_owned()));
        }
        // A layer inside a local function has its name once the function is written in.
        let graph = if graph.has_value(&self.layer) { graph } else { graph.without_functions()? };
        let mut graph = graph.cut(&[&self.input], &[&self.layer])?;
        let logits =
            if graph.has_value(LOGITS) { format!("{HEAD}.{LOGITS}") } else { LOGITS.to_owned() };
        let mut nodes = Vec::new();
        let vector = self.pooled(&mut graph, &mut nodes)?;
        let matrix = ArrayD::from_shape_vec(IxDyn(&[classes, d]), weight.iter().copied().collect());
        let matrix = matrix.map_err(|error| self.invalid(error.to_string()))?;
        let offsets = ArrayD::from_shape_vec(IxDyn(&[classes]), bias.to_vec());
        let offsets = offsets.map_err(|error| self.invalid(error.to_string()))?;
        let (weight, bias) = (format!("{HEAD}.weight"), format!("{HEAD}.bias"));
        graph.add_initializer(TensorProto::from_f32(&weight, &matrix))?;
        graph.add_initializer(TensorProto::from_f32(&bias, &offsets))?;
        let attributes = vec![
            AttributeProto::float("alpha", 1.0),
            AttributeProto::float("beta", 1.0),
            AttributeProto::int("transA", 0),
            AttributeProto::int("transB", 1),
        ];
        nodes.push(NodeProto::of("Gemm", &[&vector, &weight, &bias], &logits, attributes));
        let proto = graph.proto_mut();
        proto.node.extend(nodes);
        proto.output = vec![declare(&logits, data_type::FLOAT, Some(&[None, Some(classes)]))];
        Ok((graph, self.head_card(logits, labels)))
    }

    fn head_card(&self, logits: String, labels: PathBuf) -> Card {
        Card {
            input: self.input.clone(),
            layout: if self.nhwc { "nhwc" } else { "nchw" }.to_owned(),
            logits,
            softmax: false,
            labels: Some(labels),
            cam_layer: self.map.as_ref().map(|(name, _)| name.clone()),
            feature_layer: Some(self.layer.clone()),
            feature_pool: matches!(
                self.reading,
                Reading::Token(_) | Reading::Mean(Layout::Tokens { .. })
            )
            .then_some(self.pool),
            preprocess: self.preprocess.clone(),
        }
    }

    /// Nodes that make `[batch, d]` of the layer's value; the name of that.
    fn pooled(&self, graph: &mut Graph, nodes: &mut Vec<NodeProto>) -> Result<String, ModelError> {
        let floats = format!("{HEAD}.floats");
        let kind = graph.known_values().and_then(|known| Some(known.get(&self.layer)?.kind));
        // The head is in single precision, whatever the encoder is in.
        let layer = match kind {
            Some(data_type::FLOAT16 | data_type::BFLOAT16 | data_type::DOUBLE) => {
                let to = vec![AttributeProto::int("to", i64::from(data_type::FLOAT))];
                nodes.push(NodeProto::of("Cast", &[&self.layer], &floats, to));
                floats.as_str()
            }
            _ => self.layer.as_str(),
        };
        let flat = format!("{HEAD}.features");
        let flatten = |from: &str| {
            NodeProto::of("Flatten", &[from], &flat, vec![AttributeProto::int("axis", 1)])
        };
        let mut index =
            |name: &str, values: Vec<i64>, shape: &[usize]| -> Result<String, ModelError> {
                let name = format!("{HEAD}.{name}");
                let values = ArrayD::from_shape_vec(IxDyn(shape), values)
                    .map_err(|error| self.invalid(error.to_string()))?;
                graph.add_initializer(TensorProto::from_i64(&name, &values))?;
                Ok(name)
            };
        match self.reading {
            Reading::Flat => nodes.push(flatten(layer)),
            Reading::Token(token) => {
                let at = index("token", vec![token as i64], &[])?;
                let attributes = vec![AttributeProto::int("axis", 1)];
                nodes.push(NodeProto::of("Gather", &[layer, &at], &flat, attributes));
            }
            Reading::Mean(layout) => {
                let pool = format!("{HEAD}.pool");
                // Positions last, then one average over all of them: the same operators in every version of ONNX.
                let planes = match layout {
                    Layout::Nchw => layer.to_owned(),
                    Layout::Nhwc => {
                        let planes = format!("{HEAD}.planes");
                        let order = vec![AttributeProto::ints("perm", &[0, 3, 1, 2])];
                        nodes.push(NodeProto::of("Transpose", &[layer], &planes, order));
                        planes
                    }
                    Layout::Tokens { prefix, grid } => {
                        let (patches, planes) =
                            (format!("{HEAD}.patches"), format!("{HEAD}.planes"));
                        let all: Vec<i64> = (prefix..prefix + grid[0] * grid[1])
                            .map(|token| token as i64)
                            .collect();
                        let count = all.len();
                        let at = index("tokens", all, &[count])?;
                        let axis = vec![AttributeProto::int("axis", 1)];
                        nodes.push(NodeProto::of("Gather", &[layer, &at], &patches, axis));
                        let order = vec![AttributeProto::ints("perm", &[0, 2, 1])];
                        nodes.push(NodeProto::of("Transpose", &[&patches], &planes, order));
                        planes
                    }
                };
                nodes.push(NodeProto::of("GlobalAveragePool", &[&planes], &pool, Vec::new()));
                nodes.push(flatten(&pool));
            }
        }
        Ok(flat)
    }
}
