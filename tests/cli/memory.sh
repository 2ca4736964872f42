#!/bin/sh
# Peak memory does not grow with depth: a network three times as deep takes the same, under 48 MB,
# while scratch holds as much again. FFTOOL_LONG=1: with 60,000 images, 4 and 16 layers of 1000. And a
# single layer five times as large as its budget (FFTOOL_LONG: eight times) ends in the same weights as
# with memory to spare. FFTOOL_LONG: an .npz and a table of more than 4 GiB take what small ones take;
# 1,000 layers are exported, imported and compared in 30 MB.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

most_bytes=48000000
if [ -n "${FFTOOL_SANITIZED-}" ]; then
    echo "SKIPPED: sanitizers take memory of their own"
    exit 0
fi
if [ ! -r /proc/self/status ]; then
    echo "SKIPPED: memory is read from /proc"
    exit 0
fi
fashion=/usr/share/datasets/fashion-mnist
few=2 many=6 units=16384 times=5
if [ -n "${FFTOOL_LONG-}" ]; then
    few=4 many=16 units=24576 times=8
    if [ -r $fashion/train-images-idx3-ubyte.gz ]; then
        data=$fashion
    else
        echo "SKIPPED: 60,000 images: dataset-fashion-mnist is not installed"
    fi
fi

# peak LAYERS: trains that many and prints the peak RSS, of one seed
peak()
{
    ff 0 train --data "$data" --hidden "1000x$1" --epochs 1 --recipe symba --negative-sets 2 --model "$1.ff" --json \
        --quiet && json out && leaf .peak_rss_bytes
}

shallow=$(peak $few)
scratch=$(leaf .scratch_peak_bytes)
deep=$(peak $many)
echo "peak RSS $shallow bytes with $few layers, $deep with $many; scratch $scratch bytes"
ok "peak RSS is under $most_bytes bytes" [ "$deep" -lt $most_bytes ]
ok "peak RSS is the same within 2 %" [ $((deep * 100)) -le $((shallow * 102)) ]
ok "the stored activations would not have fitted" [ "$scratch" -gt $((shallow / 2)) ]

# npz NAME ROWS: a deflated archive of so many images of 1,000 zero bytes, with labels 0 and 1 in turn
npz()
{
    for array in "x $2, 1000" "y $2"; do
        header="{'descr': '|u1', 'fortran_order': False, 'shape': (${array#* },), }"
        # shellcheck disable=SC2059 # an escape
        {
            printf '\223NUMPY\1\0'"\\$(printf %03o $((${#header} + 1)))"'\0%s\n' "$header"
            [ "${array%% *}" = x ] || yes ab | tr -d '\n' | tr ab '\0\1' | head -c "$2"
        } >"${array%% *}.npy"
    done
    truncate -s "+$(($2 * 1000))" x.npy
    "$make_npz" "$1.npz" x.npy y.npy
    rm x.npy y.npy
}

# npz_peak NAME: trains on a sample of the archive and prints the peak RSS
npz_peak()
{
    ff 0 train --data "$1.npz" --limit 2000 --hidden 50x2 --epochs 1 --batch 500 --model "$1.ff" --json --quiet &&
        json out && leaf .peak_rss_bytes
}

# table_peak NAME ROWS: trains on a table of so many rows, 1,700 bytes each, and prints the peak RSS
table_peak()
{
    awk 'BEGIN {
        for (class = 0; class < 2; class++) {
            for (column = 0; column < 100; column++)
                printf "%.14f,", column / (7 + class)
            print class
        }
    }' >lines
    yes "$(cat lines)" | head -n "$2" >"$1.csv"
    ff 0 train --data "$1.csv" --hidden 20 --epochs 1 --batch 100 --model "$1.ff" --json --quiet &&
        json out && leaf .peak_rss_bytes
    rm "$1.csv"
}

if [ -n "${FFTOOL_LONG-}" ]; then
    few=$(table_peak few_rows 20000)
    many=$(table_peak many_rows 2600000)
    echo "peak RSS $few bytes for a table of 20,000 rows, $many for one of 2,600,000"
    ok "a table of more than 4 GiB takes the memory of a small one, within 2 MB" \
        [ "$many" -le $((few + 2000000)) ]
    npz few 2000
    npz many 4400000
    few=$(npz_peak few)
    many=$(npz_peak many)
    echo "peak RSS $few bytes for an .npz of 2,000 images, $many for one of 4,400,000"
    ok "an .npz of more than 4 GiB takes the memory of a small one, within 5 %" \
        [ $((many * 100)) -le $((few * 105)) ]

    ff 0 train --data "$FFTOOL_ROOT/data" --limit 64 --batch 64 --hidden 500x1000 --epochs 1 --model deep.ff --quiet
    for output in deep.safetensors deep.npz deep/; do
        ff 0 export deep.ff -o $output --json --quiet && json out
        peak=$(leaf .peak_rss_bytes)
        ok "1,000 layers are exported to $output in $peak bytes" [ "$peak" -le 30000000 ]
        ok "these are $(leaf .bytes) bytes" [ "$(leaf .bytes)" -gt 1000000000 ]
    done
    rm -r deep.npz deep
    ff 0 import deep.safetensors -o imported.ff --json --quiet && json out
    peak=$(leaf .peak_rss_bytes)
    ok "and imported in $peak bytes" [ "$peak" -le 30000000 ]
    "$FFTOOL" diff deep.ff imported.ff >out 2>err &
    pid=$! peak=0
    while now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$pid/status 2>/dev/null) && [ -n "$now" ]; do
        peak=$now
        sleep 0.2
    done
    wait $pid
    ok "diff compares them in $peak KiB" [ $((peak > 0 && peak <= 30000)) -eq 1 ]
    ok "with the same weights" has out '^identical: 3,000 tensors$'
    rm deep.ff imported.ff deep.safetensors
fi

budget=$((27 << 20))
large="--data $FFTOOL_ROOT/data --limit 64 --hidden $units --batch 32 --epochs 1 --head-epochs 0 --json"
ok "weights and Adam's state are $times times the budget" [ $((units * 784 * 12)) -gt $((times * budget)) ]
# shellcheck disable=SC2086 # words
ff 0 train $large --quiet --memory $budget --model paged.ff && json out
peak=$(leaf .peak_rss_bytes)
ok "a layer of $times times the budget is trained in $peak bytes" [ "$peak" -le $budget ]
ok "the library keeps to the budget" [ "$(leaf .accounted_peak_bytes)" -le $budget ]
# shellcheck disable=SC2086
ff 0 train $large --quiet --model whole.ff && json out
ok "in memory it takes far more" [ "$(leaf .peak_rss_bytes)" -gt $((times * budget)) ]
ok "the weights are the same" [ "$(weights_hash paged.ff)" = "$(weights_hash whole.ff)" ]
finish
