#!/bin/sh
# The views of `fftool inspect`: 80 columns or wide, and the list of tensors.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $small and options are words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

# narrow FILE HEADING: the table that begins with HEADING has lines of at most 80 characters
# shellcheck disable=SC2317 # ok calls it
narrow()
{
    awk -v heading="$2" '
        index($0, heading) == 1 { on = 1 }
        on && $0 == "" { exit }
        on && length($0) > 80 { wide = 1 }
        END { exit !on || wide }' "$1"
}

for options in "" "--mode bp --head-epochs 2" "--validation 0.2 --patience 1"; do
    case $options in
    "--mode bp"*) train="--data $data --limit 400 --hidden 40x2 --epochs 2 --batch 50 --mode bp" ;;
    "") train=$small ;;
    *) train="$conditioned $options" ;;
    esac
    ff 0 train $train --model model.ff --force --quiet
    ff 0 inspect model.ff
    ok "$options: the table of layers fits 80 columns" narrow out 'layer state '
    ff 0 inspect model.ff --wide
    ok "$options: --wide has more columns" has out '^layer state .* dtype .* NaNs'
    ff 0 inspect model.ff --tensors
    ok "$options: tensors fit 80 columns" narrow out 'tensor '
    ok "$options: a tensor has name, shape, type, tiles and bytes" \
        has out '^layer\.2\.weights  +\(40, 40\)  +f32  +1  +[0-9.]+ Ki?B$'
    ok "$options: a vector has one dimension" has out '^layer\.2\.biases  +\(40\)  +f32'
    elements=$(sed -n 's/^total: .*tensors, \([0-9,]*\) elements.*/\1/p' out)
    ff 0 inspect model.ff
    ok "$options: the tensors have all parameters" has out "^total: $elements parameters; "
    ff 0 inspect model.ff --json
    json out
    stored=$(leaf '.layers[1].stored_bytes')
    ff 0 inspect model.ff --tensors --json
    json out
    n=$(grep -c '\.name=' leaves)
    sum=$(awk -F= '/\.layer=/ { layer = $2 } /\.stored_bytes=/ && layer == 2 && !head { sum += $2 }
        /\.name=/ { head = $2 ~ /^"?head/ } END { print sum }' leaves)
    ok "$options: their bytes are those of the layer" [ "$sum" = "$stored" ]
    ok "$options: there are several" [ "$n" -gt 3 ]
done
ff 0 train $small --model half.ff --quiet
refused 2 'leave out --columns' inspect half.ff --tensors --columns
refused 2 'leave out --layer' inspect half.ff --tensors --layer 1

finish
