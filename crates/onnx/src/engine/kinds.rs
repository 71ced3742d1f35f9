//! Element types at the border of an engine: a [`Value`](super::Value) carries floats, integers and booleans.
use crate::OnnxError;
use crate::graph::Graph;
use crate::graph::proto::{TypeProto, ValueInfoProto, data_type, type_proto};

/// Refuses a graph whose inputs or outputs are of another kind than the engine and a value can carry.
pub(super) fn check(
    engine: &'static str,
    graph: &Graph,
    kinds: &[i32],
    hint: &str,
) -> Result<(), OnnxError> {
    let inputs = graph.inputs();
    let proto = graph.proto();
    let given =
        proto.input.iter().filter(|value| inputs.iter().any(|spec| spec.name == value.name()));
    for (side, value) in
        given.map(|v| ("input", v)).chain(proto.output.iter().map(|v| ("output", v)))
    {
        let Some(found) = foreign(value, kinds) else { continue };
        return Err(OnnxError::Engine {
            engine,
            message: format!(
                "{side} '{}' is {found}; tensors of floats, integers and booleans are taken here{hint}",
                value.name()
            ),
        });
    }
    Ok(())
}

/// What a value is, where it can't be carried. Outputs may leave out their type.
fn foreign(value: &ValueInfoProto, kinds: &[i32]) -> Option<String> {
    let Some(TypeProto { value: Some(kind), .. }) = &value.r#type else { return None };
    match kind {
        type_proto::Value::TensorType(tensor) => {
            let kind = tensor.elem_type.unwrap_or(0);
            let known = kind == 0 || kinds.contains(&kind);
            (!known).then(|| format!("a tensor of {}", data_type::name(kind)))
        }
        type_proto::Value::SequenceType(_) => Some("a sequence".to_owned()),
        type_proto::Value::OptionalType(_) => Some("an optional value".to_owned()),
        _ => Some("no tensor".to_owned()),
    }
}
