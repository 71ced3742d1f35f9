//! A layer's value as channels by positions.
use ndarray::{Array2, ArrayD, ArrayView2, Ix2, Ix3, Ix4};
use rightly_onnx::graph::layers::Layout;

/// `[H, W]` of the grid and the value as `[C, H * W]`; tokens that are no positions are left out. A sentence where the
/// shape does not fit the layout.
pub(crate) fn by_channel(
    value: &ArrayD<f32>,
    layout: Layout,
) -> Result<([usize; 2], Array2<f32>), String> {
    let unfit = || format!("the layer's shape {:?} is no {layout:?} of one image", value.shape());
    let flat = |value: ArrayView2<'_, f32>| value.as_standard_layout().into_owned();
    match layout {
        Layout::Nchw => {
            let value = value.view().into_dimensionality::<Ix4>().map_err(|_| unfit())?;
            let (n, c, h, w) = value.dim();
            if n != 1 {
                return Err(unfit());
            }
            let matrix = value.to_shape((c, h * w)).map_err(|_| unfit())?;
            Ok(([h, w], flat(matrix.view())))
        }
        Layout::Nhwc => {
            let value = value.view().into_dimensionality::<Ix4>().map_err(|_| unfit())?;
            let (n, h, w, c) = value.dim();
            if n != 1 {
                return Err(unfit());
            }
            let matrix = value.to_shape((h * w, c)).map_err(|_| unfit())?;
            Ok(([h, w], flat(matrix.t())))
        }
        Layout::Tokens { prefix, grid: [h, w] } => {
            let value = match value.ndim() {
                3 if value.shape()[0] == 1 => value
                    .view()
                    .into_dimensionality::<Ix3>()
                    .map_err(|_| unfit())?
                    .index_axis_move(ndarray::Axis(0), 0),
                2 => value.view().into_dimensionality::<Ix2>().map_err(|_| unfit())?,
                _ => return Err(unfit()),
            };
            if value.nrows() != prefix + h * w {
                return Err(unfit());
            }
            Ok(([h, w], flat(value.slice(ndarray::s![prefix.., ..]).t())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{IxDyn, arr2};

    fn counting(shape: &[usize]) -> ArrayD<f32> {
        let count = shape.iter().product::<usize>();
        ArrayD::from_shape_vec(IxDyn(shape), (0..count).map(|v| v as f32).collect()).unwrap()
    }

    #[test]
    fn every_layout_gives_channels_by_positions() {
        let (grid, value) = by_channel(&counting(&[1, 2, 1, 3]), Layout::Nchw).unwrap();
        assert_eq!((grid, value), ([1, 3], arr2(&[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])));
        let (grid, value) = by_channel(&counting(&[1, 1, 3, 2]), Layout::Nhwc).unwrap();
        assert_eq!((grid, value), ([1, 3], arr2(&[[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]])));
        let tokens = Layout::Tokens { prefix: 1, grid: [1, 3] };
        let (grid, value) = by_channel(&counting(&[1, 4, 2]), tokens).unwrap();
        assert_eq!((grid, value), ([1, 3], arr2(&[[2.0, 4.0, 6.0], [3.0, 5.0, 7.0]])));
    }

    #[test]
    fn a_shape_that_does_not_fit_is_named() {
        let tokens = Layout::Tokens { prefix: 1, grid: [2, 2] };
        assert!(by_channel(&counting(&[1, 4, 2]), tokens).unwrap_err().contains("[1, 4, 2]"));
        assert!(by_channel(&counting(&[2, 4, 2, 2]), Layout::Nchw).is_err());
    }
}
