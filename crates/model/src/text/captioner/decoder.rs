//! The network that says what comes next, with the keys and values of what came before.
use super::part::Part;
use crate::{EngineKind, Graph, ModelError};
use ndarray::ArrayD;
use std::collections::BTreeMap;

/// The input that chooses a branch of a merged decoder.
const CHOICE: &str = "use_cache_branch";

/// Keys and values by name of the layer.
pub(super) type Stored = BTreeMap<String, ArrayD<f32>>;

/// What the encoder gave, `[1, tokens, d]`.
pub(super) struct Hidden(pub(super) ArrayD<f32>);

/// Keys and values of ids that have been run over.
pub(super) struct State {
    pub(super) values: Stored,
    pub(super) length: usize,
}

/// A decoder of one of the layouts: one graph, two graphs, one graph with two branches.
pub(super) struct Decoder {
    first: Part,
    /// The graph that takes stored values.
    later: Option<Part>,
}

impl Decoder {
    /// A decoder of a graph, and of the one that takes stored values where it is a graph of its own. A merged graph
    /// gives both.
    pub(super) fn open(
        graph: &Graph,
        with_past: Option<&Graph>,
        engine: EngineKind,
    ) -> Result<Self, ModelError> {
        if graph.inputs().iter().any(|input| input.name == CHOICE) {
            let branch = |choice: bool| {
                graph.with_choice(CHOICE, choice).map_err(|error| {
                    graph.invalid(format!(
                        "{error}; the merged decoder can't be taken apart, use decoder_model.onnx and \
                         decoder_with_past_model.onnx"
                    ))
                })
            };
            let first = Part::open(&branch(false)?, true, engine)?;
            return Ok(Self { first, later: Some(Part::open(&branch(true)?, true, engine)?) });
        }
        let first = Part::open(graph, with_past.is_some(), engine)?;
        let later = with_past.map(|graph| Part::open(graph, true, engine)).transpose()?;
        if first.takes_past() && later.is_none() {
            // One graph for the start, with stored values of no length, and for what follows.
            let (first, later) =
                (Part::open(graph, true, engine)?, Part::open(graph, true, engine)?);
            return Ok(Self { first, later: Some(later) });
        }
        Ok(Self { first, later })
    }

    /// Whether keys are stored.
    pub(super) fn stores(&self) -> bool {
        self.later.is_some()
    }

    /// Size of the encoder's vectors, where the graph fixes it.
    pub(super) fn width(&self) -> Option<usize> {
        self.first.width
    }

    /// The encoder's value as the decoder takes it.
    pub(super) fn hidden(&self, value: ArrayD<f32>) -> Result<Hidden, ModelError> {
        match (value.shape(), self.width()) {
            (&[1, tokens, d], width) if tokens > 0 && width.is_none_or(|width| width == d) => {
                Ok(Hidden(value))
            }
            (shape, width) => Err(self.first.invalid(format!(
                "the encoder gave a value of shape {shape:?}, expected [1, tokens, {}]",
                width.map_or_else(|| "d".to_owned(), |width| width.to_string())
            ))),
        }
    }

    /// Logits of what follows `ids`, and what to store of them. `state` is of all ids but the last.
    pub(super) fn step(
        &self,
        ids: &[u32],
        state: Option<&State>,
        hidden: &Hidden,
    ) -> Result<(Vec<f32>, Option<State>), ModelError> {
        let Some(later) = &self.later else {
            return Ok((self.first.run(ids, None, hidden)?.0, None));
        };
        let (logits, values) = match state {
            None => self.first.run(ids, None, hidden)?,
            Some(state) => {
                let (logits, new) = later.run(&ids[state.length..], Some(state), hidden)?;
                // Keys of the encoder are given once and stay.
                let mut values = Stored::new();
                for (key, value) in &state.values {
                    if !new.contains_key(key) {
                        values.insert(key.clone(), value.clone());
                    }
                }
                values.extend(new);
                (logits, values)
            }
        };
        Ok((logits, Some(State { values, length: ids.len() })))
    }

    /// The error of a search without an end.
    pub(super) fn endless(&self) -> ModelError {
        self.first.invalid("the search found no caption".to_owned())
    }
}
