/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The variables that say what the machine is: RDNASIM_*, and those of ROCm that choose among its cards. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

static const char *value_of(const char *name) {
    const char *text = getenv(name);
    return text && *text ? text : NULL;
}

/* RDNASIM_QUOTA: a number or "none"; the default if it is not set. False: it is something else. */
static bool read_quota(uint64_t *quota) {
    const char *text = value_of("RDNASIM_QUOTA");
    char *end;
    if (!text) return true;
    if (strcmp(text, "none") == 0) {
        *quota = RDNASIM_NO_QUOTA;
        return true;
    }
    errno = 0;
    *quota = strtoull(text, &end, 0);
    if (*quota && !*end && !errno && *text != '-') return true;
    log_sentence(
        "RDNASIM_QUOTA is %s; accepted are 'none' and the instructions that a wave may execute, 1 or more",
        text);
    return false;
}

static bool read_checks(unsigned *checks) {
    const char *text = value_of("RDNASIM_STRICT");
    rdnasim_report report;
    if (!text || strcmp(text, "0") == 0) return true;
    if (rdnasim_parse_checks(strcmp(text, "1") == 0 ? "default" : text, checks, &report) == RDNASIM_OK)
        return true;
    log_sentence("RDNASIM_STRICT: %s", report.text);
    return false;
}

/* "11.0.2" is gfx1102, as in the last two digits of a target's name in hexadecimal. */
static bool read_override(const char **target) {
    static char name[16];
    const char *text = value_of("HSA_OVERRIDE_GFX_VERSION");
    unsigned major, minor, step;
    int length = 0;
    if (!text) return true;
    if (sscanf(text, "%2u.%1u.%2u%n", &major, &minor, &step, &length) == 3 && !text[length] && step < 16) {
        snprintf(name, sizeof name, "gfx%u%u%x", major, minor, step);
        *target = name;
        return true;
    }
    log_sentence("HSA_OVERRIDE_GFX_VERSION is %s; accepted is MAJOR.MINOR.STEP, as in 11.0.0", text);
    return false;
}

/* ---- which cards are visible -------------------------------------------------------------------------- */

static bool read_count(unsigned *count) {
    const char *text = value_of("RDNASIM_DEVICES");
    char *end;
    *count = 1;
    if (!text) return true;
    unsigned long number = strtoul(text, &end, 10);
    if (number >= 1 && number <= DEVICES_MAX && !*end && *text != '-') {
        *count = (unsigned)number;
        return true;
    }
    log_sentence("RDNASIM_DEVICES is %s; accepted are 1 to %d cards", text, DEVICES_MAX);
    return false;
}

/* The place among the cards that is named by its number there or as GPU-uuid; -1: none. */
static int place(const char *word, size_t length, const unsigned *cards, unsigned count) {
    char uuid[DEVICE_UUID_BYTES + 1], *end;
    if (length == 4 + DEVICE_UUID_BYTES && !strncmp(word, "GPU-", 4)) {
        for (unsigned n = 0; n < count; n++) {
            device_uuid(cards[n], uuid);
            if (!strncmp(word + 4, uuid, DEVICE_UUID_BYTES)) return (int)n;
        }
        return -1;
    }
    long number = strtol(word, &end, 10);
    return length && end == word + length && number >= 0 && number < (long)count ? (int)number : -1;
}

/* A list leaves the cards that it names, in its order, up to the first that does not exist or comes twice. */
static unsigned leave_listed(const char *list, unsigned *cards, unsigned count) {
    unsigned left[DEVICES_MAX], kept = 0;
    bool used[DEVICES_MAX] = {false};
    for (const char *at = list;; at++) {
        at += strspn(at, " ");
        size_t length = strcspn(at, ", ");
        int n = place(at, length, cards, count);
        if (n < 0 || used[n]) break;
        used[n] = true;
        left[kept++] = cards[n];
        at += length + strspn(at + length, " ");
        if (*at != ',') break;
    }
    memcpy(cards, left, kept * sizeof *cards);
    return kept;
}

/*
 * ROCr's list first; then HIP's or, without it, CUDA's, in which numbers count what the first has left. An empty one of ROCr leaves
 * no card; the others are not there if they are empty.
 */
static void choose_cards(unsigned count) {
    for (unsigned n = 0; n < count; n++) runtime.devices[n].card = n;
    unsigned cards[DEVICES_MAX];
    for (unsigned n = 0; n < count; n++) cards[n] = n;
    const char *list = getenv("ROCR_VISIBLE_DEVICES");
    if (list) count = leave_listed(list, cards, count);
    if (!(list = value_of("HIP_VISIBLE_DEVICES"))) list = value_of("CUDA_VISIBLE_DEVICES");
    if (list) count = leave_listed(list, cards, count);
    for (unsigned n = 0; n < count; n++) runtime.devices[n].card = cards[n];
    runtime.device_count = count;
}

bool environment_read(rdnasim_options *options) {
    unsigned count;
    const char *threads = value_of("RDNASIM_THREADS");
    options->target = value_of("RDNASIM_TARGET"); /* or null, the default */
    runtime.card = rdnasim_find_target(options->target);
    options->threads = threads ? atoi(threads) : 0;
    const char *go_on = value_of("RDNASIM_GO_ON");
    runtime.goes_on = go_on && strcmp(go_on, "0") != 0;
    if (!read_quota(&options->quota) || !read_checks(&options->checks) || !read_override(&options->target) ||
        !read_count(&count))
        return false;
    choose_cards(count);
    return true;
}
