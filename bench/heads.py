#!/usr/bin/env python3
"""Side by side in one run: seconds to train a linear head on stored features, PyTorch against rightly, same cores.

Same sizes, steps and rule (Adam, weight decay 1e-4): 20,000 x 2,048 features, 100 classes, 15 epochs in batches of 128,
features in memory. PyTorch's side indexes its matrix by a fresh permutation, as a loader of tensors does at best. The sides
take turns for a number of rounds; a figure is the median over the rounds, the range stands beside it, ratios are taken within
a round. A sweep of 20 settings on the same matrix follows. Needs torch (see `requirements.txt`); builds the example
with cargo unless --example names one.
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
GOALS = {"seconds": 5, "ratio": 2}


def build():
    """Builds the example in release mode and returns its path."""
    command = ["cargo", "build", "--release", "--locked", "-p", "rightly-model", "--example", "head_speed"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "examples" / "head_speed"


def pytorch(rows, features, classes, epochs, batch, threads):
    """Seconds of a training in this process, and its accuracy on what it was trained on."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    labels = torch.arange(rows) % classes
    centres = torch.where(torch.rand(classes, features) < 0.5, 0.1, -0.1)
    values = torch.randn(rows, features) + centres[labels]
    head = torch.nn.Linear(features, classes)
    rule = torch.optim.Adam(head.parameters(), lr=5e-4, weight_decay=1e-4)
    start = time.perf_counter()
    for _ in range(epochs):
        for chosen in torch.randperm(rows).split(batch):
            loss = torch.nn.functional.cross_entropy(head(values[chosen]), labels[chosen])
            rule.zero_grad()
            loss.backward()
            rule.step()
    seconds = time.perf_counter() - start
    with torch.no_grad():
        accuracy = (head(values).argmax(1) == labels).float().mean().item()
    return {"seconds": [seconds], "accuracy": accuracy}


def spread(values):
    """Median and range as text."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example", type=pathlib.Path, help="built head_speed")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--features", type=int, default=2048)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--settings", type=int, default=20, help="settings of the sweep; 0 leaves it out")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--pytorch", action="store_true", help=argparse.SUPPRESS)  # this script's own PyTorch process
    arguments = parser.parse_args()
    names = ["rows", "features", "classes", "epochs", "batch", "threads"]
    sizes = [getattr(arguments, name) for name in names]
    if arguments.pytorch:
        print(json.dumps(pytorch(*sizes)))
        return
    example = arguments.example or build()
    flags = [word for name, size in zip(names, sizes) for word in (f"--{name}", str(size))]

    def run(command):
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)

    before = os.getloadavg()[0]
    ours, theirs = [], []
    for _ in range(arguments.rounds):
        ours.append(run([example, *flags]))
        theirs.append(run([sys.executable, __file__, "--pytorch", *flags]))
    seconds = [[side["seconds"][0] for side in sides] for sides in (ours, theirs)]
    ratios = [b / a for a, b in zip(*seconds)]
    print(f"load before: {before:.1f} (above 0.5 other programs ran, and the figures mean little)")
    print(f"rightly {spread(seconds[0])} s, goal {GOALS['seconds']}; PyTorch {spread(seconds[1])} s")
    print(f"  ratio {spread(ratios)}, goal {GOALS['ratio']}")
    print(f"  right on what was trained on: {ours[0]['accuracy']:.4f}, {theirs[0]['accuracy']:.4f}")
    result = {"load": before, "rightly": seconds[0], "pytorch": seconds[1], "ratio": ratios}
    if arguments.settings:
        swept = run([example, *flags, "--settings", str(arguments.settings)])["seconds"][0]
        print(f"sweep of {arguments.settings} settings: {swept:.1f} s, {swept / arguments.settings:.2f} s a setting")
        result["sweep"] = swept
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
