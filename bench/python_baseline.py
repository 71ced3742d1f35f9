#!/usr/bin/env python3
"""The papers' way, timed: PyTorch eager for the forward pass and pytorch-grad-cam for GradCAM; and the ONNX export of the
same model for the other side.

    python_baseline.py export  --model resnet50 --out DIR      DIR/resnet50.onnx with its card
    python_baseline.py measure --model resnet50 --images 32    one JSON line: images a second by batch size

Weights are random with a fixed seed: time does not depend on them.
"""

import argparse
import json
import pathlib
import platform
import time

import numpy as np
import torch

SIZE = 224
MODELS = ("resnet50", "deit_small_patch16_224")


def build(name, seed=0):
    """The architecture with seeded random weights, in evaluation mode."""
    torch.manual_seed(seed)
    if name == "resnet50":
        import torchvision

        model = torchvision.models.resnet50(weights=None)
    else:
        import timm

        model = timm.create_model(name, pretrained=False)
    return model.eval()


def images(first, count):
    """Deterministic inputs ``[count, 3, 224, 224]`` in -2..2; `throughput.rs` makes the same values."""
    index = np.arange(3 * SIZE * SIZE, dtype=np.uint64)
    number = np.arange(first, first + count, dtype=np.uint64)[:, None]
    value = (index * 2654435761 + number * 40503) % 2**32
    return torch.from_numpy((value / 2**30 - 2).astype(np.float32).reshape(count, 3, SIZE, SIZE))


def tokens_to_grid(value):
    """``[batch, 1 + 196, channels]`` to ``[batch, channels, 14, 14]``, class token dropped."""
    side = int((value.shape[1] - 1) ** 0.5)
    return value[:, 1:].reshape(len(value), side, side, -1).permute(0, 3, 1, 2)


def export(name, directory):
    """Writes the ONNX file (batch 1) and its card with the CAM layer's name."""
    import onnx

    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.onnx"
    program = torch.onnx.export(
        build(name), (images(0, 1),), input_names=["input"], output_names=["logits"], opset_version=18, dynamo=True, verbose=False
    )
    program.save(path, external_data=False)
    nodes = onnx.load(path, load_external_data=False).graph.node
    if name == "resnet50":
        (pool,) = [node for node in nodes if node.op_type in ("GlobalAveragePool", "ReduceMean", "AveragePool")]
        cam_layer = pool.input[0]
    else:
        norms = [node for node in nodes if node.op_type == "LayerNormalization"]
        cam_layer = norms[-3].output[0]  # the last two are the last block's second norm and the final one
    path.with_suffix(".toml").write_text(
        f'input = "input"\nlayout = "nchw"\nlogits = "logits"\nsoftmax = false\ncam_layer = "{cam_layer}"\n\n'
        "[preprocess]\nresize = { exact = [256, 256] }\ncrop = 224\n"
        'interpolation = "bilinear"\nchannels = "rgb"\nscale = 1.0\n'
        "mean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]\n"
    )
    return path


def rate(step, count, batch, warm_up=1):
    """Images a second of ``step(batch)`` over ``count`` images, after warm-up batches."""
    batches = [images(first, batch) for first in range(0, max(count, batch), batch)]
    for _ in range(warm_up):
        step(batches[0])
    start = time.perf_counter()
    for value in batches:
        step(value)
    return len(batches) * batch / (time.perf_counter() - start)


def measure(name, count, threads, batches):
    """Rates of forward and GradCAM for each batch size."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    torch.set_num_threads(threads)
    model = build(name)

    def forward(value):
        with torch.inference_mode():
            return model(value)

    if name == "resnet50":
        cam = GradCAM(model=model, target_layers=[model.layer4[-1]])
    else:
        cam = GradCAM(model=model, target_layers=[model.blocks[-1].norm1], reshape_transform=tokens_to_grid)

    def gradcam(value):
        return cam(input_tensor=value, targets=[ClassifierOutputTarget(i % 1000) for i in range(len(value))])

    forward_rates = {batch: rate(forward, count, batch) for batch in batches}
    gradcam_rates = {batch: rate(gradcam, count, batch) for batch in batches}
    cam.activations_and_grads.release()
    return {
        "model": name,
        "threads": threads,
        "images": count,
        "forward_images_per_second": max(forward_rates.values()),
        "gradcam_images_per_second": max(gradcam_rates.values()),
        "forward_by_batch": forward_rates,
        "gradcam_by_batch": gradcam_rates,
        "finite": bool(torch.isfinite(forward(images(0, 1))).all()),
        "versions": versions(),
    }


def versions():
    """Versions of everything that the timing depends on."""
    import importlib.metadata as metadata

    names = ("torch", "torchvision", "timm", "grad-cam", "numpy")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in names}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for command in ("export", "measure"):
        sub = commands.add_parser(command)
        sub.add_argument("--model", choices=MODELS, required=True)
        if command == "export":
            sub.add_argument("--out", type=pathlib.Path, required=True)
        else:
            sub.add_argument("--images", type=int, default=32)
            sub.add_argument("--threads", type=int, default=2)
            sub.add_argument("--batches", default="1,4,8,16,32", help="batch sizes tried; the best of each counts (default %(default)s)")
    args = parser.parse_args()
    if args.command == "export":
        print(export(args.model, args.out))
    else:
        print(json.dumps(measure(args.model, args.images, args.threads, [int(batch) for batch in args.batches.split(",")])))


if __name__ == "__main__":
    main()
