#!/bin/sh
# Files that are missing, foreign, damaged or in the way: the right exit code and a reason that
# names the file; nothing left behind.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

for command in "resume no.ff" "eval no.ff --data $data" "inspect no.ff" \
    "predict no.ff --input $data/t10k-images-idx3-ubyte.gz"; do
    # shellcheck disable=SC2086 # words
    refused 1 'no\.ff' $command
done

echo "This is text, not a model, and long enough that nobody takes it for an empty file." >text.ff
: >empty.ff
head -c 100000 "$data/train-images-idx3-ubyte.gz" >noise.ff
for file in text.ff noise.ff empty.ff; do
    cp "$file" copy
    refused 4 "$file" inspect "$file"
    refused 4 "$file" resume "$file"
    refused 4 "$file" eval "$file" --data "$data"
    ok "$file is left as it was" cmp "$file" copy
done
mkdir directory
mkfifo fifo
for file in directory fifo /dev/null; do
    for command in "inspect $file" "eval $file --data $data" "predict $file --input $data" \
        "resume $file" "train --data $data --model $file"; do
        # shellcheck disable=SC2086
        refused 4 "$file: not a file" $command
    done
done
# shellcheck disable=SC2086
refused 4 'text\.ff' train $small --model text.ff

# Datasets
mkdir none
refused 1 'absent' train --data absent
refused '1 4' 'none' train --data none
refused 4 'text\.ff' train --data text.ff
mkdir cut
cp "$data"/*.gz cut/
head -c 20000 "$data/train-images-idx3-ubyte.gz" >cut/train-images-idx3-ubyte.gz
refused 4 'cut/train-images' train --data cut --hidden 10 --epochs 1 --quiet
"$FFTOOL" inspect model.ff >out 2>err
ok "no model of a truncated dataset counts as complete" [ -z "$(grep '^model.ff: complete' out)" ]
rm -rf model.ff*
mkdir mixed
cp "$data"/*.gz mixed/
cp "$data/t10k-labels-idx1-ubyte.gz" mixed/train-labels-idx1-ubyte.gz
ff 1 train --data mixed --hidden 10 --epochs 1
ok "different numbers of images and labels are reported" has err '^fftool: train: .*(2,?000|500)'
rm -rf model.ff*

cp "$data/t10k-images-idx3-ubyte.gz" pictures.gz
refused 1 'pictures\.gz: .* give the file with --labels' train --data pictures.gz

# Places that cannot be written
# shellcheck disable=SC2086
{
    refused 1 'nowhere/m\.ff: the directory nowhere does not exist' train $small --model nowhere/m.ff
    refused 1 'text\.ff/m\.ff: text\.ff is not a directory' train $small --model text.ff/m.ff
    refused 1 'nowhere' train $small --log nowhere/log.jsonl
    refused 1 'text\.ff' train $small --scratch text.ff/scratch
}
rm -rf model.ff*

# Outputs are written over nothing of another kind
# shellcheck disable=SC2086
{
    ff 0 train $small --model good.ff --quiet
    cp good.ff good.copy
    cp "$data/t10k-images-idx3-ubyte.gz" images.gz
    cp images.gz images.copy
    for file in good.ff images.gz text.ff; do
        refused 1 "$file exists and is not a log" train $small --model new.ff --log $file
        refused 1 "$file exists and is not a log" train $small --model new.ff --log $file --force
        refused 1 "$file exists and is not a file of predictions" \
            predict good.ff --input images.gz --output $file
    done
    refused 1 'images\.gz exists and is not a log' resume good.ff --log images.gz
    refused 2 '--log: \./new\.ff is the model' train $small --model new.ff --log ./new.ff
    refused 2 '--log: good\.ff is the model' train $small --model good.ff --log good.ff --force
}
ok "nothing was created" [ ! -e new.ff ]

# A log is no file of its training, by whatever name
mkdir S
ln -s S linked
ln -s new.ff to-new
ln -s real.ff to-real
ln -s to-real far
: >kept.ff.partial
ln kept.ff.partial hard
ln -s S/boundary-0.lmdb inside
tiny="--data $data --limit 400 --hidden 8 --epochs 1"
# shellcheck disable=SC2086
{
    refused 2 '--log: \./new\.ff\.partial is the file of the incomplete model' train $tiny -o new.ff --log ./new.ff.partial
    refused 2 '--log: hard is the file of the incomplete model' train $tiny -o kept.ff --log hard
    refused 2 '--log: to-new is the model' train $tiny -o new.ff --log to-new
    refused 2 '--log: real\.ff is the model' train $tiny -o to-real --log real.ff
    refused 2 '--log: real\.ff\.partial is the file of the incomplete model' train $tiny -o far --log real.ff.partial
    refused 2 '--log: good\.ff\.partial is the file of the incomplete model' resume good.ff --log good.ff.partial
    for log in S/boundary-0.lmdb linked/tiles.lmdb S/import.tmp inside; do
        refused 2 "--log: $log has the name of a file .* in the scratch directory S;" \
            train $tiny -o new.ff --scratch S --log $log
    done
    refused 2 '--log: S is the scratch directory' train $tiny -o new.ff --scratch S --log S
    refused 2 '--log: made/tiles\.lmdb has the name' train $tiny -o new.ff --scratch ./made/ --log made/tiles.lmdb
    for scratch in "" "--scratch S"; do
        refused 2 '--log: new\.ff\.scratch/boundary-0\.lmdb has the name' \
            train $tiny -o new.ff --log new.ff.scratch/boundary-0.lmdb $scratch
    done
    refused 2 'S/boundary-1\.lmdb has the name of a file .* in the scratch directory linked;' \
        train $tiny -o S/boundary-1.lmdb --scratch linked
    refused 2 'inside has the name of a file .* in the scratch directory S;' train $tiny -o inside --scratch S --log log.jsonl
}
ok "no file was created" [ "$(ls -d S/* new.ff* real.ff* made log.jsonl 2>/dev/null)" = "" ]
rm kept.ff.partial hard inside
# shellcheck disable=SC2086
ff 0 train $tiny -o S/own.ff --scratch S --log S/own.jsonl --quiet
ok "other names in the scratch directory are free" [ "$(ls S)" = "$(printf '%s\n' own.ff own.jsonl)" ]
rm S/own.ff S/own.jsonl
ok "the model is as it was" cmp good.ff good.copy
ok "the images are as they were" cmp images.gz images.copy
echo index,label,score_0 >p.csv
ff 0 predict good.ff --input images.gz --output p.csv --quiet
ok "earlier predictions are replaced" lines p.csv 501

# A log that nothing was logged to is not left
# shellcheck disable=SC2086
{
    ff 1 train --data absent --model new.ff --log new.jsonl
    ff 3 train $small --model new.ff --memory 5M --log new.jsonl
    ff 0 train $small --model good.ff --log new.jsonl --quiet
}
ok "a training without a model leaves no log" [ ! -e new.jsonl ]

# Standard streams that are closed: nothing that is said there ends up in the model
# shellcheck disable=SC2086
"$FFTOOL" train $small --model closed.ff <&- >&- 2>&- && : >succeeded
ok "a result that cannot be printed is a failure" [ ! -e succeeded ]
ff 0 inspect --verify closed.ff
ok "a model made with closed streams is whole" has out '^closed\.ff: complete'

# A pipe whose other end nobody holds is refused, not waited for
mkfifo pipe
# shellcheck disable=SC2086
{
    refused 1 '--log: pipe: .*no process reads' train $small --log pipe
    refused 4 'pipe: not a file' resume pipe
    ff 0 train $small --quiet
    refused 1 '--log: pipe: .*no process reads' resume model.ff --log pipe
}
refused 1 '--output: pipe: .*no process reads' predict model.ff --input "$data" --output pipe
refused 4 'pipe: ' plot pipe -o figure.svg
refused 4 'directory: not a file' plot directory -o figure.svg
"$FFTOOL" train --data "$data" --limit 400 --hidden 8 --epochs 1 --model of.ff --quiet --log of.jsonl 2>err
# shellcheck disable=SC2002 # a pipe is what it is about
cat of.jsonl | "$FFTOOL" plot /dev/stdin -o figure.svg >out 2>err
ok "a log comes from a pipe" [ -s figure.svg ]
rm figure.svg
profile="profile --data $data --hidden 8 --batch 100 --depths 1 --modes bp --samples 200"
# shellcheck disable=SC2086
{
    refused 4 'pipe: ' $profile -o pipe
    refused 1 'pipe: .*no process reads' $profile -o pipe --force
}

# Others are written to
exec 7<>pipe
# shellcheck disable=SC2086
ff 0 train --data "$data" --limit 400 --hidden 8 --epochs 1 --model piped.ff --log pipe --quiet
head -n 1 <&7 >piped
exec 7<&-
ok "a log goes to a pipe that is read" has piped '^{"kind":'
for output in /dev/stdout /dev/stderr /dev/null; do
    "$FFTOOL" predict model.ff --input "$data" --quiet --output $output 2>&1 | cat >piped
    case $output in
    /dev/null) ok "predictions go to $output" empty piped ;;
    *) ok "predictions go to $output, a pipe" has piped '^index,label,' ;;
    esac
    # shellcheck disable=SC2086
    "$FFTOOL" train --data "$data" --limit 400 --hidden 8 --epochs 1 --force --model piped.ff \
        --quiet --log $output 2>&1 | grep '^{"kind":' >piped
    case $output in
    /dev/null) ok "a log goes to $output" empty piped ;;
    *) ok "a log goes to $output, a pipe" has piped '^{"kind":' ;;
    esac
done
"$FFTOOL" predict model.ff --input "$data" --quiet 2>err | head -n 1 >out
ok "predictions to a closed pipe leave no file" [ -z "$(find . -name '*.eval-*')" ]
rm -rf model.ff*

# Damage
# shellcheck disable=SC2086
ff 0 train $small --quiet
cp model.ff whole.ff
size=$(wc -c <model.ff)
for part in 1 4095 4096 8192 $((size / 2)) $((size - 4096)) $((size - 1)); do
    head -c "$part" whole.ff >cut.ff
    ff 4 inspect --verify cut.ff && ok "a model truncated to $part of $size bytes is detected" \
        has err 'cut\.ff'
done
finish
