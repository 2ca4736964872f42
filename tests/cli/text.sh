#!/bin/sh
# Training on a text: the next character is the label. Bits per character, held-out text, resuming,
# memory that does not grow with the text, and what is no text.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $net is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

net="--hidden 24x2 --epochs 2 --batch 64 --head-epochs 0 --quiet"

# prose LINES: sentences of few words, in a random order that is always the same
prose()
{
    awk -v n="$1" 'BEGIN {
        split("The fox|A crow|The Lion|A mouse", who, "|")
        split("saw|met|feared|mocked", did, "|")
        split("the grapes|a cheese|the net|her shadow", what, "|")
        for (s = 1; n > 0; n--) {
            s = (s * 16807) % 2147483647
            print who[s % 4 + 1] " " did[int(s / 4) % 4 + 1] " " what[int(s / 16) % 4 + 1] "."
        }
    }'
}
prose 300 >train.txt
{ prose 60 && echo "The fox ate 7."; } >test.txt
ff 0 train --data . $net --model a.ff
ff 0 eval a.ff --data . --quiet
ok "eval prints bits per character" has out '^[0-9.]+ bits per character, perplexity [0-9.]+, top-1 [0-9.]+ %$'
ok "and counts unknown characters" has out '^1 character that the training text does not have'
ff 0 eval a.ff --data . --quiet --json
json out
ok "so it does as JSON" [ "$(leaf .unseen) $(leaf .samples)" = "1 $(wc -m <test.txt)" ]
ok "bits are the cross-entropy to base 2" awk -v b="$(leaf .bits_per_character)" \
    -v c="$(leaf .cross_entropy)" -v p="$(leaf .perplexity)" \
    'BEGIN { e = b - c / log(2); f = p - exp(c); exit !(e * e < 1e-12 && f * f < 1e-12 && b > 0 && b < 4) }'
ff 0 inspect a.ff
ok "inspect says so" has out '^  text      10 characters predict the next one$'
ok "and shows the vocabulary" has out '^  classes   .n, '
ff 0 inspect a.ff --columns
ok "characters are one-hot" has out '^10 characters, each one of [0-9]+: one-hot$'
ff 0 predict a.ff --input test.txt --output p.csv --quiet
ok "every place has a prediction" [ "$(wc -l <p.csv)" -gt "$(wc -l <test.txt)" ]

# Defaults of texts
ff 0 inspect a.ff --json
json out
ok "texts have context dropout instead of dropout and label smoothing" \
    [ "$(leaf .recipe.context_dropout) $(leaf .recipe.dropout) $(leaf .recipe.label_smoothing)" = "0.5 0.0 0.0" ]
ff 0 train --data . $net --context-dropout 0 --dropout 0.1 --model plain.ff
ff 0 inspect plain.ff --json
json out
ok "which can be overridden" [ "$(leaf .recipe.context_dropout) $(leaf .recipe.dropout)" = "0.0 0.1" ]
ok "and context dropout affects the weights" [ "$(weights_hash a.ff)" != "$(weights_hash plain.ff)" ]
ff 0 train --data . $net --context-dropout 0.5 --augment-copies 2 --model copies.ff
ok "layers above learn from several copies" [ "$(weights_hash a.ff)" != "$(weights_hash copies.ff)" ]
refused 2 'context dropout is for texts' train --data "$data" $net --context-dropout 0.5 --model x.ff

# The sample
ff 0 train --data "$FFTOOL_ROOT/data/aesop" $net --model fables.ff
ff 0 eval fables.ff --data "$FFTOOL_ROOT/data/aesop" --quiet
ok "the fables are a text" has out 'bits per character'

# Generated text
ff 0 generate a.ff --prompt "The fox " --length 50 --seed 3 --threads 1
ok "generate continues the prompt" [ "$(wc -m <out) $(head -c 8 out)" = "59 The fox " ]
cp out one.out
ff 0 generate a.ff --prompt "The fox " --length 50 --seed 3 --samples 3 --memory 1M
ok "the text does not depend on samples, and layers come one by one if they do not fit together" \
    [ "$(head -c 58 out)" = "$(head -c 58 one.out)" ]
ok "there are as many as asked for" [ "$(grep -c '^The fox ' out)" -ge 3 ]
ff 0 generate a.ff --prompt "The fox " --length 50 --seed 4 --threads 1
ok "another seed gives another text" [ "$(cat out)" != "$(cat one.out)" ]
printf 'The fox saw the grape?' >next.txt
ff 0 predict a.ff --input next.txt --output p.csv --quiet
ff 0 generate a.ff --prompt 'The fox saw the grape' --length 1 --temperature 0
ok "temperature 0 gives the character that predict does" \
    [ "$(cut -c22 out | head -n 1)" = "$(tail -n 1 p.csv | cut -d, -f2)" ]
ff 0 generate a.ff --prompt '7' --length 1
ok "unknown characters of a prompt are reported" has err '1 character of the prompt is not in the vocabulary'
refused 2 'not UTF-8' generate a.ff --prompt "$(printf 'a\377')"
refused 3 '' generate a.ff --memory 10K

# Context and folding are kept by the model
ff 0 train --data train.txt $net --context 4 --fold-case --model b.ff
ff 0 inspect b.ff --json
json out
ok "context and fold-case are in the model" [ "$(leaf .data.context) $(leaf .data.fold_case)" = "4 true" ]
ff 0 eval b.ff --data test.txt --quiet
cp test.txt test.md
ff 0 eval b.ff --data test.md --quiet
ok "a text for a model may have any name" has out 'bits per character'

# The same weights for any threads, micro-batch, budget and compression
ff 0 train --data . $net --model c.ff --threads 1 --micro-batch 32 --compress zstd
ok "threads, micro-batches and compression do not affect the weights" \
    [ "$(weights_hash a.ff)" = "$(weights_hash c.ff)" ]
ff 0 train --data . $net --model d.ff --memory 40M
ok "nor does a budget" [ "$(weights_hash a.ff)" = "$(weights_hash d.ff)" ]
gzip -k train.txt
ff 0 train --data train.txt.gz $net --model e.ff
ok "nor does compression of the text" [ "$(weights_hash a.ff)" = "$(weights_hash e.ff)" ]

# Killed, and resumed
long="--data . --hidden 24x3 --epochs 8 --batch 64 --head-epochs 0 --validation 0.2 --checkpoint-interval 0"
ff 0 train $long --model whole.ff --quiet
ff 0 inspect whole.ff --json
json out
ok "a fifth is held out" [ "$(leaf .data.held_out_samples)" -gt $(($(wc -m <train.txt) / 5 - 64)) ]
: >log.jsonl
"$FFTOOL" train $long --model killed.ff --log log.jsonl >out 2>err &
pid=$!
while [ "$(wc -l <log.jsonl)" -lt 6 ] && kill -0 $pid 2>/dev/null; do
    sleep 0.02
done
kill -KILL $pid
wait $pid
ff 0 resume killed.ff --quiet
ok "a killed training is resumed with the same weights" \
    [ "$(weights_hash whole.ff)" = "$(weights_hash killed.ff)" ]
echo x >>train.txt
ff 1 resume whole.ff --data train.txt --quiet
ff 0 train --mode bp --data . --hidden 24x2 --epochs 1 --batch 64 --quiet --model bp.ff
ff 0 eval bp.ff --data . --quiet
ok "backpropagation has bits per character, too" has out 'bits per character'
ff 0 predict bp.ff --input next.txt --output p.csv --quiet
ff 0 generate bp.ff --prompt 'The fox saw the grape' --length 1 --temperature 0
ok "and generates text" [ "$(cut -c22 out | head -n 1)" = "$(tail -n 1 p.csv | cut -d, -f2)" ]

# Memory does not grow with the text
# peak LINES: bytes that training on so many takes
peak()
{
    prose "$1" >long.txt
    ff 0 train --data long.txt --hidden 8 --epochs 1 --batch 1024 --head-epochs 0 --quiet --json --model "$1.ff" \
        --threads 1 && json out && leaf .peak_rss_bytes
}
if [ -z "${FFTOOL_SANITIZED-}" ] && [ -r /proc/self/status ]; then
    short=$(peak 40000)
    large=$(peak 120000)
    echo "peak RSS $short bytes for 40,000 lines, $large for 120,000"
    ok "a longer text takes no more memory" [ "$large" -lt $((short + 2000000)) ]
fi

# The baseline: p(a) = 2/3, p(b) = 1/3 in order 1
printf aab >aab.txt
printf ab >ab.txt
"$FFTOOL_ROOT/tools/ngram" aab.txt ab.txt 1 >out
ok "order 1 has the bits of its formula" has out '^order 1: 1\.0850 bits'
"$FFTOOL_ROOT/tools/ngram" train.txt test.txt >out
ok "n-gram models have probabilities of sum 1" [ "$(grep -cE 'within ([0-9]e-1[0-9]|0e)' out)" = 6 ]
ok "and skip unknown characters" has out '^[0-9]+ unknown characters'

# What is no text
: >empty.txt
refused 2 'holds no characters' train --data empty.txt $net --model x.ff
printf 'caf\351\n' >latin.txt
refused 4 'line 1: byte 0xe9 is not UTF-8; .*iconv' train --data latin.txt $net --model x.ff
printf 'aaaa\n' | tr -d '\n' >one.txt
refused 2 'one class' train --data one.txt $net --model x.ff
refused 2 'context' train --data train.txt $net --context 5000 --model x.ff
refused 2 '--context is for texts' train --data "$data" $net --context 5 --model x.ff
refused '1 2' 'the model was trained on a text' eval a.ff --data "$data"
ff 0 train --data "$data" --limit 200 --hidden 8 --epochs 1 --quiet --model pixels.ff
refused 2 'not trained on a text' generate pixels.ff
refused 2 'standardize' train --data train.txt $net --standardize columns --model x.ff
finish
