#!/bin/sh
# Exported models of MNIST: NumPy and PyTorch have the scores of predict.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

if [ -z "${FFTOOL_MNIST:-}" ]; then
    echo "SKIPPED: exported scores on MNIST: set FFTOOL_MNIST to the directory of its files"
    finish
fi
samples=2000
images=$FFTOOL_MNIST/t10k-images-idx3-ubyte.gz
[ -e "$images" ] || images=${images%.gz}
numpy=$(python_with numpy)
torch=$(python_with torch)
if [ -z "$numpy" ]; then
    echo "SKIPPED: exported scores on MNIST: python3-numpy is not installed"
    finish
fi
"$numpy" -c 'import gzip, numpy, sys
path = sys.argv[1]
raw = (gzip.open if path.endswith(".gz") else open)(path, "rb").read()
numpy.save("samples.npy", numpy.frombuffer(raw, numpy.uint8, offset=16).reshape(-1, 784)[:int(sys.argv[2])])' \
    "$images" $samples </dev/null

# largest_difference FILE FILE: of scores of the same samples, and the largest score
largest_difference()
{
    awk -F, 'NR == FNR { line[FNR] = $0; next }
        FNR > 1 {
            split(line[FNR], other, ",")
            for (i = 3; i <= NF; i++) {
                d = other[i] - $i
                most = d > most ? d : -d > most ? -d : most
                score = $i > score ? $i : -$i > score ? -$i : score
            }
        }
        END { printf "%.2g, scores up to %.3g", most, score }' "$1" "$2"
}

# agrees PROGRAM PYTHON NAME: the program has the scores of model.ff
agrees()
{
    "$2" "$FFTOOL_ROOT/tools/examples/predict_$1.py" model.safetensors samples.npy >scores.csv 2>err </dev/null
    ok "$1 has the scores of predict: $3" same_scores expected.csv scores.csv
    echo "REPORT: $1, $3: largest difference $(largest_difference expected.csv scores.csv)"
}

# with OPTION...: a model with these options agrees
with()
{
    ff 0 train --data "$FFTOOL_MNIST" --limit 5000 --epochs 1 --hidden 200x2 --model model.ff --force --quiet "$@" || return
    ff 0 export model.ff --output model.safetensors --force --quiet
    ff 0 predict model.ff --input "$images" --limit $samples --output expected.csv --quiet
    agrees numpy "$numpy" "$*"
    [ -z "$torch" ] || agrees torch "$torch" "$*"
}

for recipe in $(choices recipe); do
    with --recipe "$recipe"
done
with --mode ff-full
with --mode bp
with --mode bp --input-scaling none
[ -n "$torch" ] || echo "SKIPPED: PyTorch's scores are not compared: python3-torch is not installed"
finish
