//! One graph of a decoder: its inputs by their meaning, one run of it.
use super::decoder::{Hidden, State, Stored};
use crate::classifier::session_of;
use crate::{EngineKind, Graph, ModelError};
use ndarray::{ArrayD, IxDyn};
use rightly_onnx::engine::{Session, Value};
use rightly_onnx::graph::node::{Dim, ValueSpec};
use std::path::PathBuf;

/// What the stored values' inputs and outputs begin with.
const PAST: [&str; 2] = ["past_key_values.", "past_"];
const PRESENT: [&str; 2] = ["present.", "present_"];

/// What an input of a decoder is given.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    Ids,
    Hidden,
    HiddenMask,
    Mask,
    Positions,
    /// A stored value by its key, and its declared shape.
    Past(String, Vec<Option<usize>>),
}

/// One graph of a decoder.
pub(super) struct Part {
    path: PathBuf,
    session: Box<dyn Session>,
    inputs: Vec<(String, Role)>,
    logits: String,
    /// Output and key.
    present: Vec<(String, String)>,
    /// Size of the encoder's vectors, where the graph fixes it.
    pub(super) width: Option<usize>,
    rows: Option<usize>,
}

fn key<'a>(name: &'a str, prefixes: &[&str]) -> Option<&'a str> {
    prefixes.iter().find_map(|prefix| name.strip_prefix(prefix))
}

impl Part {
    pub(super) fn open(graph: &Graph, store: bool, engine: EngineKind) -> Result<Self, ModelError> {
        let mut graph = graph.for_evaluation()?;
        let outputs = graph.outputs();
        let logits = match outputs.iter().find(|output| output.name == "logits") {
            Some(output) => output.name.clone(),
            None if outputs.len() == 1 => outputs[0].name.clone(),
            None => {
                let listed: Vec<String> = outputs.iter().map(ValueSpec::describe).collect();
                return Err(graph
                    .invalid(format!(
                        "no output of the decoder is called 'logits': it has {}",
                        listed.join("; ")
                    ))
                    .into());
            }
        };
        let present: Vec<(String, String)> = outputs
            .iter()
            .filter(|_| store)
            .filter_map(|output| {
                Some((output.name.clone(), key(&output.name, &PRESENT)?.to_owned()))
            })
            .collect();
        let wanted: Vec<&str> = std::iter::once(logits.as_str())
            .chain(present.iter().map(|(output, _)| output.as_str()))
            .collect();
        graph.proto_mut().output.retain(|output| wanted.contains(&output.name()));
        graph.prune();
        graph.drop_unread_inputs();
        let inputs = roles(&graph)?;
        let of = |wanted: &Role| inputs.iter().find(|(_, role)| role == wanted);
        let Some((ids, _)) = of(&Role::Ids) else {
            return Err(graph.invalid("the decoder has no input 'input_ids'").into());
        };
        let batch = graph.value_shape(ids).and_then(|shape| shape.first()?.fixed());
        if let Some(batch) = batch.filter(|&batch| batch != 1) {
            return Err(graph
                .invalid(format!(
                    "the decoder fixes {batch} captions a run; export it with a dynamic batch"
                ))
                .into());
        }
        let width = of(&Role::Hidden)
            .and_then(|(name, _)| graph.value_shape(name)?.get(2).and_then(Dim::fixed));
        let rows = graph.table_rows(ids);
        let session = session_of(&graph, &wanted, engine)?;
        Ok(Self { path: graph.path().to_owned(), session, inputs, logits, present, width, rows })
    }

    /// Runs over `ids`, of which `before` were run over already. The last one's logits, and what to store.
    pub(super) fn run(
        &self,
        ids: &[u32],
        before: Option<&State>,
        hidden: &Hidden,
    ) -> Result<(Vec<f32>, Stored), ModelError> {
        if let Some(rows) = self.rows
            && let Some(id) = ids.iter().find(|&&id| id as usize >= rows)
        {
            return Err(self.invalid(format!(
                "id {id} is beyond the decoder's table of {rows} rows; the start id or the tokenizer belong to \
                 another network"
            )));
        }
        let past = before.map_or(0, |state| state.length);
        let integers = |values: Vec<i64>| {
            let shape = IxDyn(&[1, values.len()]);
            ArrayD::from_shape_vec(shape, values)
                .map(Value::I64)
                .map_err(|error| self.invalid(error.to_string()))
        };
        let tokens = hidden.0.shape().get(1).copied().unwrap_or(0);
        let mut given = Vec::with_capacity(self.inputs.len());
        for (name, role) in &self.inputs {
            let value = match role {
                Role::Ids => integers(ids.iter().map(|&id| i64::from(id)).collect())?,
                Role::Hidden => Value::F32(hidden.0.clone()),
                Role::HiddenMask => integers(vec![1; tokens])?,
                Role::Mask => integers(vec![1; past + ids.len()])?,
                Role::Positions => integers((past as i64..(past + ids.len()) as i64).collect())?,
                Role::Past(key, shape) => Value::F32(self.stored(key, shape, before)?),
            };
            given.push((name.as_str(), value));
        }
        let mut names = vec![self.logits.as_str()];
        names.extend(self.present.iter().map(|(output, _)| output.as_str()));
        let mut values = self.session.run(&given, &names)?.into_iter();
        let logits = values.next().and_then(Value::into_f32);
        let logits =
            logits.ok_or_else(|| self.invalid(format!("'{}' holds no floats", self.logits)))?;
        let shape = logits.shape().to_vec();
        let [1, length, size] = shape.as_slice() else {
            return Err(self.invalid(format!(
                "output '{}' has shape {shape:?}, expected [1, ids, vocabulary]",
                self.logits
            )));
        };
        let skipped = length.saturating_sub(1) * size;
        let last: Vec<f32> = logits.into_iter().skip(skipped).collect();
        if last.is_empty() || last.iter().any(|value| value.is_nan() || *value == f32::INFINITY) {
            return Err(self.invalid("the decoder's logits are not finite".to_owned()));
        }
        let stored = self
            .present
            .iter()
            .zip(values)
            .filter_map(|((_, key), value)| Some((key.clone(), value.into_f32()?)))
            .collect();
        Ok((last, stored))
    }

    /// A stored value; before there is any, one of no length.
    fn stored(
        &self,
        key: &str,
        shape: &[Option<usize>],
        before: Option<&State>,
    ) -> Result<ArrayD<f32>, ModelError> {
        if let Some(state) = before {
            return state.values.get(key).cloned().ok_or_else(|| {
                self.invalid(format!("the decoder wants stored '{key}', which it did not give"))
            });
        }
        match shape {
            [_, Some(heads), None, Some(size)] => Ok(ArrayD::zeros(IxDyn(&[1, *heads, 0, *size]))),
            _ => Err(self.invalid(format!(
                "the decoder wants stored '{key}' from the start, of a shape that is not declared; give \
                 decoder_model.onnx beside decoder_with_past_model.onnx"
            ))),
        }
    }

    pub(super) fn takes_past(&self) -> bool {
        self.inputs.iter().any(|(_, role)| matches!(role, Role::Past(..)))
    }

    pub(super) fn invalid(&self, message: String) -> ModelError {
        ModelError::Invalid { path: self.path.clone(), message }
    }
}

fn roles(graph: &Graph) -> Result<Vec<(String, Role)>, ModelError> {
    let inputs = graph.inputs();
    inputs
        .iter()
        .map(|input| {
            let role = match input.name.as_str() {
                "input_ids" | "decoder_input_ids" => Role::Ids,
                "encoder_hidden_states" | "encoder_outputs" => Role::Hidden,
                "encoder_attention_mask" => Role::HiddenMask,
                "attention_mask" | "decoder_attention_mask" => Role::Mask,
                "position_ids" | "cache_position" => Role::Positions,
                name => match key(name, &PAST) {
                    Some(key) => {
                        // A shape that is not declared is only missed where the values are wanted from the start.
                        let shape = input.shape.iter().flatten().map(Dim::fixed).collect();
                        Role::Past(key.to_owned(), shape)
                    }
                    None => {
                        let listed: Vec<String> = inputs.iter().map(ValueSpec::describe).collect();
                        return Err(graph.invalid(format!(
                            "the decoder wants '{name}' of inputs {}; expected input_ids, encoder_hidden_states, their \
                             masks, position_ids and past_key_values",
                            listed.join("; ")
                        ))
                        .into());
                    }
                },
            };
            Ok((input.name.clone(), role))
        })
        .collect()
}
