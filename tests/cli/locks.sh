#!/bin/sh
# Whatever lies beside a model, and on a disk without a block left: commands read it, write nothing,
# and end with a message at worst.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2317 # called by ok
. "${FFTOOL_ROOT:?}/tests/cli/lib"

images=$data/t10k-images-idx3-ubyte.gz
lock_names=$(printf 'model.ff\nmodel.ff-lock\npartly.ff\npartly.ff-lock')

# shellcheck disable=SC2317 # ok calls it
# reads MODEL: each command that reads it works, with its outputs elsewhere
reads()
{
    ff 0 inspect --verify "$1" &&
        ff 0 eval "$1" --data "$data" --limit 100 --scratch scratch &&
        ff 0 predict "$1" --input "$images" --output p.csv --quiet --scratch scratch
}

# shellcheck disable=SC2317 # ok calls it
# goes_on COMMAND...: it trains until it is interrupted, once it has logged
goes_on()
{
    command="fftool $*"
    rm -f log.jsonl
    "$FFTOOL" "$@" --scratch scratch --log log.jsonl >out 2>err </dev/null &
    while [ ! -s log.jsonl ] && kill -0 $! 2>/dev/null; do
        sleep 0.02
    done
    kill -INT $! 2>/dev/null
    code=0
    wait $! || code=$?
    [ "$code" -eq 130 ]
}

# shellcheck disable=SC2086
{
    ff 0 train $small --quiet
    ok "training can be interrupted" goes_on train $conditioned --epochs 1000000 --model partly.ff
}
ok "nothing but the models is left" [ "$(ls -d -- *.ff*)" = "$(printf 'model.ff\npartly.ff')" ]

# A log that another training writes
tiny="--data $data --limit 400 --hidden 8"
# shellcheck disable=SC2086
ff 0 train $tiny --epochs 1 --model done.ff --quiet
# shellcheck disable=SC2086
"$FFTOOL" train $tiny --epochs 1000000 --model live.ff --log live.jsonl >out 2>live.err </dev/null &
live=$!
while [ ! -s live.jsonl ] && kill -0 $live 2>/dev/null; do
    sleep 0.02
done
ln -s live.jsonl linked.jsonl
ln live.jsonl hard.jsonl
# shellcheck disable=SC2086
for log in live.jsonl linked.jsonl hard.jsonl; do
    refused 1 "--log: $log is in use by another training" train $tiny --model second.ff --log $log
    refused 1 "--log: $log is in use by another training" \
        train $tiny --model second.ff --log $log --force
    refused 1 "--log: $log is in use by another training" resume done.ff --log $log
done
ok "a hint is printed" has err '^hint: give each training a --log of its own'
ok "no second model is created" [ ! -e second.ff ]
if command -v gnuplot >/dev/null 2>&1; then
    ff 0 plot live.jsonl -o live.svg
fi
ok "the first training continues" kill -0 $live
ok "its log is complete" [ "$(head -n 1 live.jsonl | cut -c -8)" = '{"kind":' ]
# shellcheck disable=SC2086
ff 0 train $tiny --epochs 1 --model second.ff --log /dev/null --quiet
kill -KILL $live
wait $live
# shellcheck disable=SC2086
ff 0 train $tiny --epochs 1 --model second.ff --log live.jsonl --force --quiet
ok "the log of a killed training is not in use" has live.jsonl '"kind":"trained"'
rm -rf live.* linked.jsonl hard.jsonl second.ff done.ff

# Of a training that was killed as it began
place=/dev/shm
[ -w $place ] || place=/tmp
abandoned=$(mktemp -d $place/fftool-lock-XXXXXX)
foreign=$(mktemp -d $place/fftool-lock-XXXXXX)
ln -s /nowhere "$abandoned/data"
: >"$abandoned/data-lock"
: >"$foreign/data"
touch -d '2 minutes ago' "$abandoned" "$foreign"
# shellcheck disable=SC2086
ff 0 train $small --model another.ff --quiet
ok "its lock file is removed" [ ! -e "$abandoned" ]
ok "a directory of another kind is not" [ -e "$foreign/data" ]
rm -rf "$abandoned" "$foreign"

# A link where LMDB would put its lock file
mkdir linked
cp model.ff partly.ff linked/
echo "not a lock file" >target
ln -s ../target linked/model.ff-lock
ln -s ../target linked/partly.ff-lock
ok "a model beside a link called NAME-lock is read" reads linked/model.ff
ok "a training beside one is resumed" goes_on resume linked/partly.ff
ok "the link's target is as it was" [ "$(cat target)" = "not a lock file" ]
ok "nothing was created beside the models" [ "$(ls linked)" = "$lock_names" ]

# A disk without a block left, even for the lock file
mkdir disk
if mount -t tmpfs -o size=4M,nr_inodes=20 tmpfs disk 2>mount.err; then
    trap 'umount -l disk; rm -rf "$work"' EXIT
    cp model.ff partly.ff disk/
    dd if=/dev/zero of=disk/filling bs=4096 2>/dev/null
    ok "a model on a full disk is read" reads disk/model.ff
    ff 1 resume disk/partly.ff --scratch scratch
    ok "training on a full disk says so" has err 'disk/partly\.ff: .*No space left'
    ff 1 train --data "$data" --hidden 10 --epochs 1 --model disk/new.ff --scratch scratch
    ok "a new training on a full disk says so" has err 'disk/new\.ff: .*No space left'
    ff 1 train --data "$data" --hidden 10 --epochs 1 --model new.ff --scratch disk/scratch --no-disk-check
    ok "scratch on a full disk says so" has err 'disk/scratch.*No space left'
    rm disk/filling
    ok "once there is room it is resumed" goes_on resume disk/partly.ff
    umount disk
    trap 'rm -rf "$work"' EXIT
else
    echo "SKIPPED: full disks: $(cat mount.err)"
fi

# Another user's lock file. Relative paths: the directories above may be closed to others.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    mkdir shared
    cp -r "$data" dataset
    cp "$FFTOOL" program
    cp model.ff partly.ff shared/
    chmod -R a+rwX shared scratch dataset program
    chmod 777 .
    : >shared/model.ff-lock
    : >shared/partly.ff-lock
    chmod 600 shared/*-lock
    chown 65534:65534 shared/model.ff shared/partly.ff
    printf '#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups ./program "$@"\n' \
        >as_nobody
    chmod 755 as_nobody
    rm -f p.csv # which is root's
    FFTOOL=./as_nobody data=dataset images=dataset/${images##*/}
    ok "a model beside another user's lock file is read" reads shared/model.ff
    ok "a training beside one is resumed" goes_on resume shared/partly.ff --data dataset
    ok "nothing was created beside the models of another user" [ "$(ls shared)" = "$lock_names" ]
else
    echo "SKIPPED: another user's lock file: needs root, and setpriv"
fi
finish
