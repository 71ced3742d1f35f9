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
use pulp::{Arch, Simd, WithSimd};

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
