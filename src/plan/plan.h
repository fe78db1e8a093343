/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * From a problem to a list of kernel launches. Knows the kernel table, not devices: the steps hold kernel
 * arguments with places left open for the addresses that a run supplies. What the families of kernels are
 * asked is in family.h.
 */
#ifndef W4A16_PLAN_PLAN_H
#define W4A16_PLAN_PLAN_H

#include "layer/pack.h"
#include "w4a16/linear.h"

struct pool;
struct family;

/*
 * One row of the kernel table: of KERNELS.def, as its family reads it (family.h). A row states its own
 * limits.
 */
struct kernel_row {
    const char *name;
    const char *arch; /* "gfx11", "cpu": the folder of its source */
    const struct family *family;
    void (*host)(const void *kernarg, struct pool *pool); /* cpu: the kernel itself; else null */
    const struct host_level *level;                       /* cpu: the instructions that it needs; else null */
    int act;                                              /* a w4a16_dtype, or 0: both */
    int64_t m_max;                                        /* takes M up to this */
    int64_t m_tile, n_tile;                               /* rows and columns of a work-group */
    uint32_t threads;   /* of a work-group, where they do not follow from the problem */
    int64_t k_chunk;    /* divides the group size. decode: K that are summed before they are scaled */
    int symmetric;      /* 1 or 0; -1: both */
    int gathers;        /* takes activations of act-order layers as they are; 0: they are staged for it */
    const char *limits; /* the same for people */
};

/* What a host processor may have beyond the instructions that every one has. */
struct host_level {
    const char *name;  /* "AVX-512" */
    int (*here)(void); /* null: everywhere */
};

size_t kernel_row_count(void);
const struct kernel_row *kernel_row_at(size_t index);

/* Addresses that are known only at run time; kernarg places hold base + addend. */
enum plan_base {
    PLAN_A,
    PLAN_OUT,
    PLAN_WORKSPACE,
    PLAN_WEIGHTS,
    PLAN_BIAS,
    PLAN_IDS,
    PLAN_GATES,
    PLAN_SCALES,
    PLAN_ZEROS,
    PLAN_ORDER,
    PLAN_SORTED_SLOTS,
    PLAN_SORTED_USED,
    PLAN_BASES
};

#define PLAN_KERNARG_MAX 264
#define PLAN_FEW_ROWS    16   /* up to which a row has the same bits in every batch */
#define PLAN_EXPERTS_MAX 1024 /* work-items of route.c */
#define PLAN_PATCH_MAX   16
#define PLAN_STEP_MAX    5

struct plan_patch {
    uint16_t offset; /* of the 8-byte address in kernarg */
    uint8_t base;    /* enum plan_base */
    uint64_t addend;
};

struct plan_step {
    const struct kernel_row *kernel;
    uint32_t grid[3]; /* work-groups */
    uint32_t block[3];
    uint32_t lds_bytes; /* dynamic */
    uint32_t kernarg_bytes;
    unsigned patch_count;
    struct plan_patch patches[PLAN_PATCH_MAX];
    unsigned char kernarg[PLAN_KERNARG_MAX];
};

struct plan {
    unsigned step_count; /* 0 if M is 0 */
    /* What run must be given. */
    int experts, bias, sorted, scales, zeros, order;
    w4a16_order additions; /* behind every output */
    struct plan_step steps[PLAN_STEP_MAX];
    size_t workspace_bytes;
    /*
     * From the first byte to the last that a run reads or writes behind each base; 0: it does not look there.
     */
    size_t bytes[PLAN_BASES];
};

struct plan_request {
    const char *arch;        /* of kernel_row */
    const char *kernel_mask; /* as in w4a16_device_options; null = all kernels */
    w4a16_problem problem;
    const struct family *const
        *families; /* that are chosen from, null behind the last; null = the library's */
};

/* Copies a problem whose caller may have been compiled with an older header, or refuses its struct_size. */
w4a16_status plan_take(const w4a16_problem *given, w4a16_problem *out, w4a16_error *error);

/*
 * The one place where a problem is checked, before anything is computed from it. INVALID_ARGUMENT, or
 * UNSUPPORTED for weights of nibbles only of other sizes than those take.
 */
w4a16_status plan_check(const w4a16_problem *problem, w4a16_error *error);

/*
 * OK, or UNSUPPORTED with the reason of the row that came closest, or what plan_check says. Reads only table
 * rows.
 */
w4a16_status plan_supports(const struct plan_request *request, w4a16_error *error);

/* As w4a16_explain. */
size_t plan_explain(const struct plan_request *request, w4a16_choice *rows, size_t capacity,
                    w4a16_error *error);

/* layout must agree with the problem (INVALID_ARGUMENT otherwise). */
w4a16_status plan_build(const struct plan_request *request, const struct packed_layout *layout,
                        struct plan *out, w4a16_error *error);

/* Appends the launches of a row that takes the problem; M > 0. build.c */
void plan_steps(struct plan *plan, const struct kernel_row *row, const w4a16_problem *problem,
                const struct packed_layout *layout);
/* Sizes that the problem implies. */
static inline int64_t plan_lda(const w4a16_problem *p) { return p->shape.lda ? p->shape.lda : p->shape.K; }
static inline int64_t plan_ldo(const w4a16_problem *p) { return p->shape.ldo ? p->shape.ldo : p->shape.N; }
static inline int64_t plan_padded_K(const w4a16_problem *p) {
    return p->shape.padded_K ? p->shape.padded_K : p->shape.K;
}
static inline int64_t plan_blocks(const w4a16_problem *p) {
    return (plan_padded_K(p) + PACK_BLOCK - 1) / PACK_BLOCK;
}
static inline int64_t plan_strips(const w4a16_problem *p) {
    return (p->shape.N + PACK_STRIP - 1) / PACK_STRIP;
}
static inline int plan_one_group(const w4a16_problem *p) { return p->shape.group_size >= plan_padded_K(p); }
/* Rows of the product: M, or M * top_k. */
static inline int64_t plan_slots(const w4a16_problem *p) {
    return p->mixture.experts ? p->shape.M * p->mixture.top_k : p->shape.M;
}
/*
 * Rows that share an expert's weights, typically; else M. With experts it is what stands for M in the choice.
 */
int64_t plan_rows(const w4a16_problem *problem);

/* Writes the addresses into a copy of step's kernarg ([PLAN_KERNARG_MAX] bytes at to). */
void plan_fill_kernarg(const struct plan_step *step, const uint64_t bases[PLAN_BASES], unsigned char *to);

/* Code objects, one per target and source of its architecture's folder, embedded at build time. */
struct kernel_object {
    const char *arch;   /* "gfx11" */
    const char *target; /* "gfx1100" */
    const char *object; /* "decode": the name of a family */
    const unsigned char *bytes;
    size_t size;
};
size_t kernel_object_count(void);
struct kernel_object kernel_object_at(size_t index);
/* "gfx1100, gfx1101 and gfx1102": the targets that there are kernels for. */
void kernel_targets(char *text, size_t bytes);
/* The architecture of a target that there are kernels for, or null. */
const char *kernel_arch(const char *target);
/* True if there is one. */
int kernel_object_find(const char *target, const char *object, struct kernel_object *out);

#endif
