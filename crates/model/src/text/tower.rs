//! The network that embeds texts.
use super::tokenizer::Tokens;
use crate::classifier::session_of;
use crate::engine::{Session, Value};
use crate::graph::node::{Dim, ValueSpec};
use crate::graph::proto::data_type;
use crate::{EngineKind, Graph, ModelError};
use ndarray::{ArrayD, IxDyn};
use std::path::{Path, PathBuf};

/// Names of the output with a text's vector, the likeliest first.
const OUTPUTS: [&str; 6] = [
    "text_embeds",
    "text_features",
    "text_embedding",
    "sentence_embedding",
    "embeddings",
    "embeds",
];
/// Names of the input with the ids.
const IDS: [&str; 6] = ["input_ids", "text", "tokens", "ids", "input", "texts"];

/// What an input of a text network is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Ids,
    Mask,
    Zeros,
    Positions,
}

/// A text network ready to run, one text at a time.
pub(super) struct TextTower {
    path: PathBuf,
    session: Box<dyn Session>,
    inputs: Vec<(String, Role)>,
    output: String,
    /// Texts of one run; above 1 only where the file fixes it, and then the text is repeated.
    batch: usize,
    context: usize,
    /// Rows of the table of embeddings, where it is found.
    rows: Option<usize>,
}

/// The output that holds a vector for each item, with a note where it was guessed.
pub(super) fn vector_output(
    graph: &Graph,
    given: Option<&str>,
    names: &[&str],
    key: &str,
) -> Result<(String, Option<String>), ModelError> {
    if let Some(name) = given {
        return if graph.has_value(name) {
            Ok((name.to_owned(), None))
        } else {
            Err(graph.no_value(name))
        };
    }
    let outputs = graph.outputs();
    let has = |name: &str| outputs.iter().find(|output| output.name == name);
    if let Some(output) = names.iter().find_map(|name| has(name)) {
        return Ok((output.name.clone(), None));
    }
    let flat: Vec<&ValueSpec> = outputs
        .iter()
        .filter(|output| output.shape.as_ref().is_some_and(|shape| shape.len() == 2))
        .collect();
    let guess = match (outputs.as_slice(), flat.as_slice()) {
        ([only], _) => Some(only),
        (_, [only]) => Some(*only),
        _ => has("pooler_output"),
    };
    let listed = outputs.iter().map(ValueSpec::describe).collect::<Vec<_>>().join("; ");
    match guess {
        Some(output) => Ok((
            output.name.clone(),
            Some(format!(
                "{}: the vector is guessed to be output '{}' of {listed}; {key} in the card names another",
                graph.path().display(),
                output.name
            )),
        )),
        None => Err(graph.invalid(format!(
            "which output holds the vector is not known: {listed}; name it with {key} in the card"
        ))),
    }
}

/// The part of a graph that one output needs, without inputs that it does not need.
pub(super) fn only(graph: &Graph, output: &str) -> Result<Graph, ModelError> {
    let mut graph = graph.clone();
    graph.add_output(output)?;
    graph.proto_mut().output.retain(|value| value.name() == output);
    graph.prune();
    graph.drop_unread_inputs();
    Ok(graph)
}

impl TextTower {
    /// Makes ready what of `graph` the output named `given`, or the likeliest one, needs. `context` is what card or
    /// tokenizer say; a length that the graph fixes has to be the same.
    pub(super) fn open(
        graph: &Graph,
        given: Option<&str>,
        context: impl FnOnce(Option<usize>) -> Result<usize, ModelError>,
        engine: EngineKind,
        notes: &mut Vec<String>,
    ) -> Result<Self, ModelError> {
        let (output, note) = vector_output(graph, given, &OUTPUTS, "'output' in [text]")?;
        notes.extend(note);
        let mut graph = only(&graph.for_evaluation()?, &output)?;
        let inputs = roles(&graph)?;
        let mut fixed: [Option<usize>; 2] = [None, None];
        for (name, _) in &inputs {
            for (place, size) in fixed.iter_mut().zip(dims(&graph, name)?) {
                *place = place.or_else(|| size.fixed());
            }
        }
        let context = context(fixed[1])?;
        if let Some(own) = fixed[1].filter(|own| *own != context) {
            return Err(graph.invalid(format!(
                "the text tower takes {own} tokens, but the context is {context}; set context = {own} in [text]"
            )));
        }
        let batch = fixed[0].unwrap_or(1).max(1);
        if batch > 1 {
            notes.push(format!(
                "batch: the text tower fixes {batch} texts a run; each text is run {batch} times over (export it with a \
                 dynamic batch)"
            ));
        }
        for (name, _) in &inputs {
            graph.set_input_shape(name, &[batch, context]);
        }
        let rows = inputs
            .iter()
            .find(|(_, role)| *role == Role::Ids)
            .and_then(|(name, _)| graph.table_rows(name));
        let session = session_of(&graph, &[&output], engine)?;
        Ok(Self { path: graph.path().to_owned(), session, inputs, output, batch, context, rows })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn context(&self) -> usize {
        self.context
    }

    /// The vector of one text, `[d]`, as the network gives it. One core.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] for an id beyond the table of embeddings or an output that is no vector a text;
    /// [`ModelError::Engine`].
    pub(super) fn embed(&self, tokens: &Tokens) -> Result<Vec<f32>, ModelError> {
        if let Some(rows) = self.rows
            && let Some(id) = tokens.ids.iter().find(|&&id| id < 0 || id as usize >= rows)
        {
            return Err(self.invalid(format!(
                "the tokenizer gave id {id}, but the table of embeddings has {rows} rows: the tokenizer belongs to \
                 another network"
            )));
        }
        let row = |values: &[i64]| {
            ArrayD::from_shape_vec(IxDyn(&[self.batch, self.context]), values.repeat(self.batch))
                .map(Value::I64)
                .map_err(|error| self.invalid(format!("{} tokens: {error}", values.len())))
        };
        let inputs = self
            .inputs
            .iter()
            .map(|(name, role)| {
                let value = match role {
                    Role::Ids => row(&tokens.ids)?,
                    Role::Mask => row(&tokens.mask)?,
                    Role::Zeros => row(&vec![0; self.context])?,
                    Role::Positions => row(&(0..self.context as i64).collect::<Vec<_>>())?,
                };
                Ok((name.as_str(), value))
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        let values = self.session.run(&inputs, &[self.output.as_str()])?;
        let value = values.into_iter().next().and_then(Value::into_f32);
        let value =
            value.ok_or_else(|| self.invalid(format!("'{}' holds no floats", self.output)))?;
        let shape = value.shape().to_vec();
        let one = match shape.as_slice() {
            [batch, d] if *batch == self.batch => *d,
            [d] if self.batch == 1 => *d,
            _ => 0,
        };
        if one < 2 {
            return Err(self.invalid(format!(
                "output '{}' has shape {shape:?}, expected one vector a text ([{}, d]); name another with 'output' in \
                 [text]",
                self.output, self.batch
            )));
        }
        Ok(value.into_iter().take(one).collect())
    }

    fn invalid(&self, message: String) -> ModelError {
        ModelError::Invalid { path: self.path.clone(), message }
    }
}

fn dims(graph: &Graph, name: &str) -> Result<[Dim; 2], ModelError> {
    match graph.value_shape(name) {
        None => Ok([Dim::Unknown, Dim::Unknown]),
        Some(shape) => <[Dim; 2]>::try_from(shape).map_err(|shape| {
            graph.invalid(format!(
                "input '{name}' of the text tower has {} dimensions, expected [batch, tokens]",
                shape.len()
            ))
        }),
    }
}

fn roles(graph: &Graph) -> Result<Vec<(String, Role)>, ModelError> {
    let inputs = graph.inputs();
    let ids = match inputs.as_slice() {
        [only] => Some(only.name.clone()),
        _ => IDS
            .iter()
            .find(|name| inputs.iter().any(|input| input.name == **name))
            .map(|name| (*name).to_owned()),
    };
    let listed = || inputs.iter().map(ValueSpec::describe).collect::<Vec<_>>().join("; ");
    inputs
        .iter()
        .map(|input| {
            let role = match input.name.as_str() {
                name if Some(name) == ids.as_deref() => Role::Ids,
                "attention_mask" => Role::Mask,
                "token_type_ids" => Role::Zeros,
                "position_ids" => Role::Positions,
                other => {
                    return Err(graph.invalid(format!(
                        "the text tower wants '{other}' of inputs {}; expected input_ids, and at most attention_mask, \
                         token_type_ids and position_ids",
                        listed()
                    )));
                }
            };
            let integer = matches!(
                input.elem_type,
                None | Some(data_type::INT64 | data_type::INT32 | data_type::BOOL)
            );
            if integer {
                Ok((input.name.clone(), role))
            } else {
                Err(graph.invalid(format!(
                    "input {} of the text tower holds no integers",
                    input.describe()
                )))
            }
        })
        .collect()
}
