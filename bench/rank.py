#!/usr/bin/env python3
"""How long `rightly rank` takes once features exist, and what share of the engine's bare rate the features themselves keep.

Ranking: 50,000 CIFAR-100 images with 2,048 features each, from a made-up network (mean colour, two linear layers) that
costs nothing to run. The features are computed by a first run; the second changes an option, so that only the ranking is
done again: whole process, from opening the dataset to the report.

Features: `rightly rank` on photographs against the bare forward rate of the same model (two forwards an image with a mask:
the picture, and the picture without its object).
"""

import argparse
import os
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from compare import build_programs, last_json, processor, spread

FEATURES, CLASSES = 2048, 20
GOAL_SECONDS, GOAL_MEGABYTES, GOAL_SHARE = 2.0, 500, 0.9


def network(path, labels):
    """[1, 3, 32, 32] to the mean colour, to 2,048 rectified features, to 20 logits."""
    rng = np.random.default_rng(0)
    weights = {
        "w1": rng.normal(0, 1, (3, FEATURES)), "b1": rng.normal(0, 1, FEATURES),
        "w2": rng.normal(0, 0.05, (FEATURES, CLASSES)), "b2": np.zeros(CLASSES),
    }
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w1", "b1"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["features"]),
        helper.make_node("Gemm", ["features", "w2", "b2"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes, "made-up",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 32, 32])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", CLASSES])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    names = [line for line in labels.read_text(encoding="utf-8").splitlines() if line]
    path.with_name("labels.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    card = 'labels = "labels.txt"\nfeature_layer = "features"\n[preprocess]\npreset = "cifar"\n'
    path.with_suffix(".toml").write_text(card, encoding="utf-8")


def measured(command):
    """Seconds and peak megabytes of a process."""
    start = time.perf_counter()
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        raise SystemExit(f"{command[1]} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def ranking(args, binary, folder):
    model = folder / "made-up.onnx"
    network(model, args.cifar_100 / "coarse_label_names.txt")
    command = [binary, "rank", "--model", model, "--data", f"cifar-100-coarse:{args.cifar_100}", "--split", "train", "--fit-split",
               "train", "--out", folder / "run", "--threads", args.threads, "--quiet"]
    first, _ = measured(command)
    seconds, megabytes = [], []
    for top in range(1, args.rounds + 1):
        again = measured([*command, "--top", str(top)])
        seconds.append(again[0])
        megabytes.append(again[1])
    print("| images x features | first run | features exist: seconds | peak MB |\n|---|---|---|---|")
    print(f"| 50,000 x {FEATURES} | {first:.1f} | {spread(seconds)}, goal {GOAL_SECONDS} | {spread(megabytes)}, goal {GOAL_MEGABYTES} |\n")


def features(args, binary, throughput, folder):
    print("| model | bare forwards/s | features, share of bare |\n|---|---|---|")
    for model in args.models:
        bare, share = [], []
        for number in range(args.rounds):
            rates = last_json([throughput, model, "--images", args.images, "--threads", args.threads], dict(os.environ))
            bare.append(rates["forward_images_per_second"])
            run = folder / f"{model.stem}-{number}"
            command = [binary, "rank", "--model", model, "--data", args.data, "--threads", args.threads, "--out", run, "--quiet"]
            if args.label_map:
                command += ["--label-map", args.label_map]
            begin = time.time()
            measured(command)
            # The first table behind the passes; loading model and data is part of the time before it.
            written = (run / "features" / "model.parquet").stat().st_mtime
            forwards = 2 * args.table_images
            share.append(forwards / (written - begin) / bare[-1])
        print(f"| {model.stem} | {spread(bare)} | {spread(share)}, goal {GOAL_SHARE} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cifar-100", type=pathlib.Path, help="folder of CIFAR-100's binary files")
    parser.add_argument("--models", type=pathlib.Path, nargs="*", default=[], help="ONNX files with cards")
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--table-images", type=int, default=212, help="images of that table, each with a mask (default %(default)s)")
    parser.add_argument("--label-map", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=200, help="images of the bare rate (default %(default)s)")
    parser.add_argument("--rightly", type=pathlib.Path, help="the binary (default: build it)")
    parser.add_argument("--throughput", type=pathlib.Path, help="the built example (default: build it)")
    args = parser.parse_args()
    binary, throughput = args.rightly, args.throughput
    if binary is None or (args.models and throughput is None):
        built = build_programs()
        binary, throughput = binary or built[0], throughput or built[1]
    print(f"{processor()}, {args.threads} threads, {args.rounds} rounds: median (range)\n")
    with tempfile.TemporaryDirectory() as folder:
        if args.cifar_100:
            ranking(args, binary, pathlib.Path(folder))
        if args.models:
            features(args, binary, throughput, pathlib.Path(folder))


if __name__ == "__main__":
    main()
