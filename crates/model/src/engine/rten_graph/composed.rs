//! Operators that the engine lacks, made of those it has.
use super::emit::Emit;
use super::facts::Facts;
use crate::ModelError;
use crate::graph::node::Node;

pub(super) fn rewrite(
    _node: &Node<'_>,
    _facts: &Facts,
    _emit: &mut Emit,
) -> Result<bool, ModelError> {
    Ok(false)
}
