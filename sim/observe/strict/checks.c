/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Strict mode's checks: their names, what clears them, and lists of them. */
#include <string.h>

#include "machine/simulator.h"

static const struct {
    const char *name;
    unsigned checks;
    const char *clears; /* what clears a find, as a part of a sentence */
} rows[] = {
    {"default", RDNASIM_CHECK_DEFAULT, ""},
    {"all", RDNASIM_CHECK_ALL, ""},
    {"undefined", RDNASIM_CHECK_UNDEFINED, "writing it first, or by rdnasim_mark if it was filled elsewhere"},
    {"alignment", RDNASIM_CHECK_ALIGNMENT, "an address that is a multiple of the element"},
    {"wait", RDNASIM_CHECK_WAIT, "an s_waitcnt on that counter in between"},
    {"race", RDNASIM_CHECK_RACE,
     "a barrier between the two in LDS, by atomics of both on one address, or in global memory by another "
     "launch"},
    {"hazard", RDNASIM_CHECK_HAZARD, "a VALU instruction in between, or by registers that lie apart"},
    {"barrier", RDNASIM_CHECK_BARRIER, "one barrier that all waves of the work-group reach"},
    {"lds-order", RDNASIM_CHECK_LDS_ORDER, "s_waitcnt lgkmcnt(0) before the barrier"},
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

/* The row of one check, ROWS if there is none. */
static unsigned row_of(rdnasim_check check) {
    unsigned n = 2;
    while (n < ROWS && rows[n].checks != (unsigned)check) n++;
    return n;
}

const char *rdnasim_check_name(rdnasim_check check) {
    unsigned n = row_of(check);
    return n < ROWS ? rows[n].name : "";
}

const char *rdnasim_check_rule(rdnasim_check check) {
    unsigned n = row_of(check);
    return n < ROWS ? rows[n].clears : "";
}
