#!/bin/sh
# The reader of JSON that these scripts use: it takes one strict document, and prints its leaves.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

# document TEXT: TEXT, with the escapes of printf, into the file document
document()
{
    # shellcheck disable=SC2059 # a format
    printf "$1" >document
}

# prints TEXT LEAF...: the document's leaves are these, in this order
prints()
{
    document "$1"
    ok "$1 is a document" json document
    shift
    printf '%s\n' "$@" | cmp - leaves || not_ok "its leaves are not $*"
}

prints '{"a": {"b": [1, [true, null]], "c": ""}, "d": [], "e": {}}' \
    .a.b[0]=1 '.a.b[1][0]=true' '.a.b[1][1]=null' .a.c=
prints '[9007199254740993, -9223372036854775808]' '[0]=9007199254740993' '[1]=-9223372036854775808'
prints '[0.1, 1.0, 1e2, 1e12, 0.30000000000000004]' \
    '[0]=0.1' '[1]=1.0' '[2]=100.0' '[3]=1e12' '[4]=0.30000000000000004'
prints '["\\u00e9 \\u001b \\" \303\251"]' '[0]=é \u001B \" é'
prints '"text"' '=text'

# name|document that is none
while IFS='|' read -r what text; do
    document "$text"
    ! json document 2>err || not_ok "$what is accepted"
    ok "$what is refused" has err '^json-leaves: document:[-0-9]+: byte [0-9]+: '
done <<'END'
an empty file|
a truncated document|{"a": [1, 2
a second document|{} {}
text behind a document|{"a": 1}x
a key given twice|{"a": 1, "b": {"a": 1, "a": 1}}
a comma at the end|[1, 2,]
a single-quoted string|['a']
a word that is no value|[nan]
an infinite number|[Infinity]
a number too large for a double|[1e400]
an integer too large to be exact|[9223372036854775808]
a number that begins with 0|[01]
a number without digits behind the point|[1.]
a control character in a string|["a\001b"]
an escape that is none|["\\x41"]
half of a surrogate pair|["\\ud800"]
bytes that are not UTF-8|["\377"]
a byte order mark|\357\273\277{}
END
ok "a missing file is refused" [ "$(json nowhere 2>&1 | grep -c '^json-leaves: nowhere')" -eq 1 ]
finish
