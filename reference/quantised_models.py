"""Small networks as onnxruntime's quantisation writes them, with ONNX Runtime's answers, beside ONNX's own tests.

    python reference/quantised_models.py --out target/onnx-tests

A convolutional network (odd paddings, groups, strides, pooling) and a transformer (patches, attention, normalisation);
each by quantize_dynamic and quantize_static (QDQ and QOperator form), with bytes of either sign, by tensor and by
channel. The form is that of `onnx_tests.py`.
"""

import argparse
import itertools
import logging
import shutil
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

from engine_models import Writer

logging.getLogger().setLevel(logging.ERROR)
random = np.random.default_rng(11)


def network(nodes, weights, shape, opset):
    graph = helper.make_graph(
        [helper.make_node(op, i, o, name=f"{op}{at}", **a) for at, (op, i, o, a) in enumerate(nodes)],
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 5])],
        [numpy_helper.from_array(np.asarray(value), key) for key, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def normal(*shape, scale=0.4):
    return (random.normal(size=shape) * scale).astype(np.float32)


def convolutional(opset):
    nodes = [
        ("Conv", ["x", "w0", "b0"], ["c0"], {"pads": [1, 0, 2, 1], "strides": [1, 2]}),
        ("Relu", ["c0"], ["r0"], {}),
        ("MaxPool", ["r0"], ["p0"], {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1]}),
        ("Conv", ["p0", "w1"], ["c1"], {"group": 4, "pads": [1, 1, 1, 1]}),
        ("LeakyRelu", ["c1"], ["r1"], {"alpha": 0.1}),
        ("Conv", ["r1", "w2", "b2"], ["c2"], {"dilations": [2, 2], "group": 2, "pads": [0, 2, 1, 0]}),
        ("Sigmoid", ["c2"], ["s2"], {}),
        ("Mul", ["c2", "s2"], ["m2"], {}),
        ("Conv", ["m2", "w3"], ["c3"], {}),
        ("Add", ["c3", "m2"], ["a3"], {}),
        ("AveragePool", ["a3"], ["p3"], {"kernel_shape": [2, 2], "pads": [0, 1, 0, 0]}),
        ("GlobalAveragePool", ["p3"], ["g"], {}),
        ("Flatten", ["g"], ["f"], {}),
        ("Gemm", ["f", "w4", "b4"], ["y"], {"transB": 1}),
    ]
    weights = {
        "w0": normal(8, 3, 3, 3),
        "b0": normal(8),
        "w1": normal(8, 2, 3, 3),
        "w2": normal(6, 4, 3, 3),
        "b2": normal(6) + 0.5,
        "w3": normal(6, 6, 1, 1),
        "w4": normal(5, 6),
        "b4": normal(5),
    }
    return network(nodes, weights, [1, 3, 12, 14], opset)


def transformer(opset):
    width, heads, tokens = 16, 2, 9
    each = width // heads
    nodes = [
        ("Conv", ["x", "patch"], ["p"], {"strides": [4, 4]}),
        ("Reshape", ["p", "flat"], ["pf"], {}),
        ("Transpose", ["pf"], ["t"], {"perm": [0, 2, 1]}),
        ("Add", ["t", "positions"], ["h"], {}),
        ("LayerNormalization", ["h", "g0", "n0"], ["l0"], {}),
    ]
    for name in "qkv":
        nodes += [
            ("MatMul", ["l0", f"w{name}"], [f"m{name}"], {}),
            ("Add", [f"m{name}", f"b{name}"], [f"a{name}"], {}),
            ("Reshape", [f"a{name}", "split"], [f"s{name}"], {}),
            ("Transpose", [f"s{name}"], [f"h{name}"], {"perm": [0, 2, 3, 1] if name == "k" else [0, 2, 1, 3]}),
        ]
    nodes += [
        ("MatMul", ["hq", "hk"], ["scores"], {}),
        ("Mul", ["scores", "scale"], ["scaled"], {}),
        ("Softmax", ["scaled"], ["soft"], {"axis": -1}),
        ("MatMul", ["soft", "hv"], ["mixed"], {}),
        ("Transpose", ["mixed"], ["joined"], {"perm": [0, 2, 1, 3]}),
        ("Reshape", ["joined", "join"], ["j"], {}),
        ("MatMul", ["j", "wo"], ["o"], {}),
        ("Add", ["o", "h"], ["h1"], {}),
        ("LayerNormalization", ["h1", "g1", "n1"], ["l1"], {}),
        ("MatMul", ["l1", "w1"], ["u"], {}),
        ("Add", ["u", "b1"], ["ub"], {}),
        ("Div", ["ub", "root"], ["ud"], {}),
        ("Erf", ["ud"], ["ue"], {}),
        ("Add", ["ue", "one"], ["ua"], {}),
        ("Mul", ["ub", "ua"], ["um"], {}),
        ("Mul", ["um", "half"], ["gelu"], {}),
        ("MatMul", ["gelu", "w2"], ["d"], {}),
        ("Add", ["d", "h1"], ["h2"], {}),
        ("Gather", ["h2", "first"], ["token"], {"axis": 1}),
        ("Gemm", ["token", "head", "bias"], ["y"], {}),
    ]
    weights = {
        "patch": normal(width, 3, 4, 4),
        "flat": np.array([1, width, tokens]),
        "positions": normal(1, tokens, width),
        "split": np.array([1, tokens, heads, each]),
        "join": np.array([1, tokens, width]),
        "scale": np.array(each**-0.5, np.float32),
        "root": np.array(2**0.5, np.float32),
        "one": np.array(1, np.float32),
        "half": np.array(0.5, np.float32),
        "first": np.array(0),
        "wo": normal(width, width),
        "w1": normal(width, 32),
        "b1": normal(32),
        "w2": normal(32, width),
        "head": normal(width, 5),
        "bias": normal(5),
    }
    for name in "qkv":
        weights |= {f"w{name}": normal(width, width), f"b{name}": normal(width)}
    for at in "01":
        weights |= {f"g{at}": normal(width) + 1, f"n{at}": normal(width)}
    return network(nodes, weights, [1, 3, 12, 12], opset)


class Images(CalibrationDataReader):
    def __init__(self, shape):
        self.rest = [{"x": normal(*shape, scale=1.0)} for _ in range(4)]

    def get_next(self):
        return self.rest.pop() if self.rest else None


def variants(name, model, folder):
    """Pairs of a name and a file."""
    source = folder / f"{name}.onnx"
    onnx.save(model, source)
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    kinds = {"u8": QuantType.QUInt8, "s8": QuantType.QInt8}
    for (kind, weight), channel, reduce in itertools.product(kinds.items(), (False, True), (False, True)):
        path = folder / "dynamic.onnx"
        quantize_dynamic(source, path, per_channel=channel, reduce_range=reduce, weight_type=weight)
        yield f"{name}.dynamic.{kind}.channel{int(channel)}.reduced{int(reduce)}", path
    for (ka, activation), (kw, weight), channel, form in itertools.product(kinds.items(), kinds.items(), (False, True), ("QDQ", "QOperator")):
        path = folder / "static.onnx"
        if (ka, kw) == ("s8", "u8"):
            # onnxruntime does not make these.
            continue
        quantize_static(
            source,
            path,
            Images(shape),
            quant_format=QuantFormat[form],
            per_channel=channel,
            activation_type=activation,
            weight_type=weight,
        )
        yield f"{name}.{form}.{ka}.{kw}.channel{int(channel)}", path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out / "quantised"
    if out.exists():
        shutil.rmtree(out)
    writer = Writer(out)
    with tempfile.TemporaryDirectory() as folder:
        for opset in (13, 17, 21):
            makers = [convolutional] if opset < 17 else [convolutional, transformer]
            for make in makers:
                model = make(opset)
                shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
                for name, path in variants(make.__name__, model, Path(folder)):
                    writer.write(f"{name}.{opset}", onnx.load(path), {"x": normal(*shape, scale=1.0)})
    print(f"{writer.written} quantised networks; left out: {writer.left_out}")


if __name__ == "__main__":
    main()
