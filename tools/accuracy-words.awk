# How tools/accuracy writes times and errors.

# 53 s, 16 min, 1 h 4 min
function duration(seconds)
{
    if (seconds < 99.5)
        return sprintf("%.0f s", seconds)
    if (seconds < 99.5 * 60)
        return sprintf("%.0f min", seconds / 60)
    seconds = int(seconds / 60 + 0.5)
    return int(seconds / 60) " h " seconds % 60 " min"
}

# A fraction as points of percent; two digits
function percent(fraction)
{
    return sprintf("%.2f", 100 * fraction)
}
