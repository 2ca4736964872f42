#!/usr/bin/env python3
"""predict_numpy.py MODEL.safetensors SAMPLES.npy: scores as `fftool predict` prints them, from an exported model.
A sample is a row, of bytes (pixels) or numbers; a category is its number, or -1 if it is unknown."""
import json, sys, numpy as np
def load(path):
    raw = np.memmap(path, np.uint8, "r")
    start = 8 + int(raw[:8].view("<u8")[0])
    header = json.loads(raw[8:start].tobytes())
    meta = {k: json.loads(v) if v[0] == "{" else v for k, v in header.pop("__metadata__").items()}
    tensors, types = {}, {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
    for name, t in header.items():
        x = raw[start:][slice(*t["data_offsets"])].view(types[t["dtype"]]).reshape(t["shape"])
        tensors[name] = (x.astype("<u4") << 16).view("<f4") if t["dtype"] == "BF16" else x.astype("<f4")
    return tensors, meta
def linear(x, tensors, name):
    return x @ tensors[f"{name}.weight"].T.astype(float) + tensors[f"{name}.bias"]
def rms1(x):
    return x * np.sqrt(x.shape[1]) / (np.linalg.norm(x, axis=1, keepdims=True) + 1e-6)
def encode(rows, meta):
    x, data = rows.reshape(len(rows), -1) / (255 if rows.dtype == np.uint8 else 1), meta["data"]
    if not meta["inference"]["encoded"]:
        return x
    scale = [1 / d if d > 0 else 0 for d in data.get("deviation", [1])]  # of each column, or of all values
    standard = (x - data.get("mean", [0])) * scale
    texts = [column.get("categories") for column in data.get("columns", x.shape[1] * [{}])]
    inputs = [x[:, [j]] == np.arange(len(t)) if t else standard[:, [j]] for j, t in enumerate(texts)]
    return np.hstack(inputs + [np.ones((len(x), 1))] * meta["inference"]["scaled"])
def forward(x, tensors, meta):
    how, recipe, layer, goodness, logits = meta["inference"], meta["recipe"], 1, 0, 0
    while f"layers.{layer}.weight" in tensors:
        z, label = linear(x, tensors, f"layers.{layer}"), tensors.get(f"layers.{layer}.label_weight")
        y = np.maximum(z, 0)
        under = y if label is None else np.maximum(z[:, None] + recipe["label_strength"] * label, 0)
        g = np.mean(under**2, axis=-1)  # under each label, if labels condition the layers
        if label is not None and recipe["pass_on"] != "label-free":
            p = np.exp(recipe["goodness_scale"] * (g - g.max(1, keepdims=True)) * (recipe["pass_on"] == "posterior"))
            y = np.einsum("rc,rcu->ru", p / p.sum(1, keepdims=True), under)
        goodness = goodness + g * (how["first_layer"] <= layer <= how["last_layer"])
        x = rms1(y) if how["normalised"] else y
        if f"head.{layer}.weight" in tensors:
            logits = logits + linear(x, tensors, f"head.{layer}")
        layer += 1
    if how["method"] == "goodness":
        return goodness
    return linear(x, tensors, "head") if "head.weight" in tensors else logits
def scores(rows, tensors, meta):
    x, classes, label = encode(rows, meta), meta["data"]["classes"], meta["inference"]["label_embedding"]
    if label == "none":
        return forward(rms1(x) if meta["inference"]["scaled"] else x, tensors, meta)
    ones, rest = np.eye(classes) * meta["recipe"]["label_strength"], x[:, classes * (label == "replace"):]
    return np.stack([forward(rms1(np.hstack([np.tile(one, (len(x), 1)), rest])), tensors, meta) for one in ones], 1)

if __name__ == "__main__":
    (tensors, meta), samples = load(sys.argv[1]), np.load(sys.argv[2])
    names = meta["data"].get("class_names", [str(c) for c in range(meta["data"]["classes"])])
    print("index,label," + ",".join("score_" + name for name in names))
    for first in range(0, len(samples), 256):
        for i, row in enumerate(scores(samples[first:first + 256], tensors, meta), first):
            print(f"{i},{names[row.argmax()]}," + ",".join(f"{s:.7g}" for s in row))
