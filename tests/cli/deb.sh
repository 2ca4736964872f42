#!/bin/sh
# Debian packages (FFTOOL_LONG=1: they are built twice): what is in them and what they depend on, that
# lintian finds no errors, that the program in them trains the same weights, and that the same source
# gives the same packages.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

if [ -z "${FFTOOL_LONG-}" ]; then
    echo "SKIPPED: Debian packages are not built: FFTOOL_LONG is not set"
    finish
fi
if ! command -v dpkg-buildpackage >/dev/null || ! command -v dh >/dev/null; then
    echo "SKIPPED: Debian packages are not built: dpkg-dev or debhelper is not installed"
    finish
fi
version=$("$FFTOOL" --version | sed 's/fftool //')
library=libfftool${version%.*}

# package NAME: its file
package()
{
    echo first/"$1_${version}_"*.deb
}

# depends NAME FIELD PATTERN: FIELD of package NAME matches
# shellcheck disable=SC2317 # ok calls it
depends()
{
    dpkg-deb -f "$(package "$1")" "$2" | grep -E -- "$3"
}

# contains NAME PATTERN: package NAME has a file that matches
# shellcheck disable=SC2317
contains()
{
    dpkg-deb -c "$(package "$1")" | grep -E -- "$2"
}

export SOURCE_DATE_EPOCH=1700000000
command="tools/make-deb"
ok "packages are built" "$FFTOOL_ROOT/tools/make-deb" first 2>err
if command -v lintian >/dev/null; then
    ok "lintian finds no errors" has err '^make-deb: lintian finds no errors$'
else
    echo "SKIPPED: packages are not checked: lintian is not installed"
fi
ok "three packages" [ "$(find first -name '*.deb' | wc -l)" -eq 3 ]
ok "the program depends on OpenBLAS" depends fftool Depends libopenblas0
! depends fftool Depends libzip >/dev/null
ok "not on libzip, which it loads late" [ $? -eq 0 ]
ok "it recommends that" depends fftool Recommends '^libzip4'
ok "headers depend on their library" depends libfftool-dev Depends "$library \\(= $version\\)"
ok "headers depend on what pkg-config asks for" depends libfftool-dev Depends libopenblas-dev
for file in bin/fftool libexec/fftool/limit-memory share/man/man1/fftool.1.gz share/man/man7/fftool-recipes.7.gz \
    share/bash-completion/completions/fftool share/zsh/vendor-completions/_fftool \
    share/fish/vendor_completions.d/fftool.fish; do
    ok "fftool has $file" contains fftool " \\./usr/$file$"
done
ok "the library is in its package" contains "$library" "/libfftool\\.so\\.${version%.*}$"
for file in libfftool.a pkgconfig/libfftool.pc man3/libfftool.3.gz fftool/fftool.h; do
    ok "libfftool-dev has $file" contains libfftool-dev "/$file$"
done

dpkg-deb -x "$(package fftool)" unpacked
ff 0 train --quiet --data "$data/iris" --model here.ff
command="the packaged fftool"
ok "the packaged program trains" unpacked/usr/bin/fftool train --quiet --data "$data/iris" --model packaged.ff
ok "it trains the same weights" [ "$(weights_hash here.ff)" = "$(weights_hash packaged.ff)" ]

command="tools/make-deb"
ok "packages are built again" "$FFTOOL_ROOT/tools/make-deb" second 2>err
for file in first/*.deb; do
    ok "$(basename "$file") is the same, bit for bit" cmp "$file" "second/$(basename "$file")"
done
finish
