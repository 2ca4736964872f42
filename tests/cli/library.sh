#!/bin/sh
# The library as it is installed: what it exports, that programs of others compile and run with it
# through pkg-config, as C and as C++, and that headers and man page agree.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

build=${FFTOOL%/*}
stage=$work/stage
prefix=/opt/fftool
lib=$stage$prefix/lib
include=$stage$prefix/include
man=$stage$prefix/share/man/man3/libfftool.3

if [ ! -e "$build/libfftool.so" ]; then
    echo "SKIPPED: the library is not built (make lib)"
    finish
fi

# What is built is installed as it is: nothing is compiled again, with these flags or others.
make -s -C "$FFTOOL_ROOT" -o all install B="$build" DESTDIR="$stage" PREFIX=$prefix >log 2>&1
ok "make install" [ $? -eq 0 ]
PKG_CONFIG_PATH=$lib/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$stage
LD_LIBRARY_PATH=$lib
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
version=$("$FFTOOL" --version | sed 's/fftool //')
ok "pkg-config has the version" [ "$(pkg-config --modversion libfftool)" = "$version" ]
ok "the header has it in parts" [ "$version" = "$(awk '/define FF_VERSION_(MAJOR|MINOR|PATCH)/ {
    printf "%s%s", dot, $3; dot = "." }' "$include/fftool/version.h")" ]

# Functions that the headers declare, those that the library exports, those of the man page.
cat "$include"/fftool/*.h | grep -v '^static' | grep -oE '^[a-zA-Z_].*[ *]ff_[a-z0-9_]+\(' |
    grep -oE 'ff_[a-z0-9_]+\($' | tr -d '(' | sort >declared
ok "headers declare functions" [ "$(wc -l <declared)" -gt 30 ]
if command -v nm >/dev/null; then
    nm -D --defined-only "$lib/libfftool.so" | awk '$2 ~ /[TDBR]/ { print $3 }' |
        sed 's/@.*//' | grep -v '^__' | sort >exported
    ok "exported is what the headers declare" diff declared exported
    ok "symbols have a version" [ "$(nm -D --defined-only --with-symbol-versions \
        "$lib/libfftool.so" | grep -c '@@FFTOOL_[0-9.]*$')" -eq "$(wc -l <declared)" ]
fi
# Prototypes of the headers, one a line in normal form, and those of the man page.
cat "$include"/fftool/*.h | grep -v '^#' | tr '\n' ' ' | sed 's|/\*|\n&|g' | sed 's|^/\*.*\*/||' |
    tr '\n' ' ' | tr ';{}' '[\n*]' | sed 's/^ *//; s/FF_CHECK //; s/static inline //; s/  */ /g' |
    grep -E '^[a-z][a-z0-9_ *]*[ *]ff_[a-z0-9_]+\(' | sed 's/\* /*/g; s/ *$//' | sort >declarations
awk '/^\.Ft / { sub(/^\.Ft /, ""); gsub(/"/, ""); type = $0 }
    /^\.Fn ff_[a-z0-9_]* "/ && type {
        sub(/^\.Fn /, ""); sub(/ "/, "("); sub(/"$/, ")"); gsub(/" "/, ", ")
        print type " " $0
        type = ""
    }' "$man" | sed 's/\* /*/g' | sort >prototypes
ok "headers have a prototype of each" [ "$(wc -l <declarations)" -ge "$(wc -l <declared)" ]
ok "the man page has every prototype, and no other" diff declarations prototypes
ok "the man page has every status" [ "$(grep -cE '^\.It Dv FF_E' "$man")" -eq \
    "$(grep -cE '^ +FF_E[A-Z]+ = -' "$include/fftool/status.h")" ]

sanitized=
nm -D "$lib/libfftool.so" 2>/dev/null | grep -qE '__(asan|ubsan|tsan)' && sanitized=yes
if [ -n "$sanitized" ]; then
    echo "SKIPPED: programs of others: the library needs the sanitizers' runtime"
    finish
fi

# compile NAME COMPILER...: compiles the example NAME to ./NAME
# shellcheck disable=SC2317 # ok calls it
compile()
{
    name=$1
    shift
    # shellcheck disable=SC2046 # flags
    "$@" -Wall -Wextra -Werror -o "$name" "$FFTOOL_ROOT/tools/examples/$name.c" -x none \
        $(pkg-config --cflags --libs libfftool) >log 2>&1 || { cat log && return 1; }
}

# run NAME ARGUMENT...: runs it
run()
{
    command="$*"
    name=$1
    shift
    "./$name" "$@" >out 2>err
}

# The example against the archive, which brings its dependencies along.
# shellcheck disable=SC2317
link_archive()
{
    # Shared libraries of others: their static ones need more (OpenBLAS's libgfortran).
    # shellcheck disable=SC2046
    cc -std=c11 -o archive "$FFTOOL_ROOT/tools/examples/predict.c" \
        $(pkg-config --cflags libfftool) "$lib/libfftool.a" \
        $(pkg-config --libs $(pkg-config --print-requires-private libfftool)) -lm -pthread
}

for compiler in "cc -std=c11" "g++ -std=c++11 -x c++"; do
    command -v "${compiler%% *}" >/dev/null || {
        echo "SKIPPED: the examples with ${compiler%% *}: it is not installed"
        continue
    }
    rm -rf model.ff model.ff.scratch
    # shellcheck disable=SC2086
    ok "$compiler compiles train" compile train $compiler
    # shellcheck disable=SC2086
    ok "$compiler compiles predict" compile predict $compiler
    ok "train trains and evaluates" run train "$data" model.ff
    ok "it reports epochs" has out '^layer 2 epoch 2: loss '
    ok "it reports the model" has out '^model\.ff: 2 layers, [0-9]+ parameters, peak memory '
    ok "it reports the error" has out '^error [0-9.]+ % of [0-9]+ samples$'
    ok "the program reads its model" "$FFTOOL" inspect --verify model.ff
    ok "predict predicts and reads" run predict model.ff
    ok "it reads weights" has out '^layer\.2\.weights: 200 x 200, mean -?[0-9.]+$'
    ok "it predicts rows in memory" [ "$(grep -cE '^row [012]: label [0-9], probability [01]\.[0-9]+$' out)" -eq 3 ]
    ! run predict absent.ff
    ok "it says what is missing" has err '^\./predict: absent\.ff: '
done

ok "cc links the archive" link_archive
unset LD_LIBRARY_PATH
ok "it runs without the shared library" run archive model.ff
make -s -C "$FFTOOL_ROOT" uninstall B="$build" DESTDIR="$stage" PREFIX=$prefix >log 2>&1
ok "make uninstall leaves no file" [ -z "$(find "$stage" -type f -o -type l)" ]
finish
