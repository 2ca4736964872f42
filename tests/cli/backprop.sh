#!/bin/sh
# Backpropagation on the command line: its modes end in the same weights; what train, resume, eval,
# predict and inspect say of them.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $small is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

small="--data $data --limit 700 --hidden 40x3 --epochs 2 --batch 300"

ff 0 train $small --mode bp --log log.jsonl
ok "progress counts epochs, not layers" has err '^epoch 2/2  loss [0-9.]+  error [0-9.]+ %  '
ok "there is no goodness" [ "$(grep -c goodness err)" -eq 0 ]
ok "the log has a line for each epoch" [ "$(grep -c '"kind":"network",.*"layer":null' log.jsonl)" -eq 2 ]
first=$(weights_hash model.ff)
ok "the model has a hash of its weights" expr "$first" : '[0-9a-f]\{32\}$'
for mode in $(choices mode | grep '^bp'); do
    ff 0 train $small --mode "$mode" --model other.ff --force --quiet
    ok "$mode: the same weights" [ "$(weights_hash other.ff)" = "$first" ]
done
for more in "--mode bp --threads 1" "--mode bp-accum --micro-batch 150"; do
    ff 0 train $small $more --model other.ff --force --quiet
    ok "$more: the same weights" [ "$(weights_hash other.ff)" = "$first" ]
done
ff 0 train $small --mode bp --model other.ff --force --quiet --optimizer sgd --lr 0.1
ok "another optimizer: other weights" [ "$(weights_hash other.ff)" != "$first" ]
refused 1 'mode' train $small --mode bp-accum
ff 0 resume model.ff
ok "a complete model is left alone" has out 'complete already'

refused 2 'loss: mode bp does not use it' train $small --mode bp --loss logistic --force
refused 2 'micro-batch: mode bp ' train $small --mode bp --micro-batch 100 --force
refused 2 'head epochs: mode bp ' train $small --mode bp --head-epochs 3 --force

ff 0 eval model.ff --data "$data"
ok "eval: by the output" has out '^model\.ff: error [0-9.]+ % \([0-9]+ of 500 samples misclassified\), by head$'
ok "eval: no table of layers" [ "$(grep -c goodness out)" -eq 0 ]
ff 0 eval model.ff --data "$data" --json --quiet
json out
ok "eval --json: method" [ "$(leaf .method)" = head ]
error=$(leaf .error)
ff 0 eval model.ff --data "$data" --json --quiet --method head
json out
ok "eval --method head: the same" [ "$(leaf .error)" = "$error" ]
refused 2 'backpropagation' eval model.ff --data "$data" --method goodness
ff 0 predict model.ff --input "$data/t10k-images-idx3-ubyte.gz" --quiet
ok "predict: a header and a line for each row" lines out 501

ff 0 inspect model.ff
ok "inspect: complete" has out '^model\.ff: complete'
ok "inspect: the mode" has out '^  recipe    mode bp, cross-entropy of a linear softmax output, '
ok "inspect: a row for each layer" [ "$(grep -cE '^ +[123] trained ' out)" -eq 3 ]
ok "inspect: a row for the output" has out '^output layer: 410 parameters$'
ok "inspect: no goodness" [ "$(grep -c good out)" -eq 0 ]
ff 0 inspect model.ff --json
json out
ok "inspect --json: mode" [ "$(leaf .recipe.mode)" = bp ]
ok "inspect --json: parameters" [ "$(leaf .parameters)" -eq $((785 * 40 + 2 * 41 * 40 + 41 * 10)) ]
ff 0 inspect model.ff --layer 3
ok "inspect --layer: no loss" [ "$(grep -c loss out)" -eq 0 ]
ff 0 inspect model.ff --verify
ok "inspect --verify" has out '^verified [0-9,]+ values, .*: none damaged'
refused 2 'layers: .* the head of model\.ff predicts' eval model.ff --data "$data" --layers last
finish
