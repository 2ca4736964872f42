#!/bin/sh
# ff-full on the command line: training in pieces, and what eval, predict, inspect and resume say of
# such a model.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $small is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

small="--data $data --limit 700 --hidden 40x3 --epochs 3 --batch 100 --mode ff-full \
    --negatives hard --peer-normalisation 0.001"

ff 0 train $small --log log.jsonl
ok "progress counts epochs, not layers" has err '^epoch 3/3  loss [0-9.]+  goodness '
ok "the log has a line for each epoch" [ "$(grep -c '"kind":"network",.*"layer":null' log.jsonl)" -eq 3 ]
first=$(weights_hash model.ff)
ok "the model has a hash of its weights" expr "$first" : '[0-9a-f]\{32\}$'
ff 0 train $small --model other.ff --threads 1 --quiet
ok "one thread: the same weights" [ "$(weights_hash other.ff)" = "$first" ]
ff 0 resume model.ff
ok "a complete model is left alone" has out 'complete already'
ok "no scratch is left" [ ! -e model.ff.scratch ]

for way in "--negatives random --negative-sets 2 --head-epochs 0" "--peer-normalisation 0" \
    "--loss logistic"; do
    ff 0 train $small $way --model other.ff --force --quiet
    ok "$way: other weights" [ "$(weights_hash other.ff)" != "$first" ]
done
refused 2 'negative sets: mode ff-full with hard negatives' train $small --negative-sets 2 --force
refused 2 'activations: mode ff-full ' train $small --activations bf16 --force
refused 2 'none \(head epochs 0\)' train $small --head-epochs 0 --force
refused 2 'negatives: mode ff-stream ' train $small --mode ff-stream --peer-normalisation 0 --force

for method in goodness head; do
    ff 0 eval model.ff --data "$data" --method $method
    ok "eval by $method" has out "^model\\.ff: error [0-9.]+ % \\([0-9]+ of 500 .*, by $method\$"
done
ff 0 predict model.ff --input "$data/t10k-images-idx3-ubyte.gz" --quiet
ok "predict: a header and a line for each row" lines out 501

ff 0 inspect model.ff
ok "inspect: complete" has out '^model\.ff: complete'
ok "inspect: the recipe" has out 'negatives hard, peer normalisation 0\.001, '
ok "inspect: a row for each layer" [ "$(grep -cE '^ +[123] trained ' out)" -eq 3 ]
ff 0 inspect model.ff --json
json out
ok "inspect --json: mode" [ "$(leaf .recipe.mode)" = ff-full ]
ok "inspect --json: parameters" [ "$(leaf .parameters)" -eq $((785 * 40 + 2 * 41 * 40 + 2 * 41 * 10)) ]
ff 0 inspect model.ff --verify
ok "inspect --verify" has out '^verified [0-9,]+ values, .*: none damaged'
finish
