"""Golden values of rightly-stats from SciPy and statsmodels.

    pip install numpy scipy statsmodels
    python make.py > golden.txt

One value set a line: `kind | arguments | expected`, numbers separated by spaces.
"""

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint


def line(kind, arguments, expected):
    join = lambda xs: " ".join(repr(float(x)) if not isinstance(x, (int, np.integer)) else str(x) for x in xs)
    print(f"{kind} | {join(arguments)} | {join(expected)}")


print(f"# numpy {np.__version__}, scipy {scipy.__version__}, statsmodels {statsmodels.__version__}")

for hits, n in [(0, 1), (1, 1), (0, 10), (3, 10), (10, 10), (53, 100), (1, 250), (148, 212), (19999, 20000)]:
    line("wilson", [hits, n], proportion_confint(hits, n, method="wilson"))

for b, c in [(0, 1), (1, 5), (6, 6), (4, 15), (40, 71), (300, 251), (1200, 1000)]:
    line("mcnemar", [b, c], [mcnemar([[5, b], [c, 5]], exact=True).pvalue])

for freedom in [1, 2, 3.7, 15, 29, 99, 1000, 20000, 3000000]:
    line("t", [freedom], [stats.t.ppf(0.975, freedom)])

rng = np.random.default_rng(20240607)
families = [
    [0.01, 0.02, 0.03, 0.04, 0.05],
    [0.04, 0.001, 0.9, 0.04, 0.3, 0.02],
    list(rng.uniform(size=20) ** 3),
    [1.0],
    [0.0, 1.0, 0.5],
]
for p in families:
    line("bh", p, multipletests(p, method="fdr_bh")[1])
    line("holm", p, multipletests(p, method="holm")[1])


def tango(b, c, n):
    """Score limits by maximising the multinomial likelihood numerically at each difference."""

    def score(delta):
        # cells: before only = q + delta, after only = q, both or neither = 1 - 2 q - delta
        low, high = max(0.0, -delta), (1 - delta) / 2
        loss = lambda q: -(
            stats_xlogy(b, q + delta) + stats_xlogy(c, q) + stats_xlogy(n - b - c, 1 - 2 * q - delta)
        )
        q = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-14}).x
        return (b - c - n * delta) / np.sqrt(n * (2 * q + delta - delta * delta))

    z = stats.norm.ppf(0.975)
    point = (b - c) / n
    return (
        optimize.brentq(lambda d: score(d) - z, -1 + 1e-9, point, xtol=1e-13),
        optimize.brentq(lambda d: score(d) + z, point, 1 - 1e-9, xtol=1e-13),
    )


def stats_xlogy(x, y):
    return 0.0 if x == 0 else x * np.log(max(y, 1e-300))


for b, c, n in [(3, 1, 20), (9, 2, 50), (12, 30, 212), (1, 0, 40), (5, 5, 60)]:
    line("tango", [b, c, n], tango(b, c, n))

# the ratio estimator of a clustered mean = regression of cluster means on a constant, weighted by
# size; its jackknife variance = HC3 times (G - 1) / G
for clusters in [4, 12, 40]:
    ids = np.repeat(np.arange(clusters), rng.integers(1, 9, size=clusters))
    y = rng.normal(size=clusters)[ids] * 0.5 + rng.normal(size=len(ids))
    size = np.bincount(ids)
    mean = np.bincount(ids, y) / size
    fit = sm.WLS(mean, np.ones(clusters), weights=size).fit(cov_type="HC3")
    half = stats.t.ppf(0.975, clusters - 1) * fit.bse[0] * np.sqrt((clusters - 1) / clusters)
    line("clustered-mean", [len(ids), *ids, *y], [y.mean(), y.mean() - half, y.mean() + half])

# clusters of one size: cluster-robust variance of the regression of units on a constant
clusters = 7
ids = np.repeat(np.arange(clusters), 5)
y = rng.normal(size=clusters)[ids] * 0.5 + rng.normal(size=len(ids))
fit = sm.OLS(y, np.ones_like(y)).fit(cov_type="cluster", cov_kwds={"groups": ids}, use_t=True)
line("clustered-mean", [len(ids), *ids, *y], [fit.params[0], *fit.conf_int(0.05)[0]])

# class means with clusters that span all classes: regression on class indicators
clusters, classes = 9, 3
ids = np.repeat(np.arange(clusters), classes * 2)
labels = np.tile(np.repeat(np.arange(classes), 2), clusters)
y = rng.normal(size=clusters)[ids] + rng.normal(size=len(ids)) * (1 + labels)
indicators = (labels[:, None] == np.arange(classes)).astype(float)
fit = sm.OLS(y, indicators).fit(
    cov_type="cluster", cov_kwds={"groups": ids, "use_correction": False}, use_t=True
)
contrast = np.full(classes, 1 / classes)
value = contrast @ fit.params
variance = contrast @ fit.cov_params() @ contrast * clusters / (clusters - 1)
half = stats.t.ppf(0.975, clusters - 1) * np.sqrt(variance)
line("crossed-mean", [len(ids), *ids, *labels, *y], [value, value - half, value + half])
