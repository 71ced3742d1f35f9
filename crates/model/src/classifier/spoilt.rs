//! What is no number on its way to an answer that looks like any other.
use super::Classifier;
use super::open::plain_session_of;
use crate::ModelError;
use rightly_onnx::engine::{EngineKind, Value};
use rightly_onnx::graph::flow_data_values;
use std::collections::BTreeMap;

/// Bytes of values that are fetched at once.
const BYTES_AT_ONCE: usize = 1 << 28;

impl Classifier {
    /// For each image (as [`Classifier::forward`] takes it) the first value that is no number and enters an operator
    /// which makes a number of it, in words; `None` where there is none.
    ///
    /// # Errors
    /// As [`Classifier::forward`] and [`EngineKind::load`].
    pub fn spoilt(&self, images: &[&[f32]]) -> Result<Vec<Option<String>>, ModelError> {
        let mut found = vec![None; images.len()];
        let readers = self.readers();
        let known = self.graph.known_values();
        let bytes = |name: &str| {
            known.as_ref().and_then(|known| known.get(name)).map_or(0, |known| known.bytes())
        };
        let values = flow_data_values(&self.graph);
        let mut left: Vec<&str> =
            values.iter().map(String::as_str).filter(|name| readers.contains_key(*name)).collect();
        while !left.is_empty() {
            let mut sum = 0_usize;
            let fits = left.iter().take_while(|name| {
                sum = sum.saturating_add(bytes(name));
                sum <= BYTES_AT_ONCE
            });
            let rest = left.split_off(fits.count().max(1));
            let session = plain_session_of(&self.graph, &left, self.engine)?;
            for (image, found) in images.iter().zip(&mut found).filter(|(_, found)| found.is_none())
            {
                let input = Value::F32(self.arrange(image)?);
                let values = session.run(&[(self.card.input.as_str(), input)], &left)?;
                let spoilt = left.iter().zip(&values).find(|(_, value)| {
                    matches!(value, Value::F32(array) if array.iter().any(|v| v.is_nan()))
                });
                *found = spoilt.map(|(name, _)| {
                    let (op, node) = &readers[*name];
                    format!("'{name}', which enters {op} '{node}', holds what is no number (NaN)")
                });
            }
            left = rest;
        }
        Ok(found)
    }

    /// Operators that make a number of anything, by the value that enters them.
    fn readers(&self) -> BTreeMap<&str, (&str, &str)> {
        let hides = |op: &str| match op {
            "QuantizeLinear" => true,
            "Relu" | "Clip" | "MaxPool" => self.engine == EngineKind::Rten,
            _ => false,
        };
        let nodes = self.graph.nodes().filter(|node| hides(node.op_type()));
        nodes.filter_map(|node| Some((node.input(0)?, (node.op_type(), node.name())))).collect()
    }
}
