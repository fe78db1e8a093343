/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A recorded trace through the timing model's SIMD, with everything given that is not of the SIMD. */
#ifndef RDNASIM_REPLAY_H
#define RDNASIM_REPLAY_H

#include "capture.h"
#include "observe/timing/lds.h"
#include "observe/timing/simd.h"

/* What a gap between two issues of a wave ends at. */
enum gap {
    GAP_NONE, /* none: the first instruction, or one without a recorded time */
    GAP_SCORED,
    GAP_MEMORY, /* given: the release by a counter of memory, or the end after stores */
    GAP_FETCH,  /* given: a miss in the instruction cache */
    GAP_UNSEEN  /* behind a barrier at which waves of other SIMDs meet */
};

struct replayed {
    uint64_t *time, *execute; /* of each executed instruction, as the model has it; NO_TIME: none */
    uint8_t *gap;             /* enum gap */
};

enum replay_mode {
    REPLAY_GIVEN,    /* what the trace gives comes at the recorded cycle */
    REPLAY_BARRIERS, /* so, but releases of barriers with unseen waves are the model's */
    REPLAY_FREE      /* as long after the model's own access as in the trace, and barriers are the model's */
};

/* False: no memory. */
bool replay(const struct capture *capture, const struct simd_config *config, enum replay_mode mode,
            struct replayed *out);
void replayed_free(struct replayed *replayed);

#endif
