//! Reshapes, transposes, concatenation.
use super::binary::reduce_to;
use super::site::{Site, axis, reshaped};
use super::{Grads, Tensor};
use ndarray::{Axis, IxDyn, Slice};

/// `Reshape`, `Flatten`, `Squeeze`, `Unsqueeze`, `Identity`, `Dropout`, `Cast`: the same elements.
pub(super) fn same_elements(site: &Site<'_>) -> Result<Grads, String> {
    Ok(site.only(reshaped(site.grad()?, site.shape(0)?)?))
}

pub(super) fn transpose(site: &Site<'_>) -> Result<Grads, String> {
    let grad = site.grad()?;
    let rank = grad.ndim();
    let order = match site.node.ints("perm") {
        Some(perm) if !perm.is_empty() => {
            perm.iter().map(|&place| axis(place, rank)).collect::<Result<Vec<_>, _>>()?
        }
        _ => (0..rank).rev().collect(),
    };
    let mut back = vec![rank; rank];
    for (to, &from) in order.iter().enumerate() {
        back[from] = to;
    }
    if order.len() != rank || back.contains(&rank) {
        return Err(format!("axes {order:?} of rank {rank}"));
    }
    Ok(site.only(grad.clone().permuted_axes(IxDyn(&back))))
}

pub(super) fn expand(site: &Site<'_>) -> Result<Grads, String> {
    Ok(site.only(reduce_to(site.grad()?, site.shape(0)?)?))
}

pub(super) fn concat(site: &Site<'_>) -> Result<Grads, String> {
    let grad = site.grad()?;
    let place = axis(site.int("axis", 1), grad.ndim())?;
    let mut start = 0;
    (0..site.inputs.len())
        .map(|input| {
            let size = site.shape(input)?[place];
            let part = start..start + size;
            start += size;
            if start > grad.shape()[place] {
                return Err("the parts are longer than the whole".to_owned());
            }
            Ok(site
                .wants(input)
                .then(|| grad.slice_axis(Axis(place), Slice::from(part)).to_owned()))
        })
        .collect()
}

/// Outputs without a gradient count as zero.
pub(super) fn split(site: &Site<'_>) -> Result<Grads, String> {
    let shape = site.shape(0)?;
    let place = axis(site.int("axis", 0), shape.len())?;
    let mut whole = Tensor::zeros(IxDyn(shape));
    let mut start = 0;
    for (output, grad) in site.outputs.iter().zip(&site.grads) {
        let size = output.map_or(0, |slot| slot.shape[place]);
        if size == 0 {
            return Err("an output of unknown size".to_owned());
        }
        if let Some(grad) = grad {
            whole.slice_axis_mut(Axis(place), Slice::from(start..start + size)).assign(grad);
        }
        start += size;
    }
    Ok(site.only(whole))
}

/// Blocks of channels to blocks of pixels: a reshape, a transpose and a reshape, taken back.
pub(super) fn depth_to_space(site: &Site<'_>) -> Result<Grads, String> {
    let &[n, c, h, w] = site.shape(0)? else {
        return Err("a value that is no image".to_owned());
    };
    let block = usize::try_from(site.int("blocksize", 1)).map_err(|error| error.to_string())?;
    let depth = c / (block * block).max(1);
    let grad = reshaped(site.grad()?, &[n, depth, h, block, w, block])?;
    let order = if site.node.string("mode") == Some("CRD") {
        [0, 1, 3, 5, 2, 4]
    } else {
        [0, 3, 5, 1, 2, 4]
    };
    let grad = grad.permuted_axes(IxDyn(&order));
    Ok(site.only(reshaped(&grad, &[n, c, h, w])?))
}

/// Blocks of pixels to blocks of channels.
pub(super) fn space_to_depth(site: &Site<'_>) -> Result<Grads, String> {
    let &[n, c, h, w] = site.shape(0)? else {
        return Err("a value that is no image".to_owned());
    };
    let block = usize::try_from(site.int("blocksize", 1))
        .ok()
        .filter(|&block| block > 0)
        .ok_or("a block size below 1")?;
    let grad = reshaped(site.grad()?, &[n, block, block, c, h / block, w / block])?;
    let grad = grad.permuted_axes(IxDyn(&[0, 3, 4, 1, 5, 2]));
    Ok(site.only(reshaped(&grad, &[n, c, h, w])?))
}
