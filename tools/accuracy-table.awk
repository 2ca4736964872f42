# Prints the results of tools/accuracy as a table in Markdown. Input: the file's leaves, as json.awk
# prints them. Needs accuracy-words.awk. Exits 1 if it is no such file.

{
    key = $0
    sub(/=.*/, "", key)
    leaf[key] = substr($0, length(key) + 2)
}

END {
    if (leaf[".schema"] != "fftool.accuracy/1") {
        print "accuracy: this is no file of results of tools/accuracy" > "/dev/stderr"
        exit 1
    }
    print "| Run | Test error (%) | BP of the same width and epochs (%) | Bound (%) | Time |"
    print "|---|---|---|---|---|"
    for (row = 0; (at(row) ".name") in leaf; row++)
        print "| " run(at(row)) " | " errors(at(row)) " | " backprop(at(row)) " | " bound(at(row)) \
            " | " time(at(row)) " |"
    print ""
    print "Mean ± standard deviation over seeds. Time is that of one training" \
        (leaf[".quick"] == "true" ? ", of a tiny version of each row: no figures worth comparing" : "") \
        "; " (leaf[".machine.fftool"] == "null" ? "nothing is measured." : duration(leaf[".seconds"]) \
        " in all, on " leaf[".machine.processors"] " processors" \
        (leaf[".machine.cpu"] != "null" ? " (" text(".machine.cpu") ")" : "") " with fftool " \
        text(".machine.fftool") ", " text(".machine.blas") ".")
}

function at(row)
{
    return ".rows[" row "]"
}

# A string without its escapes, as a cell may hold it.
function text(key,    x)
{
    x = leaf[key]
    gsub(/\\"/, "\"", x)
    gsub(/\\\\/, "\\", x)
    gsub(/[|]/, "\\|", x)
    return x
}

function run(here)
{
    return "`" text(here ".name") "`: " dataset(leaf[here ".data"]) ", " text(here ".shows") ", `" \
        text(here ".options") "`"
}

function dataset(name)
{
    return name == "mnist" ? "MNIST" : name == "fashion" ? "Fashion-MNIST" : name
}

# Mean and spread of what decides, then of the other evaluations.
function errors(here,    i, n, bad, kinds, k, seed, out)
{
    for (i = 0; (here ".seeds[" i "].seed") in leaf; i++)
        if (leaf[here ".seeds[" i "].failed"] == "null")
            n++
        else
            bad++
    if (n == 0)
        return bad > 0 ? "failed" : "–"
    out = spread(leaf[here ".mean"], leaf[here ".spread"]) \
        " (" n " seed" (n > 1 ? "s" : "") (bad > 0 ? ", " bad " failed" : "") ")"
    n = split(leaf[here ".evaluations"], kinds, ",")
    for (k = 2; k <= n; k++)
        out = out "; " words(kinds[k]) " " others(here, kinds[k])
    return out
}

# Mean and spread of one of the other evaluations.
function others(here, kind,    i, key, n, sum, squares)
{
    for (i = 0; (here ".seeds[" i "].seed") in leaf; i++) {
        key = here ".seeds[" i "].errors." kind
        if (key in leaf) {
            n++
            sum += leaf[key]
        }
    }
    if (n < 2)
        return n == 1 ? percent(sum) : "–"
    for (i = 0; (here ".seeds[" i "].seed") in leaf; i++) {
        key = here ".seeds[" i "].errors." kind
        if (key in leaf)
            squares += (leaf[key] - sum / n) ^ 2
    }
    return spread(sum / n, sqrt(squares / (n - 1)))
}

function spread(mean, deviation)
{
    return percent(mean) (deviation != "null" ? " ± " percent(deviation) : "")
}

function words(kind)
{
    return kind == "last" ? "last layer" : kind
}

function backprop(here)
{
    return leaf[here ".bp"] == "null" ? "– (" text(here ".bp_none") ")" : errors(here ".bp")
}

function bound(here,    rule, part, out)
{
    rule = leaf[here ".bound_rule"]
    if (rule == "null")
        return "–"
    out = split(rule, part, "+") == 1 ? "≤ " sprintf("%.2f", rule) : \
        "≤ `" part[1] "` + " sprintf("%.2f", part[2])
    if (leaf[here ".holds"] == "null")
        return out
    return out (leaf[here ".holds"] == "true" ? ", holds" : ", **missed**")
}

function time(here,    out)
{
    out = leaf[here ".seconds"] == "null" ? "–" : duration(leaf[here ".seconds"])
    if (leaf[here ".bp"] != "null" && (here ".bp.seconds") in leaf && leaf[here ".bp.seconds"] != "null")
        out = out ", BP " duration(leaf[here ".bp.seconds"])
    return out
}
