#!/bin/sh
# Learning does not hang on one type of OpenBLAS's kernels: the learning tests, which the suite runs with
# those that OpenBLAS chooses (or OPENBLAS_CORETYPE names), pass with others of this processor, too.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

# taken: the type of kernels that the program takes
taken()
{
    # shellcheck disable=SC2086 # words
    ff 0 train $conditioned --force --quiet && ff 0 inspect model.ff --json && json out &&
        "$FFTOOL_ROOT/tests/kernels" --of "$(leaf .made_by.blas)"
}

# passes TEST: with the other kernels
passes()
{
    command="OPENBLAS_CORETYPE=$other $1"
    code=0
    "$1" >out 2>&1 </dev/null || code=$?
    [ "$code" -eq 0 ] || sed 's/^/    /' out
    ok "$(basename "$1") passes with the kernels of $other" [ "$code" -eq 0 ]
}

all=$("$FFTOOL_ROOT/tests/kernels")
usual=$(taken)
ok "the program uses the kernels of ${usual:-no known type}" [ -n "$usual" ]
other=$(echo "$all" | grep -vx "$usual" | head -n 1)
if [ -z "$other" ] && ! echo "$all" | grep -qx Haswell; then
    echo "SKIPPED: learning with a second type of kernels: this processor has none, or is not x86-64"
    finish
fi
ok "kernels of ${other:-no other type} are available, too" [ -n "$other" ]
OPENBLAS_CORETYPE=$other
export OPENBLAS_CORETYPE
ok "the program uses the kernels of $other" [ "$(taken)" = "$other" ]
passes "$FFTOOL_ROOT/tests/cli/learning.sh"
passes "$(dirname "$FFTOOL")/tests/train/test_train_learning"
ok "test_train_learning uses the kernels of $other" has out "^kernels: .* $other\$"
finish
