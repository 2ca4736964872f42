#!/bin/sh
# Help of every command in the table; the generated man page has the same commands and options.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"
man=$(dirname -- "$FFTOOL")/fftool.1

# The options in a help text on stdin, but for --help, sorted.
options_of_help()
{
    sed -nE 's/^  (-.,|   ) --([a-z0-9-]+).*/--\2/p' | grep -vx -e --help | sort -u
}

# The options in the man page's section of a command, sorted.
options_of_man()
{
    awk -v command="$1" '/^\.S[sS] / { on = $3 == command } on' "$man" |
        sed 's/\\-/-/g' | sed -nE 's/^\.It (Fl [a-z] Ar [^,]*, |Fl [a-z] , )?Fl -([a-z0-9-]+).*/--\2/p' | sort -u
}

# The commands in the man page's synopsis, in its order.
synopsis()
{
    awk '/^\.Sh / { on = $2 == "SYNOPSIS" } on && $1 == ".Cm" { print $2 }' "$man"
}

ff 0 help
ok "help lists commands on stdout" has out '^  train  '
ok "help prints nothing on stderr" empty err
commands=$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  .*/\1/p' out)
ok "there are six commands and more" [ "$(echo "$commands" | wc -l)" -ge 6 ]
{
    echo "$commands"
    echo help
} >listed
synopsis >in_synopsis
ok "the man page's synopsis has the same commands" diff listed in_synopsis
ff 0 --help
ok "--help is help" has out '^Commands:'
for word in help -h --help; do
    ff 0 help $word
    ok "help $word is help" has out '^Commands:'
done
ff 0 train --hel
ok "--help may be abbreviated" has out '^Usage: fftool train'

for name in $commands; do
    ff 0 "$name" --help
    ok "$name --help has usage" has out "^Usage: fftool $name"
    ok "$name --help has examples" has out "^  fftool $name( |\$)"
    ok "$name --help prints nothing on stderr" empty err
    ok "$name --help fits 80 columns" [ -z "$(awk 'length($0) > 80' out)" ]
    cp out one
    ff 0 help "$name"
    ok "help $name is the same" cmp out one
    options_of_help <one >in_help
    options_of_man "$name" >in_man
    ok "man page and $name --help have the same options" diff in_help in_man
done

# Page by page, with the formatters that are there: groff, which CI has, and mandoc.
command -v groff >/dev/null || echo "SKIPPED: man pages are not formatted: groff is not installed"
for page in "${man%/*}"/fftool*.[157] "$FFTOOL_ROOT"/tools/man/*.3; do
    : >complaints
    ! command -v groff >/dev/null || groff -ww -mandoc -Tutf8 -z "$page" 2>complaints
    ! command -v mandoc >/dev/null || mandoc -Tlint -Wwarning "$page" >>complaints 2>/dev/null
    ok "$(basename "$page") is formatted without a warning" diff complaints /dev/null
done
awk '/^\.It Fl / { tag = $0; next } tag && !/^As for/ { print tag, $0 } { tag = "" }' "$man" | sort | uniq -d >twice
ok "the man page describes no option twice" diff twice /dev/null

ff 0 --version
ok "--version" has out '^fftool [0-9]+\.[0-9]+\.[0-9]+$'
for choice in symba logistic adam sgd linear bf16 u8 replace; do
    ff 0 train --help
    ok "train --help lists $choice" has out "^ +$choice  "
done

sed -n '/^Datasets:/,/^$/s/^  \([^ ].*\)/\1/p' out >formats
ok "train --help lists formats of datasets" [ "$(wc -l <formats)" -ge 3 ]
sed -n 's/^\.It "\(.*\)"$/\1/p' "$man" >in_man
ok "the man page lists the same" diff formats in_man

# Of defaults only those that are of use
tr -s '\n ' ' ' <out >flat
for default in 'logistic loss\) \[1 with classic, unsupervised\]' 'softmax loss \[0\.1 with conditioned\]' \
    '\(sgd\) \[0\.9 with sgd\]' 'learning rate of the head \[0\.001\]'; do
    ok "train --help shows $default" has flat "$default"
done
ff 0 recipes
ok "recipes: no blank line before the first" [ "$(sed -n '1s/:.*//p' out)" = conditioned ]
ff 0 recipes --json
ok "recipes --json is JSON" json out
ok "recipes --json: the loss" [ "$(leaf '.recipes[0].defaults.loss')" = softmax ]
ok "recipes --json: no layers, which are no recipe's" [ -z "$(leaf '.recipes[0].defaults.hidden[0]')" ]
for unused in '[0].defaults.threshold' '[0].defaults.negatives' '[2].defaults.threshold' \
    '[2].defaults.label_smoothing' '[3].defaults.label_strength'; do
    ok "recipes --json: no $unused" [ -z "$(leaf ".recipes$unused")" ]
done
ok "recipes --json: a threshold where there is one" [ "$(leaf '.recipes[1].defaults.threshold')" = 1.0 ]
finish
