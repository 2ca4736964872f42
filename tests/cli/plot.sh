#!/bin/sh
# Figures of a profile: what they are, what they say, and what is refused.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

# A file of results as `fftool profile` writes it, with made-up figures; one point failed.
results()
{
    cat <<'EOF'
{"schema": "fftool.profile/1", "date": "2026-01-02T03:04:05Z", "data": "some_data & <co>",
 "machine": {"cpu": "A 'quoted' \"CPU\" $x `y`", "processors": 2, "memory_bytes": 1000000000,
  "kernel": "Linux", "fftool": "0.1.0", "blas": null},
 "settings": {"data": "some_data", "hidden": 2000, "batch": 5000, "samples": 10000, "epochs": 1,
  "optimizer": "adam", "seed": 0, "memory": null, "limit": 1000000000, "threads": 2, "eval": false},
 "points": [
EOF
    for layers in 2 7 12; do
        for mode in ff-stream bp; do
            if [ $mode$layers = bp12 ]; then
                cat <<'EOF'
{"mode": "bp", "layers": 12, "hidden": 2000, "batch": 5000, "samples": null, "peak_rss_bytes": null,
 "peak_anon_bytes": null, "accounted_peak_bytes": null, "planned_bytes": null,
 "cgroup_peak_bytes": null, "scratch_peak_bytes": null, "bytes_written": null, "seconds": null,
 "test_error": null, "error": "did not fit the limit of 1000000000", "exit_code": 137}
EOF
            else
                [ $mode = bp ] && rss=$((layers * 90000000)) || rss=100000000
                cat <<EOF
{"mode": "$mode", "layers": $layers, "hidden": 2000, "batch": 5000, "samples": 10000,
 "peak_rss_bytes": $rss, "peak_anon_bytes": $rss, "accounted_peak_bytes": $rss,
 "planned_bytes": $rss, "cgroup_peak_bytes": null, "scratch_peak_bytes": 5, "bytes_written": 6,
 "seconds": $layers.5, "test_error": null},
EOF
            fi
        done
    done
    echo '], "slopes": []}'
}
results >r.json

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
refused 1 'no-such.json' plot no-such.json -o f.svg
refused 2 '\.svg' plot r.json -o f.txt
refused 2 'log' plot r.json -o f.svg --log
refused 2 'style' plot r.json -o f.svg --style pie
code=0
PATH=/nowhere "$FFTOOL" plot r.json -o f.svg 2>err || code=$?
ok "without gnuplot its package is named" has err 'gnuplot-nox'
ok "and that is a failure" [ $code -eq 1 ]
ok "no figure was made" [ ! -e f.svg ]

if ! command -v gnuplot >/dev/null 2>&1; then
    echo "SKIPPED: figures: gnuplot is not installed"
    finish
fi

ff 0 plot r.json -o bars.svg
ok "the title says what was measured" has bars.svg 'Peak memory against depth'
ok "the labels say on what" has bars.svg '2,000 units'
ok "and how" has bars.svg 'batch 5,000'
ok "text of the results means nothing but itself" has bars.svg 'some_data &amp; &lt;co(>|&gt;)'
ok "what did not fit is marked" has bars.svg 'did not fit'
ff 0 plot r.json -o lines.svg --style lines
ff 0 plot r.json -o log.svg --style lines --log
ff 0 plot r.json -o speed.svg --style throughput
for one in lines log speed; do
    ok "$one is another figure than bars" [ -s $one.svg ]
    ok "$one is SVG" has $one.svg '^<svg|<svg '
    if cmp -s bars.svg $one.svg; then not_ok "$one is the same as bars"; fi
done
ff 0 plot r.json -o bars.png
ok "a PNG is one" [ "$(head -c 4 bars.png | tail -c 3)" = PNG ]
ff 1 plot r.json -o no/such/bars.svg
ok "a folder that is not there is told" has err 'no/such'
finish
