#!/bin/sh
# Several processes train, evaluate and predict together: with the bits of one.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # options are words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

team=${FFTOOL%/*}/tests/fftool-mpi
if ! command -v mpirun >/dev/null || [ ! -x "$team" ]; then
    echo "SKIPPED: OpenMPI is not installed (tools/bootstrap packages test)"
    exit 0
fi
# As root, with more processes than processors, each with threads of its own.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
one=$FFTOOL
common="--data $data --limit 600 --batch 50 --quiet"

# ranks N CODES ARGUMENT...: the program as N processes
ranks()
{
    printf '#!/bin/sh\nexec mpirun -q -n %s %s "$@"\n' "$1" "$team" >launch
    chmod +x launch
    FFTOOL=$PWD/launch
    shift
    ff "$@"
    FFTOOL=$one
}

# same RANKS NAME OPTIONS: each number of ranks, with one thread or two, has the weights of one
# process
same()
{
    ff 0 train $common $3 --model one.ff --force
    want=$(weights_hash one.ff)
    for n in $1; do
        ranks $n 0 train $common $3 --threads $((1 + n % 2)) --model team.ff --force
        ok "$2: $n ranks have the weights of one process" [ "$(weights_hash team.ff)" = "$want" ]
    done
}

same "2 3 4" conditioned "--hidden 300x2 --epochs 1"
same 2 paged "--hidden 3000x2 --epochs 1 --memory 64M"
same 3 sampled "--hidden 300x2 --epochs 1 --label-samples 3 --pass-on posterior"
same 2 sweeps "--hidden 300x2 --epochs 2 --sweeps 2 --jitter 1 --augment-copies 2 --dropout 0"
same 3 held-out "--hidden 300x2 --epochs 3 --validation 0.2 --patience 1"
same 2 classic "--hidden 300x2 --recipe classic --epochs 1 --head-epochs 1 --negatives hard"
same 3 symba "--hidden 300x2 --recipe symba --epochs 1 --head-epochs 1 --dropout 0.1"
same 2 unsupervised "--hidden 300x2 --recipe unsupervised --epochs 1 --head-epochs 1"
same 3 ff-full "--hidden 300x2 --mode ff-full --epochs 1 --peer-normalisation 0.1"
same 4 "fewer tiles than ranks" "--hidden 40x2 --epochs 1"

# What is not spread: by every process the same, or by the first alone
ff 0 train $common --hidden 300x2 --epochs 1 --validation 0.2 --model one.ff --force
for words in "eval one.ff --data $data --quiet" "predict one.ff --input $data --quiet" \
    "eval one.ff --data $data --split train --layers 1 --quiet" "inspect one.ff"; do
    ff 0 $words
    sed 's/^time .*//; s/^memory.*//' out >alone
    for n in 2 3; do
        ranks $n 0 $words
        sed 's/^time .*//; s/^memory.*//' out >together
        ok "$n ranks: the same output of $words" cmp alone together
    done
done
ff 0 extend one.ff -o alone.ff --hidden +300 --quiet
ranks 3 0 extend one.ff -o together.ff --hidden +300 --quiet
ok "3 ranks extend to the same weights" \
    [ "$(weights_hash together.ff)" = "$(weights_hash alone.ff)" ]
ranks 2 0 predict one.ff --input $data --output predictions.csv --quiet
ff 0 predict one.ff --input $data --quiet
ok "one file of predictions" cmp out predictions.csv

# Interrupted and killed, and resumed by another number of processes
long="$common --hidden 300x3 --epochs 30 --checkpoint-interval 0 --threads 1 --model long.ff"
ff 0 train $common --hidden 300x3 --epochs 30 --model whole.ff
# stopped SIGNAL N CODES: N ranks get SIGNAL when they have saved something
stopped()
{
    rm -f err
    printf '#!/bin/sh\nexec mpirun -q -n %s %s "$@"\n' "$2" "$team" >launch
    rm -rf long.ff.scratch*
    timeout -k 5 120 ./launch train $long >out 2>err </dev/null &
    while [ ! -e "long.ff.scratch.$(($2 - 1))" ] || [ ! -e long.ff ]; do sleep 0.1; done
    sleep 0.5
    pids=$(pgrep -f "^$team train .*--model long.ff" | tail -n "$3")
    [ -z "$pids" ] || kill -"$1" $pids
    code=0
    wait $! || code=$?
    command="kill -$1 of $3 of $2 ranks"
}
stopped USR1 3 3
ok "interrupted (exit code $code)" [ $code -eq 130 ]
ok "one process says how to resume" [ "$(grep -c 'fftool resume long.ff' err)" -eq 1 ]
stopped USR1 2 1
ok "one process's signal stops all (exit code $code)" [ $code -eq 130 ]
stopped KILL 4 1
ok "a killed process ends all (exit code $code)" [ $code -ne 0 ]
ff 0 inspect long.ff --verify
ok "the model is incomplete and sound" has out 'not complete'
ranks 2 0 resume long.ff --quiet --threads 2
ok "the weights of a run that was not interrupted" \
    [ "$(weights_hash long.ff)" = "$(weights_hash whole.ff)" ]
ok "no scratch is left" [ -z "$(ls -d ./*.scratch* 2>/dev/null)" ]

# What rank 0 does alone may be interrupted, too: copying the layers of a model
ff 0 train $common --hidden 20x80 --epochs 1 --model deep.ff
mpirun -q --timeout 60 -n 2 $team extend deep.ff -o deeper.ff --hidden +20 --quiet >out 2>err </dev/null &
pid=$!
while [ ! -e deeper.ff.partial ] && kill -0 $pid 2>/dev/null; do :; done
kill -USR1 $pid
code=0
wait $pid || code=$?
command="extend, interrupted"
ok "exit code $code" [ $code -eq 130 ]
ok "nothing is left of it" [ -z "$(ls -d deeper* 2>/dev/null)" ]

# Rank 0 alone has the data
broadcast()
{
    printf '#!/bin/sh\nexec mpirun -q -n 1 %s : -n 2 %s\n' "$team $1 --data $data $2" \
        "$team $1 --data nowhere $2" >launch
    code=0
    timeout -k 5 60 ./launch >out 2>err </dev/null || code=$?
    command="$1 --broadcast"
}
small="--limit 600 --batch 50 --quiet --broadcast --hidden 300x2 --epochs 1"
ff 0 train $common --hidden 300x2 --epochs 1 --model one.ff --force
broadcast train "$small --model team.ff --force"
ok "the data of rank 0 give the same weights" \
    [ "$(weights_hash team.ff)" = "$(weights_hash one.ff)" ]
ff 0 eval one.ff --data $data --quiet
sed 's/^time .*//; s/^memory.*//' out >alone
broadcast "eval one.ff" "--quiet --broadcast"
sed 's/^time .*//; s/^memory.*//' out >together
ok "and the same errors" cmp alone together
ff 0 predict one.ff --input $data --quiet
mv out alone
mpirun -q -n 2 $team predict one.ff --input - --quiet <"$(ls $data/t10k-images*)" >out 2>err
ok "standard input is that of rank 0" cmp alone out

# What cannot be done by several is refused, once
for words in "profile --data $data -o profile.json" "bench --data $data"; do
    ranks 2 1 $words
    ok "${words%% *} is refused once" [ "$(grep -c 'without mpirun' err)" -eq 1 ]
done
ok "and leaves nothing" [ -z "$(ls -d profile.json* 2>/dev/null)" ]

# The plan of a team: the bytes that rank 0 exchanges
# close WAY PLANNED OPTIONS: what the result in out has sent or received is as planned, within 2 %
close()
{
    real=$(leaf ".${1}_bytes")
    ok "$3: $2 bytes planned, $real $1" \
        [ $((100 * ($2 > real ? $2 - real : real - $2))) -lt $((2 * real)) ]
}
# planned MODE OPTIONS: rank 0 exchanges the bytes and has the memory that the plan says
planned()
{
    ff 0 plan --data "$data" --limit 600 --batch 50 --ranks 3 --gflops 50 --json --modes $1 $2
    json out
    sent=$(leaf '.points[0].sent_bytes')
    received=$(leaf '.points[0].received_bytes')
    ranks 3 0 train $common --mode $1 $2 --threads 1 --model planned.ff --force --json
    json out
    close sent "$sent" "$1 $2"
    close received "$received" "$1 $2"
    plan=$(leaf .plan.accounted_peak_bytes)
    real=$(leaf .accounted_peak_bytes)
    ok "$1 $2: $plan bytes of memory planned, $real accounted for" \
        [ $((100 * real)) -gt $((60 * plan)) -a "$real" -le "$plan" ]
}
planned ff-stream "--hidden 600x3 --epochs 3"
planned ff-stream "--hidden 600x2 --epochs 2 --activations bf16"
planned ff-stream "--hidden 600x2 --epochs 2 --recipe classic"
planned ff-full "--hidden 600x3 --epochs 2"

# Failures: one message, from the process that failed, and its exit code
ranks 3 2 train $common --mode bp --hidden 40 --model bp.ff
ok "backpropagation is refused once" [ "$(grep -c 'mode bp is not spread' err)" -eq 1 ]
ranks 3 2 train $common --no-such-option
ok "a wrong option is refused once" [ "$(grep -c 'no-such-option' err)" -eq 1 ]
ranks 3 1 train --data missing --hidden 40 --quiet
ok "missing data is reported once" [ "$(grep -c '^fftool' err)" -eq 1 ]
: >file.1
ranks 3 1 train $common --hidden 300 --model x.ff --scratch "file.%r/"
ok "a failure of one process names it" has err '^fftool: train: rank 1: '
ok "and is reported once" [ "$(grep -c '^fftool' err)" -eq 1 ]

mpirun -q -n 1 $team train $common --hidden 300 --model x.ff --force --scratch "$PWD/own.%r" : \
    -n 1 $team train $common --hidden 300 --model elsewhere/x.ff --force --scratch "$PWD/own.%r" \
    >out 2>err </dev/null
ok "the directory of the model is needed by rank 0 alone" [ $? -eq 0 ]

# differs CODES PATTERN FIRST SECOND: two ranks of other options are refused
differs()
{
    printf '#!/bin/sh\nexec mpirun -q -n 1 %s : -n 1 %s\n' "$3" "$4" >launch
    code=0
    ./launch >out 2>err </dev/null || code=$?
    command="other options or kernels"
    ok "refused: $2" has err "rank 1.* $2"
    ok "with exit code $1" [ $code -eq "$1" ]
}
other="train $common --hidden 300 --model other.ff --force"
differs 1 "dropout" "$team $other" "$team $other --dropout 0.5"
differs 1 'with.*but rank 0 has' "$team $other" "env OPENBLAS_CORETYPE=Nehalem $team $other"

finish
