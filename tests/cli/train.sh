#!/bin/sh
# Training, and what it prints: results on stdout, the rest on stderr; the log; --force.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $small and $conditioned are words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

ff 0 train $small --log log.jsonl
ok "the result is on stdout" has out '^model\.ff: 2 layers, .* 400 samples'
ok "memory is in the result" has out '^memory: peak .* resident, .* anonymous, .* accounted'
ok "progress is on stderr" has err '^layer 2/2 epoch 2/2  loss '
ok "a file holds no control characters of a bar" [ -z "$(tr -d '\n -~' <err)" ]
ok "scratch is removed" [ ! -e model.ff.scratch ]
ok "the log has a line for each epoch of each layer" [ "$(grep -c '"kind":"layer"' log.jsonl)" -eq 4 ]
ok "the log has a line for each epoch of the head" [ "$(grep -c '"kind":"head"' log.jsonl)" -ge 1 ]
ok "the log has a line for each layer that is trained" [ "$(grep -c '"kind":"trained"' log.jsonl)" -eq 2 ]
grep -v '"kind":"trained"' log.jsonl >epochs.jsonl
n=0
while read -r line; do
    n=$((n + 1))
    echo "$line" >line
    ok "line $n of the log is JSON" json line
    for key in kind sweep layer epoch negatives loss goodness_pos goodness_neg error learning_rate seconds \
        rows_per_second gflops peak_rss_bytes peak_anon_bytes accounted_peak_bytes \
        category_peak_bytes.weights scratch_bytes; do
        [ -n "$(leaf ".$key")" ] || not_ok "line $n of the log has no $key"
    done
done <epochs.jsonl
first=$(weights_hash model.ff)
ok "the model has a hash of its weights" expr "$first" : '[0-9a-f]\{32\}$'
total=$(wc -l <log.jsonl)

ff 0 train $small
ok "a complete model is left alone" has out 'complete already'
ff 0 resume model.ff --log log.jsonl
ok "resume leaves it alone too" has out 'complete already'
ok "the log is kept" lines log.jsonl "$total"

refused 1 '[Ee]pochs' train $small --epochs 3
ok "a hint is printed" has err '--force'
ok "the model is as it was" [ "$(weights_hash model.ff)" = "$first" ]
refused 1 'log\.jsonl exists, .* --force' train $small --model another.ff --log log.jsonl
ok "the log is as it was" lines log.jsonl "$total"
ok "no other model was created" [ ! -e another.ff ]
refused 1 'training diverged' train $small --model far.ff --lr 1e30 --quiet
ok "the hint says how to start over" has err '^hint: .* --force'
ff 0 train $small --force --epochs 1 --log log.jsonl
ok "--force replaces it" [ "$(weights_hash model.ff)" != "$first" ]
ok "the log starts over" [ "$(grep -c '"kind":"layer"' log.jsonl)" -eq 2 ]

ff 0 train $small --force --quiet
ok "--quiet: nothing on stderr" empty err
ok "the same recipe gives the same weights" [ "$(weights_hash model.ff)" = "$first" ]
ff 0 train $small --model other.ff --json --quiet --threads 1 --micro-batch 7 --compress zstd:3
ok "--json prints JSON on stdout" json out
ok "--json: complete" [ "$(leaf .complete)" = true ]
ok "--json: layers" [ "$(leaf .layers)" = 2 ]
ok "--json: samples" [ "$(leaf .samples)" = 400 ]
if [ -r /proc/self/status ]; then
    ok "--json: peak_rss_bytes" [ "$(leaf .peak_rss_bytes)" -gt 0 ]
else
    echo "SKIPPED: peak_rss_bytes: there is no /proc here"
fi
ok "threads, micro-batches and compression do not change the weights" [ "$(weights_hash other.ff)" = "$first" ]
ff 0 train $small --model other.ff --force --quiet --seed 1
ok "another seed gives other weights" [ "$(weights_hash other.ff)" != "$first" ]
for option in "--loss logistic" "--optimizer sgd" "--schedule constant" "--activations bf16" \
    "--label-embedding append" "--weight-decay 0.01"; do
    ff 0 train $small --model other.ff --force --quiet $option
    ok "$option changes the weights" [ "$(weights_hash other.ff)" != "$first" ]
done

ff 0 train $conditioned --model labels.ff --quiet
first=$(weights_hash labels.ff)
ff 0 train $conditioned --model labels.ff --force --quiet --threads 1 --micro-batch 7 --compress zstd
ok "layers that labels condition: the same bits" [ "$(weights_hash labels.ff)" = "$first" ]
for option in "--label-strength 2" "--label-smoothing 0" "--label-samples 3" "--dropout 0" \
    "--goodness-scale 50" "--activations f32" "--pass-on mean" "--head-epochs 1"; do
    ff 0 train $conditioned --model labels.ff --force --quiet $option
    ok "$option changes the weights of layers that labels condition" \
        [ "$(weights_hash labels.ff)" != "$first" ]
done
refused 2 'embedding: .* softmax does not use it' train $conditioned --model no.ff --label-embedding append
ok "nothing was created" [ ! -e no.ff ]

ff 0 train $small --model verbose.ff --verbose
ok "--verbose compares with sgemm" has err \
    '^training [0-9.]+ GFLOP/s, plain sgemm of [0-9]+ x [0-9]+ x [0-9]+ [0-9.]+ GFLOP/s: [0-9.]+$'
mkdir scratch
ff 0 train $small --model elsewhere.ff --scratch scratch --quiet
ok "--scratch is left empty" [ -z "$(find scratch -type f 2>err)" ]
ok "an existing --scratch directory stays" [ -d scratch ]
ff 0 train $small --model elsewhere.ff --scratch made --quiet --force
ok "a created --scratch directory is removed" [ ! -e made ]
finish
