#include "figures/axis.h"
#include "common/output.h"
#include <math.h>
#include <string.h>

#define MOST_TICKS 7
#define CUT_FROM 0.25      /* the least value, as a part of the largest, of an axis that is cut */
#define LEAST_RATIO 4.0    /* between the ends of a logarithmic axis */
#define ROUNDING 1e-6      /* of a step */
#define NUMBER_GAP 16      /* pixels from a number to the next */
#define DIGIT_WIDTH 7      /* about */
#define PIXELS_OF_WHOLE 60 /* between two whole numbers, which may be long */

struct axis axis_for(char name, bool log, double least, double most, double pixels, double room)
{
    struct axis axis = {.name = name, .log = log, .pixels = pixels};
    double share = 1 - room / pixels; /* of the axis, that the data take */

    if (log) {
        axis.low = least / 1.2;
        axis.high = axis.low * pow(most / axis.low, 1 / share);
        if (axis.high < axis.low * LEAST_RATIO)
            axis.high = axis.low * LEAST_RATIO;
    } else {
        axis.high = most > 0 ? most / share : 1;
    }
    return axis;
}

/* The least of 1, 2, 5, 10, 20, ... (or .5, .2, .1, ...) that divides RANGE into few parts. */
static double round_step(double range)
{
    static const double steps[] = {1, 2, 5, 10};
    double decade = pow(10, floor(log10(range / MOST_TICKS)));
    size_t i = 0;

    while (i + 1 < sizeof steps / sizeof steps[0] && range / (steps[i] * decade) > MOST_TICKS)
        i++;
    return steps[i] * decade;
}

struct axis axis_cut(char name, double least, double most, double pixels, double room)
{
    struct axis axis = axis_for(name, false, least, most, pixels, room);
    double step;

    if (!(least > CUT_FROM * most) || !(least < most))
        return axis;
    step = round_step(most - least);
    axis.low = step * fmax(ceil(least / step) - 1, 0);
    axis.high = axis.low + (most - axis.low) / (1 - room / pixels);
    return axis;
}

double axis_before_end(const struct axis *axis, double back)
{
    double share = 1 - back / axis->pixels;

    if (axis->log)
        return axis->low * pow(axis->high / axis->low, share);
    return axis->low + (axis->high - axis->low) * share;
}

/* Ticks as a list: ('LABEL' AT, ...). */
struct ticks {
    FILE *script;
    size_t n;
};

static struct ticks begin(const struct axis *axis, FILE *script)
{
    fprintf(script, "%s logscale %c\nset %crange [%.9g:%.9g]\nset %ctics (",
            axis->log ? "set" : "unset", axis->name, axis->name, axis->low, axis->high, axis->name);
    return (struct ticks){.script = script};
}

static void add(struct ticks *ticks, const char *label, double at)
{
    fprintf(ticks->script, "%s'%s' %.12g", ticks->n > 0 ? ", " : "", label, at);
    ticks->n++;
}

static void end(struct ticks *ticks)
{
    fputs(")\n", ticks->script);
}

static struct text size_label(double bytes)
{
    struct byte_unit unit = byte_unit(bytes);
    struct text out;

    snprintf(out.s, sizeof out.s, "%.4g %s", bytes / unit.bytes, unit.name);
    return out;
}

/* Numbers from a thousand with commas. */
static struct text count_label(double value)
{
    struct text out;

    if (value >= 1000 && value < 1e15)
        return text_count((uint64_t)(value + 0.5));
    snprintf(out.s, sizeof out.s, "%g", value);
    return out;
}

static void add_linear(const struct axis *axis, double step, struct text (*label)(double),
                       struct ticks *ticks)
{
    double first = ceil(axis->low / step - ROUNDING);

    for (int i = 0; i <= 2 * MOST_TICKS && (first + i) * step <= axis->high; i++)
        add(ticks, first + i == 0 ? "0" : label((first + i) * step).s, (first + i) * step);
}

/* Powers of two, every one or every so many. */
static void add_powers_of_two(const struct axis *axis, struct ticks *ticks)
{
    double first = ceil(log2(axis->low)), last = floor(log2(axis->high)), power;
    double step = ceil((last - first + 1) / MOST_TICKS);

    for (power = first; power <= last; power += step)
        add(ticks, size_label(exp2(power)).s, exp2(power));
}

/* 1, 2, 5, 10, ..., or powers of ten alone where those would be many. */
static void add_decades(const struct axis *axis, struct ticks *ticks)
{
    static const double parts[] = {1, 2, 5};
    double first = floor(log10(axis->low)), last = floor(log10(axis->high)), power;
    size_t n = last - first > 3 ? 1 : sizeof parts / sizeof parts[0], i;

    for (power = first; power <= last; power += ceil((last - first + 1) / MOST_TICKS))
        for (i = 0; i < n; i++) {
            double at = parts[i] * pow(10, power);

            if (at >= axis->low && at <= axis->high)
                add(ticks, count_label(at).s, at);
        }
}

void axis_write_bytes(const struct axis *axis, FILE *script)
{
    struct ticks ticks = begin(axis, script);
    double range = axis->high - axis->low;

    /* Powers of two are round in every unit of bytes. */
    if (axis->log)
        add_powers_of_two(axis, &ticks);
    else
        add_linear(axis, exp2(ceil(log2(range / MOST_TICKS))), size_label, &ticks);
    end(&ticks);
}

void axis_write_counts(const struct axis *axis, FILE *script)
{
    struct ticks ticks = begin(axis, script);

    if (axis->log)
        add_decades(axis, &ticks);
    else
        add_linear(axis, round_step(axis->high - axis->low), count_label, &ticks);
    end(&ticks);
}

double axis_whole_step(double unit, double pixels)
{
    static const double steps[] = {1, 2, 5};
    double step = 1, decade = 1;
    size_t i = 0;

    while (step * unit < pixels) {
        i = (i + 1) % (sizeof steps / sizeof steps[0]);
        if (i == 0)
            decade *= 10;
        step = steps[i] * decade;
    }
    return step;
}

void axis_write_whole(const struct axis *axis, FILE *script)
{
    struct ticks ticks = begin(axis, script);
    double step = axis_whole_step(axis->pixels / (axis->high - axis->low), PIXELS_OF_WHOLE), at;

    for (at = step * ceil(axis->low / step); at <= axis->high; at += step)
        add(&ticks, text_count((uint64_t)at).s, at);
    end(&ticks);
}

static double pixel_of(const struct axis *axis, double at)
{
    double share = axis->log ? log(at / axis->low) / log(axis->high / axis->low)
                             : (at - axis->low) / (axis->high - axis->low);

    return share * axis->pixels;
}

double axis_number_room(uint32_t number)
{
    return NUMBER_GAP + DIGIT_WIDTH * (double)strlen(text_count(number).s);
}

void axis_write_layers(const struct axis *axis, const uint32_t *layers, size_t n, bool ranked,
                       FILE *script)
{
    struct ticks ticks = begin(axis, script);
    double room = axis_number_room(layers[n - 1]);
    double next = pixel_of(axis, axis->low) - room;
    double last = pixel_of(axis, ranked ? (double)(n - 1) : layers[n - 1]);
    size_t i;

    for (i = 0; i < n; i++) {
        double at = ranked ? (double)i : layers[i], pixel = pixel_of(axis, at);

        if (i + 1 < n && (pixel < next || pixel > last - room))
            continue;
        add(&ticks, text_count(layers[i]).s, at);
        next = pixel + room;
    }
    end(&ticks);
}
