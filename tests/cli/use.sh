#!/bin/sh
# What is done with a trained model: eval, predict, inspect.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $small and $conditioned are words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

images=$data/t10k-images-idx3-ubyte.gz
ff 0 train $small --quiet

ff 0 eval model.ff --data "$data"
ok "eval: error first" has out '^model\.ff: error [0-9.]+ % \([0-9]+ of 500 samples misclassified\), by goodness'
ok "eval: a row for each layer" has out '^    2 +[0-9.]+ % +[0-9.]+ %$'
ok "eval: a row for each class" has out '^    9 +[0-9]+ +([0-9.]+ %|-) '
ok "eval: a confusion matrix" has out '^Confusion'
for method in goodness head; do
    ff 0 eval model.ff --data "$data" --method $method --json --quiet
    ok "eval --json --method $method is JSON" json out
    ok "eval --json: method" [ "$(leaf .method)" = $method ]
    ok "eval --json: samples" [ "$(leaf .samples)" = 500 ]
    ok "eval --json: error is a fraction" expr "$(leaf .error)" : '0\.[0-9]*$'
    ok "eval --json: the confusion matrix adds up" [ \
        "$(sed -n 's/^\.confusion\[.*=//p' leaves | awk '{ n += $1 } END { print n }')" = 500 ]
    ok "eval --quiet: nothing on stderr" empty err
done
ff 0 eval model.ff --data "$data" --split train --limit 100 --json --quiet
json out
ok "eval --split train --limit" [ "$(leaf .samples)" = 100 ]
ff 0 eval model.ff --data "$images" --labels "$data/t10k-labels-idx1-ubyte.gz" --json
json out
ok "eval of files" [ "$(leaf .samples)" = 500 ]
ok "eval leaves no files" [ "$(ls -d -- *)" = "$(printf '%s\n' err leaves model.ff out)" ]

ff 0 predict model.ff --input "$images"
ok "predict: a header and a line for each row" lines out 501
ok "predict: CSV of 12 columns" [ -z "$(awk -F, 'NF != 12' out)" ]
cp out csv
ff 0 predict model.ff --input "$images" --output p.csv --quiet
ok "predict --output writes the same" cmp p.csv csv
ok "predict --output prints nothing" empty out
ff 0 predict model.ff --input "$images" --format jsonl --output p.jsonl --limit 50
ok "predict --limit: a line for each row" lines p.jsonl 50
sed -n 50p p.jsonl >line
ok "predict: each line is JSON" json line
ok "predict: index" [ "$(leaf .index)" = 49 ]
ok "predict: label agrees with the CSV" [ "$(leaf .label)" = "$(sed -n 51p csv | cut -d, -f2)" ]
ff 0 predict model.ff --input "$images" --method head --limit 5
ok "predict --method head" lines out 6
cp p.csv before
refused 4 'model\.ff' predict model.ff --input model.ff --output p.csv
ok "predict: a failure leaves the output file alone" cmp p.csv before
ok "predict: and no temporary file" [ -z "$(find . -name 'p.csv.*')" ]
refused 1 'nowhere' predict model.ff --input "$images" --output nowhere/p.csv
if [ -c /dev/full ]; then
    # shellcheck disable=SC2086
    ff 1 train $small --model logged.ff --log /dev/full --quiet
    ok "the message says why a log is not complete" has err '/dev/full: not everything .*: No space left'
    code=0
    "$FFTOOL" predict model.ff --input "$images" >/dev/full 2>err || code=$?
    ok "predict: a full disk behind stdout is reported" [ "$code" -eq 1 ]
fi

ff 0 inspect model.ff
ok "inspect: complete" has out '^model\.ff: complete'
ok "inspect: a row for each layer" [ "$(grep -cE '^ +[12] trained ' out)" -eq 2 ]
ok "inspect: the file's size is the file's size" has out \
    "= +$(wc -c <model.ff | sed ':a; s/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/; ta')  the file"
ff 0 inspect model.ff --json
ok "inspect --json is JSON" json out
ok "inspect --json: complete" [ "$(leaf .complete)" = true ]
ok "inspect --json: parameters" [ "$(leaf .parameters)" -ge $((784 * 40 + 40 + 40 * 40 + 40)) ]
ok "inspect --json: layers" [ "$(leaf '.layers[1].units')" = 40 ]
ok "inspect --json: hash" expr "$(leaf .weights_hash)" : '[0-9a-f]\{32\}$'
ok "inspect --json: the file adds up" [ "$(leaf .file.file_bytes)" -eq \
    $(($(leaf .file.tile_bytes) + $(leaf .file.overhead_bytes) + $(leaf .file.free_bytes))) ]
ok "inspect --json: of the file's own size" [ "$(leaf .file.file_bytes)" -eq "$(wc -c <model.ff)" ]
ok "inspect --json: nothing was held out" [ "$(leaf .choice)" = null ]
ff 0 train $conditioned --model held.ff --quiet --validation 0.2 --sweeps 2 --pass-on mean --epochs 4
ff 0 inspect held.ff
ok "inspect: recipe, outputs passed on" has out '[ ,]pass on mean,'
ok "inspect: sweeps" has out ' epochs 4, sweeps 2, batch [0-9]+, '
ok "inspect: validation" has out '^  held out  [0-9,]+ of [0-9,]+ samples$'
ok "inspect: the layers chosen" has out \
    '^  choice    goodness of layers? [12].*; held-out error [0-9.]+ %, temperature [0-9.]+$'
ff 0 inspect held.ff --json
json out
ok "inspect --json: the sweep" [ "$(leaf .sweep)" = 2 ]
ok "inspect --json: the layers chosen" [ "$(leaf .choice.first)" -le "$(leaf .choice.last)" ]
ok "inspect --json: held-out error is a fraction" expr "$(leaf .choice.held_out_error)" : '0\.[0-9]*$'
ok "inspect --json: temperature" expr "$(leaf .choice.temperature)" : '[0-9.]*$'
ff 0 train $conditioned --model one.ff --quiet --hidden 20 --epochs 1
ff 0 inspect one.ff
ok "inspect: one epoch" has out '[ ,]epochs 1, sweeps 1, batch '
ok "inspect: one checkpoint" has out '^  progress  1 of 1 layer trained; 1 checkpoint$'
ff 0 train $conditioned --model head.ff --quiet --hidden 20 --epochs 1 --head-epochs 1
ff 0 inspect head.ff
ok "inspect: one epoch of the head" has out '^  head      head epochs 1, '
ff 0 inspect model.ff --layer 1
ok "inspect --layer: a histogram" has out '#{20,}$'
ok "inspect --layer: every weight is in it" [ "$(sed -n '/^weights from/,$p' out |
    awk 'NR > 1 && $2 ~ /^[0-9,]+$/ { gsub(",", "", $2); n += $2 } END { print n }')" -eq $((784 * 40)) ]
ff 0 inspect model.ff --layer 2 --json
ok "inspect --layer --json is JSON" json out
refused 2 'layer 3' inspect model.ff --layer 3
ff 0 inspect model.ff --verify
ok "inspect --verify" has out '^verified [0-9,]+ values, .*: none damaged'

ff 0 train $conditioned --model labels.ff --quiet
ff 0 inspect labels.ff
ok "inspect: the label conditioning is printed" has out '[ ,]label strength 3,'
ff 0 inspect labels.ff --layer 1
ok "inspect --layer: label weights" has out '^  labels +400: min '
ff 0 inspect labels.ff --json
ok "inspect --json is JSON" json out
ok "inspect --json: label weights" [ "$(leaf '.layers[1].label_weights.count')" = 400 ]
ok "inspect --json: they are parameters" [ "$(leaf .parameters)" -eq $((40 * (784 + 11 + 40 + 11))) ]
ff 0 inspect labels.ff --verify
ok "inspect --verify" has out '^verified [0-9,]+ values, .*: none damaged'
ff 0 inspect model.ff --json
ok "inspect --json: none where labels are inputs" [ -z "$(json out && leaf '.layers[0].label_weights.count')" ]

size=$(wc -c <model.ff)
head -c $((size / 2)) model.ff >flipped.ff
printf '\377\000\377\000\377\000\377\000' >>flipped.ff
tail -c +$((size / 2 + 9)) model.ff >>flipped.ff
ff 4 inspect --verify flipped.ff && ok "eight overwritten bytes in the middle are found" has err flipped
finish
