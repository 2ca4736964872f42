#!/bin/sh
# A small training, its evaluation and a look into the model are clean under valgrind.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

if [ -n "${FFTOOL_SANITIZED-}" ]; then
    echo "SKIPPED: valgrind does not run sanitizer builds"
    exit 0
fi
if ! command -v valgrind >/dev/null; then
    echo "SKIPPED: valgrind is not installed"
    exit 0
fi
if [ ! -r /proc/self/maps ]; then
    echo "SKIPPED: valgrind needs /proc"
    exit 0
fi

# clean ARGUMENT...: the program does its work, and valgrind finds nothing
clean()
{
    command="fftool $*"
    code=0
    valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
        "$FFTOOL" "$@" >out 2>err || code=$?
    ok "valgrind finds nothing in: fftool $1" [ "$code" -eq 0 ]
}

clean train --data "$data" --limit 200 --hidden 150x2 --epochs 1 --batch 50 --head-epochs 1 --quiet
clean resume model.ff --quiet
clean eval model.ff --data "$data" --limit 50 --quiet
clean predict model.ff --input "$data" --limit 50 --quiet
clean inspect model.ff --verify
finish
