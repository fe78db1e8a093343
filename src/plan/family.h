/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A family: the kernels of one source file, as the plan sees them. Everything that is particular to it (rows,
 * limits, cost, grid, arguments) is in one file of plan/<arch>, and everything else asks that object, so that
 * another family is such a file, rows of KERNELS.def and a name in FAMILIES.
 */
#ifndef W4A16_PLAN_FAMILY_H
#define W4A16_PLAN_FAMILY_H

#include <assert.h>
#include <stddef.h>

#include "plan/plan.h"

/* In the order of launches. */
enum kernel_role {
    ROLE_UNSORT, /* experts: sorted slots to an expert per slot */
    ROLE_STAGE,  /* brings activations into the form that the products take */
    ROLE_ROUTE,  /* experts: sorts slots into tiles */
    ROLE_LINEAR, /* the product itself */
    ROLE_COMBINE /* experts: adds the slots of a token */
};
#define ROLES (ROLE_COMBINE + 1)

/*
 * The grid that a kernel gets: work-groups along x and y, and the work-items of each. What a launch holds:
 * HIP's packets count work-items in 32 bits, and its runtimes take up to 65535 work-groups along y.
 */
struct plan_grid {
    int64_t x, y, threads;
};
#define PLAN_GRID_Y_MAX     INT64_C(65535)
#define PLAN_GRID_ITEMS_MAX INT64_C(4294967295)
/* Whether a launch holds it. */
int plan_grid_fits(struct plan_grid grid);

/* A plan under construction, and where things lie in its workspace. */
struct build {
    struct plan *plan;
    const struct kernel_row *row; /* of the product */
    const w4a16_problem *p;
    const struct packed_layout *l;
    int staged;
    int64_t parts; /* of K, which work-groups of their own have */
    uint64_t staged_at, ids_at, tiles_at, rows_at, partial_at;
};

struct family {
    const char *name; /* of its source, and of its code object */
    enum kernel_role role;
    const struct kernel_row *rows; /* in the order of KERNELS.def */
    size_t row_count;

    /* What a launch of the row needs. */
    struct plan_grid (*grid)(const struct kernel_row *row, const w4a16_problem *problem);
    /* Appends it; what it takes and leaves in the workspace is in build. */
    void (*add)(struct build *build, const struct kernel_row *row);
    /* The largest work-group and dynamic LDS that `add` gives a row. Null for the host's kernels. */
    void (*largest)(const struct kernel_row *row, uint32_t *threads, uint32_t *lds_bytes);

    /*
     * Of what comes before or after a product: whether the product of a row needs it, and what does so
     * ("experts need").
     */
    int (*needed)(const struct kernel_row *product, const w4a16_problem *problem);
    const char *who_needs;

    /* ---- of products ---- */

    int helped; /* the other roles' kernels prepare and complete it; 0: it does all by itself */
    /*
     * Parts of K that work-groups of their own have, where the tiles alone would not fill a card: their sums
     * lie in the workspace until the last one adds them. It must not depend on the card. Null: 1.
     */
    int64_t (*parts)(const struct kernel_row *row, const w4a16_problem *problem);
    int other_bits; /* its rows have other bits than those of few rows have: not for up to PLAN_FEW_ROWS */
    /*
     * Why the first of its rows that takes a problem is chosen, whatever the others cost; null: the cheapest.
     */
    const char *first_taken;
    /*
     * Why it leaves a problem to others that its row's limits allow, and why a problem is too large for it:
     * sentences, or 0 bytes. Null: it never does.
     */
    void (*leaves)(const struct kernel_row *row, const w4a16_problem *problem, char *reason, size_t bytes);
    void (*too_large)(const struct kernel_row *row, const w4a16_problem *problem, char *reason, size_t bytes);
    /*
     * An estimate of the time, for comparing rows that are not all of one family: in cycles of the shader
     * clock on gfx11. Null: nothing estimates it, and the table's order decides.
     */
    double (*cost)(const struct kernel_row *row, const w4a16_problem *problem);
};

/*
 * All of them, in the order of the table: products of gfx11, what comes before and after those, the host's.
 */
#define FAMILIES(FAMILY)                                                                                     \
    FAMILY(decode)                                                                                           \
    FAMILY(strip) FAMILY(matrix) FAMILY(stage) FAMILY(unsort) FAMILY(route) FAMILY(combine) FAMILY(cpu_linear)
#define FAMILY(name) extern const struct family name##_family;
FAMILIES(FAMILY)
#undef FAMILY
/* Null behind the last. kernels.c */
extern const struct family *const kernel_families[];

/* What tokens of KERNELS.def mean in a row. */
#define ACT_f16        W4A16_F16
#define ACT_bf16       W4A16_BF16
#define SYMMETRIC_sym  1
#define SYMMETRIC_asym 0
#define ZEROS_sym      "symmetric"
#define ZEROS_asym     "asymmetric"
#define ROWS(array)    .rows = (array), .row_count = sizeof(array) / sizeof(array)[0]

int64_t plan_parts(const struct kernel_row *product, const w4a16_problem *problem);

/* The row of an architecture that prepares or completes a product of that activation type, or null. */
const struct kernel_row *plan_helper(const char *arch, enum kernel_role role, w4a16_dtype act);

/* ---- building: build.c --------------------------------------------------------------------------------- */

static inline int64_t plan_tiles(int64_t n, int64_t tile) { return (n + tile - 1) / tile; }
/* Rows of activations that the caller hands in. */
static inline int64_t plan_rows_given(const w4a16_problem *p) {
    return p->epilogue.combine == W4A16_COMBINE_ADD ? plan_slots(p) : p->shape.M;
}

/* Appends a launch of the row with these arguments. */
struct plan_step *plan_add_step(struct build *b, const struct kernel_row *row, const void *args,
                                size_t bytes);
#define KERNARG_FITS(args)                                                                                   \
    static_assert(sizeof(struct args) <= PLAN_KERNARG_MAX, "PLAN_KERNARG_MAX holds every kernel's "          \
                                                           "arguments")
/* Room in the workspace; returns where. */
uint64_t plan_reserve(struct build *b, int64_t bytes);

/* An address that run fills in; `offset` in the arguments. */
void plan_patch(struct plan_step *s, size_t offset, enum plan_base base, uint64_t addend);
/* The bias of the packed layer or of the run, if there is one; the sections that are there, bias included. */
void plan_patch_bias(const struct build *b, struct plan_step *s, size_t offset);
void plan_patch_sections(const struct build *b, struct plan_step *s, size_t weights, size_t scales,
                         size_t zeros, size_t bias);
void plan_patch_order(const struct build *b, struct plan_step *s, size_t offset);
/* Each slot's expert. */
void plan_patch_ids(const struct build *b, struct plan_step *s, size_t offset);
/* Where scales and zeros lie. */
struct grid plan_grid_of(const struct build *b);
/* The numerics contract's view of the plan: `folds` chunks, dealt out to the waves. */
void plan_set_order(struct build *b, w4a16_adder adder, int64_t chunk, int64_t folds, int64_t waves);

#endif
