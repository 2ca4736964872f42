#!/bin/sh
# Exported weights: what an outside program computes from them is what predict prints, for every
# mode and recipe; imported, they are the same model; what is refused.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

examples=$FFTOOL_ROOT/tools/examples
images=$data/t10k-images-idx3-ubyte.gz
samples=100
models=0 # kept for PyTorch

# agrees NAME INPUT SAMPLES: the exported model.safetensors scores INPUT as the model does. Kept for
# PyTorch, which takes seconds to load.
agrees()
{
    ff 0 predict model.ff --input "$2" --limit $samples --output expected.csv --quiet
    "$python" "$examples/predict_numpy.py" model.safetensors "$3" >scores.csv 2>err </dev/null
    ok "NumPy has the scores of predict: $1" same_scores expected.csv scores.csv
    models=$((models + 1))
    mkdir "kept-$models"
    cp model.safetensors expected.csv "$3" "kept-$models"
    echo "$1" >"kept-$models/name"
}

# trained OPTION...: trains model.ff and exports it
trained()
{
    ff 0 train --data "$data" --limit 200 --epochs 1 --batch 50 --model model.ff --force --quiet "$@" || return
    ff 0 export model.ff --output model.safetensors --force --quiet
}

# with OPTION...: a model with these options agrees
with()
{
    trained "$@" && agrees "$*" "$images" samples.npy
}

trained --hidden 140,20
ok "the result is one line" has out '^model\.safetensors: layers 1 to 2, 114,320 parameters as f32 in 6 tensors, '
refused 1 'model\.safetensors exists' export model.ff -o model.safetensors
ok "--force is suggested" has err '^hint: .*--force'
cp model.safetensors first.safetensors
ff 0 export model.ff -o model.safetensors --force --json
json out
ok "--json has the hash of the model" [ "$(leaf .weights_hash)" = "$(weights_hash model.ff)" ]
ok "an export gives the same bytes again" cmp model.safetensors first.safetensors
refused 2 '--output FILE is missing' export model.ff
refused 2 'half\.txt: .*must be one of \.safetensors, \.npz, /' export model.ff -o half.txt
refused 2 'has trained layers 1 to 2' export model.ff -o new.safetensors --layers 2-3
refused 2 '"x" is not a range' export model.ff -o new.safetensors --layers x
refused 1 'no-such\.ff' export no-such.ff -o new.safetensors
refused 2 'is the model itself' export first.safetensors -o first.safetensors
ok "what is refused creates no file" [ ! -e new.safetensors ]
ff 0 export model.ff -o one.safetensors --layers last
ok "one layer is exported" has out '^one\.safetensors: layer 2, '

ff 0 import model.safetensors -o again.ff
ok "the imported model is described" has out '^again\.ff: 2 layers, 114,320 parameters, '
ok "it has the same weights" [ "$(weights_hash again.ff)" = "$(weights_hash model.ff)" ]
for model in model again; do
    ff 0 predict $model.ff --input "$images" --limit $samples --output $model.csv --quiet
done
ok "it has the same scores" cmp model.csv again.csv
ff 0 inspect again.ff --verify
refused 1 'again\.ff' import model.safetensors -o again.ff
ok "--force is suggested" has err '^hint: .*--force'
ff 0 import model.safetensors -o again.ff --force --json
json out
ok "--json has the hash of the model" [ "$(leaf .weights_hash)" = "$(weights_hash model.ff)" ]
refused 4 'model\.ff: byte 8: .* not a safetensors file' import model.ff -o new.ff
refused 1 'has no tensor "layers\.1\.weight"' import one.safetensors -o new.ff
head -c 100000 model.safetensors >half.safetensors
refused 4 'byte [0-9]*: the tensors end here' import half.safetensors -o new.ff
ok "what is refused makes no model" [ ! -e new.ff ]

ff 0 extend model.ff --output longer.ff --epochs 1 --quiet
ff 0 export longer.ff -o longer.safetensors --quiet
ff 0 import longer.safetensors -o again.ff --force --quiet
for model in longer again; do
    ff 0 inspect $model.ff --json
    json out
    grep ancestor leaves >$model.lineage
done
ok "an extended model keeps its lineage" cmp longer.lineage again.lineage
ok "of which there is some" [ -s again.lineage ]

for output in model.npz arrays/; do
    ff 0 export model.ff -o $output
    ok "an export to $output is one line" has out "^$output: layers 1 to 2, 114,320 parameters as f32 in 6 tensors, "
    refused 1 "$output exists" export model.ff -o $output
    ok "--force is suggested" has err '^hint: .*--force'
    refused 2 'NumPy has no type bf16' export model.ff -o new${output#model} --dtype bf16
done
ok "nothing else is created" [ -z "$(find . -name 'new*' -o -name '*.partial')" ]
cp model.npz first.npz
ff 0 export model.ff -o model.npz --force --quiet
ok "an archive has the same bytes again" cmp model.npz first.npz

python=$(python_with numpy)
if [ -z "$python" ]; then
    echo "SKIPPED: NumPy's scores are not compared: python3-numpy is not installed"
    finish
fi
"$python" -c 'import gzip, numpy, sys
pixels = numpy.frombuffer(gzip.open(sys.argv[1]).read(), numpy.uint8, offset=16).reshape(-1, 784)
numpy.save(sys.argv[2], pixels[:int(sys.argv[3])])' "$images" samples.npy $samples </dev/null
cat >same_arrays.py <<'END'
import sys, zipfile, json, numpy, os
sys.path.insert(0, sys.argv[1])
from predict_numpy import load
tensors, meta = load("model.safetensors")
archive = numpy.load("model.npz", allow_pickle=False)
assert zipfile.ZipFile("model.npz").testzip() is None
texts = json.loads(archive["metadata.json"])
assert texts == json.load(open("arrays/metadata.json")) and texts["weights_hash"] == meta["weights_hash"]
assert sorted(archive) == sorted([*tensors, "metadata.json"])
assert sorted(os.listdir("arrays")) == sorted([*(name + ".npy" for name in tensors), "metadata.json"])
for name, tensor in tensors.items():
    for array in archive[name], numpy.load(f"arrays/{name}.npy", allow_pickle=False):
        assert array.dtype == sys.argv[2] and array.shape == tensor.shape, name
        assert (array == tensor.astype(sys.argv[2])).all(), name
END
ok "the arrays of NumPy's formats are the tensors" "$python" -B same_arrays.py "$examples" float32
for output in model.npz arrays/; do
    ff 0 export model.ff -o $output --dtype f16 --force --quiet
done
ok "also as f16" "$python" -B same_arrays.py "$examples" float16

agrees conditioned "$images" samples.npy
for mode in $(choices mode); do
    with --mode "$mode" --hidden 140,20
done
for recipe in $(choices recipe); do
    with --recipe "$recipe" --hidden 20x3
done
for how in $(choices pass-on); do
    with --pass-on "$how" --hidden 20x2
done
for how in $(choices input-scaling); do
    with --mode bp --input-scaling "$how" --hidden 20x2
done
for how in $(choices standardize); do
    with --standardize "$how" --recipe classic --hidden 20x2
done
with --recipe classic --label-embedding append --hidden 20x2
with --recipe classic --hidden 20
with --validation 0.2 --hidden 20x4
with --sweeps 2 --epochs 2 --hidden 20x2
ff 0 export model.ff -o short.safetensors --dtype bf16 --quiet
"$python" "$examples/predict_numpy.py" short.safetensors samples.npy >scores.csv 2>err
ok "NumPy reads bf16" lines scores.csv $((samples + 1))

# A table with numbers and texts: categories are numbers in the order of their names
awk 'BEGIN {
    print "size,colour,constant,kind"
    for (i = 0; i < 60; i++)
        printf "%d.5,%s,7,%s\n", i % 7, i % 3 ? "red" : "blue", i % 3 ? "apple" : "plum"
}' >table.csv
ff 0 train --data table.csv --hidden 20x2 --epochs 2 --model model.ff --force --quiet
ff 0 export model.ff -o model.safetensors --force --quiet
"$python" -c 'import numpy
numpy.save("table.npy", numpy.array([[i % 7 + 0.5, i % 3 > 0, 7] for i in range(60)], numpy.float32))' </dev/null
cut -d, -f1-3 table.csv >unlabelled.csv
agrees "a table" unlabelled.csv table.npy
ok "classes have their names" [ "$(sed -n 1p scores.csv)" = index,label,score_apple,score_plum ]
ff 0 train --data table.csv --hidden 20 --mode bp --input-scaling none --model model.ff --force --quiet
ff 0 export model.ff -o model.safetensors --force --quiet
agrees "a table, unscaled" unlabelled.csv table.npy

python=$(python_with torch)
if [ -z "$python" ]; then
    echo "SKIPPED: PyTorch's scores are not compared: python3-torch is not installed"
    finish
fi
cat >all_scores.py <<'END'
import contextlib, glob, runpy, sys
program = sys.argv[1]
for directory in sys.argv[2:]:
    sys.argv = [program, directory + "/model.safetensors", *glob.glob(directory + "/*.npy")]
    with open(directory + "/scores.csv", "w") as out, contextlib.redirect_stdout(out):
        runpy.run_path(program, run_name="__main__")
END
"$python" all_scores.py "$examples/predict_torch.py" kept-* 2>err </dev/null
for kept in kept-*; do
    ok "PyTorch has the scores of predict: $(cat "$kept/name")" same_scores "$kept/expected.csv" \
        "$kept/scores.csv"
done
finish
