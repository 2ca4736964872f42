#!/bin/sh
# Names and strings of others reach the terminal and JSON escaped: no command of a terminal, no
# second line, no reversed text.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

# Sets the title, clears the screen, C1's CSI, a false line, right-to-left override, DEL, Latin-1
evil=$(printf 'e\033]0;x\007\033[2J\302\2332J\nfftool: ok\342\200\256dne\177\351')
shown='e\\x1b\]0;x\\x07\\x1b\[2J\\u009b2J\\nfftool: ok\\u202edne\\x7f\\xe9'
utf8=$(printf 'u\033[2J\302\2332J\342\200\256x\177') # the same without Latin-1
in_json='u\\u001B\[2J\\u009B2J\\u202Ex\\u007F'

# tame FILE...: nothing in them is obeyed by a terminal, or turns text round
tame()
{
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xd8\x9c' \
        "$@"
}

# says CODE PATTERN ARGUMENT...: ends with CODE; all output is tame, and a line of it matches
says()
{
    codes=$1 pattern=$2
    shift 2
    ff "$codes" "$@" || return
    cat err >>out
    if ! tame out; then
        not_ok "prints what a terminal obeys where it should say $pattern"
    elif ! has out "$pattern"; then
        not_ok "does not say $pattern"
        sed 's/^/    out: /' out
    else
        echo "ok - says $pattern"
    fi
}

echo '{"kind": "layer", "layer": 1, "epoch": 1, "error": 0.5}' >log.jsonl

# Arguments
says 2 "$shown" "$evil"
says 2 "--.*$shown" "--$evil"
says 2 "$shown" help "$evil"
says 2 "$shown" train "--$evil=3"
says 2 "--lr: \"$shown\"" train --data "$data" --lr "$evil"
says 2 "--loss: \"$shown\"" train --data "$data" --loss "$evil"
says 2 "$shown" train --data "$data" --hidden "$evil"
says 2 "$shown" train --data "$data" --compress "$evil"
says 2 "$shown" plan --depths "$evil"
says 2 "$shown" plan --modes "$evil"
says 2 "$shown" eval model.ff --data "$data" --layers "$evil"
says 2 "$shown" inspect a.ff "$evil"
# Files that are not there, or are no such files
says 1 "$shown" train --data "$evil"
says 1 "$shown" inspect "$evil"
says 1 "$shown" resume "$evil"
says 1 "$shown" eval "$evil" --data "$data"
says 1 "$shown" predict "$evil" --input "$data"
says 1 "$shown" plot "$evil" --output x.svg
says 2 "$shown" plot log.jsonl --output "$evil"
says 1 "$shown" profile --data "$evil"
printf '%s\n' "$utf8" >"$evil.json"
says 4 "$shown" inspect "$evil.json"
says 4 "$shown" plot "$evil.json" --output x.svg
printf '{"schema": "%s", "points": []}' 'fftool.profile/a\u001b[2J\u009b2J' >foreign.json
says 4 'schema is "fftool.profile/a\\x1b\[2J\\u009b2J"' plot foreign.json --output x.svg

# A model, its data and its log of such names, printed by every command
mkdir "$utf8"
cp "$data"/*.gz "$utf8"
set -- --hidden 10 --epochs 1 --limit 200 --recipe conditioned --batch 50
says 0 'u\\x1b\[2J\\u009b2J\\u202ex\\x7f\.ff: ' train --data "$utf8" "$@" --model "$utf8.ff" \
    --log "$utf8.jsonl" --verbose --memory 64M
says 0 'complete already' train --data "$utf8" "$@" --model "$utf8.ff"
says 0 '^  data .*u\\x1b\[2J\\u009b2J\\u202ex\\x7f: ' inspect "$utf8.ff"
says 0 '^u\\x1b' eval "$utf8.ff" --data "$utf8" --limit 50
says 0 "\"model\": \"$in_json\\.ff\"" eval "$utf8.ff" --data "$utf8" --limit 50 --json
ok "eval --json is JSON" json out
says 0 "\"path\": \".*$in_json\"" inspect "$utf8.ff" --json
ok "inspect --json is JSON" json out
says 0 "\"model\": \"$in_json\\.ff\"" train --data "$utf8" "$@" --model "$utf8.ff" --json
says 0 "\"path\": \"$in_json\"" plan --data "$utf8" --hidden 10 --epochs 1 --json
ff 0 plot "$utf8.jsonl" --output curve.svg
ok "a figure has names escaped" has curve.svg 'u\\x1b\[2J\\u009b2J\\u202ex\\x7f\.jsonl'
ok "a figure has no other trace of them" tame curve.svg
says 0 'by depth; u\\x1b' profile --data "$utf8" --depths 1 --modes ff-stream --hidden 10 --batch 50 \
    --output "$utf8.json" --quiet
ok "profile results have names escaped" has "$utf8.json" "\"data\": \"$in_json\""
ok "profile results have no other trace of them" tame "$utf8.json"

# Paths of bytes that are not UTF-8: they work, are shown escaped, and read back as they were
latin=$(printf 'caf\351')
mkdir "$latin"
cp "$data"/*.gz "$latin"
says 0 '^caf\\xe9/m\.ff: ' train --data "$latin" "$@" --model "$latin/m.ff" --log "$latin/m.jsonl"
says 0 '^  data .*/caf\\xe9: ' inspect "$latin/m.ff"
says 0 '"path": "[^"]*/caf\\\\xe9"' inspect "$latin/m.ff" --json
ok "inspect --json is JSON" json out
says 0 '^caf\\xe9/m\.ff: error' eval "$latin/m.ff" --data "$latin" --limit 50
says 1 'training diverged' train --data "$latin" "$@" --lr 1e30 --model "$latin/d.ff"
rm -r "$latin/d.ff.scratch" # so that the data is read again
says 1 'training diverged' resume "$latin/d.ff"
rm -r "$latin/d.ff.scratch"
mv "$latin" "moved$latin"
says 1 '/caf\\xe9: cannot open the dataset' resume "moved$latin/d.ff"

head -c -4096 "$utf8.ff" >cut.ff
mv cut.ff "$utf8.ff"
says 4 'u\\x1b.*damaged' inspect --verify "$utf8.ff"
finish
