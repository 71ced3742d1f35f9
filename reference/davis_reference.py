#!/usr/bin/env python3
"""Independent reference of what `rightly evaluate` measures, with ONNX Runtime, Pillow, numpy and PyTorch.

Written against the formulas, not against the Rust code. The output is the golden file of an integration test:
accuracy under none, gray, gray-box and an overlay image by image, GradCAM and object figures, RFS with an interval.
"""

import argparse
import hashlib
import json
import pathlib
import platform

import numpy as np
import onnx
import onnxruntime
import PIL
import torch

import figures
from gradcam import GradCam, upsample
from preprocessing import Card, blend, bounding_box, gray, noisy, read_image, read_label_map, read_mask, read_overlay, read_table


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="table with columns image, class, mask")
    parser.add_argument("--label-map", type=pathlib.Path, help="class,output rows (default: label-map.csv beside the table)")
    parser.add_argument("--models", type=pathlib.Path, nargs="+", required=True, help="ONNX files, each with its card beside it")
    parser.add_argument("--overlay", type=pathlib.Path, help="RGBA picture laid over every cropped image")
    parser.add_argument("--noise-levels", default="linf/0.25,l2/60", help="comma-separated; empty for none (default %(default)s)")
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--limit", type=int, help="first N rows only, for a quick look")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="JSON file")
    return parser.parse_args()


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rounded(values, digits=5):
    """Rounds to significant digits; nan becomes null."""
    return [None if not np.isfinite(value) else float(f"{value:.{digits}g}") for value in values]


class Condition:
    """Collects the outputs of one condition over the images."""

    def __init__(self, n):
        self.logits = [None] * n

    def summary(self, classes, outputs):
        """Figures over the images that have this condition; bits are '.' where an image was left out."""
        used = np.array([i for i, logits in enumerate(self.logits) if logits is not None])
        bits, predicted, confidence, margins = [], [], [], []
        for logits, name in zip(self.logits, classes, strict=True):
            if logits is None:
                bits.append(".")
                predicted.append(None)
                confidence.append(np.nan)
                continue
            shifted = np.exp(logits.astype(np.float64) - logits.max())
            top = int(logits.argmax())
            bits.append("1" if top in outputs[name] else "0")
            predicted.append(top)
            confidence.append(shifted[outputs[name]].sum() / shifted.sum())
            second, first = np.partition(logits, -2)[-2:]
            margins.append(float(first - second))
        hits = np.array([bits[i] == "1" for i in used], float)
        labels = np.array(classes)[used]
        sure = np.array(confidence)[used]
        return {
            "n": len(used),
            "correct": int(hits.sum()),
            "accuracy": float(hits.mean()),
            "accuracy_mean_of_classes": figures.mean_of_classes(hits, labels),
            "confidence": float(sure.mean()),
            "confidence_mean_of_classes": figures.mean_of_classes(sure, labels),
            "smallest_margin": min(margins),
            "by_class": {str(c): [int(hits[labels == c].sum()), int((labels == c).sum())] for c in np.unique(labels)},
            "bits": "".join(bits),
            "predicted": predicted,
            "confidences": rounded(confidence),
        }


def rises(before, after):
    """Mean rise of each output's logit and probability; the ten that rise most, ``[output, rise]``."""
    before, after = (np.array(condition.logits, np.float64) for condition in (before, after))

    def probabilities(logits):
        powers = np.exp(logits - logits.max(1, keepdims=True))
        return powers / powers.sum(1, keepdims=True)

    result = {}
    for name, difference in (
        ("logit_rise", (after - before).mean(0)),
        ("confidence_rise", (probabilities(after) - probabilities(before)).mean(0)),
    ):
        best = np.argsort(-difference, kind="stable")[:10]
        result[name] = [[int(output), float(f"{difference[output]:.5g}")] for output in best]
    return result


def evaluate(path, rows, outputs, args):
    """Every measure of one model."""
    card = Card.read(path.with_suffix(".toml"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    cams = GradCam(str(path), card.input, card.logits, card.cam_layer, options)

    def forward(image):
        return session.run([card.logits], {card.input: card.normalise(image)[None]})[0][0]

    rng = np.random.default_rng(args.seed)
    classes = [row["class"] for row in rows]
    names = ["none", "gray", "gray-box"] + (["overlay"] if args.overlay else [])
    conditions = {name: Condition(len(rows)) for name in names}
    levels = [level for level in args.noise_levels.split(",") if level]
    noise = {level: [] for level in levels}
    noise_classes, vanished = [], []
    share_crop, kept, iou, delta, targets, zero = [], [], [], [], [], []
    for index, row in enumerate(rows):
        image = card.crop_image(read_image(row["image"]))
        resized_mask, mask = card.crop_mask(read_mask(row["mask"]))
        share_crop.append(mask.mean())
        kept.append(mask.sum() / resized_mask.sum() if resized_mask.any() else np.nan)
        conditions["none"].logits[index] = forward(image)
        if args.overlay:
            overlay = read_overlay(args.overlay, *image.shape[:2])
            conditions["overlay"].logits[index] = forward(blend(image, overlay))
        target, cam = cams.run(card.normalise(image), outputs[row["class"]])
        targets.append(target)
        if not cam.any():
            zero.append(row["id"])
        if not mask.any():
            vanished.append(row["id"])
        if not mask.any() or mask.all() or not cam.any():
            iou.append(np.nan)
            delta.append(np.nan)
        else:
            overlap, difference = figures.cam_figures(upsample(cam, *mask.shape), mask)
            iou.append(overlap)
            delta.append(difference)
        if not mask.any():
            continue
        conditions["gray"].logits[index] = forward(gray(image, mask))
        conditions["gray-box"].logits[index] = forward(gray(image, bounding_box(mask)))
        if mask.all():
            continue
        noise_classes.append(row["class"])
        for level in levels:
            trials = []
            for _ in range(args.trials):
                field = rng.standard_normal(image.shape, np.float32)
                trials.append([forward(noisy(image, area, field, level)).argmax() in outputs[row["class"]] for area in (mask, ~mask)])
            noise[level].append(trials)
    usable = np.isfinite(iou)
    result = {
        "sha256": sha256(path),
        "conditions": {name: condition.summary(classes, outputs) for name, condition in conditions.items()},
        "object_removed_by_crop": vanished,
        "objects": {
            "object_share_crop": float(np.mean(share_crop)),
            "object_kept": float(np.nanmean(kept)),
            "object_share_crop_by_image": rounded(share_crop),
            "object_kept_by_image": rounded(kept),
        },
        "cam": {
            "layer": card.cam_layer,
            "n": int(usable.sum()),
            "zero": zero,
            "iou": float(np.nanmean(iou)),
            "iou_median": float(np.nanmedian(iou)),
            "delta_density": float(np.nanmean(delta)),
            "delta_density_median": float(np.nanmedian(delta)),
            "target_by_image": targets,
            "iou_by_image": rounded(iou),
            "delta_density_by_image": rounded(delta),
        },
    }
    if args.overlay:
        result["overlay"] = rises(conditions["none"], conditions["overlay"])
    for level in levels:
        correct = np.array(noise[level], float)
        labels = np.array(noise_classes)
        figure = figures.noise_figures(correct[..., 0], correct[..., 1], labels, rng, args.resamples)
        result.setdefault("noise", {})[level] = {"n": len(correct), "trials": args.trials, **figure}
    return result


def raw_objects(rows):
    """Object figures that do not depend on a model."""
    masks = [read_mask(row["mask"]) for row in rows]
    shares = [mask.mean() for mask in masks]
    square, diagonal = np.array([figures.centroid_distances(mask) for mask in masks]).T
    return {
        "object_share": float(np.mean(shares)),
        "object_distance_by_axis": float(np.nanmean(square)),
        "object_distance_by_diagonal": float(np.nanmean(diagonal)),
        "object_share_by_image": rounded(shares),
        "object_distance_by_axis_by_image": rounded(square),
        "object_distance_by_diagonal_by_image": rounded(diagonal),
    }


def main():
    args = arguments()
    rows = read_table(args.data)[: args.limit]
    outputs = read_label_map(args.label_map or args.data.parent / "label-map.csv")
    libraries = {"numpy": np, "onnx": onnx, "onnxruntime": onnxruntime, "pillow": PIL, "torch": torch}
    versions = {"python": platform.python_version(), **{name: library.__version__ for name, library in libraries.items()}}
    print(versions)
    result = {
        "made_by": "reference/davis_reference.py",
        "versions": versions,
        "seed": args.seed,
        "table_sha256": sha256(args.data),
        "images": len(rows),
        "objects": raw_objects(rows),
        "models": {path.stem: evaluate(path, rows, outputs, args) for path in args.models},
    }
    write(args.out, result)
    for name, model in result["models"].items():
        for condition, figure in model["conditions"].items():
            print(f"{name:20} {condition:10} {figure['correct']}/{figure['n']} = {figure['accuracy']:.3f}, confidence {figure['confidence']:.3f}")
        print(f"{name:20} GradCAM IoU {model['cam']['iou']:.3f}, median {model['cam']['iou_median']:.3f}, delta density {model['cam']['delta_density']:.3f}")
        for level, figure in model.get("noise", {}).items():
            print(f"{name:20} RFS {level} {figure['mean']['rfs']} pooled {figure['*']['rfs']}")


def write(path, value):
    """Indented JSON whose arrays of plain values stay on one line."""

    def text(value, indent):
        if isinstance(value, dict) and value:
            inner = ",\n".join(f"{indent}  {json.dumps(key)}: {text(item, indent + '  ')}" for key, item in value.items())
            return f"{{\n{inner}\n{indent}}}"
        return json.dumps(value, separators=(",", ":"), allow_nan=False)

    path.write_text(text(value, "") + "\n")


if __name__ == "__main__":
    main()
