/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A second model of vector memory and LDS operations: what one lane does to bytes and registers. */
#ifndef MODEL_MEMORY_H
#define MODEL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* Which denormals a float atomic keeps; the others are zeros to it. */
struct denormals {
    bool inputs, outputs;
};

typedef uint64_t float_atomic(uint64_t memory, uint64_t data, uint64_t data2, struct denormals keep);
float_atomic model_add_f32, model_min_f32, model_max_f32, model_min_f64, model_max_f64, model_cmpstore_f32,
    model_cmpstore_f64;

/* What one lane accesses. A single access loads, stores or changes `bytes` at each address. */
struct access_row {
    const char *name; /* without "ds_", "flat_", "global_", "scratch_", "buffer_" and "_rtn" */
    enum { LOAD, STORE, ATOMIC } kind;
    unsigned bytes;
    unsigned addresses; /* 2: of the two-address forms of LDS */
    unsigned stride;    /* ... whose offsets count in these units of bytes */
    bool sign, d16, high;
    uint64_t (*atomic)(uint64_t memory, uint64_t data, uint64_t data2);
    float_atomic *float_atomic;
};

/* The row of a mnemonic; null: the operation is none that works on each lane's own bytes. */
const struct access_row *model_access_row(const char *mnemonic);

/*
 * One lane: at[n] is where its n-th address points. data and data2 are its data registers, result its
 * destination registers, which keep what a load does not replace; keep is of float atomics.
 */
void model_access(const struct access_row *row, unsigned char *const at[2], const uint32_t *data,
                  const uint32_t *data2, struct denormals keep, uint32_t *result);

/* Lane that lane `lane` of 32 reads under DS_SWIZZLE_B32 with this offset. */
unsigned model_swizzle_source(unsigned offset, unsigned lane);

#endif
