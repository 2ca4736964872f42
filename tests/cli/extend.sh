#!/bin/sh
# `fftool extend`: new models from finished ones, which are not changed.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # options are words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

common="--data $data --limit 1000 --batch 50 --quiet"

# grows OPTIONS: two layers and two more are four layers; four without two are two
grows()
{
    ff 0 train $common $1 --hidden 40x4 --model four.ff --force
    ff 0 train $common $1 --hidden 40x2 --model two.ff --force
    cp two.ff before.ff
    ff 0 extend two.ff --output grown.ff --hidden +40x2 --force --quiet
    ok "$1: 2 + 2 layers have the weights of 4" \
        [ "$(weights_hash grown.ff)" = "$(weights_hash four.ff)" ]
    ff 0 extend four.ff --output kept.ff --keep 1-2 --force --quiet
    ok "$1: 2 of 4 layers have the weights of 2" \
        [ "$(weights_hash kept.ff)" = "$(weights_hash two.ff)" ]
    ok "$1: the model is not changed" cmp two.ff before.ff
}

for options in "--epochs 2" "--epochs 2 --validation 0.2" "--epochs 6 --validation 0.2 --patience 1" \
    "--recipe classic --epochs 2 --head-epochs 1" "--recipe symba --epochs 2 --head-epochs 1" \
    "--recipe symba --epochs 2 --negatives hard --head-epochs 0" \
    "--recipe unsupervised --epochs 2 --head-epochs 1" "--class-weights balanced --epochs 1"; do
    grows "$options"
    ff 0 eval grown.ff --data $data --limit 300 --quiet
    ff 0 eval kept.ff --data $data --limit 300 --quiet
done

# A head on the only layer is not one of a deeper network
ff 0 train $common --recipe classic --epochs 1 --head-epochs 1 --hidden 40 --model one.ff
ff 0 train $common --recipe classic --epochs 1 --head-epochs 1 --hidden 40x2 --model pair.ff
ff 0 extend one.ff -o grown.ff --hidden +40 --force --quiet
ok "a layer on one has the weights of two" [ "$(weights_hash grown.ff)" = "$(weights_hash pair.ff)" ]

# The lineage
from=$(weights_hash one.ff)
ff 0 inspect grown.ff --json
json out
ok "the model names the one it was made from" [ "$(leaf '.ancestors[0].weights_hash')" = "$from" ]
ok "and what was kept" [ "$(leaf '.ancestors[0].layers_kept')" = 1 ]
ff 0 extend grown.ff -o again.ff --keep 1 --epochs 1 --quiet
ff 0 inspect again.ff --json
json out
ok "and the one before" [ "$(leaf '.ancestors[0].weights_hash')" = "$from" ]
ok "and its own" [ "$(leaf '.ancestors[1].layers')" = 2 ]
ff 0 inspect again.ff
ok "inspect shows them" has out 'from .*1 of 2 layers, 1 epoch, 1,000 samples'

# More epochs
for options in "" "--recipe classic --head-epochs 1" "--validation 0.2 --patience 3" "--mode bp" \
    "--mode ff-full --head-epochs 4" "--sweeps 2"; do
    ff 0 train $common $options --epochs 4 --hidden 40x2 --model short.ff --force
    ff 0 extend short.ff -o long.ff --epochs 4 --force --quiet --log log.jsonl
    ok "$options: the weights are others" [ "$(weights_hash long.ff)" != "$(weights_hash short.ff)" ]
    ok "$options: no epoch before the fifth is trained" \
        [ -z "$(grep -v '"kind":"head"' log.jsonl | grep -E '"epoch":[1-4],')" ]
    ok "$options: they are the fifth to the eighth" \
        [ "$(grep -c '"kind":"\(layer\|network\)".*"epoch":[5-8],' log.jsonl)" -ge 4 ]
    ff 0 eval long.ff --data $data --limit 300 --quiet
    rm log.jsonl
done

# Other data
ff 0 train --data "$FFTOOL_ROOT/data/iris/train.csv" --hidden 20x2 --epochs 4 --model iris.ff --quiet
{ head -1 "$FFTOOL_ROOT/data/iris/train.csv" && tail -60 "$FFTOOL_ROOT/data/iris/train.csv"; } >some.csv
ff 0 extend iris.ff -o other.ff --data some.csv --epochs 4 --quiet
ff 0 inspect iris.ff --json
json out
mean=$(leaf '.data.columns[0].mean')
ff 0 inspect other.ff --json
json out
ok "the samples are those of the other data" [ "$(leaf .data.samples)" = 60 ]
ok "the means of the columns are kept" [ "$(leaf '.data.columns[0].mean')" = "$mean" ]
ff 0 extend iris.ff -o more.ff --data some.csv --hidden +20 --quiet
cut -d, -f1,3- some.csv >less.csv
refused 1 'less\.csv.*(column|sepal)' extend iris.ff -o x.ff --data less.csv --epochs 1
refused 1 'iris\.ff was trained on' extend iris.ff -o x.ff --data $data --epochs 1

logged()
{
    if [ -e log.jsonl ]; then
        wc -l <log.jsonl
    else
        echo 0
    fi
}

# Killed, it is resumed to the same weights
ff 0 train $common --recipe symba --head-epochs 1 --epochs 4 --hidden 100x4 --model four.ff --force
ff 0 train $common --recipe symba --head-epochs 1 --epochs 4 --hidden 100x2 --model two.ff --force
for n in 1 2 3 5 6; do
    rm -rf grown.ff* log.jsonl
    "$FFTOOL" extend two.ff -o grown.ff --hidden +100x2 --checkpoint-interval 0 --log log.jsonl >out 2>err &
    pid=$!
    while kill -0 $pid 2>/dev/null && [ "$(logged)" -lt $n ]; do
        sleep 0.02
    done
    kill -9 $pid 2>/dev/null
    wait $pid
    if [ $n -eq 2 ]; then
        ff 0 resume grown.ff --quiet
    else
        ff 0 extend two.ff -o grown.ff --hidden +100x2 --quiet --log log.jsonl
    fi
    ok "killed after $n lines of the log, the weights are the same" \
        [ "$(weights_hash grown.ff)" = "$(weights_hash four.ff)" ]
done

# Refusals leave nothing
rm -f x.ff*
mkdir here
cp "$FFTOOL_ROOT"/data/iris/*.csv here
ff 0 train --data here --hidden 10 --epochs 1 --model moved.ff --quiet
mv here there
refused 1 'cannot open .*/here, the data of moved\.ff; .*--data' extend moved.ff -o x.ff --hidden +10
refused 1 'cannot open' extend moved.ff -o x.ff --epochs 1
ff 0 extend moved.ff -o moved-on.ff --hidden +10 --data there --quiet
refused 2 'write \+40' extend two.ff -o x.ff --hidden 40
refused 2 'write 1-N' extend two.ff -o x.ff --keep 2-3
refused 2 'two\.ff has 2 layers: 3 cannot be kept' extend two.ff -o x.ff --keep 3
refused 2 'nothing to do' extend two.ff -o x.ff
refused 2 'nothing to do' extend two.ff -o x.ff --keep 1-2
refused 2 'name of its own' extend two.ff -o two.ff --epochs 1
refused 1 'four\.ff exists and is another model.*--force' extend two.ff -o four.ff --epochs 1
refused 2 'nothing would be trained' extend two.ff -o x.ff --keep 1 --data $data
refused 2 'hidden layers' extend two.ff -o x.ff --hidden +big
refused 3 'memory' extend two.ff -o x.ff --epochs 1 --memory 2M
ff 0 train $common --mode bp --epochs 1 --hidden 40x2 --model bp.ff
refused 2 'trained as a whole' extend bp.ff -o x.ff --hidden +40
refused 2 'output layer needs all 2 layers' extend bp.ff -o x.ff --keep 1
ff 0 train $common --sweeps 2 --epochs 4 --hidden 40x2 --model swept.ff
refused 2 '2 sweeps' extend swept.ff -o x.ff --hidden +40
refused 2 'whole sweeps' extend swept.ff -o x.ff --epochs 3
ok "nothing is left of what was refused" [ -z "$(ls -d x.ff* 2>/dev/null)" ]

finish
