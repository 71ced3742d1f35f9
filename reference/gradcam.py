"""GradCAM from an ONNX file: the trunk runs in ONNX Runtime, the part above the CAM layer in PyTorch autograd.

The nodes between the CAM layer and the logits are interpreted one by one; operands that do not depend on the layer
(weights, reshape targets) come from the initialisers or are fetched from the trunk's run. Map convention as
pytorch-grad-cam: weights = spatial mean of the gradient of the raw target logit, ReLU of the weighted sum, minus its
minimum, over its maximum (+1e-7), bilinear to the input size with half-pixel centres, and once more to 0..1.
"""

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper


def _flatten(value, axis=1):
    return value.reshape(int(np.prod(value.shape[:axis], initial=1)), -1)


def _conv(value, weight, bias=None, *, pads=(0, 0, 0, 0), strides=(1, 1), dilations=(1, 1), group=1, kernel_shape=None):
    padded = torch.nn.functional.pad(value, (pads[1], pads[3], pads[0], pads[2]))
    return torch.nn.functional.conv2d(padded, weight, bias, tuple(strides), 0, tuple(dilations), group)


def _gemm(a, b, c=None, *, alpha=1.0, beta=1.0, transA=0, transB=0):
    product = alpha * ((a.T if transA else a) @ (b.T if transB else b))
    return product if c is None else product + beta * c


OPERATORS = {
    "Conv": _conv,
    "Gemm": _gemm,
    "Relu": torch.relu,
    "GlobalAveragePool": lambda value: value.mean((2, 3), keepdim=True),
    "Flatten": _flatten,
    "Reshape": lambda value, shape, *, allowzero=0: value.reshape(shape.tolist()),
}


class GradCam:
    """Clean logits and GradCAM maps of a classifier."""

    def __init__(self, path, input_name, logits, layer, options):
        model = onnx.load(path)
        self.input_name, self.logits, self.layer = input_name, logits, layer
        initialisers = {item.name: item for item in model.graph.initializer}
        self.head, reached, needed = [], {layer}, set()
        for node in model.graph.node:
            if any(name in reached for name in node.input) and layer not in node.output:
                self.head.append(node)
                reached.update(node.output)
                needed.update(name for name in node.input if name and name not in reached)
        if logits not in reached:
            raise ValueError(f"{path}: '{logits}' does not depend on the CAM layer '{layer}'")
        for node in self.head:
            if node.op_type not in OPERATORS:
                raise ValueError(f"{path}: no rule for operator {node.op_type} above the CAM layer")
        self.constants = {
            name: torch.from_numpy(numpy_helper.to_array(initialisers[name]).copy()) for name in needed if name in initialisers
        }
        self.fetched = [layer, logits, *sorted(needed - self.constants.keys())]
        outputs = {output.name for output in model.graph.output}
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in self.fetched if name not in outputs)
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])

    def run(self, tensor, target_outputs):
        """One image ``[3, H, W]``: target output (the largest logit among ``target_outputs``) and map ``[h, w]``.

        The map is in 0..1 at the layer's resolution, all zero where there is no positive evidence.
        """
        fetched = self.session.run(self.fetched, {self.input_name: tensor[None]})
        values = {name: torch.from_numpy(value.copy()) for name, value in zip(self.fetched, fetched, strict=True)}
        values.update(self.constants)
        clean = values[self.logits]
        activation = values[self.layer].requires_grad_(True)
        for node in self.head:
            attributes = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
            (output,) = node.output
            values[output] = OPERATORS[node.op_type](*[values[name] for name in node.input if name], **attributes)
        head = values[self.logits]
        if not torch.allclose(head, clean, rtol=1e-4, atol=1e-4):
            raise ValueError("the head in PyTorch and in ONNX Runtime give different logits")
        target = max(target_outputs, key=lambda output: float(clean[0, output]))
        (gradient,) = torch.autograd.grad(head[0, target], activation)
        weights = gradient.mean((2, 3), keepdim=True)
        cam = torch.relu((weights * activation).sum(1)[0]).detach().numpy()
        return target, to_unit(cam)


def to_unit(cam):
    """Minus its minimum, over its maximum (+1e-7)."""
    cam = cam - cam.min()
    return cam / (np.float32(1e-7) + cam.max())


def upsample(cam, height, width):
    """Bilinear with half-pixel centres and clamped borders (OpenCV's INTER_LINEAR), then to 0..1 once more."""
    for axis, size in ((0, height), (1, width)):
        length = cam.shape[axis]
        position = np.clip((np.arange(size) + 0.5) * (length / size) - 0.5, 0, length - 1)
        low = np.minimum(np.floor(position).astype(int), max(length - 2, 0))
        high = np.minimum(low + 1, length - 1)
        shape = [1, 1]
        shape[axis] = size
        share = (position - low).astype(np.float32).reshape(shape)
        cam = cam.take(low, axis) * (1 - share) + cam.take(high, axis) * share
    return to_unit(cam)
