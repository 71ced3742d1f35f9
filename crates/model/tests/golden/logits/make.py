"""Logits of the ImageNet models from ONNX Runtime, for tests/it/classifier.rs.

Usage: python make.py MODELS_FOLDER > logits.json
Input: value `at` of [3, H, W] is amplitude * sin(0.37 at) + offset, in double precision, rounded to float32.
"""
import json
import sys

import numpy
import onnxruntime

CASES = [
    ("squeezenet-1.0.onnx", "data", 227, 128.0, 0.0, ["logits", "f9"]),
    ("efficientnet-lite0.onnx", "input", 224, 1.0, 0.0, ["logits", "/_swish_1/Clip_output_0"]),
]


def main():
    folder = sys.argv[1]
    models = []
    for name, data, size, amplitude, offset, outputs in CASES:
        import onnx

        model = onnx.load(f"{folder}/{name}")
        model.graph.output.extend(onnx.ValueInfoProto(name=tap) for tap in outputs[1:])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        at = numpy.arange(3 * size * size, dtype=numpy.float64)
        image = (amplitude * numpy.sin(at * 0.37) + offset).astype(numpy.float32)
        logits, tap = session.run(outputs, {data: image.reshape(1, 3, size, size)})
        models.append(
            {
                "model": name,
                "amplitude": amplitude,
                "offset": offset,
                "logits": [float(f"{v:.7g}") for v in logits.ravel()],
                "tap": outputs[1],
                "tap_shape": list(tap.shape),
                "tap_mean": float(tap.mean(dtype=numpy.float64)),
                "tap_max": float(tap.max()),
            }
        )
    versions = {"onnxruntime": onnxruntime.__version__, "numpy": numpy.__version__}
    json.dump({"versions": versions, "models": models}, sys.stdout)
    print()


main()
