#!/usr/bin/env python3
"""Side by side in one run: images a second of a training step, PyTorch against `rightly-train`, same cores.

Same network, batch and image size; a step goes forward and back and updates the weights (SGD with momentum). rightly's
step also crops and mirrors its 8-bit images; PyTorch's has its batch ready. The sides take turns for a number of rounds;
a figure is the median over the rounds, the range stands beside it, ratios are taken within a round.
Needs torch (see `requirements.txt`); builds the example with cargo unless --example names one.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOAL = 0.5
WARM_UP = 3


def build(features):
    """Builds the example in release mode and returns its path."""
    command = ["cargo", "build", "--release", "-p", "rightly-train", "--example", "train_throughput"]
    subprocess.run(command + (["--features", features] if features else []), cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "examples" / "train_throughput"


def pytorch(arch, batch, side, classes, steps, threads):
    """Images a second of a step in this process."""
    sys.path.insert(0, str(ROOT / "reference"))
    import torch
    from train_resnet import Network

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = Network(arch, classes).train()
    rule = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    images = torch.randn(batch, 3, side, side)
    labels = torch.arange(batch) % classes
    for step in range(WARM_UP + steps):
        if step == WARM_UP:
            start = time.perf_counter()
        loss = torch.nn.functional.cross_entropy(network(images), labels)
        rule.zero_grad()
        loss.backward()
        rule.step()
        loss.item()
    return batch * steps / (time.perf_counter() - start)


def spread(values):
    """Median and range as text."""
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example", type=pathlib.Path, help="built train_throughput")
    parser.add_argument("--features", default="", help="cargo features of rightly-train")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--archs", default="resnet8,resnet20")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--pytorch", help=argparse.SUPPRESS)  # this script's own PyTorch process
    arguments = parser.parse_args()
    classes = 20
    sizes = (arguments.batch, arguments.side, classes, arguments.steps, arguments.threads)
    if arguments.pytorch:
        print(pytorch(arguments.pytorch, *sizes))
        return
    example = arguments.example or build(arguments.features)
    results = []
    for arch in arguments.archs.split(","):
        ours, theirs, evaluated = [], [], []
        for _ in range(arguments.rounds):
            names = ["batch", "side", "classes", "steps", "threads"]
            flags = [word for name, size in zip(names, sizes) for word in (f"--{name}", str(size))]
            command = [example, "--arch", arch, "--device", arguments.device, *flags]
            line = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
            ours.append(line["images_per_second"])
            evaluated.append(line["evaluated_per_second"])
            own = [sys.executable, __file__, "--pytorch", arch, "--batch", str(arguments.batch)]
            own += ["--side", str(arguments.side), "--steps", str(arguments.steps), "--threads", str(arguments.threads)]
            theirs.append(float(subprocess.run(own, stdout=subprocess.PIPE, check=True, text=True).stdout))
        ratios = [a / b for a, b in zip(ours, theirs)]
        results.append({"arch": arch, "rightly": ours, "pytorch": theirs, "ratio": ratios, "evaluated": evaluated})
        print(f"{arch}: rightly {spread(ours)}, PyTorch {spread(theirs)} images a second of a training step")
        print(f"  ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), goal {GOAL}")
        print(f"  evaluating every image after an epoch: {spread(evaluated)} a second")
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
