#!/bin/sh
# What the program learns from the sample in data/, in several ways: far better than chance. Bounds are a
# third or more above the worst error of six seeds and six types of OpenBLAS's kernels.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

# learns MOST DATA OPTION...: the test error, a fraction, is MOST or less
learns()
{
    most=$1 from=$2
    shift 2
    ff 0 train --data "$from" --force --quiet "$@" || return
    ff 0 eval model.ff --data "$from" --json --quiet || return
    json out
    error=$(leaf .error)
    command="fftool train $*"
    echo "test error $error: $*"
    ok "test error is at most $most with $*" [ "$(echo "$error $most" | awk '{ print ($1 <= $2) }')" = 1 ]
}

learns 0.40 "$data" --hidden 100x3 --epochs 10 --recipe symba --activations bf16 --compress zstd --negative-sets 3 # 0.20 to 0.29
learns 0.30 "$data" --hidden 100x3 --epochs 10 --activations u8 # 0.17 to 0.20
learns 0.30 "$data" --hidden 100x3 --epochs 10 --mode bp-accum --optimizer sgd --lr 0.05 # 0.16 to 0.19
finish
