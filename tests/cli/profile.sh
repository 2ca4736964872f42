#!/bin/sh
# Profiles: every mode is measured, what is there is not measured again, failures are results, and an
# interruption keeps what is done.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"
modes=$(choices mode | paste -sd , -)
n_modes=$(choices mode | wc -l)
n_points=$((3 * n_modes))
tiny="--data $data --hidden 40 --batch 100 --samples 200"

# profile_into FILE CODES OPTION...: of tiny networks
profile_into()
{
    file=$1 codes=$2
    shift 2
    # shellcheck disable=SC2086 # words
    ff "$codes" profile $tiny -o "$file" "$@"
}

# profile CODES OPTION...: of tiny networks, into r.json
profile()
{
    profile_into r.json "$@"
}

ok "there are five modes and more" [ "$n_modes" -ge 5 ]
profile 0 --modes "$modes" --depths 2,4,...,6 --eval
cp out table
for mode in $(choices mode); do
    ok "$mode is reported at three depths" [ "$(grep -c "^$mode  *[246] layers  peak " err)" -eq 3 ]
    ok "the table has $mode" has table " $mode"
done
ok "the table has the growth and its standard error" has table 'std. error'
ok "no temporary file is left" [ "$(echo ./*)" = "./err ./out ./r.json ./table" ]
json r.json
ok "the schema is named" [ "$(leaf .schema)" = fftool.profile/1 ]
ok "there are three points of each mode" [ "$(grep -c '^\.points\[[0-9]*\]\.mode=' leaves)" -eq $n_points ]
for key in mode layers hidden batch samples peak_rss_bytes peak_anon_bytes accounted_peak_bytes \
    planned_bytes cgroup_peak_bytes scratch_peak_bytes bytes_written seconds test_error; do
    ok "every point has $key" [ "$(grep -c "^\.points\[[0-9]*\]\.$key=" leaves)" -eq $n_points ]
done
ok "peaks are numbers" [ "$(grep -cE '\.peak_rss_bytes=[0-9]{7,}$' leaves)" -eq $n_points ]
ok "errors are numbers" [ "$(grep -cE '\.test_error=0\.[0-9]+$' leaves)" -eq $n_points ]
ok "every mode has a slope" [ "$(grep -c '\.standard_error_bytes=' leaves)" -eq "$n_modes" ]
ok "the data is named" [ "$(leaf .data)" = data ]

cp r.json before.json
profile 0 --modes "$modes" --depths 2,4,6 --eval
ok "what is measured is not measured again" has err "$n_points of $n_points points are measured already"
ok "the file stays as it was" cmp r.json before.json
profile 0 --modes ff-stream --depths 2,4,6,8 --eval
ok "a missing point is measured" has err '^ff-stream  *8 layers'
ok "and no other" [ "$(grep -c layers err)" -eq 1 ]
ln -s "$data" another-name
ff 0 profile --data another-name --hidden 40 --batch 100 --samples 200 --modes bp --depths 2 --eval -o r.json
ok "the data is the same whatever it is called" has err '1 of 1 point is measured already'
profile 1 --modes bp --depths 2 --seed 7
ok "other settings are refused, with what differs" has err 'seed 0, not 7'
profile 0 --modes bp --depths 2 --seed 7 --force
json r.json
ok "--force starts over" [ "$(leaf .settings.seed)" = 7 ]

# Data that has been corrected since
mkdir changing
cp "$data"/train-* changing
changing()
{
    ff "$1" profile --data changing --hidden 40 --batch 100 --samples 200 --modes bp --depths 2 -o c.json
}
changing 0
gzip -dc changing/train-labels-idx1-ubyte.gz >changing/train-labels-idx1-ubyte
changing 0
ok "results of data that was unpacked are of the same" has err '1 of 1 point is measured already'
tr '\000-\011' '\001-\011\000' <changing/train-labels-idx1-ubyte | tail -c +9 >other
head -c 8 changing/train-labels-idx1-ubyte | cat - other >changing/train-labels-idx1-ubyte.new
mv changing/train-labels-idx1-ubyte.new changing/train-labels-idx1-ubyte
changing 1
ok "results of data that was corrected are refused" has err 'other settings: data_fingerprint "'
sed '/data_fingerprint/d' c.json >older.json
mv older.json c.json
changing 0
ok "results of an earlier version are continued" has err '1 of 1 point is measured already'

# A training that fails is a result.
profile 0 --modes ff-stream,bp --depths 2 --memory 9M --force
json r.json
ok "a point that does not fit is recorded" [ "$(leaf '.points[0].exit_code')" = 3 ]
ok "with the reason" [ "$(grep -cE '^\.points\[[01]\]\.error=.*memory' leaves)" -eq 2 ]
ok "and no metrics" [ "$(leaf '.points[0].peak_rss_bytes')" = null ]
ok "the table says so" has out 'did not fit'
profile 0 --modes ff-stream --depths 2 --memory 9M
ok "it is not tried again" has err '1 of 1 point is measured already \(1 failed; --retry'
profile 0 --modes ff-stream --depths 2 --memory 9M --retry
ok "unless with --retry" has err '^ff-stream  *2 layers  a budget of 9M is too small'
# Another failure, which nothing brings about alike everywhere, is written in.
sed 's/"exit_code": 3/"exit_code": 1/' r.json >failing.json
profile_into failing.json 1 --modes ff-stream,bp --depths 2 --memory 9M
ok "a failure of another kind fails the profile" has err ': 2 points failed; failing\.json has the reason$'
ok "the table distinguishes failures from what does not fit" has out ' failed( |$)'
profile 0 --modes ff-stream --depths 1 --memory 9M
ok "one layer is written in the singular" has err '^ff-stream  *1 layer   '

for depths in '' 0 2,2 2,... 2,7,... 2,7,...,48 7,2,...,1 x 2,,3 99999999999 2,3,...,99999999; do
    profile 2 --modes bp --depths "$depths"
    ok "--depths \"$depths\" is refused" has err '^fftool: profile: .*--depths'
done
profile 2 --modes ff-stream,bpp --depths 2
ok "an unknown mode is named" has err 'bpp'
refused 1 'no-such' profile --data no-such -o r2.json
mkdir damaged
echo "no images" >damaged/train-images-idx3-ubyte
refused 4 'damaged' profile --data damaged -o r2.json
for size in limit memory; do
    # shellcheck disable=SC2086
    refused 2 "--$size: \"0\" is not a size" profile $tiny --depths 2 --$size 0 -o r2.json
done
ok "nothing was started" [ ! -e r2.json ]
# shellcheck disable=SC2086
refused 1 'no/such' profile $tiny --depths 2 -o no/such/r.json
# shellcheck disable=SC2086
refused 2 '\.svg' profile $tiny --depths 2 -o r2.json --plot memory.txt
echo '{"a": 1}' >precious
# shellcheck disable=SC2086
refused 1 'precious exists and is not a file of results' profile $tiny --depths 2 -o precious --force
ok "--force does not overwrite another file" [ "$(cat precious)" = '{"a": 1}' ]
# shellcheck disable=SC2086
refused 1 'no/such\.svg' profile $tiny --depths 2 -o r2.json --plot no/such.svg
ok "nothing is measured for a figure that cannot be written" [ ! -e r2.json ]

# Results that have no room for more stay as they are.
profile 0 --modes bp --depths 2 --force
# crowd: prints r.json with the points that stdin names as "MODE LAYERS", in place of its own
# shellcheck disable=SC2016 # jq
crowd()
{
    jq -R -n --slurpfile results r.json '[inputs / " " | {mode: .[0], layers: (.[1] | tonumber)}]
        as $points | $results[0] | .points[0] as $point
        | .points = [$points[] | $point + .] | .slopes = []'
}
seq -f 'other%.0f 2' 8 | crowd >modes.json
seq -f 'bp %.0f' 3 4098 | crowd >points.json
for full in modes points; do
    cp $full.json before.json
    profile_into $full.json 1 --modes bp --depths 2
    ok "a full disk under $full.json is reported" has err "$full.json is full"
    ok "$full.json stays as it was" cmp $full.json before.json
done

# A plot over the results themselves
ln -s same.svg link.svg
for plot in same.svg ./same.svg "$work/same.svg" link.svg; do
    # shellcheck disable=SC2086
    refused 2 "--plot: .*same\\.svg" profile $tiny --depths 2 --modes bp -o same.svg --plot "$plot"
done
ok "nothing was measured" [ ! -e same.svg ]
profile_into same.svg 0 --modes bp --depths 2
ln same.svg hard.svg
cp same.svg before.json
for plot in same.svg link.svg hard.svg; do
    # shellcheck disable=SC2086
    refused 2 "--plot: .*same\\.svg" profile $tiny --depths 2 --modes bp -o same.svg --plot "$plot"
done
ok "the results stay as they were" cmp same.svg before.json

# The same results, without the spaces
jq -c . r.json >compact.json
ok "compact results have no space before a value" [ "$(grep -c '": ' compact.json)" -eq 0 ]
profile_into compact.json 0 --modes bp --depths 2 --force

# An empty file is taken for a new one; a link to it stays a link, and its permissions stay.
: >target.json
chmod 640 target.json
ln -s target.json linked.json
profile_into linked.json 0 --modes bp --depths 2
ok "an empty file is started over" json linked.json
ok "a link stays a link" [ -h linked.json ]
ok "permissions stay" [ "$(stat -c %a target.json)" = 640 ]

if command -v gnuplot >/dev/null 2>&1; then
    profile 0 --modes ff-stream,bp --depths 2,4 --force --plot memory.svg
    ok "--plot draws a figure" has memory.svg 'Peak memory against depth'
    ff 0 plot r.json -o again.svg
    ok "the figure is of these results" cmp memory.svg again.svg
else
    echo "SKIPPED: profile --plot: gnuplot is not installed"
fi

# at_work RESULTS: a process has to do with the temporary files of RESULTS
at_work()
{
    grep -qs "$(echo "$1.work" | sed 's/^./[&]/')" /proc/[0-9]*/cmdline
}

# Interrupted while a long training is under way.
long=long-$$.json
# shellcheck disable=SC2086
"$FFTOOL" profile $tiny --depths 2,300 --modes ff-stream -o $long >out 2>err &
pid=$!
until { grep -q '2 layers' err && at_work $long; } || ! kill -0 $pid 2>/dev/null; do
    sleep 0.1
done
kill -INT $pid
code=0
wait $pid || code=$?
command="fftool profile, interrupted"
ok "an interruption ends with 130" [ $code -eq 130 ]
ok "the message says that the same command continues" has err 'the same command continues'
ok "no training continues by itself" [ "$(at_work $long && echo yes)" = "" ]
json $long
ok "what was measured is kept" [ "$(grep -c '^\.points\[[0-9]*\]\.mode=' leaves)" -eq 1 ]
ok "no temporary file is left" [ ! -e $long.work ]
profile_into $long 0 --depths 2,300 --modes ff-stream
ok "the same command continues" has err '1 of 2 points is measured already'
json $long
ok "to the end" [ "$(grep -c '^\.points\[[0-9]*\]\.mode=' leaves)" -eq 2 ]

# killed OPTION...: kills a profile at work; its training has to end by itself
killed()
{
    most=6000 # tenths of a second, on a busy machine
    name=killed-$$.json
    # shellcheck disable=SC2086
    "$FFTOOL" profile $tiny --depths 90000 --modes ff-stream -o "$name" "$@" >out 2>err &
    pid=$!
    until at_work "$name" || ! kill -0 $pid 2>/dev/null; do
        sleep 0.1
    done
    sleep 0.5
    kill -KILL $pid
    wait $pid 2>/dev/null
    n=0
    while at_work "$name" && [ $n -lt $most ]; do
        sleep 0.1
        n=$((n + 1))
    done
    command="fftool profile $*, killed"
    ok "a profile that is killed leaves no training behind" [ $n -lt $most ]
    rm -rf "$name" "$name.work"
}
killed

if [ -n "${FFTOOL_SANITIZED-}" ]; then
    echo "SKIPPED: profiles under a limit: sanitizers take memory of their own"
elif "$FFTOOL_ROOT/tools/limit-memory" 64M true 2>/dev/null; then
    ff 0 profile --data "$data" --hidden 1500 --batch 100 --samples 200 --depths 4 \
        --modes ff-stream,bp --limit 80M -o limited.json
    json limited.json
    ok "one layer at a time fits the limit" [ "$(leaf '.points[0].cgroup_peak_bytes')" -le 83886080 ]
    ok "the whole network does not" has leaves '\.error=did not fit the limit of 80M'
    killed --limit 200M
else
    echo "SKIPPED: profiles under a limit: no control group can be made here"
fi
finish
