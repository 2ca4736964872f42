# What tools/accuracy computes: which trainings there are, and what they add up to.

# 53 s, 16 min, 1 h 4 min
def duration:
    if . < 99.5 then "\(round) s"
    elif . < 99.5 * 60 then "\(. / 60 | round) min"
    else (. / 60 | round) | "\(. / 60 | floor) h \(. % 60) min" end;

# 1.50, rounded as printf does it: from the exact product, which fma knows.
def two_decimals:
    (. * 100) as $n
    | $n + (fma(.; 100; -$n) | if . < 0 then -1e-9 elif . > 0 then 1e-9 else 0 end) | rint
    | "\(. / 100 | floor).\(. % 100 + 100 | tostring[1:])";

# A fraction, in percent.
def percent: . * 100 | two_decimals;

# Without the digits that rounding left.
def ten_digits:
    if . == null or . == 0 then .
    else pow(10; 9 - (log10 | floor)) as $scale | . * $scale | round | . / $scale end;

def mean: if length > 0 then add / length else null end;

# The sample standard deviation.
def deviation:
    if length > 1 then mean as $mean | (map(. - $mean | . * .) | add) / (length - 1) | sqrt
    else null end;

def completed: map(select(.failed == null));

# --- Trainings.

# "--hidden 500x4 --epochs 10" as an object, and back.
def parse_options: split(" ") | [range(0; length; 2) as $i | {(.[$i]): .[$i + 1]}] | add;
def format_options: to_entries | map("\(.key) \(.value)") | join(" ");

# The same depth, but narrow, with 1,000 images and one epoch.
def tiny:
    del(.["--limit"], .["--epochs"])
    | .["--hidden"] |= (split(",") | map(sub("^[0-9]+"; "64")) | join(","))
    | . + {"--limit": "1000", "--epochs": "1"};

# Backpropagation shares the options that set the size of the network and the length of training.
def backpropagation:
    . as $options
    | reduce ("--limit", "--hidden", "--batch", "--epochs", "--jitter") as $name ({"--mode": "bp"};
        if $options[$name] then .[$name] = $options[$name] else . end);

# Options of `fftool eval`.
def evaluation_options:
    if . == "last" then "--method goodness --layers last" else "--method \(.)" end;

# A training without its seed. Its name holds everything that decides the result, so that rows share
# a training, and changed options make a new one.
def training($row; $evaluations):
    {data: $row.data, where: $row.where, evaluations: $evaluations, options: format_options}
    | .name = ("\(.data)\(.options).\(.evaluations)"
               | gsub(" *--"; ".") | gsub("[^A-Za-z0-9._-]"; "-"));

# Input: lines of the table. $picks: names of rows with commas between, or empty for all.
# $directory: of each dataset, empty if it is missing.
def rows($picks; $quick; $directory):
    map(split(" | ") | {name: .[0], shows: .[1], data: .[2], evaluations: .[3], bound_rule: .[4],
                        bp: .[5], options: (.[6] | parse_options | if $quick then tiny else . end)})
    | map(.name) as $names
    | ($picks / ",") as $picked
    | ($picked - $names) as $unknown
    | if $unknown != [] then
        "accuracy: --rows: \"\($unknown[0])\" is none of: \($names | join(", "))\n" | halt_error(2)
      else . end
    | map(select($picked == [] or IN(.name; $picked[]))
        | .where = $directory[.data]
        | .ff = (. as $row | .options | training($row; $row.evaluations))
        | if .bp == "same" then
            .bp = (. as $row | .options | backpropagation | training($row; "head"))
          else .bp_none = .bp | .bp = null end);

# Prints the rows with their commands.
def list:
    def commands:
        (if .where == "" then .data else .where end) as $where
        | "  fftool train --data \($where) \(.options) --seed 0 --force",
          (.evaluations / "," | .[]
           | "  fftool eval model.ff --data \($where) \(evaluation_options)");
    .[]
    | "\(.name): \(.data), \(.shows); bound \(.bound_rule)", (.ff | commands),
      (.bp | if . then commands else empty end),
      (.bp_none | if . then "  no BP beside it: \(.)" else empty end);

# Names the rows whose data is missing.
def skipped:
    ("mnist", "fashion") as $data
    | map(select(.data == $data and .where == "").name)
    | if . == [] then empty
      else "SKIPPED: \(join(" ")): no \($data); give its directory with --\($data)" end;

# Every training that has its data once, the first seed of all rows first.
def trainings($seeds):
    [range($seeds) as $seed | .[] | select(.where != "")
     | (.ff + {label: .name}, (.bp // empty) + {label: "BP of \(.name)"})
     | .seed = $seed | .label += ", seed \($seed)" | .file = "\(.name).seed-\($seed)"]
    | reduce .[] as $training ([];
        if any(.[]; .file == $training.file) then . else . + [$training] end);

# Estimates the time of trainings: that of the same with seed 0, or else the mean.
# Input: the kept trainings by file.
def time_left($trainings):
    . as $kept
    | (map(.seconds | values) | mean) as $mean
    | [$trainings[] | select($kept[.file] | . == null or .failed)
       | $kept["\(.name).seed-0"].seconds // $mean | values]
    | if . == [] then "" else "; about \(add | duration) left" end;

# --- Results.

# What is kept of a training. Input: its evaluations, the first of which is the row's.
def result($x):
    $x.train[0] as $train | $x.inspect[0] as $inspect
    | {data: $x.data, options: $x.options, seed: $x.seed, date: (now | todate), failed: null,
       error: .[0].error,
       errors: ([$x.evaluations / ",", map(.error)] | transpose | map({(.[0]): .[1]}) | add),
       layer_error: .[0].layer_error, upto_error: .[0].upto_error,
       seconds: ($train.seconds + $x.earlier), resumed: $train.resumed,
       peak_rss_bytes: ([$train, $x.log[]] | map(.peak_rss_bytes) | max),
       weights_hash: $inspect.weights_hash, fingerprint: $inspect.data.fingerprint,
       machine: {cpu: (if $x.cpu == "" then null else $x.cpu end), processors: $x.processors,
                 fftool: $inspect.made_by.fftool, blas: $inspect.made_by.blas}};

# The same of one that failed. $x.message: what was printed on stderr.
def failure($x):
    ($x.message / "\n") as $lines
    | {data: $x.data, options: $x.options, seed: $x.seed, date: (now | todate),
       failed: ($lines | map(select(startswith("fftool: "))) + $lines | .[0] | ltrimstr("fftool: ")
                | gsub("[[:cntrl:]]"; ""))};

def outcome:
    if .failed then "failed: \(.failed)"
    else "\(.error | percent) % in \(.seconds | duration)" end;

# Input: trainings that differ in their seeds.
def summary($options):
    completed as $done
    | {options: $options, mean: ($done | map(.error) | mean | ten_digits),
       spread: ($done | map(.error) | deviation | ten_digits),
       seconds: ($done | map(.seconds) | mean | ten_digits),
       seeds: map({seed, failed, error, errors, layer_error, upto_error, seconds, resumed,
                   peak_rss_bytes, weights_hash})};

# The bound of a row as a fraction: "1.5" percent, or "ROW+0.1" percent above the mean of another
# row; null: there is none, or the other row has no mean yet.
def bound($means):
    (.bound_rule / "+") as [$base, $more]
    | if $base == "-" then null
      elif $more == null then ($base | tonumber) / 100
      else $means[$base] | if . then . + ($more | tonumber) / 100 else null end end;

# Whether the mean keeps the bound, but for rounding; null: not known.
def holds($bound; $quick):
    if $quick or $bound == null or .ff.mean == null or any(.ff.seeds[]; .failed) then null
    else .ff.mean <= $bound + 1e-9 end;

# Input: the kept trainings by file. Rows without any are left out.
def results($rows; $quick):
    def seeds($training):
        with_entries(select(.key | startswith("\($training.name).seed-"))) | [.[]] | sort_by(.seed);
    . as $kept
    | [$rows[] | .ff as $ff | .bp as $bp
        | .ff_runs = ($kept | seeds($ff)) | .bp_runs = (if $bp then $kept | seeds($bp) else [] end)
        | select(.ff_runs != []) | .runs = .ff_runs + .bp_runs
        | if .runs | completed | map(.fingerprint) | unique | length > 1 then
            "accuracy: \(.name): runs that are kept are of other data; give --output another " +
                "name, or --force to measure again\n" | halt_error(1)
          else . end
        | .ff = (.ff_runs | summary($ff.options))
        | .bp = (if $bp then .bp_runs | summary($bp.options) else null end)]
    | map(.runs[]) as $runs
    | (map({(.name): .ff.mean}) | add) as $means
    | {schema: "fftool.accuracy/1", date: ($runs | map(.date) | max), quick: $quick,
       machine: ($runs | map(select(.machine)) | max_by(.date).machine
                 // {cpu: null, processors: null, fftool: null, blas: null}),
       seconds: ($runs | completed | unique_by([.data, .options, .seed]) | map(.seconds) | add
                 | ten_digits),
       rows: map(bound($means) as $bound
                 | {name, shows, data, evaluations, bound: ($bound | ten_digits),
                    bound_rule: (if .bound_rule == "-" then null else .bound_rule end),
                    holds: holds($bound; $quick)} + .ff + {bp} +
                   (if .bp then {} else {bp_none} end))};

# --- The table, in Markdown. Input: results.

def cell: gsub("[|]"; "\\|");

def mean_and_deviation($mean; $deviation):
    "\($mean | percent)\(if $deviation then " ± \($deviation | percent)" else "" end)";

# The evaluation that decides, then the others.
def errors:
    . as $row
    | (.seeds | completed | length) as $n | ((.seeds | length) - $n) as $failed
    | if $n == 0 then if $failed > 0 then "failed" else "–" end
      else
        mean_and_deviation(.mean; .spread)
        + " (\($n) seed\(if $n > 1 then "s" else "" end)"
        + (if $failed > 0 then ", \($failed) failed)" else ")" end)
        + ([((.evaluations // "") / ",")[1:][] as $name
            | [$row.seeds[] | .errors[$name] | values]
            | "; \(if $name == "last" then "last layer" else $name end) "
              + if . == [] then "–" else mean_and_deviation(mean; deviation) end] | add // "")
      end;

def bound_cell:
    if .bound_rule == null then "–"
    else
        (.bound_rule / "+"
         | if length == 1 then "≤ \(.[0] | tonumber | two_decimals)"
           else "≤ `\(.[0])` + \(.[1] | tonumber | two_decimals)" end)
        + {"true": ", holds", "false": ", **missed**", "null": ""}[.holds | tostring]
    end;

def times:
    (.seconds | if . then duration else "–" end)
    + (.bp.seconds | if . then ", BP \(duration)" else "" end);

def machine:
    if .machine.fftool == null then "nothing is measured."
    else "\(.seconds | duration) in all, on \(.machine.processors) processors"
        + (.machine.cpu | if . then " (\(cell))" else "" end)
        + " with fftool \(.machine.fftool | cell), \(.machine.blas | cell)." end;

def table:
    "| Run | Test error (%) | BP of the same width and epochs (%) | Bound (%) | Time |",
    "|---|---|---|---|---|",
    (.rows[]
     | [({mnist: "MNIST", fashion: "Fashion-MNIST"}[.data] // .data) as $data
        | "`\(.name)`: \($data), \(.shows | cell), `\(.options)`",
        errors, (if .bp then .bp | errors else "– (\(.bp_none | cell))" end), bound_cell, times]
     | "| \(join(" | ")) |"),
    "",
    "Mean ± standard deviation over seeds. Time is that of one training"
    + (if .quick then ", of a tiny version of each row: no figures worth comparing" else "" end)
    + "; \(machine)";
