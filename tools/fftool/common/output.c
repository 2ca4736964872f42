/* Numbers and sizes as text. */
#include "common/output.h"
#include <math.h>
#include <string.h>

struct text text_count(uint64_t count)
{
    struct text out;
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    size_t used = 0;
    int i;

    for (i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out.s[used++] = ',';
        out.s[used++] = digits[i];
    }
    out.s[used] = '\0';
    return out;
}

struct text text_counted(uint64_t count, const char *unit)
{
    struct text out;

    snprintf(out.s, sizeof out.s, "%.27s %.16s%s", text_count(count).s, unit,
             count == 1 ? "" : "s");
    return out;
}

struct text text_words(const char *name)
{
    struct text out;
    char *at;

    snprintf(out.s, sizeof out.s, "%s", name);
    for (at = out.s; *at != '\0'; at++)
        if (*at == '_')
            *at = ' ';
    return out;
}

struct text text_field(const struct ff_recipe *recipe, const struct ff_recipe_field *field)
{
    struct text out;

    switch (field->type) {
    case FF_FIELD_CHOICE:
        snprintf(out.s, sizeof out.s, "%s", ff_recipe_get_text(recipe, field->name));
        break;
    case FF_FIELD_COUNT:
    case FF_FIELD_SEED:
        snprintf(out.s, sizeof out.s, "%llu",
                 (unsigned long long)ff_recipe_get_uint(recipe, field->name));
        break;
    case FF_FIELD_REAL:
        snprintf(out.s, sizeof out.s, "%g", ff_recipe_get_real(recipe, field->name));
        break;
    }
    return out;
}

struct byte_unit byte_unit(double bytes)
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    static const double most = 1023.5; /* larger values are printed as 1024 without decimals */
    double unit = 1;
    size_t i = 0;

    while (fabs(bytes) >= most * unit && i + 1 < sizeof names / sizeof names[0]) {
        unit *= 1024;
        i++;
    }
    return (struct byte_unit){names[i], unit};
}

struct text text_bytes(uint64_t bytes)
{
    struct byte_unit unit = byte_unit((double)bytes);
    struct text out;

    snprintf(out.s, sizeof out.s, "%.*f %s", unit.bytes > 1 ? 1 : 0, (double)bytes / unit.bytes,
             unit.name);
    return out;
}

struct text text_size(uint64_t bytes)
{
    static const char *const suffixes[] = {"", "K", "M", "G", "T"};
    struct text out;
    size_t step = 0;

    while (step + 1 < sizeof suffixes / sizeof suffixes[0] && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        step++;
    }
    snprintf(out.s, sizeof out.s, "%llu%s", (unsigned long long)bytes, suffixes[step]);
    return out;
}

struct text text_duration(double seconds)
{
    struct text out;

    if (!(seconds >= 0)) {
        snprintf(out.s, sizeof out.s, "-");
    } else if (seconds >= 1e12) {
        snprintf(out.s, sizeof out.s, "%.2g h", seconds / 3600);
    } else if (seconds < 10) {
        snprintf(out.s, sizeof out.s, "%.1f s", seconds);
    } else {
        unsigned long long whole = (unsigned long long)(seconds + 0.5);

        if (whole < 60)
            snprintf(out.s, sizeof out.s, "%llu s", whole);
        else if (whole < 3600)
            snprintf(out.s, sizeof out.s, "%llu min %02llu s", whole / 60, whole % 60);
        else
            snprintf(out.s, sizeof out.s, "%llu h %02llu min", whole / 3600, whole / 60 % 60);
    }
    return out;
}

struct text text_percent(double fraction)
{
    struct text out;

    if (isfinite(fraction))
        snprintf(out.s, sizeof out.s, "%.2f %%", 100 * fraction);
    else
        snprintf(out.s, sizeof out.s, "-");
    return out;
}

struct text text_real(double value)
{
    struct text out;

    if (isfinite(value))
        snprintf(out.s, sizeof out.s, "%.4g", value);
    else
        snprintf(out.s, sizeof out.s, "-");
    return out;
}

struct text text_share(uint64_t part, uint64_t whole)
{
    struct text out;

    if (part == 0 || whole == 0)
        snprintf(out.s, sizeof out.s, "0");
    else
        snprintf(out.s, sizeof out.s, "%.2g %%", 100 * (double)part / (double)whole);
    return out;
}

/* Metrics of the process are 0 without /proc. */
static struct text text_measured(uint64_t bytes)
{
    return bytes > 0 ? text_bytes(bytes) : (struct text){"(no /proc: unknown)"};
}

void print_memory(FILE *out, const struct ff_memory *memory)
{
    fprintf(out, "peak %s resident, %s anonymous, %s accounted for",
            text_measured(memory->peak_rss_bytes).s, text_measured(memory->peak_anon_bytes).s,
            text_bytes(memory->accounted_peak_bytes).s);
}
