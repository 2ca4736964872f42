# Puts the file of results of tools/accuracy together. Input, in this order for each row:
#
#   @row|NAME|SHOWS|...        as accuracy-rows.awk prints it
#   @run                       a training of the row; then its leaves, as json.awk prints them
#   @bp                        what follows, up to the next row, are trainings of its BP
#
# Variable: quick. Exits 1 with the reason if a row has trainings of different data.

BEGIN {
    FS = "|"
    date = ""
}

/^@row/ {
    row = ++n_rows
    name[row] = $2
    shows[row] = $3
    data[row] = $4
    evaluations[row] = $5
    rule[row] = $6
    bp[row] = $7
    options["ff", row] = $8
    options["bp", row] = $11
    kind = "ff"
    next
}

/^@bp/ {
    kind = "bp"
    next
}

/^@run/ {
    at = kind SUBSEP row SUBSEP (++n_runs[kind, row])
    next
}

# A leaf: .KEY=VALUE, .KEY[3]=VALUE or .KEY.WITHIN=VALUE; kept as the text of a JSON value.
{
    key = $0
    sub(/=.*/, "", key)
    text = substr($0, length(key) + 2)
    key = substr(key, 2)
    if (key ~ /\[[0-9]*\]$/) {
        sub(/\[.*/, "", key)
        append(key, text)
        text = "[" list[at, key] "]"
    } else if (key ~ /^errors[.]/) {
        append("errors", quoted(substr(key, 8)) ": " text)
        key = "errors"
        text = "{" list[at, key] "}"
    }
    leaf[at, key] = text
    if (key == "date" && text >= date)
        date = text
    if (key == "machine.fftool" && leaf[at, "date"] >= leaf[latest, "date"])
        latest = at
}

function append(key, text)
{
    if ((at, key) in list)
        list[at, key] = list[at, key] ", " text
    else
        list[at, key] = text
}

END {
    if (n_rows == 0 || broken())
        exit 1
    for (row = 1; row <= n_rows; row++)
        sum_up(row)
    print "{"
    print "  \"schema\": \"fftool.accuracy/1\","
    print "  \"date\": \"" date "\","
    print "  \"quick\": " (quick ? "true" : "false") ","
    print "  \"machine\": {\"cpu\": " text_or_null(latest, "machine.cpu") ", \"processors\": " \
        (latest != "" ? leaf[latest, "machine.processors"] : "null") \
        ", \"fftool\": " text_or_null(latest, "machine.fftool") \
        ", \"blas\": " text_or_null(latest, "machine.blas") "},"
    print "  \"seconds\": " number(all_seconds) ","
    print "  \"rows\": ["
    for (row = 1; row <= n_rows; row++)
        print_row(row)
    print "  ]"
    print "}"
}

# A row's trainings, and those of its BP, must be of the same data.
function broken(    row, i, k, kinds, at, first)
{
    split("ff bp", kinds, " ")
    for (row = 1; row <= n_rows; row++) {
        first = ""
        for (k = 1; k <= 2; k++)
            for (i = 1; i <= n_runs[kinds[k], row]; i++) {
                at = kinds[k] SUBSEP row SUBSEP i
                if (leaf[at, "failed"] != "null")
                    continue
                if (first == "")
                    first = leaf[at, "fingerprint"]
                if (leaf[at, "fingerprint"] != first) {
                    print "accuracy: " name[row] ": runs that are kept are of other data; give " \
                        "--output another name, or --force to measure anew" > "/dev/stderr"
                    return 1
                }
            }
    }
    return 0
}

# Mean, sample standard deviation, and the mean time of a row's trainings and of its BP's.
function sum_up(row,    k, kinds, kind, i, at, n, sum, squares, seconds, run)
{
    split("ff bp", kinds, " ")
    for (k = 1; k <= 2; k++) {
        kind = kinds[k]
        n = sum = squares = seconds = 0
        for (i = 1; i <= n_runs[kind, row]; i++) {
            at = kind SUBSEP row SUBSEP i
            if (leaf[at, "failed"] != "null") {
                failures[kind, row]++
                continue
            }
            n++
            sum += leaf[at, "error"]
            seconds += leaf[at, "seconds"]
            run = leaf[at, "data"] " " leaf[at, "options"] " " leaf[at, "seed"]
            if (!(run in counted))
                all_seconds += leaf[at, "seconds"]
            counted[run] = 1
        }
        measured[kind, row] = n
        if (n == 0)
            continue
        mean[kind, row] = sum / n
        mean_seconds[kind, row] = seconds / n
        for (i = 1; i <= n_runs[kind, row]; i++) {
            at = kind SUBSEP row SUBSEP i
            if (leaf[at, "failed"] == "null")
                squares += (leaf[at, "error"] - mean[kind, row]) ^ 2
        }
        if (n > 1)
            spread[kind, row] = sqrt(squares / (n - 1))
    }
}

# The bound as a fraction, or "" if there is none, or none yet: "1.5" points, or "ROW+0.1" points
# above the mean of another row.
function bound(row,    part, other)
{
    if (rule[row] == "-")
        return ""
    if (split(rule[row], part, "+") == 1)
        return rule[row] / 100
    for (other = 1; other <= n_rows; other++)
        if (name[other] == part[1] && measured["ff", other] > 0)
            return mean["ff", other] + part[2] / 100
    return ""
}

# Whether the mean is within the bound; not known where a seed has failed, or of tiny versions. What
# is equal to the bound but for rounding is within.
function holds(row,    limit)
{
    limit = bound(row)
    if (quick || limit == "" || measured["ff", row] == 0 || failures["ff", row] > 0)
        return "null"
    return mean["ff", row] <= limit + 1e-9 ? "true" : "false"
}

function print_row(row)
{
    print "    {"
    print "      \"name\": " quoted(name[row]) ","
    print "      \"shows\": " quoted(shows[row]) ","
    print "      \"data\": " quoted(data[row]) ","
    print "      \"evaluations\": " quoted(evaluations[row]) ","
    print "      \"bound\": " number(bound(row)) ","
    print "      \"bound_rule\": " (rule[row] == "-" ? "null" : quoted(rule[row])) ","
    print "      \"holds\": " holds(row) ","
    print_runs("ff", row, "      ")
    print ","
    if (bp[row] == "same") {
        print "      \"bp\": {"
        print_runs("bp", row, "        ")
        print "\n      }"
    } else {
        print "      \"bp\": null,"
        print "      \"bp_none\": " quoted(bp[row])
    }
    print "    }" (row < n_rows ? "," : "")
}

# Without the end of the last line.
function print_runs(kind, row, indent,    i, at)
{
    print indent "\"options\": " quoted(options[kind, row]) ","
    print indent "\"mean\": " number(mean[kind, row]) ","
    print indent "\"spread\": " number(spread[kind, row]) ","
    print indent "\"seconds\": " number(mean_seconds[kind, row]) ","
    print indent "\"seeds\": ["
    for (i = 1; i <= n_runs[kind, row]; i++) {
        at = kind SUBSEP row SUBSEP i
        print indent "  {\"seed\": " leaf[at, "seed"] ", \"failed\": " text_or_null(at, "failed") \
            member(at, "error") member(at, "errors") member(at, "layer_error") \
            member(at, "upto_error") member(at, "seconds") member(at, "resumed") \
            member(at, "peak_rss_bytes") ", \"weights_hash\": " text_or_null(at, "weights_hash") "}" \
            (i < n_runs[kind, row] ? "," : "")
    }
    printf "%s", indent "]"
}

function member(at, key)
{
    return ", \"" key "\": " ((at, key) in leaf ? leaf[at, key] : "null")
}

# json.awk leaves the escapes in strings as they are.
function text_or_null(at, key)
{
    return (at, key) in leaf && leaf[at, key] != "null" ? "\"" leaf[at, key] "\"" : "null"
}

function number(x)
{
    return x == "" ? "null" : sprintf("%.10g", x)
}

function quoted(text)
{
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}
