//! Resizing that the engine lacks, as products with matrices.
//!
//! rten takes cubic interpolation for linear, and has no antialiasing, no list of axes, no symmetric centres and no pixels
//! left out beyond the edge. Along each axis every output pixel is a weighted sum of input pixels; where sizes
//! are known, the weights are a constant matrix. The formulas are those of ONNX's definition.
use super::emit::Emit;
use super::facts::Facts;
use super::unsupported;
use crate::OnnxError;
use crate::graph::node::Node;
use ndarray::Array2;

/// Most elements of a matrix.
const LARGEST: usize = 1 << 24;

/// Ways from an output pixel to its place in the input that the engine has.
const KNOWN: [&str; 4] = ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"];

/// How weights are computed, for all axes.
struct Rule<'a> {
    cubic: Option<f64>,
    coordinates: &'a str,
    antialias: bool,
    exclude_outside: bool,
}

/// One axis that changes.
struct Axis {
    place: usize,
    from: usize,
    to: usize,
    /// As given, or the quotient of the sizes.
    scale: f64,
}

pub(super) fn rewrite(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<bool, OnnxError> {
    if !node.is("Resize") || facts.opset < 11 {
        return Ok(false);
    }
    if !lacking(node) {
        return match undecided(node, facts) {
            true => Err(unsupported(
                node,
                "nearest interpolation whose places lie between two pixels, by the scale or by rounding",
            )),
            false => Ok(false),
        };
    }
    let mode = node.string("mode").unwrap_or("nearest");
    let coefficient = f64::from(node.float("cubic_coeff_a").unwrap_or(-0.75));
    let rule = Rule {
        cubic: (mode == "cubic").then_some(coefficient),
        coordinates: node.string("coordinate_transformation_mode").unwrap_or("half_pixel"),
        antialias: node.int("antialias").unwrap_or(0) != 0,
        exclude_outside: node.int("exclude_outside").unwrap_or(0) != 0,
    };
    let known = KNOWN.contains(&rule.coordinates) || rule.coordinates == "half_pixel_symmetric";
    if mode == "nearest" || !known {
        return Err(unsupported(node, format!("{mode} interpolation by {}", rule.coordinates)));
    }
    if node.string("keep_aspect_ratio_policy").is_some_and(|policy| policy != "stretch") {
        return Err(unsupported(node, "keep_aspect_ratio_policy"));
    }
    let (Some(input), Some(output)) = (node.input(0), node.output(0)) else { return Ok(false) };
    let name = if rule.cubic.is_some() { "cubic" } else { "this linear" };
    let unknown = || {
        unsupported(node, format!("{name} interpolation of sizes that are not known before a run"))
    };
    let (rank, axes) = axes(node, facts).ok_or_else(unknown)?;
    let mut value = input.to_owned();
    for axis in axes {
        if axis.from.saturating_mul(axis.to) > LARGEST || axis.from == 0 || axis.to == 0 {
            return Err(unsupported(node, format!("{} to {} pixels", axis.from, axis.to)));
        }
        let matrix = matrix(&axis, &rule);
        value = match rank - axis.place {
            1 => {
                let matrix =
                    emit.floats(&matrix.reversed_axes().as_standard_layout().to_owned().into_dyn());
                emit.node("MatMul", &[&value, &matrix], Vec::new())
            }
            2 => {
                let matrix = emit.floats(&matrix.into_dyn());
                emit.node("MatMul", &[&matrix, &value], Vec::new())
            }
            _ => {
                return Err(unsupported(
                    node,
                    format!("{name} interpolation of other axes than the last two"),
                ));
            }
        };
    }
    emit.into("Identity", &[&value], output, Vec::new());
    Ok(true)
}

/// Whether the engine would not do what the node says.
fn lacking(node: &Node<'_>) -> bool {
    let linear = node.string("mode") == Some("linear");
    let coordinates = node.string("coordinate_transformation_mode").unwrap_or("half_pixel");
    node.string("mode") == Some("cubic")
        || node.int("antialias").unwrap_or(0) != 0
        || node.attribute("axes").is_some()
        || node.string("keep_aspect_ratio_policy").is_some_and(|policy| policy != "stretch")
        || (linear && node.int("exclude_outside").unwrap_or(0) != 0)
        || !KNOWN.contains(&coordinates)
}

/// Whether nearest interpolation takes another pixel where a place is computed in another way that means the same: by the scale
/// or by the quotient of the sizes, in single or in double precision. Engines differ there, and from ONNX's own evaluator.
fn undecided(node: &Node<'_>, facts: &Facts) -> bool {
    if node.string("mode").unwrap_or("nearest") != "nearest" {
        return false;
    }
    let coordinates = node.string("coordinate_transformation_mode").unwrap_or("half_pixel");
    let rounding = node.string("nearest_mode").unwrap_or("round_prefer_floor");
    let Some((_, axes)) = axes(node, facts) else { return false };
    axes.iter().any(|axis| {
        let quotient = Axis { scale: axis.to as f64 / axis.from as f64, ..*axis };
        (0..axis.to).any(|at| {
            let place = coordinate(at, axis, coordinates);
            let single = f64::from(place as f32);
            let places = [place, single, coordinate(at, &quotient, coordinates)];
            // A place within rounding of a boundary may fall on either side.
            let slack = 1e-5 * (1.0 + place.abs());
            let near = [place - slack, place + slack];
            // A quotient by a whole number or a power of two that is whole is so in every way of computing it.
            let exact = axis.scale.fract() == 0.0 || axis.scale.log2().fract() == 0.0;
            let all = places.into_iter().chain(near.into_iter().filter(|_| !exact));
            let mut pixels = all.map(|place| pixel(place, rounding, axis.from));
            let first = pixels.next();
            pixels.any(|pixel| Some(pixel) != first)
        })
    })
}

/// The pixel at a place.
fn pixel(place: f64, rounding: &str, from: usize) -> usize {
    let rounded = match rounding {
        "floor" => place.floor(),
        "ceil" => place.ceil(),
        "round_prefer_ceil" => (place + 0.5).floor(),
        _ => (place - 0.5).ceil(),
    };
    rounded.clamp(0.0, from.saturating_sub(1) as f64) as usize
}

/// Number of axes, and those that change.
fn axes(node: &Node<'_>, facts: &Facts) -> Option<(usize, Vec<Axis>)> {
    let shape = facts.shape(node.input(0)?)?;
    let rank = shape.len();
    let places: Vec<usize> = match node.ints("axes") {
        Some(axes) => axes
            .iter()
            .map(|&axis| usize::try_from(if axis < 0 { axis + rank as i64 } else { axis }).ok())
            .collect::<Option<_>>()?,
        None => (0..rank).collect(),
    };
    let scales = node.input(2).and_then(|name| facts.floats(name)).filter(|list| !list.is_empty());
    let sizes = node.input(3).and_then(|name| facts.ints(name)).filter(|list| !list.is_empty());
    let mut axes = Vec::new();
    for (at, &place) in places.iter().enumerate() {
        let given = scales.as_ref().and_then(|scales| scales.get(at).copied());
        if given == Some(1.0) {
            continue;
        }
        let from = (*shape.get(place)?)?;
        let (to, scale) = match (given, &sizes) {
            (Some(scale), _) => ((from as f32 * scale).floor() as usize, f64::from(scale)),
            (None, Some(sizes)) => {
                let to = usize::try_from(*sizes.get(at)?).ok()?;
                (to, to as f64 / from as f64)
            }
            (None, None) => return None,
        };
        if to != from || scale != 1.0 {
            axes.push(Axis { place, from, to, scale });
        }
    }
    Some((rank, axes))
}

/// Where an output pixel lies in the input.
fn coordinate(at: usize, axis: &Axis, coordinates: &str) -> f64 {
    let (x, from, to) = (at as f64, axis.from as f64, axis.to as f64);
    match coordinates {
        "asymmetric" => x / axis.scale,
        "align_corners" if axis.to > 1 => x * (from - 1.0) / (to - 1.0),
        "align_corners" => 0.0,
        "pytorch_half_pixel" if axis.to <= 1 => 0.0,
        "half_pixel_symmetric" => {
            let adjustment = to / (axis.scale * from);
            from / 2.0 * (1.0 - adjustment) + (x + 0.5) / axis.scale - 0.5
        }
        _ => (x + 0.5) / axis.scale - 0.5,
    }
}

/// Weights of the input's pixels for every pixel of the output, one row each.
fn matrix(axis: &Axis, rule: &Rule<'_>) -> Array2<f32> {
    let mut matrix = Array2::<f64>::zeros((axis.to, axis.from));
    let last = axis.from as f64 - 1.0;
    // Only a smaller image is smoothed.
    let narrow = if rule.antialias { axis.scale.min(1.0) } else { 1.0 };
    let reach = if rule.cubic.is_some() { 2.0 } else { 1.0 } / narrow;
    for at in 0..axis.to {
        let x = coordinate(at, axis, rule.coordinates);
        let mut sum = 0.0;
        let mut taps = Vec::new();
        let mut place = (x - reach).floor();
        while place <= x + reach {
            let weight = weight((place - x).abs() * narrow, rule.cubic);
            let outside = place < 0.0 || place > last;
            if !(outside && rule.exclude_outside) {
                taps.push((place.clamp(0.0, last) as usize, weight));
                sum += weight;
            }
            place += 1.0;
        }
        for (place, weight) in taps {
            matrix[[at, place]] += weight / sum;
        }
    }
    matrix.mapv(|weight| weight as f32)
}

/// Weight of a pixel at a distance; `a` is the coefficient of a cubic curve.
fn weight(distance: f64, a: Option<f64>) -> f64 {
    let d = distance;
    match a {
        None => (1.0 - d).max(0.0),
        Some(a) if d <= 1.0 => ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0,
        Some(a) if d < 2.0 => ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a,
        Some(_) => 0.0,
    }
}
