/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The names of strict mode's checks, and lists of them. */
#include <string.h>

#include "machine/simulator.h"

static const struct {
    const char *name;
    unsigned checks;
} rows[] = {
    {"default", RDNASIM_CHECK_DEFAULT},     {"all", RDNASIM_CHECK_ALL},
    {"undefined", RDNASIM_CHECK_UNDEFINED}, {"alignment", RDNASIM_CHECK_ALIGNMENT},
    {"wait", RDNASIM_CHECK_WAIT},           {"race", RDNASIM_CHECK_RACE},
    {"hazard", RDNASIM_CHECK_HAZARD},       {"barrier", RDNASIM_CHECK_BARRIER},
    {"lds-order", RDNASIM_CHECK_LDS_ORDER},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

rdnasim_status rdnasim_parse_checks(const char *list, unsigned *checks, rdnasim_report *report) {
    report_clear(report);
    REPORT_IF(!list || !checks, report, RDNASIM_INVALID_ARGUMENT,
              "rdnasim_parse_checks: list and checks must not be null");
    unsigned chosen = *list == '-' ? RDNASIM_CHECK_DEFAULT : 0;
    for (const char *at = list;; at++) {
        bool without = *at == '-';
        at += without;
        size_t length = strcspn(at, ",");
        unsigned n = 0;
        while (n < ROWS && (strlen(rows[n].name) != length || strncmp(rows[n].name, at, length) != 0)) n++;
        REPORT_IF(n == ROWS, report, RDNASIM_INVALID_ARGUMENT,
                  "'%.*s' is no check; accepted are default, all, undefined, alignment, wait, race, hazard, "
                  "barrier and "
                  "lds-order, separated by commas, with '-' before what is left out",
                  (int)(length < 64 ? length : 64), at);
        chosen = without ? chosen & ~rows[n].checks : chosen | rows[n].checks;
        at += length;
        if (!*at) break;
    }
    *checks = chosen;
    return RDNASIM_OK;
}

const char *rdnasim_check_name(rdnasim_check check) {
    for (unsigned n = 2; n < ROWS; n++)
        if (rows[n].checks == (unsigned)check) return rows[n].name;
    return "";
}
