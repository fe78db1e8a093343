/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "lds.h"

#include <stdlib.h>

enum { LDS_BANKS = 32, LANES_MAX = 64, DWORD = 4 };

struct cu *cu_create(const struct simd_config *config) {
    struct cu *cu = calloc(1, sizeof *cu);
    if (cu) cu->config = config;
    return cu;
}

void cu_destroy(struct cu *cu) { free(cu); }

/* The unit's banks serve in the order of arrival; what loads read goes back on a path of its own. */
static cycle serve(struct cu *cu, cycle x, unsigned passes, unsigned dwords, bool store) {
    const struct simd_config *config = cu->config;
    if (config->lds_half_rate) passes *= 2;
    cycle begin = x > cu->works ? x : cu->works;
    cu->works = begin + passes;
    if (store) return begin;
    if (begin < cu->returns) begin = cu->returns;
    unsigned back = config->lds_load_more * (dwords - 1); /* the first dword's way is hidden */
    cu->returns = begin + (back > passes ? back : passes);
    return begin;
}

cycle lds_request(struct cu *cu, const struct row *row, unsigned passes, cycle x, cycle *done) {
    const struct simd_config *config = cu->config;
    unsigned least = row->dwords == 3 ? 4 : row->dwords; /* passes without conflicts; 96 bits go as 128 */
    if (!passes) passes = least;
    if (x < cu->accepts) x = cu->accepts;
    cu->accepts = x + (row->registers ? row->registers : 1u);
    unsigned latency = row->store ? config->lds_store + config->lds_store_more * (row->dwords - 1u)
                                  : config->lds_load + config->lds_load_more * (row->dwords - 1u);
    unsigned conflicts = passes > least ? passes - least : 0;
    *done = serve(cu, x, passes, row->dwords, row->store) + latency +
            (config->lds_half_rate ? 2 * conflicts : conflicts);
    return x;
}

bool lds_occupy(struct cu *cu, cycle issue, cycle now, unsigned cycles, unsigned load) {
    cycle at = issue + cu->config->memory_execute, mine = now + cu->config->memory_execute;
    if (at > (mine > cu->accepts ? mine : cu->accepts)) return false;
    if (at < cu->accepts) at = cu->accepts;
    cu->accepts = at + cycles;
    unsigned dwords = load ? load : 1;
    serve(cu, at, dwords, dwords, !load);
    return true;
}

/* ---- passes ---------------------------------------------------------------------------------------------- */

/*
 * Lanes that are served together, in the order of the passes. Wide accesses of gfx11 take quarters of lanes as CDNA3
 * does (not confirmed on RDNA3).
 */
static unsigned lane_of(unsigned dwords, unsigned group, unsigned n) {
    static const unsigned char wide[4][8] = {{0, 1, 2, 3, 20, 21, 22, 23},
                                             {4, 5, 6, 7, 16, 17, 18, 19},
                                             {8, 9, 10, 11, 28, 29, 30, 31},
                                             {12, 13, 14, 15, 24, 25, 26, 27}};
    return dwords <= 2 ? group * (LDS_BANKS / dwords) + n : group / 4 * 32 + wide[group % 4][n];
}

/* The most distinct dwords that one bank must deliver. */
static unsigned worst_bank(const uint32_t *words, unsigned count) {
    unsigned worst = 0;
    unsigned char load[LDS_BANKS] = {0}, first[LDS_BANKS];
    for (unsigned n = 0; n < count; n++) {
        unsigned bank = words[n] % LDS_BANKS;
        bool known = load[bank] && words[first[bank]] == words[n];
        for (unsigned m = 0; m < n && load[bank] > 1 && !known; m++) known = words[m] == words[n];
        if (known) continue;
        if (!load[bank]++) first[bank] = (unsigned char)n;
        if (load[bank] > worst) worst = load[bank];
    }
    return worst;
}

unsigned lds_passes(const rdnasim_event *event) {
    unsigned dwords = (event->bytes + DWORD - 1) / DWORD, passes = 0;
    if (dwords < 1) dwords = 1;
    if (dwords > 4) dwords = 4;
    unsigned together = dwords == 1 ? 32 : dwords == 2 ? 16 : 8;
    for (unsigned part = 0; part < event->parts; part++)
        for (unsigned group = 0; group * together < LANES_MAX; group++) {
            uint32_t words[LDS_BANKS];
            unsigned count = 0;
            for (unsigned n = 0; n < together; n++) {
                unsigned lane = lane_of(dwords, group, n);
                if (!(event->exec >> lane & 1)) continue;
                for (unsigned d = 0; d < dwords; d++)
                    words[count++] = (uint32_t)(event->addresses[part][lane] / DWORD) + d;
            }
            passes += worst_bank(words, count);
        }
    return passes ? passes : 1;
}
