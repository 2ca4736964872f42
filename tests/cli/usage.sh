#!/bin/sh
# Nonsense is refused: exit code 2, one line on stderr that says why, nothing on stdout.
# shellcheck source=tests/cli/lib
. "${FFTOOL_ROOT:?}/tests/cli/lib"

refused 2 'did you mean .fftool train' trian
refused 2 'unknown command' frobnicate
refused 2 'unknown command' help frobnicate
refused 2 'no such option' --frobnicate
ff 2
ok "without arguments: usage on stderr" has err '^Usage: '
ok "without arguments: nothing on stdout" empty out

refused 2 '--data PATH is missing' train
refused 2 'MODEL is missing' eval
refused 2 'MODEL is missing' inspect --json
refused 2 '--input FILE is missing' predict model.ff
refused 2 'unexpected argument' inspect a.ff b.ff
refused 2 'unexpected argument' train --data "$data" more
refused 2 '--lr: "abc" is not a number' train --data "$data" --lr abc
refused 2 '--lr: "nan" is not a number' train --data "$data" --lr nan
refused 2 '--lr: "inf" is not a number' train --data "$data" --lr inf
refused 2 '--lr: "1e-3x" is not a number' train --data "$data" --lr 1e-3x
refused 2 '--lr: needs an argument' train --data "$data" --lr
refused 2 '--epochs: "0" ' train --data "$data" --epochs 0
refused 2 '--epochs: "-3" ' train --data "$data" --epochs -3
refused 2 '--epochs: "3.5" ' train --data "$data" --epochs 3.5
refused 2 '--epochs: "99999999999" ' train --data "$data" --epochs 99999999999
refused 2 '--batch: "0" ' train --data "$data" --batch 0
refused 2 '--seed: "-1" ' train --data "$data" --seed -1
refused 2 '--seed: "18446744073709551616" ' train --data "$data" --seed 18446744073709551616
refused 2 '--negative-sets: "1000" ' train --data "$data" --negative-sets 1000
refused 2 '--loss: "hinge" is not one of: .*symba' train --data "$data" --loss hinge
refused 2 '--optimizer: "x" is not one of: .*adam' train --data "$data" --optimizer x
refused 2 '--activations: "f64" is not one of: f32' train --data "$data" --activations f64
refused 2 '--label-embedding: "x" is not one of' train --data "$data" --label-embedding x
refused 2 'did you mean --epochs' train --data "$data" --epoch5 3
refused 2 ' --force: takes no argument$' train --data "$data" --force=yes
refused 2 ' --quiet: takes no argument$' train --data "$data" --qui=1
refused 2 ' --help: takes no argument$' train --help=1
refused 2 'is ambiguous: --hidden, --head-epochs, --head-lr, --head-weight-decay, --help$' train --h
refused 2 'did you mean --help' train --hlep
refused 2 ' --: no such option$' train --=1
refused 2 '-x: no such option$' help -x
refused 2 'is ambiguous: --head-epochs, --head-lr, --head-weight-decay, --help$' \
    train --data "$data" --he 3
refused 2 'is ambiguous: --negative-sets, --negatives$' train --data "$data" --neg hard
refused 2 '--data: the value is empty' train --data ''
refused 2 '-z: no such option' train -z
# Short options in one word, behind a long one
refused 2 ' -x: no such option$' train --force -xz
refused 2 ' -x: no such option$' train --force -qxz
refused 2 ' -z: no such option$' train --data "$data" -qz
refused 2 ' -d: needs an argument$' train --force -qd
refused 2 ' --quiet: takes no argument$' train -q --quiet=1
refused 2 'augment copies: mode ff-stream without jitter does not use it; leave it out, or add --jitter N$' train --data "$data" --augment-copies 2
refused 2 'validation: .* with random negatives does not use' train --data "$data" --recipe classic --validation 0.1
refused 2 'head learning rate: .* without a head' train --data "$data" --head-lr 0.1
refused 2 'head weight decay: .* without a head' train --data "$data" --head-weight-decay 0.1
refused 2 'threshold: .* with the loss symba' train --data "$data" --loss symba --threshold 5
refused 2 'negatives: .* does not use it; leave it out, or use --recipe classic or symba$' train --data "$data" --negatives hard
refused 2 'negatives: .* does not use it; leave it out, or use --recipe unsupervised$' train --data "$data" --negatives hybrid
refused 2 'embedding: .* does not use it; leave it out, or use --recipe unsupervised$' \
    train --data "$data" --label-embedding none
for recipe in classic symba; do
    refused 2 "negatives hybrid: recipe $recipe .*; leave it out, or use --recipe unsupervised$" \
        train --data "$data" --recipe $recipe --negatives hybrid
    refused 2 "embedding none: recipe $recipe .*; leave it out, or use --recipe unsupervised$" \
        train --data "$data" --recipe $recipe --label-embedding none
done
for how in random hard; do
    refused 2 "negatives $how: .* leave out --negatives, or use --recipe classic or symba$" \
        train --data "$data" --recipe unsupervised --negatives $how
done
refused 2 'embedding append: .* leave out --label-embedding, or use --recipe classic or symba$' \
    train --data "$data" --recipe unsupervised --label-embedding append
refused 2 'recipe unsupervised: mode ff-full .* leave it out, or use --mode ff-stream$' \
    train --data "$data" --recipe unsupervised --mode ff-full
refused 2 'embedding none: mode ff-full .* leave it out, or use --mode ff-stream$' \
    train --data "$data" --label-embedding none --mode ff-full
refused 2 'validation: .* hybrid negatives does not use it; leave it out, or use --recipe conditioned$' \
    train --data "$data" --recipe unsupervised --validation 0.1
refused 2 'threshold: .* does not use it; leave it out, or use --loss logistic$' \
    train --data "$data" --recipe classic --loss symba --threshold 5
refused 2 'threshold: .* does not use it; leave it out, or use --recipe classic$' \
    train --data "$data" --recipe conditioned --threshold 5
refused 2 'label strength: .* does not use it; leave it out$' \
    train --data "$data" --recipe symba --label-embedding none --label-strength 2
refused 2 'negatives hybrid: recipe symba trains with wrong labels; leave it out$' \
    train --data "$data" --mode ff-full --negatives hybrid
refused 2 'loss softmax .*; use --recipe classic or symba, or use --mode ff-stream$' \
    train --data "$data" --mode ff-full --recipe conditioned
refused 2 'loss softmax .*; leave out --loss, or use --mode ff-stream$' \
    train --data "$data" --mode ff-full --recipe classic --loss softmax
refused 2 'embedding none: .*; leave out --head-epochs$' \
    train --data "$data" --recipe unsupervised --head-epochs 0
refused 2 'loss symba is of another kind; leave out --loss, or use --recipe symba$' \
    train --data "$data" --recipe conditioned --loss symba
refused 2 '300 samples are a single batch of 5000; use --batch 299 or less$' \
    train --data "$data" --validation 0.1 --limit 300 --batch 5000
refused 2 '300 samples are a single batch of 300; use --batch 299 or less$' \
    plan --data "$data" --validation 0.1 --limit 300 --batch 300
ff 0 plan --data "$data" --validation 0.1 --limit 300 --batch 299
refused 2 'a single sample cannot be held out; use more samples$' plan --samples 1 --validation 0.1
refused 2 'label smoothing: .* does not use it; leave it out, or use --recipe conditioned$' \
    train --data "$data" --loss symba --label-smoothing 0.1
refused 2 'pass on: .* does not use it; leave it out, or use --mode ff-stream' \
    train --data "$data" --mode bp --pass-on mean
refused 2 'sweeps 3: .* of the 2 epochs; use more epochs' train --data "$data" --epochs 2 --sweeps 3
refused 2 'recipe conditioned: .* use --recipe classic' \
    train --data "$data" --recipe conditioned --loss logistic
refused 2 'recipe unsupervised: .* use --recipe conditioned' \
    train --data "$data" --recipe unsupervised --loss softmax
refused 2 'loss: mode bp does not use' train --data "$data" --mode bp --loss symba
refused 2 'loss: mode bp does not use' train --data "$data" --mode bp --loss logistic
refused 2 'momentum: .* with the optimizer adam .*; leave it out, or use --optimizer sgd$' train --data "$data" --momentum 0.5
for option in beta1 beta2 epsilon; do
    refused 2 "$option: .* with the optimizer sgd" train --data "$data" --optimizer sgd --$option 0.5
done
for layers in abc 0 0x4 100x 100x0 x4 100,,5 "100," -5 100y4 99999999999 5x99999999999; do
    refused 2 '--hidden: ' train --data "$data" --hidden="$layers"
done
refused 2 '--lr: -1 is less than 0' train --data "$data" --lr -1
refused 2 '(compress|zstd)' train --data "$data" --compress gzip
refused 2 '(compress|zstd)' train --data "$data" --compress zstd:99
refused 2 '--split: "x" is not one of: test, train' eval m.ff --data "$data" --split x
examples='2-4, 3, 2-last or last'
for measuring in "eval m.ff --data $data" "predict m.ff --input x"; do
    # shellcheck disable=SC2086 # words
    refused 2 "--layers: \"4-2\" is not a range such as $examples\$" $measuring --layers 4-2
    ff 0 "${measuring%% *}" --help
    ok "help and message give the same examples of layers" \
        [ "$(tr -s ' \n' ' ' <out | grep -c "such as $examples ")" -eq 1 ]
done
refused 2 '--method: "x" is not one of: auto, goodness, head' eval m.ff --data "$data" --method x
refused 2 '--format: "xml" is not one of: csv, jsonl' predict m.ff --input x --format xml
refused 2 '--scratch-size: "12Q" is not a size' eval m.ff --data "$data" --scratch-size 12Q
refused 2 '--layer: "0" ' inspect m.ff --layer 0

# A limit is named alike whichever way it is missed
# limited OPTION LEAST MOST WORD...: values beside both are refused for the command of WORDs
limited()
{
    option=$1 least=$2 most=$3
    shift 3
    for value in $((least - 1)) $((most + 1)) 99999999999999999999; do
        [ "$value" = -1 ] ||
            refused 2 "$option: \"$value\" is not a whole number from $least to $most\$" \
                "$@" "$option" "$value"
    done
}
for option in --epochs --sweeps; do
    limited $option 1 1000000 train --data "$data"
done
limited --batch 1 16777216 train --data "$data"
limited --head-epochs 0 1000000 train --data "$data"
refused 2 '--head-epochs: "4294967295" .* to 1000000$' \
    train --data "$data" --head-epochs 4294967295
limited --batch 1 16777216 bench --data "$data"
limited --features 1 16777216 plan
limited --classes 2 1000 plan
limited --samples 1 1099511627776 plan
limited --epochs 1 1000000 profile --data "$data"
limited --batch 1 16777216 profile --data "$data"
refused 2 'seconds 0: must be above 0, and at most 60$' bench --data "$data" --seconds 0
refused 1 'training was over before anything could be measured: use more epochs' \
    bench --data "$data" --limit 100 --epochs 1 --hidden 16
refused 2 'images of 5000 x 4000 pixels: at most 16777216 pixels in total$' \
    plan --height 5000 --width 4000

# The head of a network that trains at once trains as long
refused 2 'head epochs 7: mode ff-full trains .* for 2 epochs; leave it out, or use --mode ff-stream$' \
    train --data "$data" --mode ff-full --epochs 2 --head-epochs 7
for epochs in 0 2; do
    ff 0 plan --data "$data" --modes ff-full --epochs 2 --head-epochs $epochs
done
ff 0 plan --data "$data" --recipe symba --modes ff-full,ff-stream --epochs 9 --head-epochs 7
ok "an option of one mode does not keep another from being compared" empty err
ff 0 train --help
ok "the range of dropout is printed" has out "0 to 0\.99"
ok "the range of validation is printed" has out "0 to 0\.5"
ok "nothing was created" [ -z "$(find . -name '*.ff*')" ]
finish
