#!/bin/sh
# A network of another program, saved as PyTorch saves it: imported, it has the scores that NumPy
# and PyTorch compute; it is exported with the same weights, and trained on.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

images=$data/t10k-images-idx3-ubyte.gz
samples=200

python=$(python_with numpy)
if [ -z "$python" ]; then
    echo "SKIPPED: networks of other programs are not imported: python3-numpy is not installed"
    finish
fi

cat >other.py <<'END'
"""Networks as other programs save them: files of tensors, and scores as `fftool predict` prints them."""
import gzip, json, numpy
def read(path, header):
    return numpy.frombuffer(gzip.open(path).read(), numpy.uint8, offset=header)
def pixels(path):
    return read(path, 16).reshape(-1, 784)
def save(path, tensors, metadata={}):
    header, at, types = {"__metadata__": metadata} if metadata else {}, 0, {"float32": "F32", "float16": "F16", "uint16": "BF16"}
    for name, t in tensors.items():
        header[name] = {"dtype": types[t.dtype.name], "shape": t.shape, "data_offsets": (at, at + t.nbytes)}
        at += t.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for t in tensors.values():
            out.write(t.tobytes())
def load(path):
    raw = open(path, "rb").read()
    start = 8 + int.from_bytes(raw[:8], "little")
    tensors = {n: t for n, t in json.loads(raw[8:start]).items() if n != "__metadata__"}
    return {n: numpy.frombuffer(raw[start:][slice(*t["data_offsets"])], "<f4").reshape(t["shape"]) for n, t in tensors.items()}
def print_scores(path, scores):
    with open(path, "w") as out:
        print("index,label," + ",".join(f"score_{c}" for c in range(scores.shape[1])), file=out)
        for i, row in enumerate(scores):
            print(f"{i},{row.argmax()}," + ",".join(f"{s:.9g}" for s in row), file=out)
END

# The layers are saved in another order than that of their numbers, of which 10 is behind 9.
cat >numpy_nets.py <<'END'
import sys, numpy
from other import pixels, print_scores, save
rng = numpy.random.default_rng(0)
def net(widths, numbers, prefix, dtype="f4", biases=True):
    tensors = {}
    for inputs, units, number in reversed(list(zip(widths, widths[1:], numbers))):
        tensors[f"{prefix}{number}.weight"] = (rng.standard_normal((units, inputs)) / inputs**.5).astype(dtype)
        if biases and number != 9:
            tensors[f"{prefix}{number}.bias"] = rng.standard_normal(units).astype(dtype)
    return tensors
def as_floats(t):
    return (t.astype("u4") << 16).view("f4") if t.dtype == "u2" else t.astype("f4")
def scores(x, tensors, numbers, prefix):
    for number in numbers:
        z = x @ as_floats(tensors[f"{prefix}{number}.weight"]).T.astype(float)
        if f"{prefix}{number}.bias" in tensors:
            z = z + as_floats(tensors[f"{prefix}{number}.bias"])
        x = numpy.maximum(z, 0)
    return z
def bf16(t):
    return (t.view("u4") >> 16).astype("u2")
def make(name, x, widths, numbers, prefix="", dtype="f4", short=lambda t: t, **more):
    tensors = {n: short(t) for n, t in net(widths, numbers, prefix, dtype, **more).items()}
    save(name + ".safetensors", tensors)
    print_scores(name + ".csv", scores(x, tensors, numbers, prefix))
x = pixels(sys.argv[1])[:int(sys.argv[2])] / 255
make("plain", x, [784, 140, 30, 10], [0, 2, 4])
make("prefix", x, [784, 40, 30, 20, 10], [2, 9, 10, 11], "net.layers.")
make("without-biases", x, [784, 30, 10], [1, 2], "fc", biases=False)
make("half", x, [784, 30, 10], [0, 1], dtype="f2")
make("bfloat", x, [784, 30, 10], [0, 1], short=bf16)
numbers = rng.standard_normal((len(x), 12)).astype("f4") * 100
numpy.save("numbers.npy", numbers)
make("floats", numbers, [12, 150, 3], [0, 2])
END
"$python" -B numpy_nets.py "$images" $samples 2>err </dev/null || not_ok "NumPy makes networks"

# imported NAME INPUTS SAMPLES: NAME.safetensors gives the scores of NAME.csv
imported()
{
    ff 0 import "$1.safetensors" --output "$1.ff" --inputs "$2" || return
    ff 0 predict "$1.ff" --input "$3" --limit $samples --output scores.csv --quiet
    ok "the imported network has its scores: $1" same_scores "$1.csv" scores.csv
    ff 0 inspect "$1.ff" --verify
}

for net in plain prefix without-biases half bfloat; do
    imported $net u8 "$images"
done
imported floats float numbers.npy

ff 0 import plain.safetensors --output plain.ff --inputs u8 --force
ok "the model is described" has out '^plain\.ff: 2 layers, 114,440 parameters, '
ff 0 inspect plain.ff
ok "its data is not known" has out '^  data +not known: samples of 784 bytes, 10 classes'
ff 0 report plain.ff --data "$data" --output report.html --quiet
ok "a report says so" has report.html 'not known: samples of 784 bytes'
ff 0 export plain.ff --output again.safetensors
ok "exported, it has the same tensors" "$python" -B -c 'from other import load
before, after = load("plain.safetensors"), load("again.safetensors")
assert len(before) == len(after)
for layer, number in enumerate([0, 2, 4], 1):
    for role in "weight", "bias":
        name = f"layers.{layer}.{role}" if layer < 3 else f"head.{role}"
        assert (after[name] == before[f"{number}.{role}"]).all(), name'
ff 0 import again.safetensors --output again.ff
ok "and it is the same model" [ "$(weights_hash again.ff)" = "$(weights_hash plain.ff)" ]

refused 2 'plain\.safetensors: is a network of another program.* give --inputs u8 ' import plain.safetensors -o new.ff
refused 2 'again\.safetensors: was exported by fftool .* leave out --inputs' import again.safetensors -o new.ff --inputs u8
refused 2 '--inputs' import plain.safetensors -o new.ff --inputs u16
refused 1 'plain\.ff: exists already' import plain.safetensors -o plain.ff --inputs u8
refused 2 'plain\.ff was imported from another program .* --data' extend plain.ff -o new.ff --epochs 1
refused 1 'has 784 bytes per sample, but floats\.ff was trained on 12 numbers' extend floats.ff -o new.ff --epochs 1 --data "$data"
ok "what is refused makes no model" [ ! -e new.ff ]
ff 0 resume plain.ff
ok "it is complete" has out 'complete'

# error MODEL: its error rate on the training samples
error()
{
    ff 0 eval "$1" --data "$data" --split train --json || return
    json out
    leaf .error
}

# below ERROR ERROR
# shellcheck disable=SC2317 # ok calls it
below()
{
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'
}

before=$(error plain.ff)
ff 0 extend plain.ff --output trained.ff --epochs 5 --data "$data" --quiet
ok "training lowers its error on the samples trained on" below "$(error trained.ff)" "$before"
ff 0 inspect trained.ff
ok "its lineage begins with the import" has out '^  from +weights [0-9a-f]*: 2 of 2 layers, 1 epoch, data not known'
ff 0 extend trained.ff --output longer.ff --epochs 1 --quiet
ok "then its data is known" lines err 0
ff 0 export trained.ff --output trained.safetensors
ff 0 import trained.safetensors --output trained-again.ff
ok "a lineage without data is imported" [ "$(weights_hash trained-again.ff)" = "$(weights_hash trained.ff)" ]

python=$(python_with torch)
if [ -z "$python" ]; then
    echo "SKIPPED: no network of PyTorch is imported: python3-torch is not installed"
    finish
fi
cat >torch_net.py <<'END'
import sys, torch
from torch import nn
from other import pixels, print_scores, read, save
data, samples = sys.argv[1], int(sys.argv[2])
def inputs(path):
    return torch.from_numpy(pixels(path).copy()).float() / 255
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(784, 150), nn.ReLU(), nn.Dropout(0.1), nn.Linear(150, 30, bias=False), nn.ReLU(), nn.Linear(30, 10))
x, labels = inputs(data + "/train-images-idx3-ubyte.gz"), torch.from_numpy(read(data + "/train-labels-idx1-ubyte.gz", 8).copy()).long()
optimizer = torch.optim.Adam(net.parameters())
for batch in torch.arange(1000).split(50):
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(x[batch]), labels[batch]).backward()
    optimizer.step()
net.eval()
save("torch.safetensors", {name: t.numpy() for name, t in net.state_dict().items()}, {"format": "pt"})
with torch.no_grad():
    scores = net(inputs(data + "/t10k-images-idx3-ubyte.gz"))
wrong = (scores.argmax(1) != torch.from_numpy(read(data + "/t10k-labels-idx1-ubyte.gz", 8).copy())).sum()
print_scores("torch.csv", scores[:samples].numpy())
print(int(wrong))
END
wrong=$("$python" -B torch_net.py "$data" $samples 2>err </dev/null) || not_ok "PyTorch trains a network"
imported torch u8 "$images"
ff 0 eval torch.ff --data "$data"
ok "it has the errors that PyTorch counts" has out "\\($wrong of 500 samples misclassified\\)"
before=$(error torch.ff)
ff 0 extend torch.ff --output tuned.ff --epochs 2 --data "$data" --quiet
ok "a network of PyTorch is trained on" below "$(error tuned.ff)" "$before"
finish
