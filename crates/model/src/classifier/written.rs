//! The model's own file with another head.
use super::Classifier;
use crate::heads::Head;
use crate::{Graph, ModelError};
use rightly_onnx::graph::layers::GraphHead;

impl Classifier {
    /// The model's file with another head at `place` (found in [`Classifier::graph`]), and that head as the file holds it,
    /// rounded to the element type of its weights. Inputs, outputs, names, metadata and operator sets are those of the
    /// file; only the number of classes may be another one.
    ///
    /// Local functions are written in where the head or a layer of the card lies inside one.
    ///
    /// # Errors
    /// [`ModelError::Invalid`] where the file is not the one that was opened any more, or has the head inside a branch;
    /// else as [`Graph::with_head`].
    pub fn with_head(&self, place: &GraphHead, head: &Head) -> Result<(Graph, Head), ModelError> {
        let (mut file, hash) = Graph::load_hashed(self.path())?;
        if hash != self.hash {
            return Err(file
                .invalid("the file has changed since it was opened; run the audit again")
                .into());
        }
        let layers = [&self.card.cam_layer, &self.card.feature_layer];
        let names = || place.values().chain(layers.iter().filter_map(|layer| layer.as_deref()));
        let in_functions = {
            let index = file.index();
            let called =
                |name: &str| index.maker(name).is_some_and(|node| !node.domain().is_empty());
            !names().all(|name| file.has_value(name)) || names().any(called)
        };
        if in_functions {
            file = file.without_functions()?;
        }
        if let Some(name) = names().find(|name| !file.has_value(name)) {
            return Err(file.invalid(format!(
                "'{name}' lies inside a branch of the graph, where no head is written; export the model without If nodes"
            )).into());
        }
        let held = file.rounded_head(place, head.layers())?;
        let held = Head::from_layers(held.iter().map(|(weight, bias)| (weight.view(), &bias[..])))?;
        Ok((file.with_head(place, held.layers())?, held))
    }
}
