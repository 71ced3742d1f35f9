#!/usr/bin/env python3
"""How much of the engine's bare forward rate `rightly evaluate --measures ablation` keeps, decoding to tables.

Runs the binary on a table of photographs with masks (none, gray, its control, gray-box, tile: forwards counted
from metrics.json) and the bare engine on ready-made inputs, taking turns. Two rates are shown for the pass: until its
last table is written, and until the process ends (statistics, metrics.json and report.html included).
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from compare import build_programs, last_json, onnx_runtime_library, processor, spread

GOAL, CAM_GOAL = 0.9, 1.15


def evaluate(binary, model, args, environment):
    """One run in a fresh folder: forwards, seconds until the last table, seconds until the end."""
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        command = [binary, "evaluate", "--model", model, "--data", args.data, "--measures", "ablation", "--engine", args.engine]
        command += ["--threads", args.threads, "--out", run, "--quiet"]
        if args.label_map:
            command += ["--label-map", args.label_map]
        begin, start = time.time(), time.perf_counter()
        subprocess.run([str(part) for part in command], env=environment, check=True, stdout=subprocess.DEVNULL)
        whole = time.perf_counter() - start
        tables = max(path.stat().st_mtime for path in run.rglob("*.parquet")) - begin
        rows = json.loads((run / "metrics.json").read_text())
    counts = {row["condition"]: row["n"] for row in rows if row["metric"] == "accuracy" and row["class"] == "*"}
    return sum(counts.values()), tables, whole


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=pathlib.Path, nargs="+", required=True, help="ONNX files with cards")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--label-map", type=pathlib.Path)
    parser.add_argument("--engine", choices=["rten", "onnxruntime"], default="rten")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=400, help="images of the bare rate (default %(default)s)")
    parser.add_argument("--rightly", type=pathlib.Path, help="the binary (default: build it)")
    parser.add_argument("--throughput", type=pathlib.Path, help="the built example (default: build it)")
    args = parser.parse_args()

    binary, throughput = args.rightly, args.throughput
    if binary is None or throughput is None:
        built = build_programs()
        binary, throughput = binary or built[0], throughput or built[1]
    environment = dict(os.environ)
    if args.engine == "onnxruntime":
        environment.setdefault("ORT_DYLIB_PATH", str(onnx_runtime_library()))

    print(f"{processor()}, {args.threads} threads, engine {args.engine}, {args.rounds} rounds: median (range)\n")
    print("| model | forwards | bare forwards/s | to tables, share of bare | whole process, share of bare | GradCAM's cost in forwards |")
    print("|---|---|---|---|---|---|")
    for model in args.models:
        bare, tables, whole, cost, forwards = [], [], [], [], 0
        for number in range(args.rounds):
            command = [throughput, model, "--engine", args.engine, "--images", args.images, "--threads", args.threads, "--cam"]
            rates = last_json(command, environment)
            bare.append(rates["forward_images_per_second"])
            cost.append(rates["forward_images_per_second"] / rates["gradcam_images_per_second"])
            forwards, to_tables, to_end = evaluate(binary, model, args, environment)
            tables.append(forwards / to_tables / bare[-1])
            whole.append(forwards / to_end / bare[-1])
            print(f"{model.stem}, round {number + 1} of {args.rounds} done", file=sys.stderr)
        print(
            f"| {model.stem} | {forwards} | {spread(bare)} | {spread(tables)}, goal {GOAL} | {spread(whole)} | "
            f"{spread(cost)}, goal {CAM_GOAL} |"
        )


if __name__ == "__main__":
    main()
