#!/bin/sh
# Every failure says what to do about it as the situation is: nothing that was done already, that the
# command has no option for, or that is about another file.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $small is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

# hinted CODE REASON HINT ARGUMENT...: ends with CODE, for REASON, with a hint that matches HINT
hinted()
{
    codes=$1 reason=$2 hint=$3
    shift 3
    ff "$codes" "$@" || return
    if ! has err "^fftool: .*$reason"; then
        not_ok "does not say \"$reason\": $command"
    elif ! has err "^hint: $hint"; then
        not_ok "has no hint \"$hint\": $command"
    else
        echo "ok - $reason: $(grep '^hint' err)"
    fi
}

# unhinted CODE REASON ARGUMENT...: likewise, without a hint: there is nothing to say that is true
unhinted()
{
    codes=$1 reason=$2
    shift 2
    ff "$codes" "$@" || return
    if ! has err "^fftool: .*$reason"; then
        not_ok "does not say \"$reason\": $command"
    elif has err '^hint: '; then
        not_ok "has a hint: $command"
    else
        echo "ok - $reason: no hint"
    fi
}

# Training diverges before its first layer is done: a model without a checkpoint
unset_rate="--hidden 40x2 --epochs 2 --batch 50 --recipe symba --limit 200"
diverging="--data $data $unset_rate --lr 1e30"
hinted 1 'diverged; try a lower' 'other options .* overwrite this one with --force' \
    train $diverging --model d.ff
ok "no checkpoint is promised where there is none" [ -z "$(grep -E 'checkpoint|resume' err)" ]
hinted 1 'diverged; try a lower' 'run the same command with other options' \
    train $diverging --model d.ff --force
ok "--force is not advised where it was given" [ -z "$(grep -e '--force' err)" ]
hinted 1 'diverged; try a lower' 'other options are for a new model: .fftool train' resume d.ff

# A model that has no trained layer: stopped, or in training
refused 2 'd\.ff has no trained layer yet: resume its training' eval d.ff --data "$data"
if command -v perl >/dev/null && [ "$(uname -m)" = x86_64 ]; then
    # Runs the program while d.ff is locked as its trainer locks it (src/store/writer_lock.c)
    cat >held <<END
#!/bin/sh
exec perl -e '\$^F = 9; open(F, "+<", "d.ff") or die; \$l = pack("ssx4qqix4", 1, 0, 1 << 62, 1, 0); fcntl(F, 37, \$l) or die; exec @ARGV' \
    "$FFTOOL" "\$@"
END
    chmod +x held
    program=$FFTOOL FFTOOL=./held
    hinted 1 'd\.ff is in training and has no trained layer yet' \
        'try again later; .fftool inspect d\.ff' eval d.ff --data "$data"
    ok "resuming is not advised for a model in training" [ -z "$(grep resume err)" ]
    hinted 1 'd\.ff: is in training' 'wait for it to end, or watch it with .fftool inspect d\.ff' \
        resume d.ff
    FFTOOL=$program
else
    echo "SKIPPED: no perl, or another processor: a model in training"
fi

# Scratch that another training holds
mkdir shared
exec 8<shared
flock 8
hinted 1 'shared: .* in use by another training' 'give each training a --scratch of its own' \
    train $small --model other.ff --scratch shared
ok "no other model is named" [ -z "$(grep -F other.ff err)" ]
exec 8<&-

# A model of another recipe, of other data; one that is none; a damaged one
ff 0 train $small --model m.ff --quiet
hinted 1 'm\.ff exists: ' '.fftool inspect m\.ff.* --force' train $small --model m.ff --seed 1
mkdir reversed
cp "$data"/*.gz reversed
cp "$data/t10k-images-idx3-ubyte.gz" reversed/train-images-idx3-ubyte.gz
cp "$data/t10k-labels-idx1-ubyte.gz" reversed/train-labels-idx1-ubyte.gz
hinted 1 'm\.ff was trained on other data' '.fftool inspect m\.ff.* shows .*--data, or train a new model: .fftool train., with another --model$' \
    resume m.ff --data reversed
ok "no option is advised that resume does not have" [ -z "$(grep -e '--force' err)" ]
echo "This is text, not a model, and long enough that nobody takes it for an empty file." >text.ff
hinted 4 'text\.ff: not an LMDB file' 'give --model another name' train $small --model text.ff
unhinted 4 'text\.ff: not an LMDB file' resume text.ff
unhinted 4 'text\.ff: not an LMDB file' inspect text.ff
head -c 9000 m.ff >cut.ff
for read in "inspect cut.ff" "inspect --verify cut.ff" "eval cut.ff --data $data" "resume cut.ff"; do
    # shellcheck disable=SC2086 # words
    hinted 4 'cut\.ff: damaged: truncated' 'restore it from a copy, or train it again$' $read
done
hinted 4 'cut\.ff: damaged: truncated' 'restore it from a copy, or overwrite it with --force$' \
    train $small --model cut.ff
# A name that a shell would split is quoted
size=$(wc -c <m.ff)
flipped="-it's flipped.ff"
{
    head -c $((size / 2)) m.ff
    printf '\377\000\377\000\377\000\377\000'
    tail -c +$((size / 2 + 9)) m.ff
} >"./$flipped"
hinted 4 'damaged: checksum' ".fftool inspect --verify './-it'.''s flipped.ff'. shows where$" \
    eval --data "$data" -- "$flipped"
hinted 4 'flipped\.ff: 1 of [0-9]+ values is damaged$' 'restore it from a copy, or train it again$' inspect --verify -- "$flipped"

# A file that keeps a new model from being made, beside a model that is there or is not
echo "This is text, and no model that was begun." >new.ff.partial
hinted 1 'new\.ff\.partial: exists and is not an unfinished model' 'give --model another name$' \
    train $small --model new.ff
cp m.ff new.ff
hinted 1 'new\.ff\.partial: exists and is not an unfinished model' 'give --model another name$' \
    train $small --model new.ff --force
rm new.ff new.ff.partial

# Data that is at fault is not the model's fault
mkdir mixed
cp "$data"/*.gz mixed
cp "$data/t10k-labels-idx1-ubyte.gz" mixed/train-labels-idx1-ubyte.gz
unhinted 1 '500 labels for the 2000 images' train --data mixed --model new.ff
cp "$data/t10k-labels-idx1-ubyte.gz" mixed
head -c 20000 "$data/t10k-images-idx3-ubyte.gz" >mixed/t10k-images-idx3-ubyte.gz
unhinted 4 'mixed/t10k-images.*download or copy it again' eval m.ff --data mixed
{
    printf "\223NUMPY\001\000v\000{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }"
    printf '%58s\n' ''
    printf '\000\000\200\077\000\000\300\177'
} >x.npy
{
    printf "\223NUMPY\001\000v\000{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"
    printf '%60s\n' ''
    printf '\000\001'
} >y.npy
unhinted 1 'row 1, column 0 .* is not a number; replace it' \
    train --data x.npy --labels y.npy --model nan.ff --hidden 4 --epochs 1
{
    printf "\223NUMPY\001\000v\000{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1), }"
    printf '%58s\n' ''
    printf '\000\001'
} >x.npy
hinted 1 'x\.npy has 1 feature per sample, but m\.ff' '.fftool inspect m\.ff.* the dataset that it was trained on' \
    eval m.ff --data x.npy --labels y.npy

# A model's name that is part of other names is not taken for them
ff 0 train $small --model m --quiet
unhinted 4 'mixed/t10k-images' eval m --data mixed

# A full disk, before and after there is something to resume
mkdir full
if mount -t tmpfs -o size=4k tmpfs full 2>/dev/null; then
    hinted 1 'No space left' 'free disk space, and run the same command again' \
        train $small --model full/m.ff --scratch elsewhere --force
    ok "resuming is not advised if nothing was saved" [ -z "$(grep resume err)" ]
    mount -t tmpfs -o remount,size=200k tmpfs full
    rm -f full/*
    hinted 1 'No space left' 'free disk space; .fftool resume m2\.ff --scratch full/scratch --no-disk-check. then resumes' \
        train $small --model m2.ff --scratch full/scratch --no-disk-check
    hinted 1 'full/scratch: too little disk space: stored activations .* 0\.[0-9]M are free' \
        'free disk space; .fftool resume m2\.ff' resume m2.ff --scratch full/scratch
    ok "compressed scratch would be smaller" has err '^hint: .*--compress zstd\)$'
    rm -rf full/* m2.ff
    mount -t tmpfs -o remount,size=60k tmpfs full
    hinted 1 'No space left' 'free disk space; .fftool resume m2\.ff --scratch full/scratch --compress zstd --no-disk-check. then .*--scratch DIR\)$' \
        train $small --model m2.ff --scratch full/scratch --compress zstd --no-disk-check
    rm -rf full/*
    hinted 1 'No space left' 'free disk space, and run the same command again' \
        extend m -o full/m3.ff --hidden +200
    umount full
    ff 0 resume m2.ff --quiet
else
    echo "SKIPPED: no file system can be mounted: hints on a full disk"
fi
finish
