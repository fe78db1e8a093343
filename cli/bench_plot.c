/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "bench_plot.h"

#include <inttypes.h>
#include <math.h>

enum { WIDTH = 1260, HEIGHT = 420, PANEL = 420, LEFT = 62, RIGHT = 18, TOP = 56, BOTTOM = 52 };

/* Logarithmic, from a power of the base to a power of it. */
struct axis {
    double low, high, base;
};

static struct axis axis_of(double low, double high, double base) {
    return (struct axis){pow(base, floor(log(low) / log(base) + 1e-9)),
                         pow(base, ceil(log(high) / log(base) - 1e-9)), base};
}
static double along(const struct axis *a, double value) {
    double length = log(a->high / a->low);
    return length > 0 ? log(value / a->low) / length : 0.5;
}

struct panel {
    FILE *to;
    int left; /* of the picture */
    struct axis x, y;
};

static double px(const struct panel *p, double value) {
    return p->left + LEFT + along(&p->x, value) * (PANEL - LEFT - RIGHT);
}
static double py(const struct panel *p, double value) {
    return HEIGHT - BOTTOM - along(&p->y, value) * (HEIGHT - TOP - BOTTOM);
}

/* Grid, numbers and names of the axes. */
static void frame(const struct panel *p, const char *title, const char *x_name, const char *y_name) {
    double left = p->left + LEFT, right = p->left + PANEL - RIGHT, top = TOP, bottom = HEIGHT - BOTTOM;
    for (double v = p->x.low; v <= p->x.high * 1.001; v *= p->x.base)
        fprintf(p->to,
                "<line class='grid' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>"
                "<text class='tick' text-anchor='middle' x='%.1f' y='%.1f'>%g</text>\n",
                px(p, v), top, px(p, v), bottom, px(p, v), bottom + 16, v);
    for (double v = p->y.low; v <= p->y.high * 1.001; v *= p->y.base)
        fprintf(p->to,
                "<line class='grid' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>"
                "<text class='tick' text-anchor='end' x='%.1f' y='%.1f'>%g</text>\n",
                left, py(p, v), right, py(p, v), left - 6, py(p, v) + 4, v);
    fprintf(p->to,
            "<text class='name' text-anchor='middle' x='%.1f' y='%d'>%s</text>\n"
            "<text text-anchor='middle' x='%.1f' y='%d'>%s</text>\n"
            "<text text-anchor='middle' transform='translate(%d %.1f) rotate(-90)'>%s</text>\n",
            (left + right) / 2, TOP - 10, title, (left + right) / 2, HEIGHT - 14, x_name, p->left + 16,
            (top + bottom) / 2, y_name);
}

enum quantity { BY_M, MILLISECONDS, RATE, INTENSITY };
static double value_of(const struct bench_point *p, enum quantity q) {
    return q == BY_M           ? (double)p->M
           : q == MILLISECONDS ? 1e3 * p->seconds
           : q == RATE         ? p->operations / p->seconds / 1e9
                               : p->operations / p->bytes;
}

static void line_and_points(const struct panel *p, const struct bench_series series[BENCH_SERIES],
                            enum quantity x, enum quantity y) {
    for (int s = 0; s < BENCH_SERIES; s++) {
        const struct bench_series *of = &series[s];
        fprintf(p->to, "<polyline class='s%d' points='", s);
        for (size_t n = 0; n < of->count; n++)
            fprintf(p->to, "%.1f,%.1f ", px(p, value_of(&of->points[n], x)),
                    py(p, value_of(&of->points[n], y)));
        fprintf(p->to, "'/>\n");
        for (size_t n = 0; n < of->count; n++)
            fprintf(p->to,
                    "<circle class='s%d' cx='%.1f' cy='%.1f' r='3.5'><title>%s, M = %" PRId64
                    ": %.4g</title></circle>\n",
                    s, px(p, value_of(&of->points[n], x)), py(p, value_of(&of->points[n], y)), of->name,
                    of->points[n].M, value_of(&of->points[n], y));
    }
}

/* The least and the largest of a quantity. */
static void range(const struct bench_series series[BENCH_SERIES], enum quantity q, double *low,
                  double *high) {
    *low = HUGE_VAL, *high = 0;
    for (int s = 0; s < BENCH_SERIES; s++)
        for (size_t n = 0; n < series[s].count; n++) {
            *low = fmin(*low, value_of(&series[s].points[n], q));
            *high = fmax(*high, value_of(&series[s].points[n], q));
        }
}

/* What memory and arithmetic allow: min(stream * intensity, peak). */
static void bounds(const struct panel *p, const struct bench_series series[BENCH_SERIES], double stream) {
    for (int s = 0; s < BENCH_SERIES; s++) {
        if (!series[s].count || series[s].peak <= 0 || stream <= 0) continue;
        double peak = series[s].peak / 1e9, bandwidth = stream / 1e9, knee = peak / bandwidth;
        knee = fmin(fmax(knee, p->x.low), p->x.high);
        double start = fmax(p->x.low, p->y.low / bandwidth);
        fprintf(p->to, "<polyline class='bound s%d' points='%.1f,%.1f %.1f,%.1f %.1f,%.1f'/>\n", s,
                px(p, start), py(p, fmin(peak, start * bandwidth)), px(p, knee),
                py(p, fmin(peak, knee * bandwidth)), px(p, p->x.high),
                py(p, fmin(peak, p->x.high * bandwidth)));
    }
}

static void legend(FILE *to, const struct bench_series series[BENCH_SERIES]) {
    int at = WIDTH - 190;
    for (int s = 0; s < BENCH_SERIES; s++) {
        if (!series[s].count) continue;
        fprintf(to, "<circle class='s%d' cx='%d' cy='18' r='3.5'/><text x='%d' y='22'>%s</text>\n", s, at,
                at + 9, series[s].name);
        at += 60;
    }
    fprintf(to, "<line class='bound' x1='%d' y1='18' x2='%d' y2='18'/><text x='%d' y='22'>bound</text>\n", at,
            at + 20, at + 25);
}

void bench_plot(FILE *to, const char *title, const struct bench_series series[BENCH_SERIES], double stream) {
    double m_low, m_high, low, high, x_low, x_high;
    fprintf(
        to,
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d'>\n"
        "<style>text{font:12px sans-serif;fill:#222}.name{font-weight:bold}.tick{font-size:11px;fill:#555}"
        ".grid{stroke:#ddd}polyline{fill:none;stroke-width:2}polyline.s0{stroke:#1f6fb4}"
        "polyline.s1{stroke:#d2601a}circle.s0{fill:#1f6fb4}circle.s1{fill:#d2601a}"
        ".bound{stroke-dasharray:5 4;stroke-width:1.3;stroke:#777}</style>\n"
        "<rect width='100%%' height='100%%' fill='white'/>\n<text class='name' x='14' y='22'>%s</text>\n",
        WIDTH, HEIGHT, WIDTH, HEIGHT, title);
    range(series, BY_M, &m_low, &m_high);
    if (m_high > 0) {
        legend(to, series);
        range(series, MILLISECONDS, &low, &high);
        struct panel time = {to, 0, axis_of(m_low, m_high, 2), axis_of(low, high, 10)};
        frame(&time, "time of all layers", "M", "ms");
        line_and_points(&time, series, BY_M, MILLISECONDS);

        range(series, RATE, &low, &high);
        double peak = high;
        for (int s = 0; s < BENCH_SERIES; s++) peak = fmax(peak, series[s].count ? series[s].peak / 1e9 : 0);
        struct panel rate = {to, PANEL, axis_of(m_low, m_high, 2), axis_of(low, peak, 10)};
        frame(&rate, "speed", "M", "GFLOPS");
        line_and_points(&rate, series, BY_M, RATE);

        range(series, INTENSITY, &x_low, &x_high);
        struct panel roof = {to, 2 * PANEL, axis_of(x_low, x_high, 10), axis_of(low, peak, 10)};
        frame(&roof, "roofline", "operations per byte of packed weights", "GFLOPS");
        bounds(&roof, series, stream);
        line_and_points(&roof, series, INTENSITY, RATE);
    }
    fprintf(to, "</svg>\n");
}
