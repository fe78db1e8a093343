/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Long launches are modelled in part: in time, never in space, for the whole card shares channels and L2. A round is as
 * many work-groups as the card holds. When two rounds in a row have taken equally long (within 2 %), the whole rounds that
 * are left are left out, each for that time, but for the last one and what is left behind it.
 */
#include "chip.h"

enum { FIRST_ROUNDS = 1 /* cold, and not compared */, ROUNDS_MOST = 8 };

void sample_rounds(struct chip *c, struct sample *s) {
    if (s->left_out || !s->above || c->dispatched == c->kernel->groups) return;
    if (!s->round) {
        if (!c->waiting) return; /* there is room still */
        s->round = c->dispatched;
    }
    if (c->ended < (s->rounds + 1) * s->round || s->rounds == ROUNDS_MOST) return;
    s->round_ended[s->rounds++] = c->border;
    if (s->rounds < FIRST_ROUNDS + 2) return;
    pthread_mutex_lock(&c->recorder->lock);
    double each = (double)c->recorder->instructions / (double)c->recorder->groups;
    pthread_mutex_unlock(&c->recorder->lock);
    if (each * (double)c->kernel->groups <= (double)s->above) return;
    const cycle *ended = &s->round_ended[s->rounds - 1];
    cycle last = ended[0] - ended[-1], before = ended[-1] - ended[-2];
    s->spread = last > before ? last - before : before - last;
    if (50 * s->spread > last && s->rounds < ROUNDS_MOST) return;
    uint64_t left = c->kernel->groups - c->recorder->next, rounds = left / s->round;
    if (rounds < 2) return;
    s->left_out = (rounds - 1) * s->round;
    s->period = last;
    recorder_skip(c->recorder, c->recorder->next + s->left_out);
}
