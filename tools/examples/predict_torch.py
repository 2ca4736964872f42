#!/usr/bin/env python3
"""predict_torch.py MODEL.safetensors SAMPLES.npy: scores as `fftool predict` prints them, by a PyTorch module of an
exported model. A sample is a row, of bytes (pixels) or numbers; a category is its number, or -1 if it is unknown."""
import json, math, sys, torch
from torch import nn

def load(path):
    """The tensors of a safetensors file, and its metadata. The package safetensors does the same, if it is installed."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)
    meta = {k: json.loads(v) if v[0] == "{" else v for k, v in header.pop("__metadata__").items()}
    types = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
    return {name: data[slice(*t["data_offsets"])].view(types[t["dtype"]]).reshape(t["shape"]).float()
            for name, t in header.items()}, meta

def rms1(x):
    return x * math.sqrt(x.shape[1]) / (x.norm(dim=1, keepdim=True) + 1e-6)

class Layer(nn.Linear):
    """A fully connected layer with ReLU. It gives the outputs that the next layer takes, and the goodness, under each
    label if labels condition it: then label_weight (classes, units) adds to its inputs."""
    def __init__(self, weight, label_weight, recipe):
        super().__init__(weight.shape[1], weight.shape[0])
        self.label_weight = None if label_weight is None else nn.Parameter(torch.empty_like(label_weight))
        self.recipe = recipe

    def forward(self, x):
        z, recipe = super().forward(x), self.recipe
        y = torch.relu(z)
        if self.label_weight is None:
            return y, y.square().mean(1, keepdim=True)
        under = torch.relu(z[:, None] + recipe["label_strength"] * self.label_weight)
        goodness = under.square().mean(2)
        if recipe["pass_on"] != "label-free":
            p = torch.softmax(recipe["goodness_scale"] * goodness * (recipe["pass_on"] == "posterior"), 1)
            y = torch.einsum("rc,rcu->ru", p, under)
        return y, goodness

class Network(nn.Module):
    """An exported model: scores of samples, (samples, classes). Its parameters have the names of the file."""
    def __init__(self, tensors, meta):
        super().__init__()
        self.data, self.recipe, self.how = meta["data"], meta["recipe"], meta["inference"]
        layer = lambda k: Layer(tensors[f"layers.{k}.weight"], tensors.get(f"layers.{k}.label_weight"), self.recipe)
        linear = lambda name: nn.Linear(*reversed(tensors[f"{name}.weight"].shape))
        names = {name.rsplit(".", 1)[0] for name in tensors}
        order = sorted(int(name[len("layers."):]) for name in names if name.startswith("layers."))
        self.layers = nn.ModuleDict({str(k): layer(k) for k in order})
        heads = {name[len("head."):]: linear(name) for name in names if name.startswith("head.")}
        self.head = linear("head") if "head" in names else nn.ModuleDict(heads)
        self.load_state_dict(tensors)

    def encode(self, rows):
        """Values standardised, categories as one-hot columns, and a constant input before scaling; pixels as they are."""
        if not self.how["encoded"]:
            return rows
        mean = rows.new_tensor(self.data.get("mean", [0]))
        deviation = rows.new_tensor(self.data.get("deviation", [1]))  # of each column, or of all values
        standard = (rows - mean) * torch.where(deviation > 0, 1 / deviation, torch.zeros_like(deviation))
        inputs = [standard[:, [j]] for j in range(rows.shape[1])]
        for j, column in enumerate(self.data.get("columns", [])):
            if column.get("categories"):
                inputs[j] = (rows[:, [j]] == torch.arange(len(column["categories"]))).to(rows.dtype)
        return torch.cat(inputs + [rows.new_ones(len(rows), 1)] * self.how["scaled"], 1)

    def run(self, x):
        goodness, logits = 0, 0
        for k, layer in self.layers.items():
            x, g = layer(x)
            goodness = goodness + g * (self.how["first_layer"] <= int(k) <= self.how["last_layer"])
            x = rms1(x) if self.how["normalised"] else x
            if isinstance(self.head, nn.ModuleDict) and k in self.head:
                logits = logits + self.head[k](x)
        if self.how["method"] == "goodness":
            return goodness
        return self.head(x) if isinstance(self.head, nn.Linear) else logits

    def forward(self, rows):
        """ROWS (samples, features): pixels from 0 to 1, or values as they are in the data."""
        x, label, classes = self.encode(rows), self.how["label_embedding"], self.data["classes"]
        if label == "none":
            return self.run(rms1(x) if self.how["scaled"] else x)
        ones, rest = torch.eye(classes).to(x) * self.recipe["label_strength"], x[:, classes * (label == "replace"):]
        under = [torch.cat([one.expand(len(x), -1), rest], 1) for one in ones]
        return torch.cat([self.run(rms1(inputs)) for inputs in under], 1)

if __name__ == "__main__":
    import numpy
    model, samples = Network(*load(sys.argv[1])).double(), numpy.load(sys.argv[2])
    rows = torch.from_numpy(samples.reshape(len(samples), -1) / (255.0 if samples.dtype == numpy.uint8 else 1.0))
    names = model.data.get("class_names", [str(c) for c in range(model.data["classes"])])
    print("index,label," + ",".join("score_" + name for name in names))
    with torch.no_grad():
        scores = torch.cat([model(part) for part in rows.double().split(256)])
    for i, row in enumerate(scores.tolist()):
        print(f"{i},{names[row.index(max(row))]}," + ",".join(f"{s:.7g}" for s in row))
