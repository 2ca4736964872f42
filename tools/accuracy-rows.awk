# Reads the table of tools/accuracy, and prints what there is to run:
#
#   name|shows|data|evaluations|bound|bp|options|run|work|bp's options|bp's run|bp's work
#
# "run" names the run, its seed apart, by all that decides on its result; so the same training beside
# several rows is one run, and what options are changed to is another. "work" is about how many
# million multiplications it takes, to tell how much is left. BP takes from a row what says how large
# the network is and how long it trains.
#
# Variables: quick, 1 for a tiny version of each row; picks, names of rows with commas between, or
# empty for all. Exits 2 at a name that is no row's.

BEGIN {
    FS = " *[|] *"
    n_picks = split(picks, pick, ",")
    for (i = 1; i <= n_picks; i++)
        wanted[pick[i]] = 1
}

{
    names = names (NR > 1 ? ", " : "") $1
    known[$1] = 1
    if (n_picks > 0 && !($1 in wanted))
        next
    options = quick ? tiny($7) : $7
    bp = $6 == "same" ? counterpart(options) : ""
    print $1 "|" $2 "|" $3 "|" $4 "|" $5 "|" $6 "|" options "|" run($3, options, $4) "|" \
        work(options) "|" bp "|" (bp != "" ? run($3, bp, "head") : "") "|" (bp != "" ? work(bp) : 0)
}

END {
    for (i = 1; i <= n_picks; i++)
        if (!(pick[i] in known)) {
            print "accuracy: --rows: \"" pick[i] "\" is none of: " names > "/dev/stderr"
            exit 2
        }
}

# The value of option NAME, or OTHERWISE.
function value(options, name, otherwise,    words, n, i)
{
    n = split(options, words, " ")
    for (i = 1; i < n; i += 2)
        if (words[i] == name)
            otherwise = words[i + 1]
    return otherwise
}

# "NAME VALUE " if the options have NAME
function kept(options, name,    x)
{
    x = value(options, name, "")
    return x != "" ? name " " x " " : ""
}

function counterpart(options,    bp)
{
    bp = "--mode bp " kept(options, "--limit") kept(options, "--hidden") kept(options, "--batch") \
        kept(options, "--epochs") kept(options, "--jitter")
    return substr(bp, 1, length(bp) - 1)
}

# As deep, but narrow; few images and an epoch.
function tiny(options,    words, n, i, layers, m, k, out)
{
    n = split(options, words, " ")
    for (i = 1; i < n; i += 2) {
        if (words[i] == "--limit" || words[i] == "--epochs")
            continue
        if (words[i] == "--hidden") {
            m = split(words[i + 1], layers, ",")
            words[i + 1] = ""
            for (k = 1; k <= m; k++) {
                sub(/^[0-9]+/, "64", layers[k])
                words[i + 1] = words[i + 1] (k > 1 ? "," : "") layers[k]
            }
        }
        out = out words[i] " " words[i + 1] " "
    }
    return out "--limit 1000 --epochs 1"
}

function run(data, options, evaluations,    name)
{
    name = data options "." evaluations
    gsub(/ *--/, ".", name)
    gsub(/[^A-Za-z0-9._-]/, "-", name)
    if (length(name) > 200)
        name = substr(name, 1, 190) "-" hash(name)
    return name
}

function hash(text,    i, sum)
{
    for (i = 1; i <= length(text); i++)
        sum = (sum * 31 + index("-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz", \
            substr(text, i, 1))) % 1000000007
    return sum + 0
}

function work(options,    groups, n, i, part, fan_in, weights, copies, passes)
{
    fan_in = 784
    n = split(value(options, "--hidden", "500x4"), groups, ",")
    for (i = 1; i <= n; i++) {
        copies = split(groups[i], part, "x") > 1 ? part[2] : 1
        weights += (fan_in + (copies - 1) * part[1]) * part[1]
        fan_in = part[1]
    }
    passes = 2 # there and back
    if (value(options, "--mode") == "bp")
        passes = 3 # and the gradient of the layer's input
    else if (value(options, "--recipe", "conditioned") != "conditioned")
        passes = 4 # of positive and of negative rows
    return int(weights * passes * value(options, "--limit", 60000) * \
        value(options, "--epochs", 10) / 1e6) + 1
}
