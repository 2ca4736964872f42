#!/bin/sh
# Training on directories of image files: names of classes, sizes, and images to predict.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $net is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

net="--hidden 20x2 --epochs 20 --batch 10 --quiet"

# pgm FILE WIDTH HEIGHT EXPRESSION: a grey image; the value at x and y is that of an awk expression
pgm()
{
    LC_ALL=C awk -v w="$2" -v h="$3" "BEGIN {
        printf \"P5 %d %d\n255\n\", w, h
        for (y = 0; y < h; y++)
            for (x = 0; x < w; x++)
                printf \"%c\", 1 + int($4)
    }" >"$1"
}

# Images that are bright on the left, or at the top.
mkdir -p pets/train/left pets/train/top pets/test/left pets/test/top
i=0
while [ $i -lt 24 ]; do
    split=train
    [ $((i % 4)) -ne 3 ] || split="test"
    pgm pets/$split/left/$i.pgm 8 8 "x < 4 ? 100 + 5 * $i : $i"
    pgm pets/$split/top/$i.pgm 8 8 "y < 4 ? 100 + 5 * $i : $i"
    i=$((i + 1))
done
ff 0 train --data pets $net --model a.ff
ff 0 eval a.ff --data pets
ok "classes have the names of their directories" has out '^ *left +6 '
ff 0 inspect a.ff
ok "inspect shows the directory as one file" has out '^ *train: 2,700 bytes'
ff 0 predict a.ff --input pets/test/left/3.pgm
ok "an image file is predicted" [ "$(cut -d, -f1,2 out | tail -n 1)" = 3.pgm,left ]
mkdir new
cp pets/test/left/3.pgm new/b.pgm
cp pets/test/top/3.pgm new/a.pgm
ff 0 predict a.ff --input new
ok "images of a directory are predicted in the order of their names" \
    [ "$(cut -d, -f1,2 out | tr '\n' ' ')" = "file,label a.pgm,top b.pgm,left " ]
ff 0 predict a.ff --input pets --format jsonl
ok "those of classes with the names of both" has out '"id":"left/3\.pgm"'
ff 0 train --data pets $net --model a.ff
ok "training on the same images is complete" has out 'complete already'
touch pets/train/left/0.pgm
ff 0 train --data pets $net --model a.ff
ok "an image that was written again is accepted" has out 'complete already'
pgm pets/train/left/0.pgm 8 8 100
refused 1 'train \([0-9]* bytes then and now\) has changed since' train --data pets $net --model a.ff

# Sizes
pgm pets/train/top/x.pgm 16 12 100
refused 1 'top/x\.pgm: 16 x 12 pixels, but .*/left/0\.pgm has 8 x 8; .*--resize 8x8' \
    train --data pets $net --model b.ff
ff 0 train --data pets $net --resize 6x5 --model b.ff
ff 0 eval b.ff --data pets
pgm large.pgm 30 40 'y < 20 ? 200 : 20'
ff 0 predict b.ff --input large.pgm
ok "an image of another size is resized" [ "$(cut -d, -f2 out | tail -n 1)" = top ]
refused 1 'large\.pgm: 30 x 40 pixels, but the model was trained on 8 x 8' \
    predict a.ff --input large.pgm
refused 1 'b\.ff exists: it was trained with samples of another height, width' \
    train --data pets $net --resize 5x6 --model b.ff
ff 0 plan --data pets --hidden 20 --resize 6x5
for size in 6 6x 0x6 6x0 x 6x6x6 100000x1; do
    refused 2 "resize: \"$size\" is not a width and a height" \
        train --data pets $net --resize $size --model c.ff
done
refused 2 '--resize is for image files' train --data "$data" $net --resize 6x6 --model c.ff

# Damage
head -c 40 pets/train/top/1.pgm >pets/train/top/y.pgm
refused 4 'top/y\.pgm: truncated' train --data pets $net --resize 6x6 --model c.ff
finish
