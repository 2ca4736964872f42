#!/bin/sh
# Files that may not grow (ulimit -f), and files that another program cuts short while they are
# mapped: a message that names the file, and no death by signal.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

endless="$conditioned --epochs 1000000 --checkpoint-interval 0"
program=$FFTOOL
# Blocks of 512 bytes, as POSIX has it
{
    echo '#!/bin/sh'
    # shellcheck disable=SC2016 # the script's own variables
    echo 'ulimit -f "$BLOCKS" && exec "$PROGRAM" "$@"'
} >limited
export PROGRAM="$program"
chmod 755 limited

# within BLOCKS CODE PATTERN ARGUMENT...: ends with CODE and such a line on stderr
within()
{
    export BLOCKS="$1"
    wanted=$2 pattern=$3
    shift 3
    FFTOOL=./limited
    ff "$wanted" "$@" && ok "the limit is named: $command" has err "$pattern.*ulimit -f"
    FFTOOL=$program
}

# Of the model, whose weights are more than its samples; of scratch; of what is printed
within 1000 1 'model\.ff: .*File too large' \
    train --data "$data" --limit 50 --hidden 1000 --epochs 1 --batch 50 --quiet
ok "the hint is to raise the limit" has err '^hint: raise the limit'
yes '{"kind":"layer","epoch":1}' | head -c 21600000 >log.jsonl # whole lines, beyond the limit
within 40000 1 'log\.jsonl: File too large' resume model.ff --log log.jsonl
for at in '300 small\.ff\.scratch: cannot write a temporary file' '625 small\.ff\.scratch/boundary-0\.lmdb'; do
    within "${at%% *}" 1 "${at#* }.*: File too large" \
        train --data "$data" --limit 400 --hidden 4 --epochs 1 --batch 50 --model small.ff --quiet
done
within 1 1 'standard output: File too large' inspect model.ff --json
if command -v gnuplot >/dev/null; then
    # shellcheck disable=SC2086
    ff 0 train $small --model plotted.ff --log plotted.jsonl --quiet
    within 2 1 'File too large' plot plotted.jsonl --output curves.svg
    ok "no figure is left" [ ! -e curves.svg ]
else
    echo "SKIPPED: limited figures: gnuplot is not installed"
fi

# begin OPTION...: starts an endless training, and waits until it has logged
begin()
{
    rm -rf model.ff* log.jsonl
    command="fftool train"
    # shellcheck disable=SC2086
    "$FFTOOL" train $endless "$@" --quiet --log log.jsonl >out 2>err &
    while [ ! -s log.jsonl ] && kill -0 $! 2>/dev/null; do
        sleep 0.02
    done
}

# shellcheck disable=SC2317 # ok calls it
# ends_with CODE: what was begun
ends_with()
{
    code=0
    wait $! || code=$?
    [ "$code" -eq "$1" ]
}

# Stopped meanwhile, so that it is truncated while it is in use; each batch reads
# it again. Small chunks are copied: the fault is noticed, and scratch is rebuilt
begin
kill -STOP $!
: >model.ff.scratch/boundary-0.lmdb
kill -CONT $!
while [ ! -s model.ff.scratch/boundary-0.lmdb ] && kill -0 $! 2>/dev/null; do
    sleep 0.02
done
kill -INT $!
ok "truncated scratch is rebuilt, and training continues" ends_with 130

# Those of larger batches are mapped
begin --recipe classic --batch 300
kill -STOP $!
: >model.ff.scratch/boundary-0.lmdb
kill -CONT $!
ok "truncated scratch ends training as a damaged file" ends_with 4
ok "the message names it" has err '^fftool: train: /.*/model\.ff\.scratch/boundary-0\.lmdb: truncated'
ok "and the hint is printed" has err '^hint: it is scratch, which is rebuilt: when nothing else writes to it, run the command again$'
ff 0 inspect --verify model.ff
ok "the model is whole" has out '^verified .* none damaged'

# Each checkpoint reads the model's trees
begin
kill -STOP $!
: >model.ff
kill -CONT $!
ok "a truncated model ends training as a damaged file" ends_with 4
ok "the message names the model" has err '^fftool: train: .*model\.ff: '
finish
