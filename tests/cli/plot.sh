#!/bin/sh
# Figures of profiles and of training logs: what they are, what they say, and what is refused.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

# results FAILED DEPTH...: a file of results as `fftool profile` writes it, with made-up figures; the
# points that FAILED matches, such as bp12, failed
results()
{
    failed=$1 comma=
    shift
    cat <<'EOF'
{"schema": "fftool.profile/1", "date": "2026-01-02T03:04:05Z", "data": "some_data & <co>",
 "machine": {"cpu": "A 'quoted' \"CPU\" $x `y`", "processors": 2, "memory_bytes": 1000000000,
  "kernel": "Linux", "fftool": "0.1.0", "blas": null},
 "settings": {"data": "some_data", "hidden": 2000, "batch": 5000, "samples": 10000, "epochs": 1,
  "optimizer": "adam", "seed": 0, "memory": null, "limit": 1000000000, "threads": 2, "eval": false},
 "points": [
EOF
    for layers; do
        for mode in ff-stream bp; do
            echo "$comma{\"mode\": \"$mode\", \"layers\": $layers, \"hidden\": 2000, \"batch\": 5000,"
            comma=,
            # shellcheck disable=SC2254 # a pattern
            case $mode$layers in
            $failed)
                cat <<'EOF'
 "samples": null, "peak_rss_bytes": null, "peak_anon_bytes": null, "accounted_peak_bytes": null,
 "planned_bytes": null, "cgroup_peak_bytes": null, "scratch_peak_bytes": null,
 "bytes_written": null, "seconds": null, "test_error": null,
 "error": "did not fit the limit of 1000000000", "exit_code": 137}
EOF
                ;;
            *)
                [ $mode = bp ] && rss=$((layers * 90000000 + layers % 2 * 1000000)) || rss=100000000
                cat <<EOF
 "samples": 10000, "peak_rss_bytes": $rss, "peak_anon_bytes": $rss, "accounted_peak_bytes": $rss,
 "planned_bytes": $rss, "cgroup_peak_bytes": null, "scratch_peak_bytes": 5, "bytes_written": 6,
 "seconds": $layers.5, "test_error": null}
EOF
                ;;
            esac
        done
    done
    echo '], "slopes": []}'
}
results bp12 2 7 12 >r.json

for bad in '' '{' '{}' '[]' 'null' '{"schema": "fftool.profile/2"}' '{"schema": "fftool.profile/1"}'; do
    printf '%s' "$bad" >bad.json
    refused 4 'bad.json' plot bad.json -o f.svg
done
sed 's/"mode": "bp"/"mode": 7/' r.json >bad.json
refused 4 'bad.json' plot bad.json -o f.svg
sed 's/"layers": 7/"layers": -7/' r.json >bad.json
refused 4 'bad.json' plot bad.json -o f.svg
head -c 1500 r.json >bad.json
refused 4 'bad.json' plot bad.json -o f.svg
head -c 3000 "$FFTOOL" >bad.json
refused 4 'bad.json' plot bad.json -o f.svg
# log_of LAYERS EPOCHS [SWEEPS [NEGATIVES]]: a log as `fftool train --log` writes it, of LAYERS layers
# with EPOCHS epochs in each sweep, and heads in the last one, with made-up figures; members that are
# not known are null, and there are others.
log_of()
{
    awk -v layers="$1" -v epochs="$2" -v sweeps="${3-1}" -v negatives="${4-random}" '
        function line(kind, layer, epoch, goodness, error) {
            printf "{\"kind\":\"%s\",\"sweep\":%d,\"layer\":%d,\"epoch\":%d,", kind, s, layer, epoch
            printf "\"loss\":0.5,\"negatives\":\"%s\",\"validation_error_upto\":null,", negatives
            printf "\"goodness_pos\":%s,\"goodness_neg\":%s,", goodness, goodness
            printf "\"error\":%s,\"seconds\":2,\"rows_per_second\":600,\"other\":[1]}\n", error
        }
        BEGIN {
            for (s = 1; s <= sweeps; s++)
                for (k = 1; k <= layers; k++) {
                    for (e = 1 + (s - 1) * epochs; e <= s * epochs; e++)
                        line("layer", k, e, 1 + e / k, e == 1 ? "null" : 0.5 / e)
                    if (epochs > 1)
                        line("trained", k, e - 1, 1 + e / k, 0.125 / k)
                    for (e = 1; e <= epochs && k > 1 && s == sweeps; e++)
                        line("head", k, e, "null", 0.25 / e)
                }
        }'
}
log_of 3 4 >l.jsonl

results '*' 2 7 12 >all-failed.json
refused 1 'all-failed.json: no training has succeeded' plot all-failed.json -o f.svg
refused 1 'no-such.json' plot no-such.json -o f.svg
refused 2 '\.svg' plot r.json -o f.txt
echo notes >notes.pdf
refused 1 'notes\.pdf exists and is not a picture' plot r.json -o notes.pdf
ok "a file that is not a figure is left as it is" [ "$(cat notes.pdf)" = notes ]
for format in svg png pdf; do
    ff 0 plot r.json -o twice.$format
    ff 0 plot r.json -o twice.$format
done
echo '<svg xmlns="http://www.w3.org/2000/svg"/>' >edited.svg
ff 0 plot r.json -o edited.svg
refused 1 'no/such\.svg' plot r.json -o no/such.svg
refused 2 'log' plot r.json -o f.svg --log
refused 2 'style' plot r.json -o f.svg --style pie
refused 2 'results of .*: bars, lines, throughput' plot r.json -o f.svg --style curves
refused 2 'a log of .*: curves, depth' plot l.jsonl -o f.svg --style bars
refused 2 '\.svg' plot l.jsonl -o f.txt

: >bad.jsonl
refused 4 'bad.jsonl: .*empty' plot bad.jsonl -o f.svg
for bad in '{"kind":"layer","layer":1,"epo' '{"kind":"layer","layer":1}' '{"level":"info"}' \
    '{"kind":"layer","layer":-1,"epoch":1}' '{"kind":"layer","layer":1,"epoch":0}' \
    '{"kind":"layer","layer":1,"epoch":1e999}' '{"kind":"other","layer":1,"epoch":1}'; do
    printf '%s\n%s\n' "$bad" "$bad" >bad.jsonl
    refused 4 'bad.jsonl: this is neither results .* nor a log' plot bad.jsonl -o f.svg
done
head -c 3000 "$FFTOOL" >bad.jsonl
refused 4 'bad.jsonl: this is neither' plot bad.jsonl -o f.svg
code=0
PATH=/nowhere "$FFTOOL" plot r.json -o f.svg 2>err || code=$?
ok "without gnuplot its package is named" has err 'gnuplot-nox'
ok "and that is a failure" [ $code -eq 1 ]
ok "no figure was created" [ ! -e f.svg ]

if ! command -v gnuplot >/dev/null 2>&1; then
    echo "SKIPPED: figures: gnuplot is not installed"
    finish
fi

ff 0 plot r.json -o bars.svg
ok "the title says what was measured" has bars.svg 'Peak memory against depth'
ok "the labels say on what" has bars.svg '2,000 units'
ok "and how" has bars.svg 'batch 5,000'
ok "text of the results is drawn literally" has bars.svg 'some_data &amp; &lt;co(>|&gt;)'
ok "what did not fit is marked" has bars.svg 'did not fit'
ff 0 plot r.json -o lines.svg --style lines
ff 0 plot r.json -o log.svg --style lines --log
ff 0 plot r.json -o speed.svg --style throughput
for one in lines log speed; do
    ok "$one differs from bars" [ -s $one.svg ]
    ok "$one is SVG" has $one.svg '^<svg|<svg '
    if cmp -s bars.svg $one.svg; then not_ok "$one is the same as bars"; fi
done
results 'bp*' 2 7 >failed.json
for style in bars lines; do
    ff 0 plot failed.json -o failed.svg --style $style
    ok "$style: a mode that has failed throughout is in the legend" has failed.svg '>BP</text>'
    ok "$style: the other one is, too" has failed.svg '>FF, one layer in memory.*</text>'
done
ok "unknown values are not drawn" [ "$(grep -ci 'nan' failed.svg)" -eq 0 ]
# shellcheck disable=SC2046 # words
results none $(seq 2 101) >hundred.json
for style in "bars" "lines" "lines --log"; do
    # shellcheck disable=SC2086
    ff 0 plot hundred.json -o hundred.svg --style $style
    ok "$style: the last depth has its number" has hundred.svg '>101<'
    ok "$style: no other is near" [ "$(grep -cE '>(99|100)<' hundred.svg)" -eq 0 ]
done
ok "growth has one unit with its standard error" \
    has hundred.svg '>BP: [0-9.]+ ± [0-9.]+ MiB a layer<'
# Cut in the middle of a character, a text is no SVG.
accents=$(printf 'x%030d' 0 | sed 's/0/éé/g')
sed "s/some_data & <co>/$accents/" r.json >"$accents.json"
cp l.jsonl "$accents.jsonl"
for source in json jsonl; do
    ff 0 plot "$accents.$source" -o accents.svg
    ok "a long name with accents is cut between characters ($source)" iconv -f utf8 -t utf8 accents.svg
    ok "and is there" has accents.svg 'xéééé'
done
cp l.jsonl "$(printf 'no\377utf8').jsonl"
ff 0 plot no*utf8.jsonl -o accents.svg
ok "bytes that are not UTF-8 do not break it" iconv -f utf8 -t utf8 accents.svg
ok "and are escaped" has accents.svg 'no\\xffutf8\.jsonl'
# The environment does not change the picture, let alone prevent it
mkdir home
echo 'set terminal dumb; set output "home/drawn"; exit' >home/.gnuplot
cp home/.gnuplot .gnuplot
ff 0 plot r.json -o plain.svg
env HOME="$work/home" XDG_CONFIG_HOME="$work/home" GNUTERM=x11 GNUPLOT_LIB="$work/home" \
    GNUPLOT_PS_DIR="$work/home" GNUPLOT_DRIVER_DIR="$work/home" GDFONTPATH="$work/home" \
    GNUPLOT_FONTPATH="$work/home" GNUPLOT_DEFAULT_GDFONT=nonesuch GNUHELP="$work/home" \
    FIT_SCRIPT=exit FIT_LOG="$work/home" FONTCONFIG_FILE="$work/home/.gnuplot" DISPLAY=:99 \
    LC_ALL=tr_TR.UTF-8 LANG=de_DE@euro \
    "$FFTOOL" plot r.json -o changed.svg >out 2>err
ok "a figure is drawn whatever the environment says of gnuplot" [ $? -eq 0 ]
ok "and is the same" cmp plain.svg changed.svg
for variable in GNUTERM=x11 GNUTERM=dumb HOME=/nowhere; do
    env $variable "$FFTOOL" plot r.json -o changed.svg >out 2>err
    ok "$variable does not change the picture" cmp plain.svg changed.svg
done
rm .gnuplot
ff 0 plot r.json -o bars.png
ok "a PNG file is a PNG image" [ "$(head -c 4 bars.png | tail -c 3)" = PNG ]
ff 1 plot r.json -o no/such/bars.svg
ok "a missing directory is reported" has err 'no/such'

# A picture is written where its path leads
mkdir directory.svg
refused 1 'directory\.svg: Is a directory' plot r.json -o directory.svg
mkfifo pipe.svg
refused 1 'pipe\.svg: .*no process reads' plot r.json -o pipe.svg
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    # Not below $work, which is closed to others
    public=$(mktemp -d /tmp/fftool-plot-XXXXXX)
    trap 'rm -rf "$public" "$work"' EXIT
    mkdir "$public/closed" "$public/open"
    cp bars.svg "$public/closed/target.svg"
    cp bars.svg "$public/open/target.svg"
    ln -s ../open/target.svg "$public/closed/link.svg"
    ln -s ../closed/target.svg "$public/open/link.svg"
    cp "$FFTOOL" "$public/program"
    cp r.json "$public"
    printf '#!/bin/sh\ncd %s || exit\nexec setpriv --reuid=65534 --regid=65534 --clear-groups ./program "$@"\n' \
        "$public" >as_nobody
    chmod 755 as_nobody "$public" "$public/program"
    chmod 777 "$public/open"
    chmod 666 "$public"/*/target.svg
    program=$FFTOOL
    FFTOOL=./as_nobody
    ff 0 plot r.json -o closed/link.svg --style lines
    ok "a link is followed to a directory that can be written" \
        cmp "$public/closed/link.svg" lines.svg
    refused 1 '--output: open/link\.svg: Permission denied' plot r.json -o open/link.svg
    FFTOOL=$program
else
    echo "SKIPPED: directories that cannot be written: needs root, and setpriv"
fi

ff 0 plot l.jsonl -o curves.svg
ok "a valid log gives no message" empty err
ok "curves: the title says what is shown" has curves.svg 'Learning curves'
for what in 'Error, %' Goodness 'Epochs passed' '>18<' '3 layers' '4 epochs of each' \
    '1,200 samples' l.jsonl; do
    ok "curves: the figure says \"$what\"" has curves.svg "$what"
done
# The topmost tick stands as high as one can.
sed 's/"error":[^,]*/"error":0.285/' l.jsonl >high.jsonl
ff 0 plot high.jsonl -o high.svg
between=$(awk '/translate/ { y = $0; sub(/.*translate\([0-9.]*,/, "", y); y += 0 }
    />Layer</ { layer = y } />30</ { tick = y } END { print int(tick - layer) }' high.svg)
ok "curves: the row of layers is clear of the topmost tick" [ "$between" -ge 16 ]
ff 0 plot l.jsonl -o depth.svg --style depth
ok "depth: the title says what is shown" has depth.svg 'Error against depth'
for what in 'error of the head' 'error, as trained' 'as trained: misranked pairs'; do
    ok "depth: the figure says \"$what\"" has depth.svg "$what"
done
ff 0 plot l.jsonl -o logarithmic.svg --log
if cmp -s curves.svg logarithmic.svg; then not_ok "--log changes nothing of curves"; fi
ff 0 plot l.jsonl -o curves.pdf
ok "a PDF file is a PDF document" [ "$(head -c 4 curves.pdf)" = %PDF ]

# Of 0.125, 0.0625 and 0.0417 the largest is at the top of the axis; 0.5 / 4 is not drawn.
sed 's/"error":0\.25/"error":null/; s/"kind":"head"/"kind":"other"/' l.jsonl >ends.jsonl
ff 0 plot ends.jsonl -o ends.svg --style depth
sed '/"kind":"layer"/s/"error":[^,]*/"error":0.9/' ends.jsonl >dropped.jsonl
ff 0 plot dropped.jsonl -o dropped.svg --style depth
sed 's/dropped\.jsonl/ends.jsonl/' dropped.svg >renamed.svg
ok "depth: errors while a layer learns are not drawn" cmp renamed.svg ends.svg
if cmp -s ends.svg depth.svg; then not_ok "depth: the head is not drawn"; fi

log_of 3 2 1 hybrid >hybrid.jsonl
ff 0 plot hybrid.jsonl -o hybrid.svg
for what in 'goodness, images' 'goodness, hybrids' 'error: misranked pairs of image and hybrid'; do
    ok "where there are no labels the figure says \"$what\"" has hybrid.svg "$what"
done
ok "and nothing of labels" [ "$(grep -ciE 'label' hybrid.svg)" -eq 0 ]

# Three layers of 4 + 4 epochs, and 4 + 4 of heads: 32 epochs pass.
log_of 3 4 2 labels >sweeps.jsonl
ff 0 plot sweeps.jsonl -o sweeps.svg
for what in 'in each sweep' '· 2 sweeps ·' 'a sweep begins' '>30<' '8 epochs of each '; do
    ok "sweeps: the figure says \"$what\"" has sweeps.svg "$what"
done
ok "sweeps: layers stand in the order of time" \
    [ "$(grep -oE '>[123]</tspan>' sweeps.svg | head -n 6 | tr -dc 123)" = 123123 ]
ff 0 plot sweeps.jsonl -o sweeps.svg --style depth
ok "sweeps: depth has each layer once" \
    [ "$(grep -oE '>[13]</(tspan|text)>' sweeps.svg | tr -dc 13)" = 13 ]

# same WHAT LOG: the figure is that of l.jsonl but for the file's name
same()
{
    ff 0 plot "$2" -o same.svg
    sed "s/$2/l.jsonl/" same.svg >renamed.svg
    ok "$1" cmp renamed.svg curves.svg
}

{ log_of 3 2 && sed 's/"error":[^,]*/"error":0.9/' l.jsonl && cat l.jsonl; } >again.jsonl
same "an epoch that was trained again counts as the last time" again.jsonl
ok "that gives no warning" empty err
{ cat l.jsonl && printf '{"kind":"layer","layer":3,"epoch":5,"lo'; } >half.jsonl
same "half a line at the end is left out" half.jsonl
ok "with a warning" has err 'warning: half\.jsonl: line 24 is not an epoch'
{ echo '{"kind":"layer","la' && head -c 900 "$FFTOOL" && echo && cat l.jsonl; } >damaged.jsonl
same "damaged lines are left out" damaged.jsonl
ok "with one warning" lines err 1
{ echo '{"kind":"recipe","epochs":4}' && echo && cat l.jsonl; } >newer.jsonl
same "a line of another kind is passed over" newer.jsonl
ok "without a warning" empty err

# Many layers: neither labels nor lines in the figure grow without bound.
log_of 1000 3 >many.jsonl
for style in curves depth; do
    ff 0 plot many.jsonl -o many.svg --style $style
    ok "$style of 1,000 layers: labels are thinned out" [ "$(grep -c '<text' many.svg)" -lt 70 ]
    ok "$style of 1,000 layers: points are not drawn" [ "$(grep -c "<use" many.svg)" -lt 20 ]
done
log_of 1 1 >one.jsonl
ff 0 plot one.jsonl -o one.svg
ff 1 plot one.jsonl -o one.svg --style depth
ok "an unknown error is reported" has err 'one\.jsonl: no layer is completely trained'
sed '/"kind":"trained"/s/"validation_error_upto":null/"validation_error_upto":0.3/' l.jsonl >valid.jsonl
for style in curves depth; do
    ff 0 plot valid.jsonl -o valid.svg --style $style
    ok "$style: an error on held-out samples is drawn" has valid.svg 'held-out error, up to the layer'
    ok "$style: the label names its source" has valid.svg 'goodness summed from the first layer up'
done

sed '/"kind":"layer"/s/"loss"/"validation_error":0.25,"loss"/' l.jsonl >alone.jsonl
ff 0 plot alone.jsonl -o alone.svg
ok "curves: an error on held-out samples after each epoch is drawn" \
    has alone.svg 'held-out error of the layer alone'
ff 0 plot alone.jsonl -o alone.svg --style depth
ok "depth: it is not, as it is of no layer as trained" [ "$(grep -c 'layer alone' alone.svg)" -eq 0 ]
# Goodness of 10 and 10.2: on an axis from 0 the two lines would be one.
sed 's/"goodness_pos":[^,]*,"goodness_neg":[^,]*/"goodness_pos":10.2,"goodness_neg":10/' \
    l.jsonl >close.jsonl
ff 0 plot close.jsonl -o close.svg
ok "curves: the axis of goodness shows a small margin" has close.svg '>10\.1<'
ok "curves: and says that it does not begin at 0" has close.svg 'goodness does not begin at 0'
sed 's/"goodness_neg":[^,]*/"goodness_neg":0.1/' l.jsonl >wide.jsonl
ff 0 plot wide.jsonl -o wide.svg
ok "curves: a large margin needs no such axis" [ "$(grep -c 'not begin' wide.svg)" -eq 0 ]

# Logs of real trainings, even ones that have been broken off.
# shellcheck disable=SC2086 # $small is words
ff 0 train $small --log real.jsonl --quiet
ff 0 plot real.jsonl -o real.svg
ok "a real log has goodness" has real.svg 'goodness, true label'
ok "and a head" has real.svg 'error of the head'
head -n 3 real.jsonl >broken.jsonl
sed -n 4p real.jsonl | head -c 300 >>broken.jsonl
ff 0 plot broken.jsonl -o real.svg --style depth
ff 0 train --data "$data" --limit 400 --hidden 40x2 --epochs 2 --mode bp --model bp.ff \
    --log bp.jsonl --quiet
ff 0 plot bp.jsonl -o bp.svg
ok "backpropagation has a loss, and no goodness" has bp.svg '>Loss<'
ok "its errors are labelled as those of the whole network" has bp.svg '2 epochs of the whole network'
refused 2 'use --style curves' plot bp.jsonl -o bp.svg --style depth
finish
