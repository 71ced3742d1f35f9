"""Figures over images: RFS with its bootstrap interval, and the geometry of objects."""

import numpy as np


def rfs(foreground, background):
    """Relative foreground sensitivity, (a_bg - a_fg) / (2 min(a, 1 - a)) with a their mean; 0 where a is 0 or 1."""
    mean = (foreground + background) / 2
    room = 2 * np.minimum(mean, 1 - mean)
    return np.where(room > 0, (background - foreground) / np.where(room > 0, room, 1), 0.0)


def mean_of_classes(values, classes):
    """Unweighted mean over classes of the class means."""
    return float(np.mean([values[classes == c].mean() for c in np.unique(classes)]))


def accuracies(foreground, background, weights, members):
    """Accuracy under foreground and background noise, pooled (``*``) and as mean of classes (``mean``).

    ``weights`` is ``[resamples, n]``; ``members`` holds the indices of each class.
    """
    def by_class(values):
        return np.mean([weights[:, m] @ values[m] / weights[:, m].sum(1) for m in members], axis=0)

    total = weights.sum(1)
    return {
        "*": (weights @ foreground / total, weights @ background / total),
        "mean": (by_class(foreground), by_class(background)),
    }


def noise_figures(foreground, background, classes, rng, resamples):
    """RFS and noise gap, pooled and class-averaged, from correctness ``[n, trials]`` under each kind of noise.

    Intervals: 95 % percentile bootstrap; the image with all its trials is the unit, strata are the classes.
    ``monte_carlo_sd`` is what other noise fields on the same images would move the figure by: trials are resampled
    within images, widened by trials / (trials - 1).
    """
    n, trials = foreground.shape
    members = [np.flatnonzero(classes == c) for c in np.unique(classes)]
    weights = np.zeros((resamples, n))
    for member in members:
        drawn = rng.integers(0, len(member), (resamples, len(member)))
        for offset in range(len(member)):
            weights[:, member[offset]] = (drawn == offset).sum(1)
    per_image = foreground.mean(1), background.mean(1)
    point = accuracies(*per_image, np.ones((1, n)), members)
    resampled = accuracies(*per_image, weights, members)
    spread = {"*": [], "mean": []}
    for _ in range(500):
        picked = rng.integers(0, trials, (n, trials))
        again = accuracies(
            np.take_along_axis(foreground, picked, 1).mean(1),
            np.take_along_axis(background, picked, 1).mean(1),
            np.ones((1, n)),
            members,
        )
        for name, pair in again.items():
            spread[name].append((float(rfs(*pair)[0]), float((pair[1] - pair[0])[0])))
    figures = {}
    for name in ("*", "mean"):
        fg, bg = point[name]
        sd = np.std(spread[name], axis=0) * np.sqrt(trials / (trials - 1))
        row = {"accuracy_foreground": float(fg[0]), "accuracy_background": float(bg[0])}
        for metric, value, draws, noise in (
            ("rfs", rfs(fg, bg)[0], rfs(*resampled[name]), sd[0]),
            ("noise_gap", (bg - fg)[0], resampled[name][1] - resampled[name][0], sd[1]),
        ):
            low, high = np.percentile(draws, [2.5, 97.5])
            row[metric] = {"value": float(value), "low": float(low), "high": float(high), "monte_carlo_sd": float(noise)}
        figures[name] = row
    return figures


def centroid_distances(mask):
    """Distance of the centroid from the image's centre, 0 at the centre, 1 in a corner, in two units; nan if empty.

    First with coordinates from -.5 to .5 along each axis (the picture made square), then in pixels over half of the
    diagonal. Pixels count at their centres. Both agree on square pictures.
    """
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return float("nan"), float("nan")
    height, width = mask.shape
    y = (rows.mean() + 0.5) / height - 0.5
    x = (columns.mean() + 0.5) / width - 0.5
    return float(np.hypot(x, y) / np.sqrt(0.5)), float(np.hypot(x * width, y * height) / (np.hypot(width, height) / 2))


def cam_figures(cam, mask):
    """IoU of {cam >= .5} with the mask, and mean of the map on the object minus mean off it."""
    hot = cam >= 0.5
    union = np.count_nonzero(hot | mask)
    iou = np.count_nonzero(hot & mask) / union if union else float("nan")
    cam = cam.astype(np.float64)
    return iou, float(cam[mask].mean() - cam[~mask].mean())
