#!/usr/bin/env python3
"""How much faster than scikit-learn are the components and mixtures of `rightly discover`, and what does a stream of a
million rows take?

One run measures both sides in turn, on the same rows from the same file: PLSRegression of 20,000 x 512 with Y = [30 losses
| X], of rows with and without structure, and one iteration of a Gaussian mixture (diagonal covariance) on 20,000 x 128 with
25 components. The directions found are compared as well: scikit-learn stops its power method after 500 steps or at a
tolerance of 1e-6, rightly at the singular vector. The stream is rightly's alone: its rows lie in a file that is written
first and not timed.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time
import warnings

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.mixture import GaussianMixture

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOAL_PLS, GOAL_MIXTURE, GOAL_SECONDS, GOAL_MEGABYTES = 100, 1, 60, 500


def spread(values):
    values = sorted(values)
    shown = [f"{v:.3g}" for v in (values[len(values) // 2], values[0], values[-1])]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def processor():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def build():
    subprocess.run(["cargo", "build", "--release", "-p", "rightly-stats", "--example", "discovery_speed"], cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "examples" / "discovery_speed"


def ours(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def pls(args, program, folder, rng, factors):
    """Rows of noise with hidden factors. The fewer factors, the more iterations NIPALS needs to tell components apart."""
    n, d, losses = 20_000, 512, 30
    rows = rng.normal(size=(n, d + losses))
    rows += 0.5 * rng.normal(size=(n, factors)) @ rng.normal(size=(factors, d + losses))
    rows = rows.astype("<f4")
    rows.tofile(folder / "pls.bin")
    x = rows[:, :d].astype(np.float64)
    y = np.hstack([rows[:, d:], rows[:, :d]]).astype(np.float64)
    gram, fit, theirs = [], [], []
    for _ in range(args.rounds):
        result = ours(program, "pls", folder / "pls.bin", n, d, losses, 5, 3, args.threads)
        middle = sorted(range(3), key=lambda i: result["gram"][i] + result["fit"][i])[1]
        gram.append(result["gram"][middle])
        fit.append(result["fit"][middle])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seconds, model = timed(lambda: PLSRegression(n_components=5).fit(x, y))
        theirs.append(seconds)
    whole = [g + f for g, f in zip(gram, fit)]
    found = (model.x_rotations_ / x.std(axis=0, ddof=1)[:, None]).T
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    cosines = np.abs((found * np.array(result["directions"])).sum(axis=1))
    print(f"| PLS, 20,000 x 512 with {factors} factors, Y = [30 losses, X], K = 5 | seconds |\n|---|---|")
    print(f"| scikit-learn | {spread(theirs)} |\n| rightly | {spread(whole)} |")
    print(f"| of which the products | {spread(gram)} |")
    print(f"| ratio | {spread([t / w for t, w in zip(theirs, whole)])}, goal {GOAL_PLS} |")
    print(f"| lowest cosine of the directions | {cosines.min():.6f} |\n")


def mixture(args, program, folder, rng):
    n, d, k, iterations = 20_000, 128, 25, 10
    rows = (rng.normal(size=(k, d))[rng.integers(0, k, size=n)] + rng.normal(size=(n, d))).astype("<f4")
    rows.tofile(folder / "mixture.bin")
    x = rows.astype(np.float64)
    dealt = np.arange(n) % k
    means = np.stack([x[dealt == c].mean(axis=0) for c in range(k)])
    variances = np.stack([x[dealt == c].var(axis=0) + 1e-6 for c in range(k)])
    own, theirs = [], []
    for _ in range(args.rounds):
        result = ours(program, "mixture", folder / "mixture.bin", n, d, k, iterations, 3, args.threads)
        own.append(sorted(result["iteration"])[1])
        model = GaussianMixture(k, covariance_type="diag", tol=0, max_iter=iterations, weights_init=np.full(k, 1 / k),
                                means_init=means, precisions_init=1 / variances)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seconds, _ = timed(lambda: model.fit(x))
        theirs.append(seconds / model.n_iter_)
    print("| mixture, 20,000 x 128, 25 components | seconds an iteration |\n|---|---|")
    print(f"| scikit-learn | {spread(theirs)} |\n| rightly | {spread(own)} |")
    print(f"| ratio | {spread([t / o for t, o in zip(theirs, own)])}, goal {GOAL_MIXTURE} |")
    print(f"| log-likelihoods | {model.lower_bound_:.9g}, {result['log_likelihood']:.9g} |\n")


def stream(args, program):
    file = ROOT / "target" / f"stream-{args.stream}.bin"
    file.parent.mkdir(exist_ok=True)
    first = ours(program, "stream", file, args.stream, 768, 30, 5, args.threads)
    results = [first] + [ours(program, "stream", file, args.stream, 768, 30, 5, args.threads) for _ in range(args.rounds - 1)]
    file.unlink()
    seconds, megabytes = ([result[key] for result in results] for key in ("seconds", "peak_megabytes"))
    print("| stream, rows x (768 + 30 losses) | seconds | peak MB |\n|---|---|---|")
    print(f"| {args.stream:,} | {spread(seconds)}, goal {GOAL_SECONDS} | {spread(megabytes)}, goal {GOAL_MEGABYTES} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--stream", type=int, default=1_000_000, help="rows of the stream, 3 kB each in target/; 0: none (default %(default)s)")
    parser.add_argument("--program", type=pathlib.Path, help="the built example (default: build it)")
    args = parser.parse_args()
    program = args.program or build()
    print(f"{processor()}, {args.threads} threads, {args.rounds} rounds: median (range)\n")
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for factors in (20, 0):
            pls(args, program, pathlib.Path(folder), rng, factors)
        mixture(args, program, pathlib.Path(folder), rng)
    if args.stream:
        stream(args, program)


if __name__ == "__main__":
    main()
