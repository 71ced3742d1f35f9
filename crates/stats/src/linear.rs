//! Matrix products and eigenvectors on the thread that asks for them.

use faer::{
    Accum, Col, ColRef, Mat, MatMut, MatRef, Par, Side,
    linalg::{
        matmul::{
            matmul,
            triangular::{self, BlockStructure},
        },
        solvers::Solve as _,
    },
};
use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};
use pulp::{Arch, Simd, WithSimd};

/// `out = a b` in single precision: `[n, k]` times `[k, m]`, on the thread that asks.
///
/// Fastest where each matrix, or its transpose, lies row by row without gaps.
///
/// # Panics
/// Where the sizes do not fit, as `ndarray`'s `dot`.
pub fn dot_into(mut out: ArrayViewMut2<'_, f32>, a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) {
    let ((n, k), m) = (a.dim(), b.ncols());
    assert_eq!((k, (n, m)), (b.nrows(), out.dim()), "sizes of a product");
    if n * m == 0 {
        return;
    }
    if k == 0 {
        out.fill(0.0);
        return;
    }
    let (Some(left), Some(right)) = (dense(&a), dense(&b)) else {
        general_mat_mul(1.0, &a, &b, 0.0, &mut out);
        return;
    };
    match out.as_slice_mut() {
        Some(slice) => {
            let into = MatMut::from_row_major_slice_mut(slice, n, m);
            matmul(into, Accum::Replace, left, right, 1.0, Par::Seq);
            clean();
        }
        None => general_mat_mul(1.0, &a, &b, 0.0, &mut out),
    }
}

/// Does `work` with the widest vector instructions that the processor has, as far as it is inlined: loops over slices in
/// a closure marked `#[inline(always)]`. Nothing is computed differently, since no operations are joined.
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}

/// The same matrix for faer, where it or its transpose lies without gaps.
fn dense<'a>(view: &ArrayView2<'a, f32>) -> Option<MatRef<'a, f32>> {
    let (rows, columns) = view.dim();
    match view.to_slice() {
        Some(slice) => Some(MatRef::from_row_major_slice(slice, rows, columns)),
        None => view
            .reversed_axes()
            .to_slice()
            .map(|slice| MatRef::from_column_major_slice(slice, rows, columns)),
    }
}

/// `out = a b`.
pub(crate) fn product(out: MatMut<'_, f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
    matmul(out, Accum::Replace, a, b, 1.0, Par::Seq);
    clean();
}

/// `out = a b` in single precision.
pub(crate) fn product_f32(out: MatMut<'_, f32>, a: MatRef<'_, f32>, b: MatRef<'_, f32>) {
    matmul(out, Accum::Replace, a, b, 1.0, Par::Seq);
    clean();
}

/// `out += a b`.
pub(crate) fn add_product(out: MatMut<'_, f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
    matmul(out, Accum::Add, a, b, 1.0, Par::Seq);
    clean();
}

/// `out += z' z`, the lower triangle.
pub(crate) fn add_square(out: MatMut<'_, f64>, z: MatRef<'_, f64>) {
    let (whole, lower) = (BlockStructure::Rectangular, BlockStructure::TriangularLower);
    triangular::matmul(out, lower, Accum::Add, z.transpose(), whole, z, whole, 1.0, Par::Seq);
    clean();
}

/// `m v`.
pub(crate) fn times(m: MatRef<'_, f64>, v: ColRef<'_, f64>) -> Col<f64> {
    let mut out = Col::zeros(m.nrows());
    product(out.as_mut().as_mat_mut(), m, v.as_mat());
    out
}

/// Eigenvalues of a symmetric matrix, rising, and its unit eigenvectors as columns; `None` where there are none to be found.
pub(crate) fn eigen(m: &Mat<f64>) -> Option<(Vec<f64>, Mat<f64>)> {
    let eigen = m.self_adjoint_eigen(Side::Lower);
    clean();
    let eigen = eigen.ok()?;
    Some(((0..m.nrows()).map(|i| eigen.S()[i]).collect(), eigen.U().to_owned()))
}

/// `x` with `m x = b` for a symmetric, positive definite `m`; `None` where it is not.
pub(crate) fn solve(m: &Mat<f64>, b: MatRef<'_, f64>) -> Option<Mat<f64>> {
    let factor = m.llt(Side::Lower);
    let solved = factor.ok().map(|factor| factor.solve(b));
    clean();
    solved
}

/// Leaves the vector registers as other code expects them.
///
/// faer's products for x86 (private-gemm-x86 0.1.22) end without `vzeroupper`, and until some other code executes it, all
/// instructions of the SSE kind on that thread wait for the upper halves: `exp` took thirty times as long. The compiler ends
/// each function that uses wide registers with that instruction, so one such function is called here.
fn clean() {
    struct Wide([f64; 8]);
    impl WithSimd for Wide {
        type Output = [f64; 8];
        fn with_simd<S: Simd>(mut self, simd: S) -> Self::Output {
            for lane in S::as_mut_simd_f64s(&mut self.0).0 {
                *lane = simd.add_f64s(*lane, *lane);
            }
            self.0
        }
    }
    std::hint::black_box(Arch::new().dispatch(Wide(std::hint::black_box([1.0; 8]))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array, s};

    #[test]
    fn products_are_those_of_every_layout() {
        let a = Array2::from_shape_fn((7, 5), |(i, j)| ((i * 5 + j) as f32 * 0.7).sin());
        let b = Array2::from_shape_fn((5, 9), |(i, j)| ((i * 9 + j) as f32 * 0.3).cos());
        let (turned, wide) = (b.t().as_standard_layout().into_owned(), a.t().to_owned());
        let want = a.dot(&b);
        let gaps =
            Array2::from_shape_fn((7, 10), |(i, j)| if j % 2 == 0 { a[[i, j / 2]] } else { 9.0 });
        let left = [a.view(), wide.t(), gaps.slice(s![.., ..;2])];
        for a in left {
            for b in [b.view(), turned.t()] {
                let mut out = Array2::from_elem((7, 9), f32::NAN);
                dot_into(out.view_mut(), a, b);
                assert!(out.iter().zip(&want).all(|(x, y)| (x - y).abs() < 1e-5), "{out}");
            }
        }
        let mut none = array![[1.0_f32]];
        dot_into(none.view_mut(), Array2::zeros((1, 0)).view(), Array2::zeros((0, 1)).view());
        assert_eq!(none, array![[0.0]]);
    }
}
