//! The network that embeds texts.
use super::tokenizer::Tokens;
use crate::classifier::session_of;
use crate::{EngineKind, Graph, ModelError, OnnxError};
use ndarray::{ArrayD, IxDyn};
use rightly_onnx::engine::{Session, Value};
use rightly_onnx::graph::node::{Dim, ValueSpec};
use rightly_onnx::graph::proto::data_type;
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
/// Texts of a run, where the network takes any number.
const TOGETHER: usize = 16;
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

/// A text network ready to run.
pub(super) struct TextTower {
    path: PathBuf,
    session: Box<dyn Session>,
    inputs: Vec<(String, Role)>,
    output: String,
    /// Texts of one run, where the file fixes it; above 1 the text is repeated.
    batch: usize,
    /// Whether a run takes any number of texts.
    any_batch: bool,
    /// Whether a text without its padding has the vector that it has with it, as tried when the network was opened.
    any_length: bool,
    /// The network with what it leaves open, until that is tried.
    unsettled: Option<(Graph, EngineKind)>,
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
            Err(graph.no_value(name).into())
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
        )).into()),
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
            )).into());
        }
        let batch = fixed[0].unwrap_or(1).max(1);
        if batch > 1 {
            notes.push(format!(
                "batch: the text tower fixes {batch} texts a run; each text is run {batch} times over (export it with a \
                 dynamic batch)"
            ));
        }
        // What the file leaves open stays open, if the engine can run it so: see `settle`.
        let open = fixed[0].is_none();
        if !open {
            inputs.iter().for_each(|(name, _)| graph.set_input_shape(name, &[batch, context]));
        }
        let rows = inputs
            .iter()
            .find(|(_, role)| *role == Role::Ids)
            .and_then(|(name, _)| graph.table_rows(name));
        let session = session_of(&graph, &[&output], engine)?;
        let path = graph.path().to_owned();
        Ok(Self {
            path,
            session,
            inputs,
            output,
            batch,
            any_batch: open,
            any_length: open && fixed[1].is_none(),
            unsettled: open.then_some((graph, engine)),
            context,
            rows,
        })
    }

    /// Tries what the file leaves open with two texts of different lengths: whether texts run together, and without their
    /// padding, have the vectors that each has alone with it. What does not hold is not done.
    ///
    /// # Errors
    /// As [`Self::embed`].
    pub(super) fn settle(&mut self, texts: &[Tokens; 2]) -> Result<(), ModelError> {
        let (any_batch, any_length) = (self.any_batch, self.any_length);
        (self.any_batch, self.any_length) = (false, false);
        let Some((mut graph, engine)) = self.unsettled.take() else { return Ok(()) };
        let mut alone = self.embed(&texts[0]).and_then(|a| Ok([a, self.embed(&texts[1])?]));
        if alone.is_err() {
            // An engine that can't run it with open sizes gets them.
            let names = self.inputs.iter().map(|(name, _)| name);
            names.for_each(|name| graph.set_input_shape(name, &[1, self.context]));
            self.session = session_of(&graph, &[&self.output], engine)?;
            alone = self.embed(&texts[0]).and_then(|a| Ok([a, self.embed(&texts[1])?]));
        }
        let alone = alone?;
        let same = |found: Result<Vec<Vec<f32>>, ModelError>, own: [&Vec<f32>; 2]| {
            found.is_ok_and(|found| {
                found.len() == 2 && found.iter().zip(own).all(|(a, b)| close(a, b))
            })
        };
        if any_batch {
            let found = self.run(&[&texts[0], &texts[1]], self.context);
            self.any_batch = same(found, [&alone[0], &alone[1]]);
        }
        if any_length && self.any_batch {
            let short = texts.iter().map(length).collect::<Vec<_>>();
            let each = texts.iter().zip(&alone).zip(short).all(|((text, own), length)| {
                length.is_some_and(|length| same(self.run(&[text, text], length), [own, own]))
            });
            self.any_length = each;
        }
        Ok(())
    }

    /// Tokens of a text that a run needs: those without padding, where the network takes them so.
    pub(super) fn needed(&self, text: &Tokens) -> usize {
        if self.any_length { length(text).unwrap_or(self.context) } else { self.context }
    }

    /// Texts of a run.
    pub(super) fn together(&self) -> usize {
        if self.any_batch { TOGETHER } else { 1 }
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
    /// As [`Self::run`].
    pub(super) fn embed(&self, tokens: &Tokens) -> Result<Vec<f32>, ModelError> {
        let own = self.run(&[tokens], self.needed(tokens))?;
        own.into_iter().next().ok_or_else(|| self.invalid("it gave no vector".to_owned()))
    }

    /// The vectors of texts in one run, the first `length` tokens of each; one text where [`Self::together`] is 1.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] for an id beyond the table of embeddings or an output that is no vector a text;
    /// [`OnnxError::Engine`].
    pub(super) fn run(
        &self,
        texts: &[&Tokens],
        length: usize,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let ids = || texts.iter().flat_map(|tokens| &tokens.ids);
        if let Some(rows) = self.rows
            && let Some(id) = ids().find(|&&id| id < 0 || id as usize >= rows)
        {
            return Err(self.invalid(format!(
                "the tokenizer gave id {id}, but the table of embeddings has {rows} rows: the tokenizer belongs to \
                 another network"
            )));
        }
        let batch = if self.batch > 1 { self.batch } else { texts.len() };
        let rows = |of: &dyn Fn(&Tokens) -> Vec<i64>| {
            let mut values: Vec<i64> = texts.iter().flat_map(|text| of(text)).collect();
            if self.batch > 1 {
                values = values.repeat(self.batch);
            }
            let count = values.len();
            ArrayD::from_shape_vec(IxDyn(&[batch, length]), values)
                .map(Value::I64)
                .map_err(|error| self.invalid(format!("{count} tokens: {error}")))
        };
        let inputs = self
            .inputs
            .iter()
            .map(|(name, role)| {
                let value = match role {
                    Role::Ids => rows(&|text| text.ids[..length].to_vec())?,
                    Role::Mask => rows(&|text| text.mask[..length].to_vec())?,
                    Role::Zeros => rows(&|_| vec![0; length])?,
                    Role::Positions => rows(&|_| (0..length as i64).collect())?,
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
            [found, d] if *found == batch => *d,
            [d] if batch == 1 => *d,
            _ => 0,
        };
        if one < 2 {
            return Err(self.invalid(format!(
                "output '{}' has shape {shape:?}, expected one vector a text ([{batch}, d]); name another with 'output' in \
                 [text]",
                self.output
            )));
        }
        let values: Vec<f32> = value.into_iter().collect();
        Ok(values.chunks_exact(one).take(texts.len()).map(<[f32]>::to_vec).collect())
    }

    fn invalid(&self, message: String) -> ModelError {
        ModelError::Invalid { path: self.path.clone(), message }
    }
}

/// Tokens before the padding, where all padding stands at the end.
fn length(text: &Tokens) -> Option<usize> {
    let length = text.mask.iter().filter(|&&one| one == 1).count();
    let ends = text.mask.iter().take(length).all(|&one| one == 1);
    (ends && length > 0).then_some(length)
}

/// Whether two vectors are the same but for the order of sums.
fn close(a: &[f32], b: &[f32]) -> bool {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    a.len() == b.len() && lengths > 0.0 && dot(a, b) / lengths > 1.0 - 1e-5
}

fn dims(graph: &Graph, name: &str) -> Result<[Dim; 2], OnnxError> {
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
                    ))
                    .into());
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
                ))
                .into())
            }
        })
        .collect()
}
