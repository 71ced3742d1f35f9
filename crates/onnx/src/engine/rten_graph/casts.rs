//! Casts to booleans, and casts to the type of another value.
//!
//! rten keeps booleans as 32-bit integers and casts to them by cutting off what follows the point: 0.4 becomes false, 2
//! becomes no boolean. ONNX compares with 0. Its `CastLike` asks the running value for its type, which a boolean does
//! not tell there. (`ops/convert.rs` and `Attr::as_dtype` in `onnx_registry.rs` of rten 0.27.)
use super::emit::Emit;
use super::facts::Facts;
use super::unsupported;
use crate::OnnxError;
use crate::graph::node::Node;
use crate::graph::proto::{AttributeProto, data_type};

pub(super) fn rewrite(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<bool, OnnxError> {
    let to = match node.op_type() {
        "Cast" => node.int("to").and_then(|kind| i32::try_from(kind).ok()),
        "CastLike" => facts.input(node, 1),
        _ => return Ok(false),
    };
    let to = to.ok_or_else(|| unsupported(node, "the type to cast to is not known"))?;
    let (Some(input), Some(output)) = (node.input(0), node.output(0)) else { return Ok(false) };
    let kind = |kind: i32| vec![AttributeProto::int("to", i64::from(kind))];
    match to {
        data_type::BOOL => {
            // Every number is 0 as a float exactly where it is 0; what is no number is not 0.
            let float = emit.node("Cast", &[input], kind(data_type::FLOAT));
            let zero = emit.float(0.0);
            let equal = emit.node("Equal", &[&float, &zero], Vec::new());
            emit.into("Not", &[&equal], output, Vec::new());
        }
        data_type::FLOAT
        | data_type::DOUBLE
        | data_type::FLOAT16
        | data_type::INT32
        | data_type::INT64
        | data_type::INT8
        | data_type::UINT8 => emit.into("Cast", &[input], output, kind(to)),
        _ => return Err(unsupported(node, format!("a cast to {}", data_type::name(to)))),
    }
    Ok(true)
}
