#!/bin/sh
# A small training, and all that is done with its model, under valgrind: no bad access, no leak.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $tiny is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

if ! command -v valgrind >/dev/null 2>&1; then
    echo "SKIPPED: memcheck: valgrind is not installed (tools/bootstrap test installs it)"
    exit 0
fi
if [ -n "${FFTOOL_SANITIZED-}" ]; then
    echo "SKIPPED: memcheck: this build has sanitizers, which valgrind cannot run"
    exit 0
fi
if [ ! -r /proc/self/maps ]; then
    echo "SKIPPED: memcheck: valgrind needs /proc"
    exit 0
fi
# valgrind does not know AVX-512; OpenBLAS is set not to use it.
kernels=$("$FFTOOL_ROOT/tests/kernels" | grep -vx SkylakeX | head -n 1)
[ -z "$kernels" ] || export OPENBLAS_CORETYPE="$kernels"

tiny="--data $data --limit 60 --hidden 12x2 --epochs 1 --batch 25 --recipe symba --negative-sets 1 --head-epochs 1"

# clean WHAT ARGUMENT...: the program runs without a complaint of valgrind's
clean()
{
    what=$1
    shift
    command="valgrind fftool $*"
    code=0
    valgrind -q --error-exitcode=99 --leak-check=full "$FFTOOL" "$@" >out 2>err </dev/null || code=$?
    ok "valgrind reports nothing for $what" [ "$code" -eq 0 ]
}

clean train train $tiny --quiet
clean "compressed scratch" train $tiny --model z.ff --quiet --compress zstd --activations bf16
clean "scaled activations" train $tiny --model u.ff --quiet --compress zstd --activations u8
clean "a complete model" resume model.ff --quiet
clean eval eval model.ff --data "$data" --limit 20 --quiet
clean "predict by the head" predict model.ff --input "$data" --limit 5 --method head --quiet
clean "inspect --verify" inspect model.ff --verify --layer 2 --json

iris=$data/iris
clean "a table" train --data "$iris" --hidden 8x2 --epochs 1 --model iris.ff --log iris.jsonl --quiet
clean "classes with names" eval iris.ff --data "$iris" --json --quiet
clean predict predict iris.ff --input "$iris" --output species.csv --quiet
clean extend extend iris.ff -o more.ff --hidden +8 --quiet
for output in iris.safetensors iris.npz iris/; do
    clean "export to $output" export iris.ff -o $output --quiet
done
clean import import iris.safetensors -o imported.ff --quiet
clean diff diff iris.ff imported.ff
finish
