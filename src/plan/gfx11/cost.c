/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What a launch would take on a card, roughly, so that rows can be compared: never a promise, and never
 * printed as a time. The larger of two estimates, and some of the smaller: what the memory needs to bring
 * weights and activations, and what the SIMDs need to compute, with work-groups in whole rounds over the
 * card. Figures are gfx1100's, from public sources; the order of rows is the same on its smaller siblings,
 * whose memory and units shrink together.
 */
#include "plan/gfx11/product.h"

/* Bytes of DRAM in a cycle of the shader clock, and pairs of compute units, of every card. */
enum {
#define TARGET(name, generation, family, mach, features, vgprs, granule, card, compute_units, clock,         \
               memory_clock, bus, l2, gib, main)                                                             \
    name##_DRAM_BYTES = memory_clock * (main ? 2 : 16) * (bus / 8) / clock,                                  \
    name##_PROCESSORS = compute_units / 2,
#include "targets.def"
#undef TARGET
};

/* 960 GB/s of DRAM, 2.9 TB/s of L2 at 2.5 GHz; four SIMDs to a pair of compute units. */
enum { DRAM_BYTES = gfx1100_DRAM_BYTES, L2_BYTES = 1150, PROCESSORS = gfx1100_PROCESSORS, SIMDS = 4 };
/* A dot product or other vector instruction is one cycle of its SIMD. */
enum { WMMA_CYCLES = 32, FOLD_CYCLES = 16 /* scale and clear 8 registers of a fragment */ };

/* How much of the shorter of two phases is not hidden behind the longer one: assumed. */
static const double OVERLAP_LOST = 0.1;

static double rounds(double work_groups, double at_once) {
    double whole = (double)(int64_t)(work_groups / at_once);
    return whole * at_once < work_groups ? whole + 1 : whole;
}

double gfx11_folds_per_block(const struct kernel_row *row, const w4a16_problem *p) {
    return gfx11_in_halves(row) ? 2 : 32.0 / (double)(p->shape.group_size < 128 ? p->shape.group_size : 128);
}

double gfx11_wmma_cycles(const struct kernel_row *row, const w4a16_problem *p) {
    double fragments = (double)(row->m_tile * row->n_tile) / 256;
    return fragments * (2 * WMMA_CYCLES + FOLD_CYCLES * gfx11_folds_per_block(row, p));
}

double gfx11_cost(const struct kernel_row *row, const w4a16_problem *p, double block_cycles, uint32_t waves) {
    int64_t slots = plan_slots(p),
            used = slots < p->mixture.experts ? slots : p->mixture.experts; /* experts in use */
    double layers = used ? (double)used : 1, rows = (double)slots / layers;
    double blocks = (double)plan_blocks(p);
    double m_tile = (double)row->m_tile, m_tiles = (double)((p->shape.M + row->m_tile - 1) / row->m_tile);
    if (p->mixture.experts) { /* of all experts, whose last tiles are filled by chance */
        double each = rows / m_tile + (m_tile - 1) / (2 * m_tile);
        m_tiles = layers * (each > 1 ? each : 1);
    }
    double n_tiles = (double)((p->shape.N + row->n_tile - 1) / row->n_tile);
    double weight_bytes = (double)p->shape.N * blocks * 16, row_bytes = blocks * 64;
    double memory = layers * weight_bytes / DRAM_BYTES + weight_bytes * (m_tiles - layers) / L2_BYTES +
                    (double)slots * row_bytes * n_tiles / L2_BYTES;
    /* Dequantising, by instructions per pair of weights, once per work-group. */
    double pairs = (double)row->n_tile * 16 / 32, dequantise = p->act == W4A16_BF16 ? 4.25 : 2.25;
    block_cycles += pairs * dequantise;
    double compute;
    if (!waves) { /* any SIMD takes the next */
        compute = m_tiles * n_tiles * blocks * block_cycles / (PROCESSORS * SIMDS);
    } else { /* up to three work-groups share a pair of compute units */
        double at_once = PROCESSORS * (waves < SIMDS ? (double)SIMDS / waves : 1);
        compute =
            rounds(m_tiles * n_tiles, at_once) * blocks * block_cycles / (waves < SIMDS ? waves : SIMDS);
    }
    double longer = memory > compute ? memory : compute;
    return longer + OVERLAP_LOST * (memory + compute - longer);
}
