#!/bin/sh
# `fftool diff`: what differs between two models, and what the exit code says of it.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # options are words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

train="train --data $data --limit 400 --batch 50 --quiet --recipe symba --head-epochs 1"
ff 0 $train --epochs 2 --hidden 40x2 --model a.ff
cp a.ff copy.ff
ff 0 diff a.ff copy.ff
ok "a copy is identical" has out '^identical: [0-9]+ tensors$'
ok "and nothing else is printed" lines out 1
ff 0 diff a.ff copy.ff --all
ok "--all lists the tensors" has out '^layer\.2\.biases +identical$'
ff 0 diff a.ff copy.ff --quiet
ok "--quiet prints nothing" empty out

# More epochs of the top layer
ff 0 extend a.ff -o b.ff --epochs 2 --quiet
ff 1 diff a.ff b.ff
ok "the epochs differ" has out '^  epochs +2 \| 4$'
ok "the top layer differs" has out '^layer\.2\.weights +[0-9.]+ % +[0-9.e-]+ +[0-9.e-]+ +0\.[0-9]+$'
ok "the first does not" [ "$(grep -c 'layer\.1' out)" = 0 ]
ok "the end counts" has out '^2 of 6 tensors identical$'
ok "the lines fit 80 columns, but for paths and hashes" \
    [ "$(grep -vE '^  (data|weights)' out | awk 'length($0) > 80' | wc -l)" = 0 ]
ff 1 diff a.ff b.ff --json
json out
ok "JSON says so, too" [ "$(leaf .identical)" = false ]
ok "with the layer that is the same" [ "$(leaf '.tensors[0].identical')" = true ]
ok "and the elements of that which is not" [ "$(leaf '.tensors[2].elements')" = 1600 ]
ff 1 diff a.ff b.ff --quiet
ok "--quiet prints nothing of what differs" empty out

# The same data elsewhere is no difference
ff 0 export a.ff -o a.safetensors --quiet
ff 0 import a.safetensors -o imported.ff --quiet
ff 0 diff a.ff imported.ff

# Measured by hand: a model of other weights in one place
ff 0 $train --epochs 2 --hidden 40x2 --seed 1 --model c.ff
ff 1 diff a.ff c.ff --json
json out
ok "other seeds have almost no common direction" \
    awk -v cosine="$(leaf '.tensors[2].cosine')" 'BEGIN { exit !(cosine < 0.9 && cosine > -0.9) }'
ok "the largest difference is at least the mean" \
    awk -v most="$(leaf '.tensors[2].largest')" -v rms="$(leaf '.tensors[2].rms')" \
    'BEGIN { exit !(most >= rms && rms > 0) }'

# Other layers
ff 0 extend a.ff -o d.ff --hidden +30 --quiet
ff 1 diff a.ff d.ff
ok "a layer is only in one" has out '^layer\.3\.weights +only in B$'
ok "the layers differ" has out '^  layers +40x2 \| 3 layers$'
ff 1 diff d.ff a.ff
ok "or only in the other" has out '^layer\.3\.weights +only in A$'
ff 0 $train --epochs 1 --hidden 30x2 --model e.ff
ff 1 diff a.ff e.ff
ok "another shape is said" has out '^layer\.1\.weights +of another shape$'

# A model in training, and none
"$FFTOOL" $train --epochs 100 --hidden 40x2 --model f.ff --checkpoint-interval 0 >/dev/null 2>&1 &
pid=$!
while [ ! -e f.ff ]; do sleep 0.05; done
ff "0 1" diff f.ff f.ff
kill $pid
wait $pid
refused 2 'no\.ff: cannot open' diff a.ff no.ff
refused 2 'no\.ff: cannot open' diff no.ff a.ff
refused 2 'B is missing' diff a.ff
refused 2 'unexpected argument' diff a.ff b.ff c.ff
head -c 5000 a.ff >cut.ff
refused 4 'cut\.ff' diff a.ff cut.ff

finish
