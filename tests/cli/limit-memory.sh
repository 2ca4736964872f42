#!/bin/sh
# tools/limit-memory keeps a hard limit, page cache included, and training stays within one that is a fraction of
# what it stores: with the same weights as without.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $deep is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

limit=$FFTOOL_ROOT/tools/limit-memory
for bad in abc 10X M ''; do
    command="limit-memory '$bad' true"
    code=0
    "$limit" "$bad" true >out 2>err || code=$?
    ok "a size of \"$bad\" is bad usage" [ "$code" -eq 2 ]
done

code=0
"$limit" 64M true >out 2>err || code=$?
if [ "$code" -eq 125 ]; then
    echo "SKIPPED: limit-memory: $(cat err)"
    exit 0
fi
if [ -n "${FFTOOL_SANITIZED-}" ]; then
    echo "SKIPPED: limit-memory: sanitizers take memory of their own"
    exit 0
fi
command="limit-memory 64M true"
ok "a command that does nothing succeeds" [ "$code" -eq 0 ]
code=0
"$limit" 64M sh -c 'exit 7' 2>err || code=$?
ok "the exit code is the command's" [ "$code" -eq 7 ]

# A command that takes its time to end, and limit-memory with its number in pid.
cat >slow <<'EOF'
#!/bin/sh
trap 'sleep 0.3; echo done >ended; exit 9' TERM
echo begun >begun
for _ in $(seq 300); do
    sleep 0.1
done
EOF
cat >run <<EOF
#!/bin/sh
echo \$\$ >pid
exec "$limit" 64M "\$@"
EOF
chmod +x slow run

# shellcheck disable=SC2317 # ok calls it
no_group()
{
    [ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "fftool-limit-$(cat pid)" 2>/dev/null)" ]
}

command="limit-memory, ended by SIGTERM"
./run ./slow 2>err &
until [ -e begun ]; do
    sleep 0.05
done
kill -TERM "$(cat pid)"
code=0
wait $! || code=$?
ok "SIGTERM is passed on to the command" [ -e ended ]
ok "its end is waited for" [ "$code" -eq 9 ]
ok "no control group is left" no_group

command="limit-memory, interrupted"
# A group of its own, as of a terminal; what runs in the background ignores SIGINT otherwise.
rm begun
# shellcheck disable=SC2016 # sh expands it
setsid env --default-signal=INT ./run sh -c 'echo begun >begun; exec sleep 3600' 2>err &
until [ -e begun ]; do
    sleep 0.05
done
kill -s INT -- "-$!"
wait $! || true
ok "SIGINT ends a command that does not catch it, too" has err 'peak '
ok "no control group is left" no_group

deep="--data $data --hidden 500x6 --epochs 1 --recipe symba --negative-sets 3 --head-epochs 0"
command="limit-memory 32M fftool train $deep"
code=0
"$limit" -o peak 32M "$FFTOOL" train $deep --quiet >out 2>err || code=$?
ok "six layers are trained within 32 MiB" [ "$code" -eq 0 ]
ok "the peak is printed" has err 'peak .* of 32\.0 MiB, page cache included'
ok "the peak is within the limit" [ "$(cat peak)" -le $((32 * 1024 * 1024)) ]
ff 0 train $deep --model free.ff --quiet
ok "the weights are those of a run without limit" \
    [ "$(weights_hash model.ff)" = "$(weights_hash free.ff)" ]

command="limit-memory 4M fftool train"
code=0
"$limit" 4M "$FFTOOL" train $deep --model small.ff --quiet >out 2>err || code=$?
ok "a limit that is too small kills, and the message says so" has err 'killed: the command needs more than 4M'
finish
