#!/bin/sh
# Whose goodness is summed: the layers chosen on held-out samples, or those asked for; probabilities;
# recipes whose negatives are hard, or images.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $held and the recipes are words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

shape="--data $data --limit 400 --hidden 40x3 --epochs 2 --batch 50"
held="$shape --recipe conditioned --validation 0.2 --jitter 1 --augment-copies 2"
hard="$shape --recipe symba --negatives hard --validation 0.2 --head-epochs 1"
unsupervised="$shape --recipe unsupervised --head-epochs 1"

ff 0 train $held --log log.jsonl
ok "errors of a layer are reported when it is trained" \
    has err '^layer 3/3 trained  error [0-9.]+ %  held-out error, summed up to it [0-9.]+ %$'
# Of 100 rows that are held out, an error has two decimals.
ok "the log has them for each layer, in full precision and no more" \
    [ "$(grep -cE '"kind":"trained".*"error":0\.[0-9]*,"validation_error_upto":0\.[0-9]{1,2},' \
        log.jsonl)" -eq 3 ]
ok "the log names the source of negatives" [ "$(grep -c '"negatives":"labels"' log.jsonl)" -eq 9 ]
# 80 of 400 samples in batches of 50 are two batches; 0.01 of them is one.
ok "the number of held-out samples is printed when training begins" has err '^held out: 100 of 400 samples$'
ok "and when it ends" has out '^held out: 100 samples, error [0-9.]* %$'
ok "the others are those that were trained on" has out ', trained on 300 samples in '
ff 0 inspect model.ff
ok "and by inspect" has out '^  held out  100 of 400 samples$'
# A layer that stops early: in the output, in the log, and in the model
ff 0 train $held --epochs 20 --patience 1 --schedule constant --lr 0.02 --model early.ff --log early.jsonl
stopped=$(sed -n 's/^layer 1\/3 trained  stopped at epoch \([0-9]*\), kept epoch \([0-9]*\)  .*/\1 \2/p' err)
ok "a layer that stops early says when, and what it keeps" expr "$stopped" : '[0-9]* [0-9]*$'
ok "the log has the error on held-out samples of each epoch" \
    [ "$(grep -c '"kind":"layer".*"layer":1,.*"validation_error":0\.[0-9]\{1,2\},' early.jsonl)" -eq "${stopped% *}" ]
ok "and the epochs of the layer" grep -q \
    "\"kind\":\"trained\".*\"layer\":1,\"epoch\":${stopped#* },\"learned_epochs\":${stopped% *}," early.jsonl
ff 0 inspect early.ff
ok "inspect has them in its table" has out "^ +1 trained .* ${stopped#* }/${stopped% *}\$"
ff 0 inspect early.ff --layer 1
ok "inspect --layer, too" has out "^  epochs   stopped at epoch ${stopped% *}, kept epoch ${stopped#* }\$"
ff 0 inspect early.ff --json
json out
ok "and inspect --json" [ "$(leaf '.layers[0].learned_epochs') $(leaf '.layers[0].kept_epoch')" = "$stopped" ]
ff 0 inspect model.ff --json
json out
ok "inspect --json: no early stopping" [ "$(leaf '.layers[0].kept_epoch')" = null ]
ff 0 train $held --validation 0.01 --model little.ff --json --quiet
json out
# chosen: the choice in the JSON document
chosen()
{
    echo "$(leaf .choice.first) $(leaf .choice.last) $(leaf .choice.held_out_error) $(leaf .choice.temperature)"
}
choice=$(chosen)
ok "a small share held out is one batch" [ "$(leaf .held_out_samples) $(leaf .plan.held_out_samples)" = "50 50" ]
ff 0 inspect little.ff --json
json out
ok "inspect --json has it" [ "$(leaf .data.held_out_samples)" -eq 50 ]
ok "train --json has the choice and its held-out error, as inspect --json" [ "$(chosen)" = "$choice" ]
ok "the held-out error is a number" [ -n "${choice##*null*}" ]
ff 0 inspect model.ff --json
json out
first=$(leaf .choice.first) last=$(leaf .choice.last)
ok "inspect prints errors in full precision and no more" \
    [ "$(grep -oE '"(error|held_out_error)": 0\.[0-9]{1,7}[,}]' out | wc -l)" -eq 4 ]

ff 0 eval model.ff --data "$data"
if [ "$first" -eq "$last" ]; then
    ok "eval reports the chosen layer" has out "; goodness of layer $first\$"
else
    ok "eval reports the chosen layers" has out "; goodness of layers $first to $last\$"
fi
ff 0 eval model.ff --data "$data" --json --quiet
json out
ok "eval sums the chosen layers" [ "$(leaf .first_layer) $(leaf .last_layer)" = "$first $last" ]
ok "eval: cross-entropy" expr "$(leaf .cross_entropy)" : '[0-9.]*$'
error=$(leaf .error)
for range in "1 1 1" "1-2 1 2" "2-3 2 3" "3 3 3" "last 3 3" "2-last 2 3" "1-last 1 3"; do
    set -- $range
    ff 0 eval model.ff --data "$data" --layers "$1" --json --quiet
    json out
    ok "eval --layers $1" [ "$(leaf .first_layer) $(leaf .last_layer)" = "$2 $3" ]
    if [ "$2 $3" = "$first $last" ]; then
        ok "eval --layers $1: as chosen" [ "$(leaf .error)" = "$error" ]
    fi
done
ff 0 eval model.ff --data "$data" --layers 2-3 --quiet
ok "eval: below the first layer that is summed nothing is summed" has out '^    1 +[0-9.]+ % +-$'
ok "eval: from it on something is" has out '^    2 +[0-9.]+ % +[0-9.]+ %$'
if has out 'not evaluated'; then not_ok "eval: all layers are measured"; fi
ff 0 eval model.ff --data "$data" --layers 2-3 --quiet --json
ok "eval --json: it is null there" [ "$(tr -d ' \n' <out | grep -c '"upto_error":\[null,0')" -eq 1 ]
ff 0 eval model.ff --data "$data" --layers 1 --quiet
ok "eval: layers that are not measured are reported" has out '^Layers 2 to 3 are above the layers whose .* not evaluated'
ff 0 eval model.ff --data "$data" --layers 1-2 --quiet
ok "eval: so is one" has out '^Layer 3 is above the layers whose goodness is summed, and is not evaluated'
ff 0 eval model.ff --data "$data" --layers 1 --quiet --json
json out
ok "eval --json: layers, and those that are trained" \
    [ "$(leaf .layers) $(leaf .trained_layers)" = "1 3" ]
for range in 0 2-1 x 1- -2 1-2-3 last-1 1-x " 1" 99999999999; do
    refused 2 'layers' eval model.ff --data "$data" --layers "$range"
done
refused 2 'layers 2 to 4: model\.ff has trained layers 1 to 3' eval model.ff --data "$data" --layers 2-4

ff 0 predict model.ff --input "$data" --probabilities --output p.csv
ok "predict --probabilities: their names" [ "$(sed -n 1p p.csv | cut -d, -f1-4)" = index,label,p_0,p_1 ]
wrong=$(awk -F, 'NR > 1 {
    sum = smaller = 0
    label = $2 + 3
    for (i = 3; i <= NF; i++) {
        sum += $i
        smaller += $i > $label
    }
    if (smaller > 0 || sum < 0.999 || sum > 1.001)
        print
}' p.csv)
ok "predict --probabilities: they add up to 1, and the label's is the largest" [ -z "$wrong" ]
ff 0 predict model.ff --input "$data" --output all.csv
ff 0 predict model.ff --input "$data" --layers last --output last.csv
ok "predict --layers: other scores" [ "$(cksum <last.csv)" != "$(cksum <all.csv)" ]
ff 0 predict model.ff --input "$data" --layers "$first-$last" --output chosen.csv
ok "predict sums the chosen layers" cmp chosen.csv all.csv

ff 0 train $held --sweeps 2 --model swept.ff --log swept.jsonl --quiet
for kind in layer trained; do
    # shellcheck disable=SC2016 # jq
    ok "the log has sweep, layer and epoch: $kind" [ "$(jq -j --arg kind "$kind" \
        'select(.kind == $kind) | "\(.sweep)\(.layer)\(.epoch) "' swept.jsonl)" = "111 121 131 212 222 232 " ]
done
for recipe in "$hard" "$unsupervised" "$held --pass-on posterior --sweeps 2"; do
    ff 0 train $recipe --model one.ff --quiet --force
    ff 0 train $recipe --model other.ff --quiet --force --threads 1 --micro-batch 7 --compress zstd
    ok "the same bits on one thread, in micro-batches, compressed: ${recipe#"$shape "}" \
        [ "$(weights_hash one.ff)" = "$(weights_hash other.ff)" ]
done
refused 2 'hybrid negatives .*--batch 2' train $unsupervised --batch 1 --model none.ff
refused 2 'hybrid negatives .*one sample' train $unsupervised --limit 1 --model none.ff
ff 0 train $hard --model other.ff --quiet --force --negatives random --validation 0
ff 0 train $hard --model one.ff --quiet --force
ok "hard negatives give other weights" [ "$(weights_hash one.ff)" != "$(weights_hash other.ff)" ]
ff 0 eval one.ff --data "$data" --json --quiet
json out
ok "eval of hard negatives: by goodness" [ "$(leaf .method)" = goodness ]
ff 0 train $unsupervised --model images.ff --log images.jsonl --quiet
ok "the log names hybrid images as negatives" \
    has images.jsonl '"kind":"trained".*"negatives":"hybrid"'
ff 0 eval images.ff --data "$data" --json --quiet
json out
ok "eval of unsupervised layers: by the head" [ "$(leaf .method)" = head ]
refused 2 'its linear head predicts' eval images.ff --data "$data" --method goodness
refused 2 'layers: .* the head of images\.ff predicts' eval images.ff --data "$data" --layers 1
refused 2 'layers: .* the head of one\.ff predicts' eval one.ff --data "$data" --method head --layers 2-last
refused 2 'layers: .* the head of one\.ff predicts' \
    predict one.ff --input "$data" --method head --layers last
refused 2 'only a head can predict labels' train $unsupervised --model none.ff --head-epochs 0
finish
