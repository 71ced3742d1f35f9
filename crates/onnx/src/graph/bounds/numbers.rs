//! The numbers of small values: what sizes are computed from.
//!
//! All are followed in double precision, which holds every size that memory can have exactly.
use super::known::{Known, NUMBERS, elements, place};
use super::rules::{Call, slice_ranges};
use crate::graph::proto::data_type;
use ndarray::{ArrayD, Axis, IxDyn};

/// The numbers of a node's only output of the shape `made`, where everything that they come from is known.
pub(super) fn of(call: &Call<'_>, made: &Known) -> Option<Vec<f64>> {
    if !made.exact || made.elements() > NUMBERS {
        return None;
    }
    let numbers = match call.op() {
        "Shape" => {
            let from = call.input(0).filter(|known| known.exact)?;
            let end = |name: &str, default: usize| {
                let at = call.node.int(name).unwrap_or(default as i64);
                let at = if at < 0 { at + from.rank() as i64 } else { at };
                at.clamp(0, from.rank() as i64) as usize
            };
            let (from_axis, to) = (end("start", 0), end("end", from.rank()));
            from.shape.get(from_axis..to)?.iter().map(|&size| size as f64).collect()
        }
        "Size" => vec![call.input(0).filter(|known| known.exact)?.elements() as f64],
        "ConstantOfShape" => {
            let value = call.node.tensor("value").and_then(|tensor| tensor.to_f32().ok());
            let value = value.map_or(0.0, |value| value.first().map_or(0.0, |v| f64::from(*v)));
            vec![value; made.elements()]
        }
        "Range" => {
            let number = |at: usize| call.input(at)?.numbers.as_ref()?.first().copied();
            let (start, step) = (number(0)?, number(2)?);
            (0..made.elements()).map(|at| start + at as f64 * step).collect()
        }
        op => moved(call, made, op).or_else(|| arithmetic(call, made, op))?,
    };
    let numbers: Vec<f64> = numbers.into_iter().map(|value| of_kind(value, made.kind)).collect();
    (numbers.len() == made.elements()).then_some(numbers)
}

/// A number as an element type holds it, as far as sizes are concerned.
fn of_kind(value: f64, kind: i32) -> f64 {
    match kind {
        data_type::FLOAT | data_type::FLOAT16 | data_type::BFLOAT16 => f64::from(value as f32),
        data_type::DOUBLE => value,
        data_type::BOOL => f64::from(u8::from(value != 0.0)),
        _ => value.trunc(),
    }
}

fn array(known: &Known) -> Option<ArrayD<f64>> {
    ArrayD::from_shape_vec(IxDyn(&known.shape), known.numbers.clone()?).ok()
}

/// Elements of the inputs, moved.
fn moved(call: &Call<'_>, made: &Known, op: &str) -> Option<Vec<f64>> {
    let from = call.input(0)?;
    Some(match op {
        "Identity" | "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Cast" | "Dropout" => {
            from.numbers.clone()?
        }
        "Concat" => {
            let parts: Option<Vec<ArrayD<f64>>> =
                call.inputs.iter().map(|known| array((*known)?)).collect();
            let parts = parts?;
            let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
            let axis = from.axis(call.int("axis", 1))?;
            ndarray::concatenate(Axis(axis), &views).ok()?.iter().copied().collect()
        }
        "Gather" => {
            let axis = from.axis(call.int("axis", 0))?;
            let indices = call.input(1)?.whole()?;
            let values = array(from)?;
            let places: Option<Vec<usize>> =
                indices.iter().map(|&at| place(at, from.shape[axis])).collect();
            values.select(Axis(axis), &places?).iter().copied().collect()
        }
        "Slice" => {
            let mut values = array(from)?;
            for (axis, start, step, count) in slice_ranges(call, from)? {
                let places: Option<Vec<usize>> =
                    (0..count as i64).map(|at| usize::try_from(start + at * step).ok()).collect();
                values = values.select(Axis(axis), &places?);
            }
            values.iter().copied().collect()
        }
        "Transpose" => {
            let axes: Option<Vec<usize>> = match call.node.ints("perm") {
                Some(axes) => axes.iter().map(|&axis| place(axis, from.rank())).collect(),
                None => Some((0..from.rank()).rev().collect()),
            };
            let axes = axes?;
            let mut sorted = axes.clone();
            sorted.sort_unstable();
            if !sorted.into_iter().eq(0..from.rank()) {
                return None;
            }
            array(from)?.permuted_axes(axes).iter().copied().collect()
        }
        "Expand" => spread(from, &made.shape)?,
        "Tile" => {
            let repeats = call.input(1)?.whole()?;
            let mut values = array(from)?;
            for (axis, &count) in repeats.iter().enumerate() {
                let count = usize::try_from(count).ok().filter(|count| *count <= NUMBERS)?;
                let views = vec![values.view(); count];
                values = ndarray::concatenate(Axis(axis), &views).ok()?;
            }
            values.iter().copied().collect()
        }
        "ScatterND" => scatter(call, from)?,
        op if op.starts_with("Reduce") => reduce(call, from, op)?,
        _ => return None,
    })
}

/// Whole rows written over by index, as exporters write `shape[i] = n`.
fn scatter(call: &Call<'_>, from: &Known) -> Option<Vec<f64>> {
    let (indices, updates) = (call.input(1)?, call.input(2)?);
    if from.rank() != 1
        || indices.shape.last() != Some(&1)
        || call.node.attribute("reduction").is_some()
    {
        return None;
    }
    let mut values = from.numbers.clone()?;
    let updates = updates.numbers.as_ref()?;
    for (&at, &update) in indices.whole()?.iter().zip(updates) {
        *values.get_mut(place(at, from.shape[0])?)? = update;
    }
    Some(values)
}

fn reduce(call: &Call<'_>, from: &Known, op: &str) -> Option<Vec<f64>> {
    let given = call.node.attribute("axes").is_some() || call.gives(1);
    let mut axes: Vec<usize> = match given {
        true => call
            .whole("axes", 1)?
            .into_iter()
            .map(|axis| from.axis(axis))
            .collect::<Option<Vec<_>>>()?,
        false => Vec::new(),
    };
    if axes.is_empty() {
        if call.int("noop_with_empty_axes", 0) != 0 {
            return from.numbers.clone();
        }
        axes = (0..from.rank()).collect();
    }
    axes.sort_unstable();
    axes.dedup();
    let mut values = array(from)?;
    for &axis in axes.iter().rev() {
        let length = values.len_of(Axis(axis)) as f64;
        values = values.map_axis(Axis(axis), |row| match op {
            "ReduceProd" => row.iter().product(),
            "ReduceMax" => row.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            "ReduceMin" => row.iter().copied().fold(f64::INFINITY, f64::min),
            "ReduceMean" => row.iter().sum::<f64>() / length,
            _ => row.iter().sum(),
        });
    }
    let known = ["ReduceProd", "ReduceMax", "ReduceMin", "ReduceMean", "ReduceSum"].contains(&op);
    known.then(|| values.iter().copied().collect())
}

/// Element by element, the inputs spread over each other's dimensions.
fn arithmetic(call: &Call<'_>, made: &Known, op: &str) -> Option<Vec<f64>> {
    let count = call.node.inputs().len();
    let inputs: Option<Vec<Vec<f64>>> =
        (0..count).map(|at| spread(call.input(at)?, &made.shape)).collect();
    let inputs = inputs?;
    let whole = !matches!(
        call.kind(0),
        data_type::FLOAT | data_type::FLOAT16 | data_type::BFLOAT16 | data_type::DOUBLE
    );
    let flag = |yes: bool| f64::from(u8::from(yes));
    let each = |at: usize| -> Option<f64> {
        let v = |place: usize| inputs.get(place).map(|values| values[at]);
        let all = || inputs.iter().map(|values| values[at]);
        let (a, b) = (v(0)?, v(1));
        Some(match op {
            "Add" => a + b?,
            "Sub" => a - b?,
            "Mul" => a * b?,
            "Div" if whole => (a / b.filter(|b| *b != 0.0)?).trunc(),
            "Div" => a / b?,
            "Mod" if call.int("fmod", 0) != 0 => a % b.filter(|b| *b != 0.0)?,
            "Mod" => {
                let b = b.filter(|b| *b != 0.0)?;
                a - b * (a / b).floor()
            }
            "Pow" => a.powf(b?),
            "Min" => all().fold(f64::INFINITY, f64::min),
            "Max" => all().fold(f64::NEG_INFINITY, f64::max),
            "Sum" => all().sum(),
            "Equal" => flag(a == b?),
            "Less" => flag(a < b?),
            "Greater" => flag(a > b?),
            "LessOrEqual" => flag(a <= b?),
            "GreaterOrEqual" => flag(a >= b?),
            "And" => flag(a != 0.0 && b? != 0.0),
            "Or" => flag(a != 0.0 || b? != 0.0),
            "Xor" => flag((a != 0.0) != (b? != 0.0)),
            "Where" => {
                if a != 0.0 {
                    b?
                } else {
                    v(2)?
                }
            }
            "Not" => flag(a == 0.0),
            "Neg" => -a,
            "Abs" => a.abs(),
            "Floor" => a.floor(),
            "Ceil" => a.ceil(),
            "Round" => a.round_ties_even(),
            "Sqrt" => a.sqrt(),
            "Exp" => a.exp(),
            "Log" => a.ln(),
            "Reciprocal" => 1.0 / a,
            "Relu" => a.max(0.0),
            "Sign" => a.partial_cmp(&0.0).map_or(0.0, |order| f64::from(order as i8)),
            "Clip" => {
                let low = call.node.float("min").map(f64::from).or(v(1));
                let high = call.node.float("max").map(f64::from).or(v(2));
                a.max(low.unwrap_or(f64::NEG_INFINITY)).min(high.unwrap_or(f64::INFINITY))
            }
            _ => return None,
        })
    };
    (0..made.elements()).map(each).collect()
}

fn spread(known: &Known, shape: &[usize]) -> Option<Vec<f64>> {
    if elements(shape) > NUMBERS {
        return None;
    }
    let values = array(known)?;
    Some(values.broadcast(IxDyn(shape))?.iter().copied().collect())
}
