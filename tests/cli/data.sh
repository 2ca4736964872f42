#!/bin/sh
# What training and evaluation do with the files of a dataset: which samples --limit takes, classes
# without samples, files that are not those that a model was trained on, layers that die of it.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $net is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

rows=200
net="--hidden 20x2 --epochs 1 --batch 10 --head-epochs 0"

# put_npy FILE AXES VALUES VALUE: an array of $rows rows of VALUES values, AXES being the axes after
# that of the rows (", 8"); VALUE is an expression of the row and of the column i
put_npy()
{
    LC_ALL=C awk -v rows=$rows -v axes="$2" -v values="$3" 'BEGIN {
        shape = "(" rows axes ",)"
        header = "{\047descr\047: \047|u1\047, \047fortran_order\047: False, \047shape\047: " shape ", }\n"
        printf "%cNUMPY%c%c%c%c%s", 147, 1, 0, length(header), 0, header
        for (row = 0; row < rows; row++)
            for (i = 0; i < values; i++)
                printf "%c", '"$4"'
    }' >"$1"
}

# classes_seen: how many classes the evaluation in out measured samples of
classes_seen()
{
    json out
    grep -c '^\.per_class\[[0-9]*\]\.samples=[1-9]' leaves
}

# Ten classes, one after the other
mkdir sorted
for half in train test; do
    put_npy sorted/x_$half.npy ", 16" 16 '1 + (row % 7 + i * (1 + int(row / 20))) % 120'
    put_npy sorted/y_$half.npy "" 1 'int(row / 20)'
done
ff 0 train --data sorted $net --limit 100 --model limited.ff
ok "--limit of sorted data trains on every class" [ "$(grep -c 'warning.*samples of class' err)" = 0 ]
ff 0 eval limited.ff --data sorted --limit 100 --json --quiet
ok "--limit of sorted data measures every class" [ "$(classes_seen)" = 10 ]
ok "--limit is the number of samples measured" [ "$(leaf .samples)" = 100 ]

# The same samples for every seed
ff 0 train --data sorted $net --limit 50 --seed 1 --model a.ff --quiet
ff 0 train --data sorted $net --limit 50 --seed 2 --model b.ff --quiet --threads 1
fingerprint()
{
    "$FFTOOL" inspect "$1" --json >inspect.json && json inspect.json && leaf .data.fingerprint
}
ok "a limit takes the same samples for every seed" [ "$(fingerprint a.ff)" = "$(fingerprint b.ff)" ]
ok "and others than another limit" [ "$(fingerprint a.ff)" != "$(fingerprint limited.ff)" ]

# Predictions keep the order of the file
put_npy ten.npy ", 16" 16 '1 + (row % 7 + i * (1 + int(row / 20))) % 120'
ff 0 predict limited.ff --input ten.npy --format csv --output all.csv
ff 0 predict limited.ff --input ten.npy --format csv --output few.csv --limit 30
cut -d, -f1-2 all.csv | head -n "$(wc -l <few.csv)" >first
cut -d, -f1-2 few.csv >few
ok "predict --limit takes the first rows" cmp -s few first

# Layers that die, for the steps are far too large
ff 0 train --data sorted $net --recipe classic --optimizer sgd --lr 100 --model dead.ff --json
ok "a dead layer warns" has err 'warning: layer 1: no unit is active for any sample.*lower learning rate'
json out
ok "train --json counts dead units and layers" [ "$(leaf .dead_units) $(leaf .dead_layers)" = "40 2" ]
ff 0 inspect dead.ff
ok "inspect reports dead layers" has out '^2 layers with dead units only'
ff 0 inspect dead.ff --json
json out
ok "inspect --json has dead units" [ "$(leaf '.layers[0].dead_units')" = 20 ]
ff 0 inspect limited.ff
ok "inspect reports no others" [ "$(grep -c 'with dead units' out)" = 0 ]

# Files that have changed
mkdir changing
cp sorted/*_train.npy changing
touch -d 2001-02-03T04:05:06Z changing/*
changing="train --data changing $net --model changing.ff"
ff 0 $changing --quiet
ff 0 $changing
ok "files that have not changed are accepted" has out 'complete already'
ff 0 inspect changing.ff
ok "inspect shows the files" has out '^ *y_train\.npy: [0-9]* bytes, modified 2001-02-03T04:05:06Z$'
ff 0 inspect changing.ff --json
json out
ok "inspect --json has the files" \
    [ "$(leaf '.data.files[1].name') $(leaf '.data.files[1].mtime_ns')" = "y_train.npy 981173106000000000" ]
cp changing/y_train.npy as-it-was
touch changing/y_train.npy
ff 0 $changing
ok "a file that was written again is accepted" has out 'complete already'
put_npy changing/y_train.npy "" 1 '(int(row / 20) + (row == 57)) % 10'
refused 1 'y_train\.npy \([0-9]* bytes then and now\) has changed since .* restore it, or train from the beginning: the same .fftool train. with --force$' \
    $changing
ok "and no other file is named" [ "$(grep -c x_train err)" = 0 ]
cp changing/x_train.npy x-as-it-was
put_npy changing/x_train.npy ", 16" 16 'row % 100 + i'
refused 1 'x_train\.npy \(.*\), y_train\.npy \(.*\) have changed since .* restore them, or ' $changing
cp -r changing both
refused 1 'x_train\.npy \(.*\), y_train\.npy \(.*\) differ from those of .*/changing$' \
    resume changing.ff --data both
cp x-as-it-was changing/x_train.npy
cp as-it-was changing/y_train.npy
ff 0 $changing
ok "a file that was restored is accepted" has out 'complete already'
put_npy changing/y_train.npy "" 1 '(int(row / 20) + (row == 57)) % 10'
ff 0 $changing --force --quiet
ff 0 $changing
ok "--force trains on what is there now" has out 'complete already'

# Classes without samples
ff 0 train --data sorted $net --limit 1 --model single.ff
refused 1 'trained with 1 sample of [0-9]+ features in 10 classes, but sorted has 2 of ' \
    train --data sorted $net --limit 2 --model single.ff
ff 0 train --data sorted $net --limit 2 --batch 2 --model two.ff
ok "a limit that leaves classes out warns" \
    has err 'warning: .* [89] of 10 classes have no sample among the 2 for training'
ff 0 train --data sorted $net --limit 40 --validation 0.3 --model held.ff
ok "held-out samples without a class warn" \
    has err 'warning: .* of 10 classes ha(s|ve) no sample among the [0-9]* held out'
head -c $((20 * 3073)) /dev/zero >data_batch_1.bin
refused 2 'all samples are of one class' train --data data_batch_1.bin $net --model one.ff --quiet
put_npy sorted/y_train.npy "" 1 7
refused 2 'all labels are of one class' train --data sorted $net --model one.ff --quiet
put_npy sorted/y_train.npy "" 1 '1 + int(row / 20) % 2'
ff 0 train --data sorted $net --model gap.ff
ok "labels need not begin with 0" [ "$(grep -c 'no sample' err)" = 0 ]
ff 0 inspect gap.ff --json
ok "there are no more classes than labels" has out '"classes": 2,'
put_npy sorted/y_test.npy "" 1 '1 + int(row / 20)'
ff 0 train --data sorted $net --recipe classic --model pairs.ff
for model in gap pairs; do
    ff 0 eval $model.ff --data sorted --json --quiet
    ok "$model: labels that training did not have are counted" has out '"unseen": 160'
done
# A single image
mkdir images
rows=40
put_npy images/x_train.npy ", 4, 4" 16 '1 + (row * 5 + i * (1 + row % 3)) % 120'
put_npy images/y_train.npy "" 1 'row % 3'
ff 0 train --data images $net --model images.ff --quiet
rows=1
put_npy batch.npy ", 4, 4" 16 '1 + i * 3'
rows=4
put_npy single.npy ", 4" 4 '1 + (4 * row + i) * 3'
ff 0 predict images.ff --input batch.npy --output batch.csv
ff 0 predict images.ff --input single.npy --output single.csv
ok "an array of the shape of an image is one" cmp -s batch.csv single.csv
finish
