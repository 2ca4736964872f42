#!/bin/sh
# tools/bench, with a program that only says what it would have measured: what is printed, and that
# a training which is killed, within the limit or not, is no fast one but a failure.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

cat >stub <<'EOF'
#!/bin/sh
# Training number $DIES is killed.
if [ "$1" = bench ]; then
    speed='{"median": 100, "low": 99, "high": 103}' ratio='{"median": 0.9, "low": 0.88, "high": 0.94}'
    echo "{\"train_gflops\": $speed, \"large_gflops\": $speed, \"large_ratio\": $ratio,"
    echo "\"same_gflops\": $speed, \"same_ratio\": $ratio, \"around_epochs\": 0.25}"
    exit
fi
if [ "$1" = eval ]; then
    printf '{\n  "seconds": 0.5\n}\n'
    exit
fi
echo "$1" >>trainings
[ "$(wc -l <trainings)" -ne "$DIES" ] || kill -KILL $$
while [ "$1" != --model ]; do
    shift
done
: >"$2"
printf '{\n  "seconds": 2.5,\n  "train_seconds": 2.0,\n  "scratch_peak_bytes": 980000000\n}\n'
EOF
chmod +x stub

# bench CODE DIES: runs it
bench()
{
    command="tools/bench"
    rm -f trainings
    code=0
    DIES=$2 FFTOOL_BENCH_DATA=$data "$FFTOOL_ROOT/tools/bench" --all ./stub >out 2>err || code=$?
    ok "the exit code is $1" [ "$code" -eq "$1" ]
}

bench 0 0
ok "seven networks are compared" [ "$(grep -cE \
    '^[0-9]+x[0-9] .* 100\.0 +100\.0 +0\.90 . 0\.03 +100\.0 +0\.90 . 0\.03 +25 %$' out)" -eq 7 ]
ok "recipes are compared" [ "$(grep -cE '^ +[1-3] +2\.0 +2\.0 +1\.00 +0\.5 +0\.5 +1\.0$' out)" -eq 3 ]
if has out 'no control group can be made'; then
    echo "SKIPPED: bench under a limit: no control group can be made here"
    finish
fi
ok "five pairs are run" [ "$(grep -cE '^ +[1-5] +2\.5 +2\.5 +1\.00$' out)" -eq 5 ]
ok "their median is printed" has out '^median +1\.00$'
# Six trainings compare recipes; the next one measures the size; then come pairs, the limited one
# second.
for dies in 2 8 9; do
    bench 1 $dies
    ok "the failure of training $dies is reported" has err '^bench: training.* failed, with exit code 137$'
    ok "no infinity and no NaN is printed" [ "$(grep -cE 'inf|nan' out)" -eq 0 ]
done
ok "the limit is printed" has err 'training within 98 MB failed'
ok "and so is the message of limit-memory" has err '^limit-memory: peak '
finish
