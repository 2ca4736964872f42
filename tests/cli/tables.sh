#!/bin/sh
# Training on tables of text: which column is the label, and values that are missing.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $net is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

net="--hidden 8x2 --epochs 2 --batch 10 --head-epochs 0 --quiet"

# rows N: a table of a number, a category and a class
rows()
{
    awk -v n="$1" 'BEGIN {
        print "size,kind,class"
        for (i = 0; i < n; i++)
            print i % 17 / 4 "," (i % 2 ? "round" : "long") "," (i % 3 ? "yes" : "no")
    }'
}
rows 100 >train.csv
rows 40 >test.csv
ff 0 train --data . $net --model a.ff
ff 0 eval a.ff --data . --json --quiet
json out
ok "a table is trained on and evaluated" [ "$(leaf .samples)" = 40 ]

# The label by name and by number
ff 0 train --data train.csv $net --label-column kind --model b.ff
ff 0 train --data train.csv $net --label-column 2 --model c.ff
fingerprint()
{
    "$FFTOOL" inspect "$1" --json >inspect.json && json inspect.json && leaf .data.fingerprint
}
ok "a label is chosen by name or number" [ "$(fingerprint b.ff)" = "$(fingerprint c.ff)" ]
ok "and is another than the last column" [ "$(fingerprint b.ff)" != "$(fingerprint a.ff)" ]
ff 2 train --data train.csv $net --label-column kinds --model d.ff
ok "an unknown label lists the columns" grep -q 'columns are size, kind, class' err

# Missing values
{ rows 100 && echo "NA,round,yes"; } >holes.csv
ff 2 train --data holes.csv $net --model d.ff
ok "a missing value is reported with its line and column" \
    grep -q 'holes.csv: line 102, column 1 ("size").*--missing mean' err
ff 0 train --data holes.csv $net --missing mean --model d.ff
ff 0 plan --data holes.csv --hidden 8 --missing mean
ff 2 plan --data holes.csv --hidden 8 --missing error
ff 2 train --data holes.csv $net --missing mode --model d.ff

# What inspect says of the columns
ff 0 inspect a.ff
ok "inspect names columns and classes" [ "$(grep -cE '^  (columns   size, kind|classes   no, yes)$' out)" = 2 ]
ff 0 inspect a.ff --columns
ok "a column of numbers has a mean and a deviation" grep -qE '^     1 +1\.962 +1\.207  size$' out
ok "one of categories lists them" grep -qE '^     2 +- +-  kind: long, round$' out
ff 0 inspect a.ff --json
json out
ok "and so it is as JSON" [ "$(leaf '.data.columns[1].categories[0]') $(leaf .data.label)" = "long class" ]
ff 0 train --data "$data" $net --limit 100 --model pixels.ff
ff 0 inspect pixels.ff --columns
ok "pixels have no columns" grep -qx '784 features, not standardised' out

# Small data: batch and epochs by the number of rows, and a warning about few steps
ff 0 train --data train.csv --hidden 8x2 --model small.ff
ok "by default a layer takes enough steps" [ -z "$(grep warning err)" ]
ff 0 inspect small.ff --json
json out
ok "the batch is small" [ "$(leaf .recipe.batch)" = 16 ]
ok "there are more epochs" [ "$(leaf .recipe.epochs)" = 29 ]
ff 0 train --data train.csv --hidden 8x2 --model shapes.ff --verbose
ok "plain sgemm is measured with the batch of the training" grep -q 'sgemm of 16 x 8 x 8 ' err
ff 0 train --data train.csv --hidden 8x2 --model small.ff
ok "the same command finds its model complete" grep -q 'complete already' out
for command in "train --model few.ff" plan; do
    ff 0 $command --data train.csv --hidden 8x2 --epochs 2
    ok "$command: few steps are noticed" grep -q 'only 14 steps in 2 epochs of 100 samples' err
done

# Prediction
ff 0 predict a.ff --input test.csv --format csv --output labels.csv
ok "a table with labels is predicted without them" [ "$(wc -l <labels.csv)" -ge 40 ]

# Names of the rows
awk -F, 'NR == 1 { print "id," $0 } NR > 1 { print "\"row," NR "\"," $0 }' train.csv >named.csv
ff 0 train --data named.csv $net --id-column id --model n.ff
ff 0 inspect n.ff --columns
ok "names of rows are no feature" [ "$(wc -l <out)" = 3 ]
sed 's/,[^,]*$//' named.csv >unlabelled.csv
for input in named.csv unlabelled.csv; do
    ff 0 predict n.ff --input $input --output names.csv
    ok "$input: the names are copied" [ "$(sed -n '1p;101p' names.csv | cut -d, -f1,2 | paste -sd' ')" = \
        'id,label "row,101"' ]
done
ff 0 predict n.ff --input named.csv --output names.csv
ff 0 predict a.ff --input named.csv --id-column id --format jsonl --quiet
ok "another model copies them if asked" grep -q '^{"index":0,"id":"row,2","label":' out
ff 2 train --data named.csv $net --id-column class --label-column class --model x.ff
ok "a label is no name" grep -q 'both the label and the names of the rows' err
sed 1d named.csv >bare.csv
ff 0 train --data bare.csv $net --id-column 1 --model bare.ff
sed 1d unlabelled.csv >bare_unlabelled.csv
for input in bare.csv bare_unlabelled.csv; do
    ff 0 predict bare.ff --input $input
    ok "$input: the names are copied by place" [ "$(sed -n 2p out | cut -d, -f1-2)" = '"row,2"' ]
done
ff 0 eval bare.ff --data bare.csv --quiet

# Standard input, and files whose name says nothing
ff 0 predict n.ff --input unlabelled.csv --quiet
cp out expected
"$FFTOOL" predict n.ff --input - --quiet <unlabelled.csv >out 2>err
ok "standard input is predicted" cmp -s out expected
gzip -c unlabelled.csv | "$FFTOOL" predict n.ff --input - --quiet >out 2>err
ok "and a pipe, compressed" cmp -s out expected
"$FFTOOL" eval n.ff --data - --quiet <named.csv >out 2>err
ok "and measured" grep -q 'of 100 samples' out
mkdir kept
{ cat unlabelled.csv && echo "one,two"; } | "$FFTOOL" predict n.ff --input - --scratch kept >out 2>err
ok "a fault of standard input has its line" grep -q '/dev/stdin: line 102' err
ok "and nothing is left of it" [ -z "$(ls kept)" ]
"$FFTOOL" predict n.ff --input - --scratch none </dev/null >out 2>err
ok "a directory that is absent is reported" grep -q 'none: no temporary file for standard input' err
mkfifo pipe
sleep 60 >pipe &
writer=$!
"$FFTOOL" predict n.ff --input - <pipe >out 2>err &
sleep 1
kill -TERM $!
code=0
wait $! || code=$?
kill $writer
ok "waiting for standard input can be interrupted" [ $code = 130 ]
cp train.csv table.data
ff 0 train --data table.data $net --model data.ff
ok "a table is recognised by its content" [ "$(fingerprint data.ff)" = "$(fingerprint a.ff)" ]
echo "no table, of one line" >prose
ff '1 4' train --data prose $net --model x.ff
ok "prose is none" grep -q 'not a dataset of a known format' err

# Sparse rows of svmlight
sparse()
{
    awk -v n="$1" 'BEGIN {
        for (i = 0; i < n; i++)
            print (i % 2 ? "+1" : "-1") " " 1 + i % 2 ":" 1 + i % 7 / 8 " " 3 + i % 3 ":1"
    }'
}
mkdir sparse
sparse 100 >sparse/train.svm
{ sparse 39 && echo "-1 1:1 9:5"; } >sparse/test.svm
ff 0 train --data sparse $net --model s.ff
ff 0 eval s.ff --data sparse --json
ok "features that the model lacks are ignored with a warning" grep -q 'above index 5.* ignored' err
json out
ok "sparse rows are trained on and evaluated" [ "$(leaf .samples)" = 40 ]
ff 0 inspect s.ff --json
json out
ok "as many features as the largest index" [ "$(leaf .data.features)" = 5 ]
ff 0 predict s.ff --input sparse/test.svm --quiet
cp out expected
sed 's/^[^ ]* //' sparse/test.svm >unlabelled
ff 0 predict s.ff --input unlabelled --quiet
ok "rows without labels are predicted, whatever the name" cmp -s out expected
ok "by their labels" grep -q '^0,-1,' out
"$FFTOOL" predict s.ff --input - --quiet <unlabelled >out 2>err
ok "and standard input" cmp -s out expected
echo "1 3:1 2:1" >>sparse/train.svm
ff 4 train --data sparse $net --model x.ff
ok "a fault is reported with its line" grep -q 'train.svm: line 101, character 7: index 2 after 3' err

# A single row, a row without its line end, and the rest of a file
iris=$FFTOOL_ROOT/data/iris
ff 0 train --data "$iris" --hidden 10 --epochs 20 --model iris.ff --quiet
for line in '5.1,3.5,1.4,0.2\n' '5.1,3.5,1.4,0.2'; do
    # shellcheck disable=SC2059 # an escape
    printf "$line" | "$FFTOOL" predict iris.ff --input - >out 2>err
    ok "one row is predicted" [ "$(wc -l <out)" = 2 ]
done
{
    read -r _ && read -r _ && "$FFTOOL" predict iris.ff --input - >out 2>err
} <"$iris/test.csv"
ok "what was read of standard input is not predicted" [ "$(wc -l <out)" -lt 31 ]
awk 'BEGIN { for (r = 0; r < 40; r++) { for (c = 0; c < 1500; c++) printf "%d.25,", (r + c) % 9; print r % 2 } }' >wide.txt
ff 0 plan --data wide.txt --hidden 8
printf 'red,up,a\nblue,down,b\nred,down,a\nblue,up,b\n' >words.csv
ff 0 train --data words.csv $net --model words.ff
printf 'red,up\nblue,down\ngreen,down\nblue,down\n' >more.csv
ff 0 predict words.ff --input more.csv --quiet
ok "the first of rows without names is one" [ "$(wc -l <out)" = 5 ]
cut -d, -f1,3 train.csv >one.csv
ff 0 train --data one.csv $net --missing mean --model one.ff
printf 'size\n1\n\n2\n' | "$FFTOOL" predict one.ff --input - --quiet >out 2>err
ok "a table of one column has a row for each line" [ "$(wc -l <out)" = 4 ]

# What only looks like predictions is kept
echo gene,label,p_value >mine.csv
ff 1 predict iris.ff --input "$iris/test.csv" --output mine.csv
ok "a file of others is not overwritten" [ "$(cat mine.csv)" = gene,label,p_value ]

# Defaults that depend on the rows
ff 0 plan --data "$iris" --sweeps 20
ff 2 plan --data "$iris" --sweeps 30
ok "more sweeps than epochs are refused" grep -q 'sweeps 30: .* 25 epochs' err
ff 0 plan --data "$iris" --validation 0.1
ok "held-out samples do not count as steps" [ -z "$(grep warning err)" ]

# Other data with a model of a table, and options of a table with other data
printf '0 1:1 2:1\n1 1:2 2:1\n' >sparse.svm
ff 1 predict a.ff --input sparse.svm
ok "texts are found in tables only" grep -q 'trained on a table with texts' err
for option in '--label-column 1' '--id-column 1' '--missing mean'; do
    ff 2 train --data sparse.svm $net $option --model x.ff
    ok "$option is for tables" grep -q 'is for tables' err
done
ff 2 inspect a.ff --columns --layer 1
finish
