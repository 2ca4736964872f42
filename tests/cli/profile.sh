#!/bin/sh
# Profiles: every mode is measured, what is there is not measured again, failures are results, and an
# interruption keeps what is done.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"
modes=ff-stream,ff-full,bp,bp-accum,bp-checkpoint
tiny="--data $data --hidden 40 --batch 100 --samples 200"

# profile CODES OPTION...: of tiny networks, into r.json
profile()
{
    codes=$1
    shift
    # shellcheck disable=SC2086 # words
    ff "$codes" profile $tiny -o r.json "$@"
}

profile 0 --modes $modes --depths 2,4,...,6 --eval
cp out table
for mode in ff-stream ff-full bp bp-accum bp-checkpoint; do
    ok "$mode is told at three depths" [ "$(grep -c "^$mode  *[246] layers  peak " err)" -eq 3 ]
    ok "the table has $mode" has table " $mode"
done
ok "the table tells the growth with its spread" has table 'std. error'
ok "nothing temporary stays" [ "$(echo ./*)" = "./err ./out ./r.json ./table" ]
json r.json
ok "the schema is told" [ "$(leaf .schema)" = fftool.profile/1 ]
ok "there are fifteen points" [ "$(grep -c '^\.points\[[0-9]*\]\.mode=' leaves)" -eq 15 ]
for key in mode layers hidden batch samples peak_rss_bytes peak_anon_bytes accounted_peak_bytes \
    planned_bytes cgroup_peak_bytes scratch_peak_bytes bytes_written seconds test_error; do
    ok "every point has $key" [ "$(grep -c "^\.points\[[0-9]*\]\.$key=" leaves)" -eq 15 ]
done
ok "peaks are numbers" [ "$(grep -cE '\.peak_rss_bytes=[0-9]{7,}$' leaves)" -eq 15 ]
ok "errors are numbers" [ "$(grep -cE '\.test_error=0\.[0-9]+$' leaves)" -eq 15 ]
ok "every mode has a slope" [ "$(grep -c '\.standard_error_bytes=' leaves)" -eq 5 ]
ok "the data is named" [ "$(leaf .data)" = data ]

cp r.json before.json
profile 0 --modes $modes --depths 2,4,6 --eval
ok "what is measured is not measured again" has err '15 of 15 points are measured already'
ok "the file stays as it was" cmp r.json before.json
profile 0 --modes ff-stream --depths 2,4,6,8 --eval
ok "one point is missing, and measured" has err '^ff-stream  *8 layers'
ok "and no other" [ "$(grep -c layers err)" -eq 1 ]
profile 1 --modes bp --depths 2 --seed 7
ok "other settings are refused, with what differs" has err 'seed 0, not 7'
profile 0 --modes bp --depths 2 --seed 7 --force
json r.json
ok "--force begins anew" [ "$(leaf .settings.seed)" = 7 ]

# A training that fails is a result.
profile 0 --modes ff-stream,bp --depths 2 --memory 9M --force
json r.json
ok "what does not fit is recorded" [ "$(leaf '.points[0].exit_code')" = 3 ]
ok "with the reason" [ "$(grep -cE '^\.points\[[01]\]\.error=.*memory' leaves)" -eq 2 ]
ok "and no figures" [ "$(leaf '.points[0].peak_rss_bytes')" = null ]
ok "the table says so" has out 'did not fit'
profile 0 --modes ff-stream --depths 2 --memory 9M
ok "it is not tried again" has err '1 of 1 points are measured already'
profile 0 --modes ff-stream --depths 2 --memory 9M --retry
ok "unless with --retry" has err '^ff-stream  *2 layers  a budget of 9M is too small'

for depths in '' 0 2,2 2,... 2,7,... 2,7,...,48 7,2,...,1 x 2,,3 99999999999 2,3,...,99999999; do
    profile 2 --modes bp --depths "$depths"
    ok "--depths \"$depths\" is refused" has err '^fftool: profile: .*--depths'
done
profile 2 --modes ff-stream,bpp --depths 2
ok "an unknown mode is named" has err 'bpp'
refused 1 'no-such' profile --data no-such -o r2.json
# shellcheck disable=SC2086
refused 1 'no/such' profile $tiny --depths 2 -o no/such/r.json
# shellcheck disable=SC2086
refused 2 '\.svg' profile $tiny --depths 2 -o r2.json --plot memory.txt

# Interrupted while a long training is under way.
"$FFTOOL" profile --data "$data" --hidden 40 --batch 50 --samples 200 --epochs 1 --depths 2,90000 \
    --modes ff-stream -o long.json >out 2>err &
pid=$!
n=0
until grep -q '2 layers' err || [ $n -gt 200 ]; do
    sleep 0.1
    n=$((n + 1))
done
sleep 0.3
kill -INT $pid
code=0
wait $pid || code=$?
ok "an interruption ends with 130" [ $code -eq 130 ]
ok "it is told that the same command goes on" has err 'the same command goes on'
json long.json
ok "what was measured is kept" [ "$(grep -c '^\.points\[[0-9]*\]\.mode=' leaves)" -eq 1 ]
ok "nothing temporary stays" [ ! -e long.json.work ]

if [ -n "${FFTOOL_SANITIZED-}" ]; then
    echo "SKIPPED: profiles under a limit: sanitizers take memory of their own"
elif "$FFTOOL_ROOT/tools/limit-memory" 64M true 2>/dev/null; then
    ff 0 profile --data "$data" --hidden 1500 --batch 100 --samples 200 --depths 4 \
        --modes ff-stream,bp --limit 80M -o limited.json
    json limited.json
    ok "one layer at a time fits the limit" [ "$(leaf '.points[0].cgroup_peak_bytes')" -le 83886080 ]
    ok "the whole network does not" has leaves '\.error=did not fit the limit of 80M'
else
    echo "SKIPPED: profiles under a limit: no control group can be made here"
fi
finish
