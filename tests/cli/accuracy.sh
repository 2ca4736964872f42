#!/bin/sh
# tools/accuracy: rows are measured and summed up, what is done is kept, interruptions lose nothing,
# failures are results.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"
unset FFTOOL_MNIST

# accuracy CODES PROGRAM OPTION...: as ff does it
accuracy()
{
    codes=$1
    shift
    command="tools/accuracy $*"
    code=0
    "$FFTOOL_ROOT/tools/accuracy" "$@" >out 2>err </dev/null || code=$?
    case " $codes " in
    *" $code "*) ;;
    *) not_ok "exit code $code, not $codes: $command" ;;
    esac
}

# tiny CODES OPTION...: tiny versions of rows, on the sample, into r.json
tiny()
{
    codes=$1
    shift
    accuracy "$codes" "$FFTOOL" --quick --mnist "$data" --fashion "$data" -o r.json "$@"
}

# row NAME: where the row is among the leaves
row()
{
    sed -n "s/^\(\.rows\[[0-9]*\]\)\.name=$1\$/\1/p" leaves
}

# shellcheck disable=SC2317 # ok calls it
# near A B: they are the same but for rounding
near()
{
    awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(a != "" && d < 1e-6 && d > -1e-6) }'
}

tiny 0 --rows symba-4,depth-4-chosen --seeds 2
cp out table.md
json r.json
ok "results are JSON of the schema" [ "$(leaf .schema)" = fftool.accuracy/1 ]
ok "they are marked as quick" [ "$(leaf .quick)" = true ]
for key in cpu processors fftool blas; do
    ok "the machine's $key is recorded" [ -n "$(leaf ".machine.$key")" ]
done
ok "every training is reported" [ "$(grep -c '^\[[0-9]*/6\] .* % in ' err)" -eq 6 ]
ok "with what is left" has err '; about .* left$'
for name in symba-4 depth-4-chosen; do
    at=$(row $name)
    a=$(leaf "$at.seeds[0].error") b=$(leaf "$at.seeds[1].error")
    ok "$name: the mean" near "$(leaf "$at.mean")" "$(echo "$a $b" | awk '{ print ($1 + $2) / 2 }')"
    ok "$name: the spread" near "$(leaf "$at.spread")" \
        "$(echo "$a $b" | awk '{ d = $1 - $2; print (d < 0 ? -d : d) / sqrt(2) }')"
    ok "$name: no bound is said to hold of a tiny version" [ "$(leaf "$at.holds")" = null ]
    for key in seed failed seconds peak_rss_bytes; do
        ok "$name: each seed has its $key" [ -n "$(leaf "$at.seeds[0].$key")$(leaf "$at.seeds[1].$key")" ]
    done
done
at=$(row symba-4)
ok "the error is that of all layers" \
    [ "$(leaf "$at.seeds[0].error")" = "$(leaf "$at.seeds[0].upto_error[3]")" ]
ok "every layer has one" [ -n "$(leaf "$at.seeds[0].layer_error[3]")" ]
ok "the head has one" [ -n "$(leaf "$at.seeds[0].errors.head")" ]
ok "BP has the same width and epochs" \
    [ "$(leaf "$at.bp.options")" = "--mode bp --limit 1000 --hidden 64x4 --epochs 1" ]
ok "BP has its error" [ -n "$(leaf "$at.bp.seeds[1].error")" ]
ok "a row without BP states why" [ -n "$(leaf "$(row depth-4-chosen).bp_none")" ]
ff 0 train --data "$data" --recipe symba --negative-sets 3 --hidden 64x4 --limit 1000 --epochs 1 \
    --seed 1 --quiet
ff 0 eval model.ff --data "$data" --json --quiet
cp leaves results
json out
error=$(leaf .error)
cp results leaves
ok "the error is what fftool eval prints" [ "$(leaf "$at.seeds[1].error")" = "$error" ]
ok "the table has a line for each row" [ "$(grep -c '^| `' table.md)" -eq 2 ]
# shellcheck disable=SC2016 # Markdown
ok "with mean and spread" has table.md \
    '`symba-4`.* \| [0-9]+\.[0-9][0-9] ± [0-9]+\.[0-9][0-9] \(2 seeds\); head [0-9.]+ ± '
ok "no lock stays" [ ! -e r.json.runs/lock ]
ok "nor a work directory" [ -z "$(find r.json.runs -name '*.work')" ]

cp r.json before.json
tiny 0 --rows symba-4,depth-4-chosen --seeds 2
ok "nothing is measured twice" [ "$(grep -c '^\[' err)" -eq 0 ]
ok "the results stay as they were" cmp r.json before.json
rm r.json r.json.runs/*recipe-symba*.seed-1.json
tiny 0 --rows symba-4 --seeds 2
ok "what is lost is measured again, and no other" [ "$(grep -c '^\[' err)" -eq 1 ]
json r.json
ok "to the same error" [ "$(leaf "$(row symba-4).seeds[1].error")" = "$error" ]
ok "the other rows stay" [ -n "$(row depth-4-chosen)" ]
tiny 0 --rows symba-4 --seeds 1 --force
ok "--force measures again" [ "$(grep -c '^\[' err)" -eq 2 ]
accuracy 0 --table before.json
ok "--table prints the same table" cmp out table.md
accuracy 1 "$FFTOOL" -o r.json --mnist "$data"
ok "tiny results are not mixed with others" has err 'r\.json: .*--output another name'
cp before.json alone.json
accuracy 1 "$FFTOOL" --quick --mnist "$data" -o alone.json
ok "results without their runs are not written over" has err 'alone\.json: its runs are not here'
ok "they stay as they were" cmp alone.json before.json

# A program that fails at backpropagation.
cat >failing <<END
#!/bin/sh
case \$* in
*"--mode bp"*)
    echo 'fftool: train: no "room" in \\here' >&2
    exit 1
    ;;
esac
exec "$FFTOOL" "\$@"
END
chmod +x failing
accuracy 1 ./failing --quick --fashion "$data" --rows fashion-2000 -o f.json
ok "a failure is reported" has err '^\[2/2\] BP of fashion-2000, seed 0: failed: train: no "room" in'
ok "the results are JSON" json f.json
ok "its message is kept" has leaves '\.bp\.seeds\[0\]\.failed=train: no .*room.* in .*here$'
ok "so is what did not fail" [ -n "$(leaf "$(row fashion-2000).mean")" ]
ok "the table says so" has out '\| failed \|'
accuracy 0 "$FFTOOL" --quick --fashion "$data" --rows fashion-2000 -o f.json
ok "it is tried again, and nothing else" [ "$(grep -c '^\[' err)" -eq 1 ]
json f.json
ok "its result takes the failure's place" [ "$(leaf "$(row fashion-2000).bp.seeds[0].failed")" = null ]

row_of_seconds="$FFTOOL --mnist $data --rows mnist-500 --seeds 1 -o w.json"

# run_until EPOCHS SIGNAL: measures a row of some seconds until it has so many epochs of its forty
run_until()
{
    command="tools/accuracy, stopped by $2"
    # shellcheck disable=SC2086 # words
    "$FFTOOL_ROOT/tools/accuracy" $row_of_seconds >out 2>err &
    pid=$!
    until [ "$(cat w.json.runs/*.work/log.jsonl 2>/dev/null | wc -l)" -ge "$1" ] || ! kill -0 $pid; do
        sleep 0.05
    done
}

ff 0 train --data "$data" --hidden 500x4 --epochs 10 --model whole.ff --quiet
expected=$(weights_hash whole.ff)
run_until 5 TERM
# shellcheck disable=SC2086
accuracy 1 $row_of_seconds
ok "the same results are not measured twice at a time" has err 'w\.json: measured by process'
kill -TERM $pid
code=0
wait $pid || code=$?
ok "TERM: exit code 130" [ $code -eq 130 ]
ok "TERM: no lock stays" [ ! -e w.json.runs/lock ]
ok "TERM: what was at work is kept" [ -e "$(echo w.json.runs/*.work/model.ff)" ]
run_until 15 KILL
kill -KILL $pid
code=0
wait $pid 2>/dev/null || code=$?
ok "KILL: there was something to be killed" [ $code -eq 137 ]
# shellcheck disable=SC2086
accuracy 0 $row_of_seconds
json w.json
ok "the same command resumes" [ "$(leaf "$(row mnist-500).seeds[0].resumed")" = true ]
ok "to the weights of a training that was not stopped" \
    [ "$(leaf "$(row mnist-500).seeds[0].weights_hash")" = "$expected" ]
ok "the bound is compared" [ "$(leaf "$(row mnist-500).holds")" = false ]
ok "the table says that it is missed" has out '\*\*missed\*\*'

# Bounds: a number, and what another row reaches. A failure leaves them open.
# made_up NAME BOUND RUN...: a row and what is kept of it. RUN: ERROR, ERROR/DATA of other data, or
# "failed"
# shellcheck disable=SC2016 # jq
made_up()
{
    jq -n '$ARGS.positional as [$name, $bound] | {
        row: {$name, shows: "shows", data: "mnist", evaluations: "goodness", bound_rule: $bound,
            bp: null, bp_none: "no BP", ff: {$name, options: "--epochs 1"}},
        kept: ($ARGS.positional[2:] | to_entries | map((.value / "/") as [$error, $data] | {
            key: "\($name).seed-\(.key)",
            value: ({seed: .key, date: "2026-01-01"} +
                if $error == "failed" then {failed: "some reason"} else {failed: null,
                    error: ($error | tonumber), fingerprint: ($data // "same"), seconds: 1} end)})
            | from_entries)}' --args "$@"
}

# shellcheck disable=SC2016
sum_up()
{
    jq -n -L "$FFTOOL_ROOT/tools" 'include "accuracy"; [inputs] | map(.row) as $rows
        | map(.kept) | add | results($rows; false)' >made.json && json made.json
}

{
    made_up first 1.5 0.014 0.016
    made_up second first+0.1 0.016
    made_up third first+0.1 0.0161
    made_up fourth 2 0.014 failed
    made_up fifth sixth+0.1 0.001
    made_up sixth 2 failed
    made_up seventh absent+0.1 0.001
} | sum_up
ok "a bound holds that is just reached" [ "$(leaf '.rows[0].holds')" = true ]
ok "so does one beside another row" [ "$(leaf '.rows[1].holds')" = true ]
ok "one that is missed does not" [ "$(leaf '.rows[2].holds')" = false ]
ok "one of a row that failed is open" \
    [ "$(leaf '.rows[3].holds') $(leaf '.rows[5].holds')" = "null null" ]
ok "so is one beside a row that failed, or is not measured" \
    [ "$(leaf '.rows[4].holds') $(leaf '.rows[6].holds')" = "null null" ]
made_up first 1.5 0.014 0.014/other | sum_up 2>err
ok "runs of other data do not make a mean" has err '^accuracy: first: .*other data'

mkdir bin
for tool in dirname sed getopt; do
    ln -s "$(command -v $tool)" bin
done
PATH=bin accuracy 1 --table r.json
ok "without jq its package is named" has err '^accuracy: jq is not installed; .*apt-get install jq$'

accuracy 0 --list
for name in mnist-500 mnist-2000 mnist-jitter fashion-2000 depth-4 depth-32 classic-4 symba-4 classic-hard symba-hard; do
    ok "--list has $name" has out "^$name: "
done
ok "--list has commands" has out '^  fftool train --data .* --recipe classic '
accuracy 0 --help
ok "--help has usage" has out '^Usage: tools/accuracy'
ok "--help fits 80 columns" [ -z "$(awk 'length($0) > 80' out)" ]

for bad in --seeds=0 --seeds=x --seeds=101 --seeds= --rows=none --rows --nonsense; do
    accuracy 2 "$FFTOOL" $bad
    ok "$bad is refused" has err '^accuracy: '
    ok "$bad: nothing on stdout" empty out
done
accuracy 1 "$FFTOOL" --mnist nowhere -o n.json
ok "a directory that is not there is named" has err 'nowhere: no such directory'
accuracy 1 ./no-program --mnist "$data" -o n.json
ok "so is a program" has err 'no-program: no such program'
accuracy 1 true --mnist "$data" -o n.json
ok "and one that is another" has err 'true: is not fftool'
accuracy 1 "$FFTOOL" --rows mnist-500 -o n.json
ok "rows without their data are skipped, loudly" has err '^SKIPPED: mnist-500: no mnist'
accuracy 1 --table no.json
ok "a table needs results" has err 'no\.json'
accuracy 1 --table "$FFTOOL_ROOT/data/memory-depth.json"
ok "other results are refused" has err 'memory-depth\.json: not a results file'
echo precious >n.json
accuracy 1 "$FFTOOL" --quick --mnist "$data" -o n.json
ok "other files are left alone" [ "$(cat n.json)" = precious ]
finish
