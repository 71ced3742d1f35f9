"""Score-CAM by the pytorch-grad-cam package, of a small seeded network that it also writes as ONNX.

    pip install torch==2.15.0 grad-cam==1.5.7 onnx==1.23.2 onnxruntime==1.32.0
    python reference/scorecam.py --out crates/model/tests/golden/score-cam

The layer has the size of the input: the package brings maps to that size with corners aligned, Rust with half-pixel centres,
and here both leave them as they are. Input: as crates/model/tests/golden/cam/make.py.
"""

import argparse
import importlib.metadata as meta
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from pytorch_grad_cam import ScoreCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

SIZE = (12, 10)
OUTPUTS = 4


def image(h, w):
    c, i, j = np.meshgrid(np.arange(3), np.arange(h), np.arange(w), indexing="ij")
    x = np.sin(0.7 * i + 0.3 * c) * np.cos(0.5 * j - 0.2 * c) + 0.1 * np.sin(0.05 * i * j + c)
    return torch.from_numpy(x.astype(np.float32))[None]


def network():
    generator = torch.Generator().manual_seed(11)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 6, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(6, 7, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(7, OUTPUTS),
    )
    with torch.no_grad():
        for parameter in net.parameters():
            scale = 2.0 / parameter[0].numel() ** 0.5 if parameter.ndim > 1 else 0.2
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
        # A channel that is the same everywhere.
        net[2].weight[4] = 0.0
        net[2].bias[4] = 0.5
        # Steep logits, so that channels weigh differently.
        net[6].weight *= 3.0
    return net.eval()


def as_onnx(net):
    weights = {}

    def add(name, tensor):
        weights[name] = numpy_helper.from_array(tensor.detach().numpy(), name)
        return name

    nodes, at = [], "x"
    for number in (0, 2):
        names = [add(f"w{number}", net[number].weight), add(f"b{number}", net[number].bias)]
        nodes.append(helper.make_node("Conv", [at, *names], [f"c{number}"], pads=[1, 1, 1, 1], kernel_shape=[3, 3]))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"r{number}"]))
        at = f"r{number}"
    nodes.append(helper.make_node("GlobalAveragePool", [at], ["pooled"]))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["flat"]))
    last = [add("w6", net[6].weight), add("b6", net[6].bias)]
    nodes.append(helper.make_node("Gemm", ["flat", *last], ["logits"], transB=1))
    float32 = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "score-cam",
        [helper.make_tensor_value_info("x", float32, [1, 3, *SIZE])],
        [helper.make_tensor_value_info("logits", float32, [1, OUTPUTS])],
        list(weights.values()),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, required=True)
    out = parser.parse_args().out
    net, x = network(), image(*SIZE)
    model = as_onnx(net)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    logits = session.run(None, {"x": x.numpy()})[0][0]
    assert np.abs(logits - net(x).detach().numpy()[0]).max() < 1e-4
    maps = []
    for target in range(OUTPUTS):
        cam = ScoreCAM(model=net, target_layers=[net[3]])
        maps.append(cam(input_tensor=x, targets=[ClassifierOutputTarget(target)])[0].reshape(-1).tolist())
    onnx.save(model, out / "score.onnx")
    versions = {name: meta.version(name) for name in ["torch", "grad-cam", "onnx", "onnxruntime", "numpy"]}
    golden = {"size": SIZE, "layer": "r2", "logits": logits.tolist(), "maps": maps, "versions": versions}
    (out / "score.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
