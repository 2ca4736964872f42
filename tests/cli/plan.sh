#!/bin/sh
# The plan: peak memory is as planned, over a dozen networks; the smallest budget suffices, and
# less is refused with exit code 3; `fftool plan` and its JSON; invalid sizes.
# tools/measure-plan has more networks; FFTOOL_LONG=1 measures them all.
# shellcheck source=tests/cli/lib
# shellcheck disable=SC2086 # $net is words
. "${FFTOOL_ROOT:?}/tests/cli/lib"

net="--limit 1300 --hidden 1100x2 --batch 600 --epochs 1 --recipe symba --negative-sets 2 --head-epochs 1"

# What the parts of the refusal in err add up to, in MiB, rounded up.
parts()
{
    sed -n '1s/.*(\(.*\)).*/\1/p' err | tr ' ' '\n' |
        awk '/^[0-9.]+[MK]$/ { sum += $0 / (/M/ ? 1 : 1024) } END { print int(sum) + (sum > int(sum)) }'
}

refused 3 'needs at least [0-9]+M .*; give --memory [0-9]+M or more' train --data "$data" $net --memory 1
least=$(smallest err)
ok "the parts of a plan add up" [ "$(parts)" -eq "$least" ]
ok "nothing was created" [ -z "$(find . -name 'model.ff*')" ]
refused 3 "give --memory ${least}M or more" train --data "$data" $net --memory $((least - 1))M
ok "nothing was created" [ -z "$(find . -name 'model.ff*')" ]
ok "and what would need less is named" has err '^hint: narrower layers'
refused 3 'give --memory [0-9]+M or more' plan $net --data "$data" --memory 1 --threads 1
ok "but not fewer threads than one" has err '^hint: narrower layers \(--hidden\) and a smaller --batch need less memory$'
for name in train plan; do
    tiny="$name --data $data --hidden 10 --epochs 1"
    refused 3 'give --memory [0-9]+M or more' $tiny --memory 1 --threads 1
    ok "but not where reading the dataset needs most" [ "$(grep -c '^hint' err)" -eq 0 ]
    refused 3 'give --memory [0-9]+M or more' $tiny --memory 1 --threads 2
    ok "there only fewer threads need less" has err '^hint: fewer --threads need less memory$'
done
refused 3 "give --memory ${least}M or more" plan --data "$data" $net --memory $((least - 1))M

ff 0 train --data "$data" $net --memory "${least}M" --json
ok "the smallest budget suffices" json out
ok "the plan is within it" [ "$(leaf .planned_bytes)" -le $((least << 20)) ]
ok "the library keeps to it" [ "$(leaf .accounted_peak_bytes)" -le $((least << 20)) ]
ok "the bytes written are reported" [ "$(leaf .bytes_written)" -gt 1000000 ]
ok "paging is reported" [ "$(leaf .plan.tile_slots)" -ge 1 ]
for key in peak_bytes smallest_bytes mapped_bytes program_bytes accounted_peak_bytes threads \
    chunk_rows micro_batch_rows tiles resident_tiles tile_slots slowdown scratch_peak_bytes \
    written_bytes model_bytes model_peak_bytes parameters steps budget_bytes phase category_bytes.weights; do
    ok "the plan has $key" [ -n "$(leaf ".plan.$key")" ]
done
ok "the plan is printed by category" has err '^  optimizer  '
ok "paging is printed" has err 'tiles stay in memory, the others are paged'
tight=$(weights_hash model.ff)
ff 0 train --data "$data" $net --model free.ff --json --verbose
ok "without a budget the plan is printed on request" has err '^memory plan: peak '
ok "the weights are those without a budget" [ "$(weights_hash free.ff)" = "$tight" ]

for use in "eval model.ff --data $data" "predict model.ff --input $data"; do
    refused 3 'give --memory [0-9]+M or more' $use --memory 1 --threads 2
    ok "one thread is advised" has err '^hint: one thread \(--threads 1\) needs the least memory$'
    refused 3 'give --memory [0-9]+M or more' $use --memory 1 --threads 1
    ok "but not where there is one" [ "$(grep -c '^hint' err)" -eq 0 ]
    refused 3 'give --memory [0-9]+M or more' $use --memory 1
    most=$(smallest err)
    ff 0 $use --memory "${most}M"
    ok "${use%% *} succeeds with ${most}M" has err '^memory plan: '
    ok "no temporary file is left" [ -z "$(find . -name '*.eval*')" ]
    refused 3 "give --memory ${most}M or more" $use --memory $((most - 1))M
done

if [ -z "${FFTOOL_SANITIZED-}" ] && [ -r /proc/self/status ]; then
    for use in "" "--method head" "--split train --threads 1" "--memory ${most}M"; do
        ff 0 eval free.ff --data "$data" --json $use && json out
        ok "eval $use: planned $(leaf .planned_bytes), measured $(leaf .peak_rss_bytes)" \
            near "$(leaf .planned_bytes)" "$(leaf .peak_rss_bytes)"
    done
fi

# A model in training resumes within another budget, or not at all.
"$FFTOOL" train --data "$data" $net --model cut.ff --epochs 50 >/dev/null 2>&1 &
pid=$!
while [ ! -s cut.ff ] && kill -0 $pid 2>/dev/null; do
    sleep 0.05
done
kill -INT $pid
wait $pid
refused 3 'give --memory [0-9]+M or more' resume cut.ff --memory 1
ff 0 inspect cut.ff --json

ff 0 plan --data "$data" $net
ok "a plan is printed in full" has out '^memory plan: peak .* MiB, .*; --memory [0-9]+M would do'
ok "and the disk" has out '^scratch: peak '
ok "and the time" has out '^estimated time: about [0-9].* at [0-9.]+ GFLOP/s \(measured\)$'

# The speed is given: nothing depends on that of the machine.
fixed='--gflops 50'

# Two processes: rank 0 has 2 of the 3 tiles of 300 units, 256 of them. In an epoch of 512 samples it
# sends, for each sample and layer, a float of each tile under each of 10 labels, and in a forward
# pass again; the outputs of the first layer, of half of the rows as floats of its units, and of the
# other half a byte for each unit and a scale; and to their process the weights, biases and label
# weights of the other 44 units, of layers of 784 and 300 inputs.
team="--samples 512 --hidden 300x2 --batch 128 --epochs 1 --activations u8 --gflops 10"
ff 0 plan $team --ranks 2 --json
json out
sent=$((2 * 2 * 512 * 2 * 10 * 4 + 256 * 256 * 4 + 256 * (300 + 4) + 44 * (784 + 11 + 300 + 11) * 4))
received=$((2 * 2 * 512 * 10 * 4 + 256 * 44 * 4 + 256 * (300 + 4) + 44 * (784 + 11 + 300 + 11) * 4))
ok "the bytes that are sent" [ "$(leaf '.points[0].sent_bytes')" -eq $sent ]
ok "and received" [ "$(leaf '.points[0].received_bytes')" -eq $received ]
ok "the link by default" [ "$(leaf .link.bits_per_second)$(leaf .link.latency_seconds)" = 1000000000.00.0001 ]
slow=$(leaf '.points[0].step_exchange_seconds')
ff 0 plan $team --ranks 2 --bandwidth 10G --latency 10us --json
json out
ok "a tenth of the latency and ten times the bandwidth take a tenth of the time" \
    [ "$(echo "$slow $(leaf '.points[0].step_exchange_seconds')" | awk '{ printf "%.3f", $1 / $2 }')" = 10.000 ]
ff 0 plan $team --ranks 3
ok "a team is printed" has out '^team of 3, .* sends [0-9.]+ [KM]iB and receives '
ok "with its link" has out 'links of 1 Gbit/s and 0.1 ms: .* times as fast as one process$'
# Four processes: rank 0 has 2 of the 8 tiles of each layer, and a batch's activations whole.
wide="--samples 512 --batch 128 --hidden 2000x3 --modes ff-full --gflops 10"
ff 0 plan $wide --json
json out
whole=$(leaf '.points[0].accounted_peak_bytes')
ff 0 plan $wide --ranks 4 --json
json out
part=$(leaf '.points[0].accounted_peak_bytes')
ok "ff-full: $part bytes in each of four processes, $whole in one" [ $((2 * part)) -lt "$whole" ]
ff 0 plan --units 300,2000 --ranks 1,2,64 --gflops 50
ok "a table of teams has a line for each number and width" [ "$(grep -c '^ff-stream' out)" -eq 6 ]
ok "and says that it is a model" has out '^A model: '
for bad in 0 -1 1X 1GG nan inf fast; do
    refused 2 '--bandwidth: ' plan --ranks 2 --bandwidth $bad
done
for bad in -1 1h 1msms nan inf soon; do
    refused 2 '--latency: ' plan --ranks 2 --latency $bad
done
for bad in 0 '2,' ',2' 2,,3 1025 2x; do
    refused 2 '--ranks: ' plan --ranks $bad
done
refused 2 '--units: ' plan --units 0
refused 2 'cannot be combined' plan --units 20 --hidden 30
refused 2 'requires --ranks' plan --latency 1ms
if command -v gnuplot >/dev/null; then
    ff 0 plan --units 300,2000 --ranks 1,2,4 --gflops 50 --plot teams.svg
    ok "a figure is drawn" has teams.svg 'Speed-up'
fi
refused 2 '--plot' plan --ranks 1,2 --plot teams.txt
ff 0 plan --hidden 500x3 --epochs 2 --gflops 10
ok "the given speed is assumed" has out '^estimated time: about .* at 10\.0 GFLOP/s \(given\)$'
ok "layers of one width are in one line" has out '^  an epoch of each of the layers 2 to 3 takes about 6\.0 s$'
ff 0 plan --hidden 500x3 --epochs 2 --gflops 10 --json
ok "JSON is valid with a time" json out
ok "JSON has the time of an epoch" [ "$(leaf '.points[0].epoch_times[1].seconds')" = 6.0 ]
ok "and of which layers" [ "$(leaf '.points[0].epoch_times[1].last_layer')" = 3 ]
ok "and the speed" [ "$(leaf '.points[0].gflops')$(leaf '.points[0].speed' | tr -d '"')" = 10.0given ]
slow=$(leaf '.points[0].seconds')
ff 0 plan --hidden 500x3 --epochs 2 --gflops 20 --json
json out
ok "twice the speed takes half the time" \
    [ "$(echo "$slow $(leaf '.points[0].seconds')" | awk '{ print $1 / $2 }')" = 2 ]
ff 0 plan --hidden 500x3 --modes bp --gflops 10 --json
json out
ok "a network that trains at once has one time of an epoch" \
    [ "$(leaf '.points[0].epoch_times[0].first_layer')" = null ]
for speed in 0 -1 fast nan inf; do
    refused 2 '--gflops: ' plan --hidden 500x3 --gflops $speed
    refused 2 '--gflops: ' train --data "$data" --gflops $speed
done
ff 0 train --data "$data" --limit 200 --hidden 20x2 --epochs 1 --model timed.ff --gflops 1e-5 --json
ok "a training shows its time" has err '^estimated time: about [0-9].* at 0\.0 GFLOP/s \(given\)$'
ok "JSON is valid after a training" json out
ok "its plan has the time" [ -n "$(leaf .plan.seconds)" ]
ok "and the speed" [ "$(leaf .plan.speed | tr -d '"')" = given ]
ff 0 train --data "$data" --limit 200 --hidden 20x2 --epochs 1 --model timed.ff --force
ok "a short training does not measure it" [ "$(grep -c '^estimated time: ' err)" -eq 0 ]
ff 0 plan $fixed --hidden 2000 --depths 2,7,...,47 --modes ff-stream,ff-full,bp --batch 5000
ok "a table has a line for each mode and depth" lines out 31
ok "every line has five sizes and a time" \
    [ "$(grep -cE '^[a-z-]+ +[0-9]+( +[0-9.]+ [KMGT]?i?B){5}( +[0-9.]+ (s|min|h))+$' out)" -eq 30 ]
ff 0 plan $fixed --depths 2,4 --modes ff-stream,bp --micro-batch 10 --recipe symba --negative-sets 3
ok "each mode takes the options that it makes use of" lines out 5
refused 2 'negative sets' plan --depths 2,4 --modes bp,bp-accum --negative-sets 3
refused 2 'micro-batch' plan --depths 2,4 --modes bp,bp-checkpoint --micro-batch 10
refused 2 'features' plan --depths 2,4 --modes bp,ff-stream --recipe symba --features 5
ff 3 plan $fixed --hidden 2000 --depths 2,47 --modes ff-stream,bp --batch 500 --memory 200M
ok "what does not fit is marked" has out '^bp .* does not fit$'
ok "what fits is not" has out '^ff-stream .*B .* (s|min)$'
ff 3 plan $fixed --hidden 2000 --depths 2,47 --modes ff-stream,bp --batch 500 --memory 200M --json
ok "its JSON is one document" json out
ok "JSON has a point for each line" [ "$(grep -c '^\.points\[[0-9]*\]\.peak_bytes=' leaves)" -eq 4 ]
ok "JSON says whether it fits" [ "$(leaf '.points[3].fits')" = false ]
ff 3 plan $fixed --hidden 500x2 --memory 12M --json
ok "so is that of a single network" json out
ok "JSON says that it does not fit" [ "$(leaf '.points[0].fits')" = false ]
ok "JSON has the smallest budget" [ "$(leaf '.points[0].smallest_bytes')" -eq $(($(smallest err) << 20)) ]
ok "the message says so" has err '^fftool: plan: a budget of 12M is too small'
ff 0 plan $fixed --hidden 500x2 --memory "$(smallest err)M" --json
ok "JSON is valid for a network that fits" json out
ok "JSON says that it fits" [ "$(leaf '.points[0].fits')" = true ]
refused 3 'a budget of 12M is too small' plan --hidden 500x2 --memory 12M
ff 0 plan --hidden 1000000x100000 --samples 100000000000 --features 500000 --classes 1000 --float \
    --batch 16000000 --epochs 1000000 --json
ok "a plan creates nothing" [ ! -e model.ff.scratch ]
ok "JSON is valid for numbers of any size" json out
ok "and none is negative" [ "$(grep -c '=-' leaves)" -eq 0 ]

for size in 0 -1 abc 1.5M 12Q '' 18446744073709551616 99999999999999T 17179869183G 8388608T; do
    refused 2 '--memory: .*up to 8388607T' train --data "$data" --memory "$size"
done
ff 0 plan --hidden 2000 --memory 8388607T --json && json out
ok "the largest budget is printed as it was given" [ "$(leaf '.points[0].budget_bytes')" = $((8388607 << 40)) ]
refused 2 '--classes: "1" ' plan --classes 1
refused 2 'features' plan --features 4000000
for shape in "--samples 5" "--features 5" "--classes 5" --float "--height 5 --width 5"; do
    refused 2 "${shape%% *}: cannot be combined with --data" plan --data "$data" $shape
done
refused 2 '--limit: requires --data' plan --limit 5
refused 2 '--labels: requires --data' plan --labels x
for images in "--recipe unsupervised" "--jitter 2 --augment-copies 3"; do
    ff 0 plan $fixed $images
    ok "plan $images: images are assumed" has out '^scratch: peak '
    ff 0 plan $fixed $images --height 32 --width 32
    ff 0 plan $fixed $images --height 32 --width 32 --features 3072 --json
    json out
    ok "plan $images: of the shape that is named" [ "$(leaf .data.height),$(leaf .data.features)" = 32,3072 ]
    refused 2 'takes? images; give their --height and --width' plan $images --features 784
done
refused 2 '100 features are not images of 28 x 28 pixels' plan --height 28 --width 28 --features 100
refused 2 '--height: requires --width' plan --height 28
for option in "--sweeps 2" "--jitter 1" "--validation 0.2" "--label-samples 3" "--dropout 0.5" \
    "--pass-on mean" "--validation 0.2 --patience 2" "--loss logistic" "--loss symba --negatives hard"; do
    ff 0 plan $fixed $option --modes ff-stream
    ok "plan takes $option" has out '^scratch: peak '
done
ff 0 plan $fixed --json
json out && first=$(leaf '.points[0].scratch_peak_bytes')
ff 0 plan $fixed --json --jitter 1 --augment-copies 4
json out
ok "copies of shifted images take scratch" [ "$(leaf '.points[0].scratch_peak_bytes')" -gt "$first" ]
refused 2 'depths' plan --hidden 2000 --depths 2,x
refused 2 'with --depths' plan --hidden 2000x4 --depths 2,4
refused 2 'bq' plan --modes bq
refused 2 'does not use' plan --modes bp --negative-sets 3
refused 2 'does not use' plan --modes ff-stream --negative-sets 3
ff 0 plan $fixed --depths 2 --modes ff-stream,ff-full,bp --negative-sets 3
ok "an option serves the modes that make use of it" lines out 4

if [ -n "${FFTOOL_SANITIZED-}" ] || [ ! -r /proc/self/status ]; then
    echo "SKIPPED: planned against resident memory: sanitizers take their own, or there is no /proc"
    finish
fi
budgets=45
if [ -n "${FFTOOL_LONG-}" ]; then
    lines=$(seq 55) budgets=$(seq 45)
else
    lines="1 10 12 27 37 42 47 49 52 54"
fi
measure=$FFTOOL_ROOT/tools/measure-plan
for line in 0 99 x; do
    command="measure-plan $line"
    code=0
    "$measure" "$FFTOOL" "$line" >out 2>err || code=$?
    ok "line $line, which is not there, is bad usage" [ "$code" -eq 2 ]
done
"$measure" "$FFTOOL" $lines >table 2>err || cat table
ok "planned memory is within 5 % or 4 MB of what is measured" \
    has table "^$(echo $lines | wc -w) networks, 0 out of bounds"
tail -n 1 table
"$measure" -b "$FFTOOL" $budgets >table 2>err || cat table
ok "no run exceeds its budget, with checkpoints within layers" has table '^[0-9]+ runs, 0 over budget'
tail -n 1 table
finish
