#!/bin/sh
# The report of a model: what is on the page, that it stands alone, that its command makes the same
# model, and what is refused.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $conditioned is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

if ! command -v gnuplot >/dev/null 2>&1; then
    echo "SKIPPED: reports: gnuplot is not installed"
    finish
fi

options="--lr 0.002 --dropout 0.1 --seed 7 --validation 0.2 --activations f32"
ff 0 train $conditioned $options --model "it's <1>.ff" --log log.jsonl --quiet
model="it's <1>.ff"
profile=$FFTOOL_ROOT/data/memory-depth.json

ff 0 report "$model" --output small.html
ok "a report needs the model alone" has small.html '^</html>$'
ok "nothing is printed on stdout" empty out
ok "where it is, is said" has err 'small\.html'
ff 0 report "$model" --log log.jsonl --profile "$profile" --data "$data" --output page.html --quiet
ok "--quiet says nothing" empty err
for section in Summary 'Memory and speed' 'Learning curves' Layers 'Confusion matrix' Filters \
    'Memory against depth' 'How to reproduce'; do
    ok "the page has the section \"$section\"" has page.html "<h2>$section</h2>"
done
ok "it has the name of the model, escaped" has page.html "<h1>it's &lt;1&gt;\.ff</h1>"
ok "it has the hash of the weights" has page.html "hash $(weights_hash "$model")"
ok "it has a row and a histogram of each layer" [ "$(grep -c 'class="spark"' page.html)" -eq 2 ]
ok "it has four figures" [ "$(grep -c '^<figure' page.html)" -eq 4 ]
ff 0 eval "$model" --data "$data" --json --quiet
json out
ok "it has the error of eval" has page.html \
    "$(awk -v e="$(leaf .error)" 'BEGIN { printf "%.2f %%", 100 * e }')"
ok "the page is UTF-8" iconv -f utf8 -t utf8 page.html

# It stands alone: no scripts, and addresses only of pictures within it and of names of XML
ok "no scripts" [ "$(grep -ciE '<script|javascript:| on[a-z]+=' page.html)" -eq 0 ]
ok "nothing is loaded" [ "$(grep -oE '(src|href)=.[^# ]{9}' page.html |
    grep -cvE "=.data:imag")" -eq 0 ]
ok "no address but of name spaces" [ "$(grep -oE 'https?://[a-z0-9./]*' page.html |
    grep -cvE '^http://www\.w3\.org/')" -eq 0 ]
ok "no name of an element occurs twice" \
    [ -z "$(grep -oE " id=['\"][^'\"]*" page.html | tr -d "'\"" | sort | uniq -d)" ]
for what in 'prefers-color-scheme:dark' '@media print' 'name="viewport"'; do
    ok "it has $what" has page.html "$what"
done
if command -v xmllint >/dev/null; then
    ok "it is HTML" [ -z "$(xmllint --html --noout page.html 2>&1 | grep -iE 'mismatch|unexpected end')" ]
fi

# The command on the page makes a model with the same weights.
sed -n 's/^<pre>fftool //p' page.html |
    sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g; s/--log log\.jsonl//' >made.txt
for option in '--lr 0\.002' '--dropout 0\.1' '--seed 7' '--validation 0\.2' '--activations f32' '--limit 400' \
    '--hidden 40x2' '--epochs 2' '--batch 50'; do
    ok "the command has $option" has made.txt " $option( |\$)"
done
for option in optimizer mode sweeps beta1 label-strength; do
    ok "the command has no --$option, which is the default" [ "$(grep -c -- "--$option " made.txt)" -eq 0 ]
done
hash=$(weights_hash "$model")
mv "$model" first.ff
eval "set -- $(cat made.txt)"
ff 0 "$@" --quiet
ok "the command of the page makes the same weights" [ "$(weights_hash "$model")" = "$hash" ]

# The same for other recipes, and a table
for more in "--recipe classic --negatives hard" "--recipe unsupervised --head-epochs 1" "--mode bp --lr 0.01"; do
    ff 0 train --data "$data" --limit 200 --hidden 20,10 --epochs 1 $more --model other.ff --force --quiet
    ff 0 report other.ff --output other.html --quiet
    hash=$(weights_hash other.ff)
    rm other.ff
    eval "set -- $(sed -n 's/^<pre>fftool //p' other.html | sed 's/<.*//')"
    ff 0 "$@" --quiet
    ok "$more: the command makes the same weights" [ "$(weights_hash other.ff)" = "$hash" ]
done
ff 0 train --data "$data/wine" --model table.ff --hidden 20x1 --quiet
ff 0 report table.ff --output table.html
sed '2s/^[^,]*//' "$data/wine/train.csv" >gaps.csv
ff 0 train --data gaps.csv --missing mean --id-column hue --model gaps.ff --hidden 20x1 --limit 100 --quiet
ff 0 report gaps.ff --output gaps.html --quiet
hash=$(weights_hash gaps.ff)
rm gaps.ff
eval "set -- $(sed -n 's/^<pre>fftool //p' gaps.html | sed 's/<.*//')"
ff 0 "$@" --quiet
ok "of a table with missing values, too" [ "$(weights_hash gaps.ff)" = "$hash" ]
ok "a table has no filters" [ "$(grep -c '<h2>Filters' table.html)" -eq 0 ]

# A log of another training
ff 0 report first.ff --log log.jsonl --output p.html
ok "the log of the training gives no warning" [ "$(grep -c warning err)" -eq 0 ]
sed '/"trained"/s/"error":0[.]/"error":0.9/' log.jsonl >other.jsonl
ff 0 report first.ff --log other.jsonl --output p.html
ok "another one does, once" [ "$(grep -c 'warning: other\.jsonl seems to be of another training' err)" -eq 1 ]
rm p.html

# What is refused
refused 2 '--log: .*memory-depth\.json is results of' report first.ff --log "$profile" --output p.html
refused 2 '--profile: log\.jsonl is a log of' report first.ff --profile log.jsonl --output p.html
refused 1 'no/such' report first.ff --output no/such.html
echo notes >notes.html
refused 1 'notes\.html exists and is not a report of fftool' report first.ff --output notes.html
refused 2 'requires --data' report first.ff --labels x --output p.html
refused 1 'missing\.ff' report missing.ff --output p.html
ok "after a failure there is no page" [ ! -e p.html ]
cp page.html before.html
refused 1 'nowhere' report first.ff --data nowhere --output page.html
ok "and an earlier one stays" cmp page.html before.html
ff 0 report first.ff --output page.html
ok "an earlier report is overwritten" [ "$(grep -c '<h2>Learning curves' page.html)" -eq 0 ]
code=0
PATH=/nowhere "$FFTOOL" report first.ff --output p.html >out 2>err || code=$?
ok "without gnuplot its package is named" has err 'gnuplot-nox'
finish
