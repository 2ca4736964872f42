# Checks that the input is one JSON document (RFC 8259) and prints its leaves, one to a line:
# .layers[0].units=10. Exits 1 with the reason on stderr if it is not.

{ text = text $0 "\n" }

END {
    at = 1
    size = length(text)
    value("")
    space()
    if (at <= size)
        bad("something behind the document")
}

function bad(why)
{
    print "byte " at ": " why > "/dev/stderr"
    failed = 1
    exit 1
}

function space()
{
    while (at <= size && index(" \t\r\n", substr(text, at, 1)) > 0)
        at++
}

# Takes what PATTERN, which begins with ^, matches here. A window bounds the cost of a copy.
function take(pattern,    window)
{
    window = substr(text, at, 4096)
    if (!match(window, pattern))
        return 0
    taken = substr(window, 1, RLENGTH)
    at += RLENGTH
    return 1
}

function string()
{
    if (!take("^\"([^\"\\\\]|\\\\[\"\\\\/bfnrt]|\\\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F])*\""))
        bad("no string")
    return substr(taken, 2, length(taken) - 2)
}

function value(path,    c)
{
    space()
    c = substr(text, at, 1)
    if (c == "{")
        object(path)
    else if (c == "[")
        array(path)
    else if (c == "\"")
        print path "=" string()
    else if (take("^(true|false|null)") || take("^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?"))
        print path "=" taken
    else
        bad("no value")
}

function object(path,    key)
{
    at++
    space()
    if (take("^}"))
        return
    do {
        space()
        key = string()
        space()
        if (!take("^:"))
            bad("no colon")
        value(path "." key)
        space()
    } while (take("^,"))
    if (!take("^}"))
        bad("object not closed")
}

function array(path,    n)
{
    at++
    space()
    n = 0
    if (take("^]"))
        return
    do {
        value(path "[" n++ "]")
        space()
    } while (take("^,"))
    if (!take("^]"))
        bad("array not closed")
}
