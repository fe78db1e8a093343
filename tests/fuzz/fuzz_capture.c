/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Recorded thread traces: what is read is replayed in every way, and ends; issues of a wave are in order. */
#include "fuzz.h"
#include "tool/replay.h"

#include "document.h"

static void replay_all(const struct capture *c) {
    struct simd_config config;
    simd_config_init(&config);
    for (int mode = REPLAY_GIVEN; mode <= REPLAY_FREE; mode++) {
        struct replayed r;
        CHECK(replay(c, &config, (enum replay_mode)mode, &r));
        for (size_t w = 0; w < c->wave_count; w++) {
            uint64_t last = 0;
            for (size_t n = c->waves[w].first; n < c->waves[w].first + c->waves[w].count; n++) {
                if (r.time[n] == NO_TIME) continue;
                CHECK(r.time[n] > last);
                CHECK(r.execute[n] == NO_TIME || r.execute[n] > r.time[n]);
                last = r.time[n];
            }
        }
        replayed_free(&r);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct capture c;
    struct doc_problem problem;
    if (capture_parse((const char *)data, size, &c, &problem)) {
        CHECK(c.wave_count && c.table && c.dwords);
        replay_all(&c);
        capture_free(&c);
    } else {
        CHECK(problem.out_of_memory || problem.text[0]);
    }
    return 0;
}
