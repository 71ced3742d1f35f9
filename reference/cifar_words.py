#!/usr/bin/env python3
"""CIFAR-100 as the exam of words reads it: `cargo xtask bench truth --cifar-words OUT --image-text DIR`.

    python reference/cifar_words.py --cifar $DATA/cifar-100-binary --model $DATA/models/efficientnet-lite0.onnx --out OUT

The 20 superclasses are the classes, the 100 fine classes what is hidden. A linear head on EfficientNet-Lite0's pooled features is
trained on some training images, with a quarter of the images of two fine classes of each superclass (those of DIM's protocol),
so that subgroups fail. OUT holds images (val from training images that the head has not seen, test from the test images),
`table.csv` (image, class, split: no caption, no attribute), `fine.csv` (image, fine class: what the audit never sees),
`phrases.txt` (the 100 fine classes' names) and the model with its card.

Made with numpy 2.4, onnx 1.23, onnxruntime 1.32, pillow 13.0.
"""
import argparse
import csv
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from PIL import Image

RARE = """beaver otter shark aquarium_fish orchid tulip bowl can mushroom pear clock lamp table couch caterpillar butterfly
bear wolf house bridge forest mountain kangaroo elephant raccoon possum lobster snail man woman snake turtle shrew squirrel
willow_tree palm_tree bus bicycle streetcar tractor""".split()


def read(path):
    rows = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, 2 + 3 * 32 * 32)
    return rows[:, 0], rows[:, 1], rows[:, 2:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def pooled(model, layer):
    proto = onnx.load(model)
    proto.graph.output.append(onnx.helper.make_tensor_value_info(layer, onnx.TensorProto.FLOAT, None))
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def one(pixels):
        image = Image.fromarray(pixels).resize((256, 256), Image.BICUBIC).crop((16, 16, 240, 240))
        x = (np.asarray(image, np.float32) - 127.0) / 128.0
        return session.run([layer], {name: x.transpose(2, 0, 1)[None]})[0][0].mean((1, 2))

    return one


def head(x, y, classes, steps=600, rate=0.02, decay=1e-4):
    """Softmax regression by Adam on all images, standardised."""
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    z = (x - mean) / deviation
    w, b = np.zeros((x.shape[1], classes)), np.zeros(classes)
    target = np.eye(classes)[y]
    m = [np.zeros_like(w), np.zeros_like(b)]
    v = [np.zeros_like(w), np.zeros_like(b)]
    for step in range(1, steps + 1):
        s = z @ w + b
        p = np.exp(s - s.max(1, keepdims=True))
        d = (p / p.sum(1, keepdims=True) - target) / len(z)
        for i, (value, grad) in enumerate(((w, z.T @ d + decay * w), (b, d.sum(0)))):
            m[i] = 0.9 * m[i] + 0.1 * grad
            v[i] = 0.999 * v[i] + 0.001 * grad**2
            value -= rate * (m[i] / (1 - 0.9**step)) / (np.sqrt(v[i] / (1 - 0.999**step)) + 1e-8)
    return w / deviation[:, None], b - mean / deviation @ w


def write_model(path, layer, weights, bias, out, labels):
    """The network up to `layer`, its mean over positions, and the head."""
    proto = onnx.load(path)
    graph = proto.graph
    number = lambda name, array: graph.initializer.append(onnx.numpy_helper.from_array(array.astype(np.float32), name))
    number("head_weights", weights)
    number("head_bias", bias)
    graph.node.append(onnx.helper.make_node("GlobalAveragePool", [layer], ["pooled"]))
    graph.node.append(onnx.helper.make_node("Flatten", ["pooled"], ["flat"]))
    graph.node.append(onnx.helper.make_node("Gemm", ["flat", "head_weights", "head_bias"], ["answers"]))
    del graph.output[:]
    graph.output.append(onnx.helper.make_tensor_value_info("answers", onnx.TensorProto.FLOAT, ["batch", len(labels)]))
    onnx.save(proto, out / "model.onnx")
    (out / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    card = path.with_suffix(".toml").read_text().splitlines()
    own = {"logits": "answers", "labels": "labels.txt", "cam_layer": layer, "feature_layer": layer}
    kept = [line for line in card if line.split("=")[0].strip() not in own]
    (out / "model.toml").write_text("\n".join([f'{key} = "{value}"' for key, value in own.items()] + kept) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cifar", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--layer", default="/_swish_1/Clip_output_0")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--train", type=int, default=60, help="training images of a common fine class")
    parser.add_argument("--val", type=int, default=60)
    parser.add_argument("--test", type=int, default=60)
    args = parser.parse_args()
    coarse_names = (args.cifar / "coarse_label_names.txt").read_text().split()
    fine_names = (args.cifar / "fine_label_names.txt").read_text().split()
    rare = {fine_names.index(name) for name in RARE}
    sets = {name: read(args.cifar / f"{name}.bin") for name in ("train", "test")}
    rows = []  # set, index, split
    for fine in range(100):
        own = np.flatnonzero(sets["train"][1] == fine)
        count = args.train // 4 if fine in rare else args.train
        rows += [("train", i, "train") for i in own[:count]]
        rows += [("train", i, "val") for i in own[-args.val :]]
        own = np.flatnonzero(sets["test"][1] == fine)
        rows += [("test", i, "test") for i in own[: args.test]]
    rows.sort()
    one = pooled(args.model, args.layer)
    x = []
    for s, i, _ in rows:
        x.append(one(sets[s][2][i]))
        if len(x) % 1000 == 0:
            print(f"{len(x)} of {len(rows)} images", flush=True)
    x = np.stack(x).astype(np.float32)
    y = np.array([sets[s][0][i] for s, i, _ in rows])
    train = np.array([split == "train" for _, _, split in rows])
    weights, bias = head(x[train].astype(np.float64), y[train], 20)
    logits = x @ weights + bias
    kept = [k for k in range(len(rows)) if not train[k]]
    right = (logits.argmax(1) == y)[kept]
    fine = np.array([sets[s][1][i] for s, i, _ in rows])[kept]
    is_rare = np.isin(fine, list(rare))
    print(f"{len(kept)} images; accuracy {right.mean():.3f}, rare {right[is_rare].mean():.3f}, others {right[~is_rare].mean():.3f}")
    images = args.out / "images"
    images.mkdir(parents=True, exist_ok=True)
    with open(args.out / "table.csv", "w", newline="") as table, open(args.out / "fine.csv", "w", newline="") as hidden:
        table, hidden = csv.writer(table), csv.writer(hidden)
        table.writerow(["image", "class", "split"])
        hidden.writerow(["image", "fine"])
        for k in kept:
            s, i, split = rows[k]
            name = f"images/{s}-{i:05}.png"
            Image.fromarray(sets[s][2][i]).save(args.out / name)
            table.writerow([name, coarse_names[y[k]], split])
            hidden.writerow([name, fine_names[sets[s][1][i]]])
    (args.out / "phrases.txt").write_text("".join(f"{name.replace('_', ' ')}\n" for name in fine_names))
    write_model(args.model, args.layer, weights, bias, args.out, coarse_names)


main()
