/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The names of strict mode's checks, and lists of them. */
#include <string.h>

#include "machine/simulator.h"

static const struct {
    const char *name;
    unsigned checks;
} rows[] = {
    {"default", GFX11SIM_CHECK_DEFAULT},     {"all", GFX11SIM_CHECK_ALL},
    {"undefined", GFX11SIM_CHECK_UNDEFINED}, {"alignment", GFX11SIM_CHECK_ALIGNMENT},
    {"wait", GFX11SIM_CHECK_WAIT},           {"race", GFX11SIM_CHECK_RACE},
    {"hazard", GFX11SIM_CHECK_HAZARD},       {"barrier", GFX11SIM_CHECK_BARRIER},
    {"lds-order", GFX11SIM_CHECK_LDS_ORDER},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

gfx11sim_status gfx11sim_parse_checks(const char *list, unsigned *checks, gfx11sim_report *report) {
    report_clear(report);
    REPORT_IF(!list || !checks, report, GFX11SIM_INVALID_ARGUMENT,
              "gfx11sim_parse_checks: list and checks must not be null");
    unsigned chosen = *list == '-' ? GFX11SIM_CHECK_DEFAULT : 0;
    for (const char *at = list;; at++) {
        bool without = *at == '-';
        at += without;
        size_t length = strcspn(at, ",");
        unsigned n = 0;
        while (n < ROWS && (strlen(rows[n].name) != length || strncmp(rows[n].name, at, length) != 0)) n++;
        REPORT_IF(n == ROWS, report, GFX11SIM_INVALID_ARGUMENT,
                  "'%.*s' is no check; accepted are default, all, undefined, alignment, wait, race, hazard, "
                  "barrier and "
                  "lds-order, separated by commas, with '-' before what is left out",
                  (int)(length < 64 ? length : 64), at);
        chosen = without ? chosen & ~rows[n].checks : chosen | rows[n].checks;
        at += length;
        if (!*at) break;
    }
    *checks = chosen;
    return GFX11SIM_OK;
}

const char *gfx11sim_check_name(gfx11sim_check check) {
    for (unsigned n = 2; n < ROWS; n++)
        if (rows[n].checks == (unsigned)check) return rows[n].name;
    return "";
}
