#!/bin/sh
# Pictures of a model: the confusion matrix of an evaluation, and filters.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $conditioned is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

ff 0 train $conditioned --quiet

# What is refused, before anything is evaluated
refused 2 '--plot: .*\.svg, \.png or \.pdf' eval model.ff --data "$data" --plot confusion.txt
refused 1 'no/such' eval model.ff --data "$data" --plot no/such.svg
echo notes >notes.svg
refused 1 'notes\.svg exists and is not a picture' eval model.ff --data "$data" --plot notes.svg
refused 2 'requires --output' inspect model.ff --filters 1
refused 2 'requires --filters' inspect model.ff --output f.svg
refused 2 '--filters only draws' inspect model.ff --filters 1 --output f.svg --json
refused 2 '--output: .*\.svg, \.png or \.pdf' inspect model.ff --filters 1 --output f.txt
code=0
PATH=/nowhere "$FFTOOL" eval model.ff --data "$data" --plot f.svg >out 2>err || code=$?
ok "without gnuplot its package is named" has err 'gnuplot-nox'
ok "and that is a failure" [ $code -eq 1 ]

if ! command -v gnuplot >/dev/null 2>&1; then
    echo "SKIPPED: pictures: gnuplot is not installed"
    finish
fi

# cells FILE: the numbers written in its cells add up to this
cells()
{
    grep -oE 'text-anchor="middle"|<text>.*</text>' "$1" | grep -A1 middle |
        sed -n 's/.*<tspan[^>]*>\([0-9,]*\)<.*/\1/p' | tr -d , | awk '{ n += $1 } END { print n }'
}

ff 0 eval model.ff --data "$data" --json --quiet
json out
error=$(leaf .error)
ff 0 eval model.ff --data "$data" --quiet --plot confusion.svg
ok "eval --plot: the text is printed too" has out '^model\.ff: error'
ok "confusion: the title has the error rate" has confusion.svg \
    "Confusion matrix: error $(awk -v e="$error" 'BEGIN { printf "%.2f", 100 * e }') % of 500 samples"
ok "confusion: and says of what" has confusion.svg 'model\.ff · by goodness of layers 1 to 2 · 10 classes'
for what in 'True class' 'Predicted class' '>correct<' '>misclassified<'; do
    ok "confusion: the figure says \"$what\"" has confusion.svg "$what"
done
ok "confusion: the counts add up to the samples" [ "$(cells confusion.svg)" -eq 500 ]
ff 0 eval model.ff --data "$data" --quiet --plot confusion.png
ok "a PNG file is a PNG image" [ "$(head -c 4 confusion.png | tail -c 3)" = PNG ]

# Names of classes, and more of them than have counts
for classes in 3 40; do
    for split in train test; do
        mkdir -p named$classes
        awk -v classes=$classes 'BEGIN {
            print "kind,a,b"
            for (i = 0; i < 10 * classes; i++)
                print "kind & <" i % classes "\047s>," i % classes ","  i * i % 7
        }' >named$classes/$split.csv
    done
    ff 0 train --data named$classes --label-column kind --hidden 20x1 --epochs 1 --model n$classes.ff \
        --quiet
    ff 0 eval n$classes.ff --data named$classes --quiet --plot n$classes.svg
    ok "$classes classes: the figure is valid text" iconv -f utf8 -t utf8 n$classes.svg
    ok "$classes classes: it has their names" has n$classes.svg "kind &amp; &lt;2'"
done
ok "three classes have counts" [ "$(cells n3.svg)" -eq 30 ]
ok "forty have none" [ "$(grep -c '>10<' n40.svg)" -eq 0 ]

# Filters: a tile for each of the 40 units, with its number
for layer in 1 2; do
    ff 0 inspect model.ff --filters $layer --output filters.svg
    ok "filters: nothing is printed" empty out
    ok "filters: the title has the layer" has filters.svg "Filters of layer $layer: weights of the strongest"
    ok "filters: and says of what" has filters.svg \
        'model\.ff · 40 of 40 units with the largest norm of weights, numbered · 28 x 28 pixels'
    ok "filters: there is an image of each unit" [ "$(grep -c '<image' filters.svg)" -eq 40 ]
    ok "filters: and its number" has filters.svg '>40<'
done
ok "filters above the first layer are said to be linear" has filters.svg 'as if they were linear'
ff 0 inspect model.ff --filters 1 --output filters.png
ok "filters: a PNG file is a PNG image" [ "$(head -c 4 filters.png | tail -c 3)" = PNG ]
cp filters.png before.png
refused 1 'its samples are not images' inspect n3.ff --filters 1 --output filters.png
refused 2 'no layer 3' inspect model.ff --filters 3 --output filters.png
"$FFTOOL" train --data "$data" --hidden 40x2 --epochs 10000 --model young.ff --quiet >/dev/null 2>&1 &
pid=$!
while [ ! -e young.ff ]; do sleep 0.05; done
refused 1 'layer 2 is not trained yet' inspect young.ff --filters 2 --output filters.png
kill $pid
wait $pid
ok "filters: a failure leaves the picture as it was" cmp filters.png before.png

# Images in colour, larger than a tile: 80 x 70 pixels
images_of()
{
    mkdir -p "$1/train/a" "$1/train/b" "$1/test/a" "$1/test/b"
    for split in train test; do
        for class in a b; do
            for i in 1 2 3 4 5 6 7 8; do
                awk -v i=$i -v class=$class 'BEGIN {
                    print "P3 80 70 255"
                    for (k = 0; k < 5600; k++)
                        print (k % 80 < 40) == (class == "a") ? 200 + i : i, (k * i) % 97, 50
                }' >"$1/$split/$class/$i.ppm"
            done
        done
    done
}
images_of colours
ff 0 train --data colours --hidden 130x1 --epochs 1 --model colours.ff --quiet
ff 0 inspect colours.ff --filters 1 --output colours.svg
ok "colours: at most 100 units are drawn" [ "$(grep -c '<image' colours.svg)" -eq 100 ]
ok "colours: of images in three colours each is one" has colours.svg '100 of 130 units.*80 x 70 pixels'
ok "colours: grey is 0" has colours.svg 'grey: 0'
finish
