#!/bin/sh
# Ctrl-C saves the state and says how to resume; the weights in the end are those of a training that
# was never stopped.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $long is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

long="--data $data --hidden 100x3 --epochs 6 --batch 50 --checkpoint-interval 0 --recipe symba --head-epochs 1"
ff 0 train $long --model whole.ff --quiet
expected=$(weights_hash whole.ff)

logged()
{
    if [ -e log.jsonl ]; then
        wc -l <log.jsonl
    else
        echo 0
    fi
}

# stop_at SIGNAL EPOCHS: sends SIGNAL to $pid once EPOCHS are logged
stop_at()
{
    while [ "$(logged)" -lt "$2" ] && kill -0 "$pid" 2>/dev/null; do
        sleep 0.02
    done
    kill "-$1" "$pid"
    code=0
    wait "$pid" || code=$?
}

# stop SIGNAL EPOCHS: trains, and sends SIGNAL once EPOCHS are logged
stop()
{
    rm -rf model.ff* log.jsonl
    command="fftool train, stopped by $1"
    "$FFTOOL" train $long --log log.jsonl >out 2>err &
    pid=$!
    stop_at "$1" "$2"
}

cp whole.ff model.ff
"$FFTOOL" train $long --force --log log.jsonl >out 2>err &
pid=$!
stop_at INT 1
ok "the message says that another model was replaced" \
    has err 'the training is saved, and has overwritten the earlier model: .fftool resume'

# A file of which only the beginning is left was no model
head -c 5000 whole.ff >model.ff
rm log.jsonl
"$FFTOOL" train $long --force --log log.jsonl >out 2>err &
pid=$!
stop_at INT 1
ok "no earlier model is mentioned where there was none" has err 'the training is saved: .fftool resume'

for signal in INT TERM; do
    stop $signal 4
    ok "$signal: exit code 130" [ "$code" -eq 130 ]
    ok "$signal: the message says how to resume" has err 'interrupted.*.fftool resume model\.ff --checkpoint-interval 0 --log log\.jsonl.'
    ok "$signal: nothing on stdout" empty out
    ff 0 inspect model.ff --json
    ok "$signal: the model can be inspected" json out
    ok "$signal: it is not complete" [ "$(leaf .complete)" = false ]
    before=$(wc -l <log.jsonl)
    # As a kill in the middle of a write leaves it; the other time as an editor does
    case $signal in
    INT) printf '{"kind":"layer","layer":2,"epo' >>log.jsonl ;;
    TERM) truncate -s -1 log.jsonl ;;
    esac
    ff 0 resume model.ff --log log.jsonl
    ok "$signal: every line of the log is complete" [ "$(grep -vcE '^\{"kind":[^{]*(\{[^{}]*\}[^{}]*)?\}$' log.jsonl)" -eq 0 ]
    ok "$signal: no line of the log is lost" [ "$(head -n "$before" log.jsonl | grep -c kind)" -eq "$before" ]
    ok "$signal: resume completes it" has out '^model\.ff: 3 layers'
    ok "$signal: the log is appended to" [ "$(wc -l <log.jsonl)" -gt "$before" ]
    ok "$signal: the weights are the same" [ "$(weights_hash model.ff)" = "$expected" ]
done

# The command that the message advises, typed as it is printed: with every option that the model does
# not record, with names that a shell would split and that look like an option
mkdir "my dir"
rm -f log.jsonl
command="fftool train -o -it\'s.ff, stopped by INT"
"$FFTOOL" train $long --model=-it\'s.ff --scratch "my dir/scratch" --log log.jsonl -q \
    --mem 64M --micro-batch=10 --compress zstd --compress zstd:2 --threads 2 >out 2>err &
pid=$!
stop_at INT 4
before=$(wc -l <log.jsonl)
# shellcheck disable=SC2016 # backticks as they are printed
advice=$(sed -n 's/.*`fftool \(.*\)`.*/\1/p' err)
ok "options are repeated as they were given, and names are quoted" [ "$advice" = "resume './-it'\\''s.ff' \
--scratch 'my dir/scratch' --compress zstd:2 --threads 2 --memory 64M --micro-batch 10 --checkpoint-interval 0 \
--log log.jsonl --quiet" ]
ok "scratch is kept for resuming" [ -d "my dir/scratch" ]
eval "\"\$FFTOOL\" $advice" >out 2>err || not_ok "the command that is advised: $advice"
ok "the command that is advised completes the training" \
    [ "$(weights_hash "./-it's.ff")" = "$expected" ]
ok "it appends to the log" [ "$(wc -l <log.jsonl)" -gt "$before" ]
ok "it leaves nothing in the scratch" [ -z "$(ls -A "my dir/scratch")" ]

stop INT 8
rm -rf model.ff.scratch
ff 0 train $long --quiet
ok "the same command resumes too, without its scratch" [ "$(weights_hash model.ff)" = "$expected" ]

# Data of another place is accepted if it is the same, down to the last row, whether or not scratch
# still holds what training began with
mkdir moved other
cp "$data"/* moved
cp "$data"/* other
gzip -dc "$data/train-images-idx3-ubyte.gz" >images
{
    head -c -1 images
    printf '\377'
} | gzip >other/train-images-idx3-ubyte.gz
cp model.ff complete.ff
stop INT 4
cp model.ff stopped.ff
for model in complete.ff model.ff; do
    refused 1 "$model was trained on other data .*: [^ ]* \(.*\) differs from that of .*/data\$" \
        resume $model --data other
    ok "a hint is printed" has err '^hint: .*--data, or train a new model'
    refused 1 "$model was trained on other data" train $long --data other --model $model
done
ok "the model is as it was" cmp model.ff stopped.ff
ff 0 train $long --data moved --model complete.ff
ok "a complete model accepts the same data at another path" has out 'complete already'
ff 0 resume model.ff --data moved --quiet
ok "training resumes with the same data at another path" [ "$(weights_hash model.ff)" = "$expected" ]
ff 0 inspect model.ff
ok "the new path is recorded" has out 'moved'

"$FFTOOL" train --data "$data" --hidden 100x3 --epochs 200 --model held.ff --quiet &
pid=$!
while [ ! -s held.ff ] && kill -0 $pid; do
    sleep 0.05
done
refused 1 'held\.ff' resume held.ff
ok "a second trainer is refused with a hint" has err '^hint: '
kill -INT $pid
wait $pid
finish
