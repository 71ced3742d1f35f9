//! One forward run of the part of a graph that a gradient flows through, and the way back.
use super::Tensor;
use super::site::{Site, Slot};
use super::trace::{Trace, live_values, unsupported};
use crate::engine::{Session, Value};
use crate::graph::node::Node;
use crate::{EngineKind, Graph, OnnxError};
use ndarray::IxDyn;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What is known once a source of some shape has been seen.
struct Plan {
    /// Shape of every value.
    shapes: Vec<Option<Vec<usize>>>,
    /// Values that do not depend on the source's elements.
    held: Vec<Option<Value>>,
    /// Values to keep of each further run.
    fetch: Vec<usize>,
    /// Inputs among [`Tape::fixed`] that those runs take.
    inputs: Vec<usize>,
    /// Makes the values to keep and nothing else.
    session: Option<Box<dyn Session>>,
}

/// Differentiates an output of a graph with respect to an inner value.
///
/// Values below `source` are given, not computed; `layer`, the value whose gradient is wanted, is `source` itself or
/// computed from it.
pub(crate) struct Tape {
    graph: Graph,
    engine: EngineKind,
    /// Every inner value can be had of it.
    session: Box<dyn Session>,
    source: String,
    /// Inputs of which only the shape matters, as zeros.
    fixed: Vec<(String, Value)>,
    trace: Trace,
    plans: Mutex<BTreeMap<Vec<usize>, Arc<Plan>>>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape")
            .field("source", &self.source)
            .field("layer", &self.trace.names[self.trace.layer])
            .field("output", &self.trace.names[self.trace.output])
            .field("steps", &self.trace.steps.len())
            .finish_non_exhaustive()
    }
}

impl Tape {
    /// Cuts the graph at `source` and loads the part up to `output`.
    ///
    /// # Errors
    /// [`OnnxError::Unsupported`] for an operator without a rule that a gradient flows through;
    /// [`OnnxError::Invalid`] where `output` needs the image's pixels beside `source`, or does not depend on `layer`.
    pub(crate) fn new(
        graph: &Graph,
        engine: EngineKind,
        source: &str,
        layer: &str,
        output: &str,
    ) -> Result<Self, OnnxError> {
        let graph = graph.cut(&[source], &[output])?;
        let pixels = live_values(&graph, |name| name != source);
        if pixels.contains(output) {
            return Err(graph.invalid(format!(
                "'{output}' depends on the image around '{source}' too; choose a CAM layer that everything flows through"
            )));
        }
        let fixed = fixed_inputs(&graph, source)?;
        let trace = Trace::new(&graph, source, layer, output)?;
        let session = engine.load(&graph, true)?;
        let source = source.to_owned();
        Ok(Self { graph, engine, session, source, fixed, trace, plans: Mutex::default() })
    }

    /// Value of the layer and its gradient. `seed` makes the output's gradient from its shape.
    ///
    /// # Errors
    /// [`OnnxError::Engine`] from the run; [`OnnxError::Unsupported`] for a form of an operator without a rule.
    pub(crate) fn gradient(
        &self,
        source: &Tensor,
        seed: impl FnOnce(&[usize]) -> Result<Tensor, OnnxError>,
    ) -> Result<(Tensor, Tensor), OnnxError> {
        let (plan, values) = self.forward(source)?;
        let shape = plan.shapes[self.trace.output].as_deref();
        let shape = shape.ok_or_else(|| {
            let name = &self.trace.names[self.trace.output];
            self.graph.invalid(format!("the run shows no value of the output '{name}'"))
        })?;
        let seed = seed(shape)?;
        let gradient = self.backward(&plan, &values, seed)?;
        let value = match values[self.trace.layer].as_ref() {
            Some(Value::F32(value)) => value.clone(),
            _ => {
                return Err(self.graph.invalid(format!(
                    "layer '{}' holds no floats",
                    self.trace.names[self.trace.layer]
                )));
            }
        };
        Ok((value, gradient))
    }

    fn plan(&self, shape: &[usize]) -> Option<Arc<Plan>> {
        let plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.get(shape).cloned()
    }

    /// Runs the graph and gives the values that the way back reads.
    fn forward(&self, source: &Tensor) -> Result<(Arc<Plan>, Vec<Option<Value>>), OnnxError> {
        let plan = match self.plan(source.shape()) {
            Some(plan) => plan,
            // The first run's own values are not used: it is not optimised, and may differ in the last bit.
            None => self.learn(source)?,
        };
        let session = plan.session.as_deref().unwrap_or(self.session.as_ref());
        let mut values = self.run(session, &plan.inputs, source, &plan.fetch)?;
        if let Some(place) = self.trace.names.iter().position(|name| *name == self.source) {
            values[place] = Some(Value::F32(source.as_standard_layout().into_owned()));
        }
        Ok((plan, values))
    }

    fn run(
        &self,
        session: &dyn Session,
        fixed: &[usize],
        source: &Tensor,
        fetch: &[usize],
    ) -> Result<Vec<Option<Value>>, OnnxError> {
        let mut values: Vec<Option<Value>> = vec![None; self.trace.names.len()];
        if !fetch.is_empty() {
            let mut inputs = vec![(self.source.as_str(), Value::F32(source.clone()))];
            inputs.extend(fixed.iter().map(|&place| {
                let (name, value) = &self.fixed[place];
                (name.as_str(), value.clone())
            }));
            let names: Vec<&str> =
                fetch.iter().map(|&place| self.trace.names[place].as_str()).collect();
            for (place, value) in fetch.iter().zip(session.run(&inputs, &names)?) {
                values[*place] = Some(value);
            }
        }
        Ok(values)
    }

    /// Keeps what a run with every value shows, and loads the part that further runs need.
    fn learn(&self, source: &Tensor) -> Result<Arc<Plan>, OnnxError> {
        let count = self.trace.names.len();
        let all: Vec<usize> = (0..count)
            .filter(|&place| {
                self.trace.names[place] != self.source && self.trace.constants[place].is_none()
            })
            .collect();
        let fixed: Vec<usize> = (0..self.fixed.len()).collect();
        let values = self.run(self.session.as_ref(), &fixed, source, &all)?;
        let shapes = (0..count)
            .map(|place| {
                if self.trace.names[place] == self.source {
                    return Some(source.shape().to_vec());
                }
                let value = values[place].as_ref().or(self.trace.constants[place].as_ref());
                value.map(|value| value.shape().to_vec())
            })
            .collect();
        let fetch = self.read_values();
        let names: Vec<&str> =
            fetch.iter().map(|&place| self.trace.names[place].as_str()).collect();
        // As outputs the values outlast the engine's optimisation. Where it can't load that, the slow way remains.
        let part = self.graph.cut(&[&self.source], &names).ok().filter(|_| !fetch.is_empty());
        let session = part.as_ref().and_then(|part| self.engine.load(part, false).ok());
        let inputs = match (&part, &session) {
            (Some(part), Some(_)) => {
                let needed = part.inputs();
                let needed = |name: &str| needed.iter().any(|input| input.name == name);
                fixed.into_iter().filter(|&place| needed(&self.fixed[place].0)).collect()
            }
            _ => fixed,
        };
        let held = values
            .into_iter()
            .enumerate()
            .map(|(place, value)| value.filter(|_| !self.trace.live[place]))
            .collect();
        let plan = Arc::new(Plan { shapes, held, fetch, inputs, session });
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(plans.entry(source.shape().to_vec()).or_insert(plan)))
    }

    /// Values that the rules read anew for each image, and the layer.
    fn read_values(&self) -> Vec<usize> {
        let mut fetch: BTreeSet<usize> = BTreeSet::from([self.trace.layer]);
        for step in &self.trace.steps {
            for (index, place) in step.inputs.iter().enumerate() {
                if let Some(place) = place
                    && (!step.wants[index] || step.needs.input(index, &step.wants))
                {
                    fetch.insert(*place);
                }
            }
            if step.needs.output() {
                fetch.extend(step.outputs.iter().flatten());
            }
        }
        fetch.retain(|&place| self.trace.live[place] && self.trace.names[place] != self.source);
        fetch.into_iter().collect()
    }

    fn backward(
        &self,
        plan: &Plan,
        values: &[Option<Value>],
        seed: Tensor,
    ) -> Result<Tensor, OnnxError> {
        let mut grads: Vec<Option<Tensor>> = vec![None; self.trace.names.len()];
        grads[self.trace.output] = Some(seed);
        let slot = |place: &Option<usize>| {
            let place = (*place)?;
            Some(Slot {
                shape: plan.shapes[place].as_deref()?,
                value: values[place]
                    .as_ref()
                    .or(self.trace.constants[place].as_ref())
                    .or(plan.held[place].as_ref()),
            })
        };
        let nodes = &self.graph.proto().node;
        for step in self.trace.steps.iter().rev() {
            let site = Site {
                node: Node::new(step.node, &nodes[step.node]),
                opset: self.graph.opset(),
                inputs: step.inputs.iter().map(slot).collect(),
                outputs: step.outputs.iter().map(slot).collect(),
                wants: &step.wants,
                // A step's outputs are read by later steps only, which are done.
                grads: step
                    .outputs
                    .iter()
                    .map(|place| place.and_then(|place| grads[place].take()))
                    .collect(),
            };
            if site.grads.iter().all(Option::is_none) {
                continue;
            }
            let parts = (step.rule)(&site)
                .map_err(|what| unsupported(site.node, format!("its gradient: {what}")))?;
            for ((place, part), &wanted) in step.inputs.iter().zip(parts).zip(&step.wants) {
                let (Some(place), Some(part), true) = (*place, part, wanted) else { continue };
                let part = if part.is_standard_layout() {
                    part
                } else {
                    part.as_standard_layout().into_owned()
                };
                match &mut grads[place] {
                    Some(sum) => *sum += &part,
                    empty => *empty = Some(part),
                }
            }
        }
        grads[self.trace.layer].take().ok_or_else(|| {
            // Zeros would be read as a layer without influence.
            let [output, layer] =
                [self.trace.output, self.trace.layer].map(|place| self.trace.names[place].as_str());
            self.graph.invalid(format!(
                "no gradient of '{output}' reaches '{layer}': what lies between has none; choose another CAM layer"
            ))
        })
    }
}

/// Inputs beside the source, of which only the shape is used: zeros of their declared shape, one image.
fn fixed_inputs(graph: &Graph, source: &str) -> Result<Vec<(String, Value)>, OnnxError> {
    graph
        .inputs()
        .into_iter()
        .filter(|input| input.name != source)
        .map(|input| {
            let shape: Option<Vec<usize>> = input.shape.as_ref().and_then(|dims| {
                dims.iter()
                    .enumerate()
                    .map(|(place, dim)| dim.fixed().or((place == 0).then_some(1)))
                    .collect::<Option<Vec<usize>>>()
            });
            let shape = shape.ok_or_else(|| {
                graph.invalid(format!(
                    "the part above '{source}' uses the shape of input {}, which the file leaves open; export the \
                     model with a fixed image size",
                    input.describe()
                ))
            })?;
            Ok((input.name, Value::F32(Tensor::zeros(IxDyn(&shape)))))
        })
        .collect()
}
