#!/bin/sh
# --force: the old model and its log stay until the first checkpoint of the new one.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086,SC2317 # $small is words; ok calls functions
. "${FFTOOL_ROOT:?}/tests/cli/lib"

ff 0 train $small --model m.ff --log log.jsonl --quiet
cp m.ff m.copy
cp log.jsonl log.copy

# is_as_it_was: the model and its log are, and nothing lies beside them
is_as_it_was()
{
    cmp -s m.ff m.copy && cmp -s log.jsonl log.copy && [ ! -e m.ff.partial ]
}

mkdir cut
cp "$data"/*.gz cut
head -c 20000 "$data/train-images-idx3-ubyte.gz" >cut/train-images-idx3-ubyte.gz
for path in cut absent; do
    ff '1 4' train --data $path --hidden 40x2 --epochs 2 --model m.ff --log log.jsonl --force
    ok "with data that is $path model and log are kept" is_as_it_was
done
ff 3 train $small --model m.ff --log log.jsonl --force --memory 5M
ok "and with a budget that is too small" is_as_it_was
ff 1 train $small --model m.ff --log log.jsonl --force --lr 1e30
ok "and on divergence" is_as_it_was
ok "the message says that they are kept" has err 'm\.ff is unchanged'

ff 0 train $small --model m.ff --log log.jsonl --force --seed 7 --quiet
ok "a completed training replaces the model" [ "$(weights_hash m.ff)" != "$(weights_hash m.copy)" ]
ok "and the log, line for line" [ "$(wc -l <log.jsonl)" -eq "$(wc -l <log.copy)" ]
ok "and leaves nothing beside them" [ "$(ls)" = "$(printf '%s\n' cut err hash.json leaves log.copy log.jsonl m.copy m.ff out)" ]

printf '{"kind":"epo' >half.jsonl # what a killed run left of its first line
ff 0 train $small --model half.ff --log half.jsonl --force --quiet
ok "a log truncated within its first line is rewritten" \
    [ "$(grep -c '^{"kind":.*}$' half.jsonl)" -eq "$(wc -l <log.copy)" ]
ok "and holds nothing else" [ "$(wc -l <half.jsonl)" -eq "$(wc -l <log.copy)" ]
printf '{"kinds":' >other.json
ff 1 train $small --model half.ff --log other.json --force
ok "another truncated file is not a log" [ "$(cat other.json)" = '{"kinds":' ]

rm log.jsonl
ff 4 train --data cut --hidden 40x2 --model m.ff --log log.jsonl --force
ok "a log that did not exist is not left behind" [ ! -e log.jsonl ]
finish
