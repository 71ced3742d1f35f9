//! Matrix products.
use super::binary::reduce_to;
use super::site::{Site, flat, reshaped, tensor};
use super::{Grads, Tensor};
use ndarray::{Array2, ArrayView2, Axis, Ix2};

/// `a b`, exact for rows that are all zero in `b` and in `a`, which are skipped: a gradient that starts at one output
/// is zero in most channels (the other classes) or tokens (all but the class token).
pub(super) fn product(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> Array2<f32> {
    let used = |matrix: &ArrayView2<'_, f32>| -> Vec<usize> {
        (0..matrix.nrows()).filter(|&row| matrix.row(row).iter().any(|&v| v != 0.0)).collect()
    };
    let inner = used(&b);
    if inner.len() < b.nrows() {
        return if inner.is_empty() {
            Array2::zeros((a.nrows(), b.ncols()))
        } else {
            a.select(Axis(1), &inner).dot(&b.select(Axis(0), &inner))
        };
    }
    a.dot(&b)
}

/// `grad b` where rows of `grad` or, for one row, single elements are zero.
pub(super) fn product_rows(grad: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> Array2<f32> {
    let rows: Vec<usize> =
        (0..grad.nrows()).filter(|&row| grad.row(row).iter().any(|&v| v != 0.0)).collect();
    let mut out = Array2::zeros((grad.nrows(), b.ncols()));
    let filled: usize =
        rows.iter().map(|&row| grad.row(row).iter().filter(|&&v| v != 0.0).count()).sum();
    if filled <= 4 * rows.len() {
        for &row in &rows {
            for (inner, &g) in grad.row(row).iter().enumerate().filter(|(_, g)| **g != 0.0) {
                out.row_mut(row).scaled_add(g, &b.row(inner));
            }
        }
    } else if rows.len() < grad.nrows() {
        let part = grad.select(Axis(0), &rows).dot(&b);
        for (from, &to) in rows.iter().enumerate() {
            out.row_mut(to).assign(&part.row(from));
        }
    } else {
        out = grad.dot(&b);
    }
    out
}

fn matrix(value: &Tensor) -> Result<ArrayView2<'_, f32>, String> {
    value
        .view()
        .into_dimensionality::<Ix2>()
        .map_err(|_| format!("shape {:?}, expected a matrix", value.shape()))
}

/// `alpha A' B' + beta C`.
pub(super) fn gemm(site: &Site<'_>) -> Result<Grads, String> {
    let grad = matrix(site.grad()?)?;
    let (alpha, beta) = (site.float("alpha", 1.0), site.float("beta", 1.0));
    let (turn_a, turn_b) = (site.int("transA", 0) != 0, site.int("transB", 0) != 0);
    let mut grads = vec![None; site.inputs.len()];
    if site.wants(0) {
        let b = matrix(site.x(1)?)?;
        let b = if turn_b { b } else { b.reversed_axes() };
        let part = product_rows(grad, b) * alpha;
        grads[0] = Some(if turn_a { part.reversed_axes() } else { part }.into_dyn());
    }
    if site.wants(1) {
        let a = matrix(site.x(0)?)?;
        let a = if turn_a { a } else { a.reversed_axes() };
        let part = product(a, grad) * alpha;
        grads[1] = Some(if turn_b { part.reversed_axes() } else { part }.into_dyn());
    }
    if site.wants(2) {
        grads[2] = Some(reduce_to(site.grad()?, site.shape(2)?)? * beta);
    }
    Ok(grads)
}

/// Batched product with broadcasting batch dimensions; vectors count as a row on the left, a column on the right.
pub(super) fn matmul(site: &Site<'_>) -> Result<Grads, String> {
    let (a, b) = (site.shape(0)?, site.shape(1)?);
    let wide_a = if a.len() == 1 { vec![1, a[0]] } else { a.to_vec() };
    let wide_b = if b.len() == 1 { vec![b[0], 1] } else { b.to_vec() };
    let (&[.., m, k], &[.., n]) = (&wide_a[..], &wide_b[..]) else {
        return Err("a scalar operand".to_owned());
    };
    let rank = wide_a.len().max(wide_b.len());
    let batch = batch_shape(&wide_a[..wide_a.len() - 2], &wide_b[..wide_b.len() - 2], rank - 2)?;
    let grad = flat(site.grad()?)?;
    let count: usize = batch.iter().product();
    if grad.len() != count * m * n {
        return Err(format!("shapes {a:?} and {b:?} do not fit"));
    }
    let mut grads = vec![None, None];
    if site.wants(0) {
        let other = flat(site.x(1)?)?;
        let part = if wide_b.len() == 2 {
            // One product over all rows: weights are the same for every batch.
            let g = view(grad, count * m, n)?;
            product_rows(g, view(other, k, n)?.reversed_axes()).into_raw_vec_and_offset().0
        } else {
            let places = places(&batch, &wide_b[..wide_b.len() - 2]);
            let mut out = Vec::with_capacity(count * m * k);
            for (index, place) in places.into_iter().enumerate() {
                let g = view(&grad[index * m * n..(index + 1) * m * n], m, n)?;
                let b = view(&other[place * k * n..(place + 1) * k * n], k, n)?;
                out.extend(product_rows(g, b.reversed_axes()).iter());
            }
            out
        };
        grads[0] = Some(back(part, &batch, [m, k], &wide_a, a)?);
    }
    if site.wants(1) {
        let other = flat(site.x(0)?)?;
        let places = places(&batch, &wide_a[..wide_a.len() - 2]);
        let mut out = Vec::with_capacity(count * k * n);
        for (index, place) in places.into_iter().enumerate() {
            let g = view(&grad[index * m * n..(index + 1) * m * n], m, n)?;
            let a = view(&other[place * m * k..(place + 1) * m * k], m, k)?;
            out.extend(product(a.reversed_axes(), g).iter());
        }
        grads[1] = Some(back(out, &batch, [k, n], &wide_b, b)?);
    }
    Ok(grads)
}

fn view(elements: &[f32], rows: usize, columns: usize) -> Result<ArrayView2<'_, f32>, String> {
    ArrayView2::from_shape((rows, columns), elements).map_err(|error| error.to_string())
}

/// Sums over broadcast batches and takes the added dimension of a vector away.
fn back(
    elements: Vec<f32>,
    batch: &[usize],
    [rows, columns]: [usize; 2],
    wide: &[usize],
    shape: &[usize],
) -> Result<Tensor, String> {
    let full: Vec<usize> = batch.iter().copied().chain([rows, columns]).collect();
    reshaped(&reduce_to(&tensor(&full, elements)?, wide)?, shape)
}

fn batch_shape(a: &[usize], b: &[usize], rank: usize) -> Result<Vec<usize>, String> {
    let at = |dims: &[usize], place: usize| {
        (place + dims.len()).checked_sub(rank).map_or(1, |place| dims[place])
    };
    (0..rank)
        .map(|place| match (at(a, place), at(b, place)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            (x, y) => Err(format!("batches of {x} and {y}")),
        })
        .collect()
}

/// For every batch of the result, the matrix of an operand that it uses.
fn places(batch: &[usize], dims: &[usize]) -> Vec<usize> {
    let lead = batch.len() - dims.len();
    let count: usize = batch.iter().product();
    (0..count)
        .map(|mut index| {
            let (mut place, mut step) = (0, 1);
            for axis in (0..batch.len()).rev() {
                let here = index % batch[axis];
                index /= batch[axis];
                if let Some(axis) = axis.checked_sub(lead) {
                    if dims[axis] != 1 {
                        place += here * step;
                    }
                    step *= dims[axis];
                }
            }
            place
        })
        .collect()
}
