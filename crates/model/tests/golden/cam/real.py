"""GradCAM of the two real classifiers of the shared data folder, their heads rebuilt in PyTorch.

    python real.py MODELS_FOLDER     # writes real.json beside this file: numbers only

The trunk is run by onnxruntime up to the CAM layer; the head's weights are read from the file.
Input: value `at` of [3, H, W], flattened, is amplitude * sin(0.37 at) + offset, in float64, rounded once to float32.
"""
import importlib.metadata as meta
import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort
import torch
import torch.nn.functional as F
from onnx import numpy_helper

HERE = pathlib.Path(__file__).parent
CASES = {
    "squeezenet-1.0": dict(input="data", size=227, layer="f9", amplitude=100.0, offset=0.0),
    "efficientnet-lite0": dict(input="input", size=224, layer="/_swish_1/Clip_output_0", amplitude=1.0, offset=0.1),
}


def squeezenet(a, w):
    c = F.relu(F.conv2d(a, w["conv_final.weight"], w["conv_final.bias"], padding=1))
    return c.mean((2, 3))


def efficientnet(a, w):
    return F.linear(a.mean((2, 3)), w["_fc.weight"], w["_fc.bias"])


def main(folder):
    out = {"versions": {name: meta.version(name) for name in ["torch", "onnx", "onnxruntime", "numpy"]},
           "input": "x[at] = amplitude sin(0.37 at) + offset", "tolerance": 1e-4, "models": {}}
    for name, case in CASES.items():
        m = onnx.load(folder / f"{name}.onnx")
        weights = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in m.graph.initializer}
        m.graph.output.append(onnx.helper.make_tensor_value_info(case["layer"], 1, None))
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = ort.InferenceSession(m.SerializeToString(), options)
        size = case["size"]
        at = np.arange(3 * size * size, dtype=np.float64)
        x = (case["amplitude"] * np.sin(at * 0.37) + case["offset"]).astype(np.float32).reshape(1, 3, size, size)
        logits, value = session.run(["logits", case["layer"]], {case["input"]: x})
        a = torch.from_numpy(value).requires_grad_()
        head = (squeezenet if name.startswith("squeeze") else efficientnet)(a, weights)
        assert np.abs(head.detach().numpy() - logits).max() < 1e-3 * np.abs(logits).max()
        targets = [int(k) for k in logits[0].argsort()[::-1][:2]] + [478]
        maps = []
        for target in targets:
            g, = torch.autograd.grad(head[0, target], a, retain_graph=True)
            w = g[0].double().mean((1, 2))
            cam = (w[:, None, None] * a[0].detach().double()).sum(0).clamp(min=0)
            zero = not bool(cam.max() > 0)
            cam = (cam - cam.min()) / (cam.max() - cam.min() + 1e-7)
            maps.append({"target": target, "zero": zero, "cam": [float(f"{float(v):.6g}") for v in cam.flatten()]})
        out["models"][name] = {**case, "grid": list(value.shape[2:]), "maps": maps}
        print(name, value.shape, targets, [m["zero"] for m in maps])
    (HERE / "real.json").write_text(json.dumps(out, indent=None, separators=(",", ":")).replace('{"target"', '\n{"target"') + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
