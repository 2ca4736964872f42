#!/bin/sh
# Where address space is limited every command ends by itself: done, or with exit code 1 and what to
# do about it; and with 1 GiB all are done.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086,SC2317,SC3045 # words; called by ok; dash has ulimit -v
. "${FFTOOL_ROOT:?}/tests/cli/lib"

if [ -n "${FFTOOL_SANITIZED-}" ]; then
    echo "SKIPPED: sanitizers take terabytes of address space"
    exit 0
fi
seconds=60 # of a command that takes a tenth of one: it hangs

# limited MIB ARGUMENT...: runs the program, as ff does, within MIB of address space
limited()
{
    mib=$1
    shift
    code=0
    (
        ulimit -v $((mib << 10))
        exec timeout -s KILL $seconds "$FFTOOL" "$@"
    ) >out 2>err </dev/null || code=$?
    command="ulimit -v $((mib << 10)); fftool $*"
}

ended()
{
    [ $code -eq 0 ] || { [ $code -eq 1 ] && has err '^fftool: ' && has err '^hint: .*ulimit -v'; }
}

net="--data $data --limit 200 --hidden 16x2 --epochs 1 --batch 50"
ff 0 train $net --model model.ff
for mib in 100 160 240 300 380 460 600 1024; do
    for use in "train $net --model new.ff --force" "eval model.ff --data $data --limit 50" \
        "predict model.ff --input $data --limit 50" "inspect model.ff" \
        "bench --data $data --limit 500 --hidden 64 --epochs 40 --seconds 0.05"; do
        limited $mib $use
        ok "${use%% *} ends within $mib MiB, or says what it lacks" ended
        [ $mib -lt 1024 ] || ok "${use%% *} is done within $mib MiB" [ $code -eq 0 ]
    done
done
limited 160 train $net --model new.ff --force --threads 1
ok "one thread is written in the singular" \
    has err 'out of address space: 1 thread needs [0-9]+ MiB more; the limit of the process is 160 MiB'
finish
