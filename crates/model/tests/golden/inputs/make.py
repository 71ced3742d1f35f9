"""Small classifiers whose inputs and outputs have other types than single precision, and what ONNX Runtime says of a picture.

    python make.py        (in this folder; versions: reference/requirements.txt)

Every model takes the pixels of one 16 x 16 picture as they are, 0..255 (the signed bytes: pixels - 128), and works on them in
the type that its input has: value (y, x, c) of the picture is (37 y + 91 x + 53 c + 11 x y) mod 256.
"""
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIDE, CHANNELS, CLASSES = 16, 4, 5
HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(19)
CONV = random.normal(0, 0.4, (CHANNELS, 3, 3, 3))
HEAD = random.normal(0, 1.2, (CLASSES, CHANNELS))
BIAS = random.normal(0, 0.5, CLASSES)


def picture():
    y, x, c = np.mgrid[0:SIDE, 0:SIDE, 0:3]
    return (37 * y + 91 * x + 53 * c + 11 * x * y) % 256


def model(name, kind, *, nhwc=False, inside=TensorProto.FLOAT, out=None, softmax=False, opset=17):
    """One network: the input cast to `inside`, normalised, convolved; the output cast to `out`."""
    out = out or inside
    real = helper.tensor_dtype_to_np_dtype(inside)
    nodes, last = [], "image"

    def then(op, inputs, **attributes):
        nonlocal last
        made = f"{op.lower()}{len(nodes)}"
        nodes.append(helper.make_node(op, inputs, [made], name=made, **attributes))
        last = made

    weights = {
        "mean": np.array(0.0 if kind == TensorProto.INT8 else 128.0, real),
        "std": np.array(64.0, real),
        "conv": CONV.astype(real),
        "head": HEAD.astype(real),
        "bias": BIAS.astype(real),
    }
    if nhwc:
        then("Transpose", [last], perm=[0, 3, 1, 2])
    if kind in (TensorProto.INT32, TensorProto.INT64):
        # Whole numbers in their own arithmetic first.
        weights["three"] = np.array(3, helper.tensor_dtype_to_np_dtype(kind))
        weights["mean"] *= 3
        weights["std"] *= 3
        then("Mul", [last, "three"])
    if kind != inside:
        then("Cast", [last], to=inside)
    then("Sub", [last, "mean"])
    then("Div", [last, "std"])
    if inside == TensorProto.DOUBLE:
        # ONNX Runtime has no convolution of doubles.
        del weights["conv"]
        weights["head"] = random.normal(0, 1.2, (CLASSES, 3 * SIDE)).astype(real)
        then("Abs", [last])
        then("ReduceMean", [last], axes=[2], keepdims=0)
    else:
        then("Conv", [last, "conv"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        then("Relu", [last])
        then("GlobalAveragePool", [last])
    then("Flatten", [last], axis=1)
    then("Gemm", [last, "head", "bias"], transB=1)
    if out != inside:
        then("Cast", [last], to=out)
    if softmax:
        then("Softmax", [last], axis=1)
    nodes[-1].output[0] = "logits"
    shape = ["batch", SIDE, SIDE, 3] if nhwc else ["batch", 3, SIDE, SIDE]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info("logits", out, ["batch", CLASSES])],
        [numpy_helper.from_array(value, key) for key, value in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    made.producer_name = "rightly tests/golden/inputs"
    onnx.checker.check_model(made, full_check=True)
    onnx.save(made, HERE / f"{name}.onnx")
    pixels = picture() - (128 if kind == TensorProto.INT8 else 0)
    pixels = pixels if nhwc else pixels.transpose(2, 0, 1)
    given = pixels[None].astype(helper.tensor_dtype_to_np_dtype(kind))
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    logits = session.run(None, {"image": given})[0][0]
    return {"type": helper.tensor_dtype_to_np_dtype(kind).name, "softmax": softmax, "output": [float(v) for v in logits]}


def main():
    tp = TensorProto
    made = {
        name: model(name, kind, **how)
        for name, kind, how in [
            ("uint8", tp.UINT8, {}),
            ("uint8-nhwc-softmax", tp.UINT8, {"nhwc": True, "softmax": True}),
            ("uint8-opset10", tp.UINT8, {"opset": 10}),
            ("int8", tp.INT8, {}),
            ("int32", tp.INT32, {"nhwc": True}),
            ("int64", tp.INT64, {}),
            ("float16", tp.FLOAT16, {"inside": tp.FLOAT16}),
            ("float16-out-float", tp.FLOAT16, {"inside": tp.FLOAT16, "out": tp.FLOAT}),
            ("float64", tp.DOUBLE, {"inside": tp.DOUBLE}),
            ("float32-out-float16", tp.FLOAT, {"out": tp.FLOAT16}),
            ("uint8-out-float64", tp.UINT8, {"out": tp.DOUBLE}),
        ]
    }
    versions = {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__, "numpy": np.__version__}
    (HERE / "outputs.json").write_text(json.dumps({"versions": versions, "models": made}, indent=1) + "\n")


if __name__ == "__main__":
    main()
