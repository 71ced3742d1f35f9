#!/usr/bin/env python3
"""Side by side in one run: the papers' way (PyTorch eager + pytorch-grad-cam) against `rightly`'s model crate.

Same architectures, same weights, same images, same number of threads, one machine. The sides take turns for a number of
rounds; a figure is the median over the rounds, the range stands beside it. Ratios are taken within a round.
Needs `bench/requirements.txt`; builds the example with cargo unless --throughput names one.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
BASELINE = BENCH / "python_baseline.py"
TARGETS = {  # stated goals: (forward, GradCAM) against PyTorch, ResNet-50
    "rten": (1.2, 3.0),
    "onnxruntime": (1.7, 4.5),
}


def onnx_runtime_library():
    """The shared library inside the Python wheel."""
    import onnxruntime

    (library,) = sorted((pathlib.Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so*"))[:1]
    return library


def build_programs():
    """Builds the binary and the example in release mode, in one go, and returns their paths."""
    command = ["cargo", "build", "--release", "-p", "rightly-cli", "--bin", "rightly", "-p", "rightly-model", "--example", "throughput"]
    subprocess.run(command, cwd=ROOT, check=True)  # the binary's default features include ONNX Runtime
    release = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    return release / "rightly", release / "examples" / "throughput"


def last_json(command, environment=None):
    """Runs a command and parses the last line of its output."""
    done = subprocess.run([str(part) for part in command], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def processor():
    """The processor's name."""
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def spread(values):
    """Median and range as text."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["resnet50", "deit_small_patch16_224"])
    parser.add_argument("--engines", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--images", type=int, default=64, help="images a measurement (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batches", default="1,4,8,16,32", help="batch sizes tried on the PyTorch side; its best counts")
    parser.add_argument("--scratch", type=pathlib.Path, default=ROOT / "target" / "bench-models", help="folder for the ONNX files")
    parser.add_argument("--throughput", type=pathlib.Path, help="the built example (default: build it)")
    parser.add_argument("--out", type=pathlib.Path, help="also write every measurement as JSON")
    args = parser.parse_args()

    throughput = args.throughput or build_programs()[1]
    environment = dict(os.environ)
    if "onnxruntime" in args.engines:
        environment.setdefault("ORT_DYLIB_PATH", str(onnx_runtime_library()))
    rounds = {}
    for model in args.models:
        file = args.scratch / f"{model}.onnx"
        if not file.exists():
            subprocess.run([sys.executable, BASELINE, "export", "--model", model, "--out", args.scratch], check=True)
        for number in range(args.rounds):
            common = ["--images", args.images, "--threads", args.threads]
            sides = {"pytorch": last_json([sys.executable, BASELINE, "measure", "--model", model, "--batches", args.batches, *common])}
            for engine in args.engines:
                sides[engine] = last_json([throughput, file, "--engine", engine, "--cam", *common], environment)
            rounds.setdefault(model, []).append(sides)
            print(f"{model}, round {number + 1} of {args.rounds} done", file=sys.stderr)

    first = next(iter(rounds.values()))[0]["pytorch"]
    print(f"{processor()}, {args.threads} threads, {args.images} images, {args.rounds} rounds; {first['versions']}")
    print("Images a second: median (range). Ratios are to PyTorch's best batch size, within a round.\n")
    print("| model | side | forward | GradCAM | forward, ratio | GradCAM, ratio | GradCAM's cost in forwards |")
    print("|---|---|---|---|---|---|---|")
    for model, all_sides in rounds.items():
        for side in all_sides[0]:
            forward = [sides[side]["forward_images_per_second"] for sides in all_sides]
            gradcam = [sides[side]["gradcam_images_per_second"] for sides in all_sides]
            base_forward = [sides["pytorch"]["forward_images_per_second"] for sides in all_sides]
            base_gradcam = [sides["pytorch"]["gradcam_images_per_second"] for sides in all_sides]
            cost = spread([f / g for f, g in zip(forward, gradcam, strict=True)])
            ratios = [
                spread([a / b for a, b in zip(own, base, strict=True)]) if side != "pytorch" else "1"
                for own, base in ((forward, base_forward), (gradcam, base_gradcam))
            ]
            if side in TARGETS:
                ratios = [f"{ratio}, goal {goal}" for ratio, goal in zip(ratios, TARGETS[side], strict=True)]
            print(f"| {model} | {side} | {spread(forward)} | {spread(gradcam)} | {ratios[0]} | {ratios[1]} | {cost} |")
    for model, all_sides in rounds.items():
        for kind in ("forward", "gradcam"):
            by_batch = all_sides[-1]["pytorch"][f"{kind}_by_batch"]
            listed = ", ".join(f"{batch}: {value:.2f}" for batch, value in by_batch.items())
            print(f"\nPyTorch, {model}, {kind} by batch size (last round): {listed}")
    if args.out:
        args.out.write_text(json.dumps({"processor": processor(), "rounds": rounds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
