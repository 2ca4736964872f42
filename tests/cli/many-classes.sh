#!/bin/sh
# A thousand classes: a label-conditioned network learns them from a few labels a step, within the
# memory that was planned; evaluation and prediction too.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $net is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

classes=1000

# put_images FILE ROWS SEED: ROWS images of 64 pixels, of all classes in turn, each of a pattern of
# its own through noise
put_images()
{
    LC_ALL=C awk -v rows="$2" -v seed="$3" -v classes=$classes 'BEGIN {
        srand(1)
        for (i = 0; i < classes * 64; i++)
            lit[i] = rand() < 0.5
        srand(seed)
        shape = "(" rows ", 64)"
        header = "{\047descr\047: \047|u1\047, \047fortran_order\047: False, \047shape\047: " shape ", }\n"
        printf "%cNUMPY%c%c%c%c%s", 147, 1, 0, length(header), 0, header
        for (row = 0; row < rows; row++)
            for (i = 0; i < 64; i++)
                printf "%c", int(rand() * 90) + 120 * lit[row % classes * 64 + i]
    }' >"$1"
}

# put_labels FILE ROWS
put_labels()
{
    LC_ALL=C awk -v rows="$2" -v classes=$classes 'BEGIN {
        shape = "(" rows ",)"
        header = "{\047descr\047: \047<u2\047, \047fortran_order\047: False, \047shape\047: " shape ", }\n"
        printf "%cNUMPY%c%c%c%c%s", 147, 1, 0, length(header), 0, header
        for (row = 0; row < rows; row++)
            printf "%c%c", row % classes % 256, int(row % classes / 256)
    }' >"$1"
}

# shellcheck disable=SC2317 # ok calls it
# evaluation: out is JSON, with a line for each row of the confusion matrix
evaluation()
{
    [ "$(grep -cE '^ *\[[0-9, ]+\],?$' out)" -eq $classes ] && json out
}

put_images x_train.npy 4000 2
put_labels y_train.npy 4000
put_images x_test.npy 1000 3
put_labels y_test.npy 1000

net="--data . --recipe conditioned --hidden 150x2 --batch 64"
ff 0 train $net --epochs 12 --json --quiet
ok "a model of a thousand classes is trained" json out
ok "the library keeps to the plan" [ "$(leaf .accounted_peak_bytes)" -le "$(leaf .planned_bytes)" ]
if [ -z "${FFTOOL_SANITIZED-}" ] && [ -r /proc/self/status ]; then
    ok "train: planned $(leaf .planned_bytes), measured $(leaf .peak_rss_bytes)" \
        near "$(leaf .planned_bytes)" "$(leaf .peak_rss_bytes)"
fi
ff 0 eval model.ff --data . --json --quiet
ok "a model of a thousand classes is evaluated" evaluation
error=$(leaf .error)
echo "test error $error"
ok "far better than chance" [ "$(echo "$error" | awk '{ print ($1 < 0.5) }')" = 1 ]
if [ -z "${FFTOOL_SANITIZED-}" ] && [ -r /proc/self/status ]; then
    # Half of a row of the confusion matrix is a page, and most rows have one that stays untouched.
    touched=$(($(leaf .planned_bytes) - 8 * classes * classes / 2))
    ok "eval: planned and touched $touched, measured $(leaf .peak_rss_bytes)" \
        near "$touched" "$(leaf .peak_rss_bytes)"
fi
ff 0 predict model.ff --input x_test.npy --limit 7
ok "a score for each class" [ "$(awk -F, 'NF == 1002' out | wc -l)" -eq 8 ]

for use in "train $net --epochs 1 --model tight.ff" "eval model.ff --data ."; do
    refused 3 'give --memory [0-9]+M or more' $use --memory 1
    most=$(smallest err)
    ff 0 $use --memory "${most}M" --json --quiet
    case $use in
    eval*) evaluation ;;
    *) json out ;;
    esac
    ok "${use%% *} succeeds with ${most}M" [ "$(leaf .accounted_peak_bytes)" -le $((most << 20)) ]
done
ok "eval reports the same error" [ "$(leaf .error)" = "$error" ]
finish
