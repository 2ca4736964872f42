#!/bin/sh
# What an array of NumPy is taken for: images of a height and width if its shape has them, and
# what is said where it does not.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $net is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

rows=40
net="--labels y.npy --hidden 20x2 --epochs 1 --batch 10 --force --model images.ff"

# put_npy FILE AXES VALUES: an array of $rows rows of VALUES values, AXES being the axes after that of
# the rows (", 8, 8")
put_npy()
{
    LC_ALL=C awk -v rows=$rows -v axes="$2" -v values="$3" 'BEGIN {
        shape = "(" rows axes ",)"
        header = "{\047descr\047: \047|u1\047, \047fortran_order\047: False, \047shape\047: " shape ", }\n"
        printf "%cNUMPY%c%c%c%c%s", 147, 1, 0, length(header), 0, header
        for (i = 0; i < rows * values; i++)
            printf "%c", 1 + i % 7 % 4
    }' >"$1"
}

put_npy y.npy "" 1
put_npy flat.npy ", 192" 192
put_npy grey.npy ", 12, 16" 192
put_npy last.npy ", 8, 8, 3" 192
put_npy first.npy ", 3, 8, 8" 192
put_npy thin.npy ", 12, 4, 4" 192
put_npy neither.npy ", 6, 4, 8" 192

for file in flat neither; do
    ff 0 train --data $file.npy $net --quiet
    refused 2 "jitter takes images, and $file\\.npy has rows of 192 values .* save it as \\(rows, height, width\\)" \
        train --data $file.npy $net --jitter 1
    refused 2 "hybrid negatives take images, and $file\\.npy has rows of 192 values .* save it as" \
        train --data $file.npy $net --recipe unsupervised
done
# taken FILE WHAT: its rows are images of that kind
taken()
{
    ff 0 train --data "$1.npy" $net --jitter 1 --verbose
    ok "$1.npy is taken for $2" has err "^rows are images of $2\$"
}
taken grey '12 x 16 pixels'
taken last '8 x 8 pixels in 3 channels, which come last'
taken first '8 x 8 pixels in 3 channels, which come first'
taken thin '12 x 4 pixels in 4 channels, which come last'
refused 2 'jitter: shifts of up to 4 pixels are too large' train --data thin.npy $net --jitter 4
refused 2 'label samples 20: of [0-9]+ classes at most [0-9] are wrong; 0 ' \
    train --data thin.npy $net --label-samples 20

# One is written in the singular
put_npy one.npy ", 1" 1
refused 2 ': 1 feature cannot hold' train --data one.npy $net --recipe symba
ff 0 train --data flat.npy $net --limit 1
ok "one sample" has out ', trained on 1 sample in '
refused 1 'has 1 feature per sample' predict images.ff --input one.npy
ff 0 predict images.ff --input flat.npy --limit 1 --output p.csv
ok "one prediction" has err '^p\.csv: 1 prediction$'
ff 0 eval images.ff --data flat.npy --labels y.npy --limit 1
ok "one sample measured" has out ' of 1 sample misclassified'
finish
