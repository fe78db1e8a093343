/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The parts of the descriptor of gfx11, in the files of this folder. */
#ifndef RDNASIM_GFX11_H
#define RDNASIM_GFX11_H

#include "isa/generation.h"

void gfx11_decode_smem(struct decoder *d, struct inst *i, uint32_t w);
void gfx11_decode_flat(struct decoder *d, struct inst *i, uint32_t w);
void gfx11_decode_buffer(struct decoder *d, struct inst *i, uint32_t w, enum inst_format format);

uint32_t gfx11_start_mode(const struct wave_start *start);
void gfx11_start_sgprs(const struct wave_start *start, uint32_t *s);

#endif
