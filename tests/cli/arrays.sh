#!/bin/sh
# NumPy archives: the arrays of usual names, those that --array names, and what is said without.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $net is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

net="--hidden 8x2 --epochs 2 --batch 10 --quiet"

# put_npy FILE ROWS AXES VALUES VALUE: an array of ROWS rows of VALUES bytes, AXES being the axes
# after that of the rows (", 8"); VALUE is an expression of the row and of the column i
put_npy()
{
    LC_ALL=C awk -v rows="$2" -v axes="$3" -v values="$4" 'BEGIN {
        shape = "(" rows axes ",)"
        header = "{\047descr\047: \047|u1\047, \047fortran_order\047: False, \047shape\047: " shape ", }\n"
        printf "%cNUMPY%c%c%c%c%s", 147, 1, 0, length(header), 0, header
        for (row = 0; row < rows; row++)
            for (i = 0; i < values; i++)
                printf "%c", '"$5"'
    }' >"$1"
}

mkdir plain
put_npy plain/x_train.npy 100 ", 8" 8 '1 + (row % 7 + i * (1 + row % 3)) % 120'
put_npy plain/y_train.npy 100 "" 1 'row % 3'
put_npy plain/x_test.npy 40 ", 8" 8 '1 + (row % 5 + i * (1 + row % 3)) % 120'
put_npy plain/y_test.npy 40 "" 1 'row % 3'
"$make_npz" both.npz plain/x_train.npy plain/y_train.npy plain/x_test.npy plain/y_test.npy

# Usual names: both splits in one file
ff 0 train --data plain $net --model plain.ff
ff 0 train --data both.npz $net --model both.ff
ok "an archive gives the weights of its files" [ "$(weights_hash both.ff)" = "$(weights_hash plain.ff)" ]
ff 0 eval plain.ff --data plain --json --quiet && cp out expected
ff 0 eval both.ff --data both.npz --json --quiet
json out
ok "the test split is in the same file" [ "$(leaf .samples)" = 40 ]
error=$(leaf .error)
json expected
ok "and measured as that of the files" [ "$error" = "$(leaf .error)" ]
ff 0 eval both.ff --data both.npz --split train --json --quiet
json out
ok "and so is the training split" [ "$(leaf .samples)" = 100 ]
ff 0 predict both.ff --input both.npz --output labels.csv
ok "the test split is predicted" lines labels.csv 41

# Names that the user gives
for half in train test; do
    cp plain/x_$half.npy pixels-$half.npy
    cp plain/y_$half.npy kinds-$half.npy
done
"$make_npz" named.npz pixels-train.npy kinds-train.npy pixels-test.npy kinds-test.npy
for name in train plan; do
    refused 4 'named\.npz: .*give --array IMAGES,LABELS, of these: pixels-train, kinds-train, pixels-test' \
        $name --data named.npz --hidden 8
done
refused 2 'no array "kinds"' train --data named.npz $net --array pixels-train,kinds
refused 4 'give --array NAME, of these: ' predict both.ff --input named.npz
refused 2 '--array is for archives of arrays .*; this is idx' train --data "$data" $net --array x,y
ff 0 plan --data named.npz --hidden 8 --array pixels-train,kinds-train
ff 0 train --data named.npz $net --array pixels-train,kinds-train --model named.ff
ok "named arrays give the same weights" [ "$(weights_hash named.ff)" = "$(weights_hash plain.ff)" ]
ff 0 inspect named.ff --json
json out
ok "the model has their names" [ "$(leaf .data.arrays)" = pixels-train,kinds-train ]
ff 0 eval named.ff --data named.npz --array pixels-test,kinds-test --json --quiet
json out
ok "and they are evaluated" [ "$(leaf .error)" = "$error" ]
ff 0 predict named.ff --input named.npz --array pixels-test --output named.csv
ok "and predicted" cmp -s named.csv labels.csv

# Resuming reads the named arrays again where scratch was lost, or where the archive has moved
ff 0 train --data named.npz $net --array pixels-train,kinds-train --epochs 200 --model whole.ff
"$FFTOOL" train --data named.npz $net --array pixels-train,kinds-train --epochs 200 --model cut.ff \
    --checkpoint-interval 0 >out 2>err &
child=$!
until "$FFTOOL" inspect cut.ff --json 2>/dev/null | grep -q '"checkpoints": [1-9]'; do
    kill -0 $child 2>/dev/null || break
    sleep 0.02
done
kill -INT $child 2>/dev/null
code=0
wait $child || code=$?
ok "training is interrupted" [ $code -eq 130 ]
rm -rf cut.ff.scratch
ff 0 resume cut.ff --quiet
ok "a resumed training has the same weights" [ "$(weights_hash cut.ff)" = "$(weights_hash whole.ff)" ]
mv named.npz moved.npz
ff 0 resume cut.ff --data moved.npz --array pixels-train,kinds-train --quiet
ff 0 inspect cut.ff
ok "a moved archive is recorded" has out 'moved\.npz, arrays pixels-train,kinds-train'
finish
