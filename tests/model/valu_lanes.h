/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A second model of where vector operations take their operands from: other lanes, other registers. */
#ifndef MODEL_VALU_LANES_H
#define MODEL_VALU_LANES_H

#include "whole_wave.h"

/* What a lane does whose source 0 comes through DPP. */
enum dpp_effect { DPP_FETCH, DPP_ZERO, DPP_NO_WRITE };

/* Sets *source to the lane to fetch from. exec: of the whole wave; lane: 0 to 63. */
enum dpp_effect model_dpp(const struct inst *i, uint64_t exec, unsigned lane, unsigned *source);

/* Executes a whole instruction. False: it has no row. */
bool model_lanes(const struct inst *i, const struct machine *from, struct machine *to);

#endif
