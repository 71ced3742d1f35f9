#!/usr/bin/env python3
"""SciPy's side of what words are tested with in rightly-stats: Fisher's exact test, conditional odds ratios with exact
intervals, Mann and Whitney's test and the area under the ROC curve.

    python reference/words.py --out crates/stats/tests/golden

writes words.json. Needs numpy and scipy.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import scipy
from scipy.stats import fisher_exact, mannwhitneyu
from scipy.stats.contingency import odds_ratio

TABLES = [
    [6, 4, 3, 27], [1, 9, 11, 3], [0, 10, 4, 30], [12, 0, 5, 5], [30, 20, 70, 80], [3, 3, 3, 3], [200, 35, 900, 800],
    [1, 0, 0, 1], [7, 93, 2, 398],
]


def number(x):
    return "inf" if np.isinf(x) else float(f"{x:.12g}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    out = parser.parse_args().out
    tables = []
    for table in TABLES:
        square = np.array(table).reshape(2, 2)
        odds = odds_ratio(square, kind="conditional")
        interval = odds.confidence_interval(0.95)
        tables.append({
            "table": table,
            "p": number(fisher_exact(square).pvalue),
            "odds": [number(v) for v in (odds.statistic, interval.low, interval.high)],
        })
    scores = []
    rng = np.random.default_rng(5)
    for inside, outside, shift, step in [(12, 40, 1.0, 1 / 64), (25, 160, 0.4, 0.5), (5, 7, 0.0, 1.0), (40, 90, 0.3, 1 / 64)]:
        a = np.round((rng.normal(shift, 1, inside)) / step) * step
        b = np.round((rng.normal(0, 1, outside)) / step) * step
        test = mannwhitneyu(a, b, alternative="two-sided", method="asymptotic", use_continuity=True)
        scores.append({
            "inside": a.tolist(),
            "outside": b.tolist(),
            "auc": number(test.statistic / (inside * outside)),
            "p": number(test.pvalue),
        })
    made = {"versions": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__}}
    text = json.dumps({"made_by": "reference/words.py", **made, "tables": tables, "scores": scores}, indent=1)
    (out / "words.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
