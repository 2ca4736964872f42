# shellcheck shell=sh
# One training of tools/accuracy, with its evaluations, and what is kept of it. The script that reads
# this file has the functions say and die, and sets
#   root            the top folder
#   program         fftool
#   mnist, fashion  folders of data, or nothing
#   again           not empty with --force
#   place           the folder that a training works in, before train_and_evaluate

child= # the process at work

# leaves FILE: each value of a JSON document on a line of its own, .path[0].name=value
leaves()
{
    awk -f "$root/tools/json.awk" "$1"
}

# leaf PATH: the value of a leaf, of the leaves on stdin
leaf()
{
    awk -v key="$1=" 'index($0, key) == 1 { print substr($0, length(key) + 1) }'
}

# settle FILE: FILE.new takes its place, if it is sound JSON
settle()
{
    leaves "$1.new" >/dev/null || die "$1.new is no JSON"
    mv -- "$1.new" "$1"
}

# options_of EVALUATION: of `fftool eval`
options_of()
{
    case $1 in
    last) echo "--method goodness --layers last" ;;
    *) echo "--method $1" ;;
    esac
}

# folder DATA: where it is, or nothing
folder()
{
    case $1 in
    mnist) echo "$mnist" ;;
    fashion) echo "$fashion" ;;
    esac
}

# attempt FILE COMMAND...: the output goes to FILE when it is complete. The command runs in the
# background, for a signal to this script is to end it.
attempt()
{
    file=$1
    shift
    code=0
    "$@" >"$file.new" 2>"$place/error" </dev/null &
    child=$!
    echo $child >"$place/process"
    wait $child || code=$?
    child=
    case $code in
    0)
        mv -- "$file.new" "$file"
        return
        ;;
    130) interrupted ;;
    esac
    [ -s "$place/error" ] || echo "exit code $code" >"$place/error"
    return 1
}

# is_at_work: a program that outlived the script which started it is at work in $place
is_at_work()
{
    [ -e "$place/process" ] || return
    line=/proc/$(cat "$place/process")/cmdline
    { tr '\0' ' ' <"$line"; } 2>/dev/null | grep -qF -- "$place/model.ff"
}

interrupted()
{
    echo >&2
    say "interrupted; the same command${again:+ without --force} goes on"
    exit 130
}

# shellcheck disable=SC2317 # traps call it
# stop SIGNAL: ends what runs. Ctrl-C has reached the program, too, and a second signal would end it
# before it has saved.
stop()
{
    trap '' INT TERM HUP
    if [ -n "$child" ]; then
        grace=0
        [ "$1" != INT ] || grace=5
        (
            sleep "$grace"
            kill -TERM "$child"
        ) >/dev/null 2>&1 &
        guard=$!
        wait "$child" || true
        kill -KILL "$guard" 2>/dev/null || true
    fi
    interrupted
}

# Seconds of what is logged of a training that was interrupted.
logged_seconds()
{
    [ ! -e "$place/log.jsonl" ] || sed -n 's/.*"seconds":\([^,}]*\).*/\1/p' "$place/log.jsonl" |
        awk '{ sum += $1 } END { print sum + 0 }'
}

# train_and_evaluate DATA EVALUATIONS OPTIONS SEED: in $place; goes on with what is there
train_and_evaluate()
{
    where=$(folder "$1")
    if [ ! -e "$place/train.json" ]; then
        logged_seconds >"$place/earlier"
        # shellcheck disable=SC2086 # words
        attempt "$place/train.json" "$program" train --data "$where" --model "$place/model.ff" \
            --log "$place/log.jsonl" --quiet --json $3 --seed "$4" || return
    fi
    for evaluation in $(echo "$2" | tr , ' '); do
        # shellcheck disable=SC2046 # words
        attempt "$place/$evaluation.json" "$program" eval "$place/model.ff" --data "$where" \
            --quiet --json $(options_of "$evaluation") || return
    done
    attempt "$place/inspect.json" "$program" inspect "$place/model.ff" --quiet --json
}

# list_of KEY: an array of numbers, of the leaves on stdin
list_of()
{
    sed -n "s/^\\.$1\\[[0-9]*\\]=//p" | awk '
        { text = text (NR > 1 ? ", " : "") $0 }
        END { print (NR > 0 ? "[" text "]" : "null") }'
}

# machine FFTOOL BLAS: what it was measured on and with
machine()
{
    name=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | sed '1!d; s/["\\]//g')
    cpu=null
    [ -z "$name" ] || cpu="\"$name\""
    processors=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
    echo "{\"cpu\": $cpu, \"processors\": $processors, \"fftool\": \"$1\", \"blas\": \"$2\"}"
}

# result DATA EVALUATIONS OPTIONS SEED: of what is done in $place
result()
{
    decides=${2%%,*}
    for part in train inspect $(echo "$2" | tr , ' '); do
        leaves "$place/$part.json" >"$place/$part"
    done
    errors=
    for evaluation in $(echo "$2" | tr , ' '); do
        errors="$errors${errors:+, }\"$evaluation\": $(leaf .error <"$place/$evaluation")"
    done
    seconds=$(leaf .seconds <"$place/train" |
        awk -v earlier="$(cat "$place/earlier")" '{ print $1 + earlier }')
    peak=$(leaf .peak_rss_bytes <"$place/train" | awk -v logged="$(
        sed -n 's/.*"peak_rss_bytes":\([0-9]*\).*/\1/p' "$place/log.jsonl" | sort -n | tail -n 1
    )" '{ print ($1 > logged + 0 ? $1 : logged) }')
    cat <<END
{
  "data": "$1",
  "options": "$3",
  "seed": $4,
  "date": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "failed": null,
  "error": $(leaf .error <"$place/$decides"),
  "errors": {$errors},
  "layer_error": $(list_of layer_error <"$place/$decides"),
  "upto_error": $(list_of upto_error <"$place/$decides"),
  "seconds": $seconds,
  "resumed": $(leaf .resumed <"$place/train"),
  "peak_rss_bytes": $peak,
  "weights_hash": "$(leaf .weights_hash <"$place/inspect")",
  "fingerprint": "$(leaf .data.fingerprint <"$place/inspect")",
  "machine": $(machine "$(leaf .made_by.fftool <"$place/inspect")" "$(leaf .made_by.blas <"$place/inspect")")
}
END
}

# failure DATA OPTIONS SEED: the same of what has failed, with its message
failure()
{
    cat <<END
{
  "data": "$1",
  "options": "$2",
  "seed": $3,
  "date": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
  "failed": "$(message | sed 's/[\\"]/\\&/g')"
}
END
}

# message: why what was tried last has failed
message()
{
    { grep '^fftool: ' "$place/error" || cat "$place/error"; } |
        sed '1!d; s/^fftool: //; s/[[:cntrl:]]//g'
}
