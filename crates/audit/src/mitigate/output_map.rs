//! What the outputs of a new head are, and what the model's own head makes of the same features.

use ndarray::{Array2, ArrayView2, Axis};
use rightly_model::{LabelMap, heads::Head};

use crate::{Error, Inputs, inputs::Outputs};

/// The outputs of a new head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Output of each class where the model's outputs are the dataset's classes, one to one: the new head keeps them. Else
    /// its outputs are the classes, in their order.
    pub(super) same: Option<Vec<usize>>,
    outputs: Vec<Vec<usize>>,
}

impl Target {
    pub(super) fn of(inputs: &Inputs) -> Self {
        let outputs = inputs.label_map.outputs.clone();
        let single: Vec<usize> = outputs
            .iter()
            .filter_map(|o| <[usize; 1]>::try_from(&o[..]).ok())
            .map(|[o]| o)
            .collect();
        let mut sorted = single.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let all = inputs.classifier.outputs();
        let one_to_one =
            single.len() == outputs.len() && sorted.len() == all && outputs.len() == all;
        Self { same: one_to_one.then_some(single), outputs }
    }

    /// Whether the model's own answers, over all of its outputs, are answers to another question than the new head's.
    pub(super) fn narrows(&self, inputs: &Inputs) -> bool {
        self.same.is_none() && inputs.options.outputs == Outputs::All
    }

    /// Outputs of the new head that are right for each class.
    pub(super) fn label_map(&self, inputs: &Inputs) -> LabelMap {
        match &self.same {
            Some(_) => inputs.label_map.clone(),
            None => {
                LabelMap { outputs: (0..self.outputs.len()).map(|class| vec![class]).collect() }
            }
        }
    }

    /// What to say of it.
    pub(super) fn words(&self, inputs: &Inputs) -> Option<String> {
        let classes = self.outputs.len();
        let all = inputs.classifier.outputs();
        self.same.is_none().then(|| {
            format!(
                "The new head has the data's {classes} classes, not the model's {all} outputs; before is the model's answer \
                 among the outputs of these classes."
            )
        })
    }

    /// Whether the model's own head is right on rows, among the outputs of the dataset's classes.
    ///
    /// # Errors
    /// The head takes other features.
    pub(super) fn right_before(
        &self,
        head: &Head,
        values: ArrayView2<'_, f32>,
        labels: &[usize],
    ) -> Result<Vec<bool>, Error> {
        let logits = head.logits(values)?;
        let right = |(row, label): (ndarray::ArrayView1<'_, f32>, &usize)| {
            let mut best: Option<(usize, f32)> = None;
            for (class, outputs) in self.outputs.iter().enumerate() {
                for &output in outputs {
                    if best.is_none_or(|(_, largest)| row[output] > largest) {
                        best = Some((class, row[output]));
                    }
                }
            }
            best.is_some_and(|(class, _)| class == *label)
        };
        Ok(logits.rows().into_iter().zip(labels).map(right).collect())
    }

    /// The model's own head with an output for each class (of several the first), to start from.
    ///
    /// # Errors
    /// It has other outputs.
    pub(super) fn start(&self, head: &Head) -> Result<Head, Error> {
        // A class has an output, or the label map would have been refused.
        let rows: Vec<usize> = self.outputs.iter().map(|o| o[0]).collect();
        with_outputs(head, &rows)
    }

    /// A head of classes as the file has it.
    ///
    /// # Errors
    /// It has other outputs.
    pub(super) fn as_written(&self, head: &Head) -> Result<Head, Error> {
        let Some(same) = &self.same else { return Ok(head.clone()) };
        let mut class_of = vec![0; same.len()];
        same.iter().enumerate().for_each(|(class, &output)| class_of[output] = class);
        with_outputs(head, &class_of)
    }
}

/// A head whose outputs are some of another's.
fn with_outputs(head: &Head, outputs: &[usize]) -> Result<Head, Error> {
    let count = head.layers().count();
    let layers: Vec<(Array2<f32>, Vec<f32>)> = head
        .layers()
        .enumerate()
        .map(|(at, (weight, bias))| {
            if at + 1 < count {
                return (weight.to_owned(), bias.to_vec());
            }
            (weight.select(Axis(0), outputs), outputs.iter().map(|&o| bias[o]).collect())
        })
        .collect();
    Ok(Head::from_layers(layers.iter().map(|(weight, bias)| (weight.view(), &bias[..])))?)
}
