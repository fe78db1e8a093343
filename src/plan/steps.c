/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * From a row and a problem to kernel launches: grids, LDS, arguments.
 *
 *     [unsort: an expert per slot]  [stage: activations in another order]  [route: slots to tiles]  product
 *     [combine: slots to tokens]
 *
 * Staged activations, the experts of sorted slots, the lists of tiles and the slots' fp32 results lie in the
 * workspace.
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "args.h"
#include "layer/cpu_linear.h"
#include "plan/plan.h"

#define FITS(args) (sizeof(struct args) <= PLAN_KERNARG_MAX)
static_assert(FITS(decode_args) && FITS(matrix_args) && FITS(stage_args) && FITS(route_args) &&
                  FITS(unsort_args) && FITS(combine_args) && FITS(cpu_linear_args),
              "PLAN_KERNARG_MAX holds every kernel's arguments");

enum {
    STAGE_WIDTH = 256,
    COMBINE_WIDTH = 64,
    ROUTE_WIDTH = PLAN_EXPERTS_MAX,
    UNSORT_WIDTH = 1024
}; /* work-items */
enum { COMBINE_COLUMNS = 4 * COMBINE_WIDTH };
enum { TILE_BYTES = 16, ROW_BYTES = 8, WORKSPACE_ALIGN = 256 }; /* of experts.h */

static int64_t tiles(int64_t n, int64_t tile) { return (n + tile - 1) / tile; }

/* Of group_of in dequant.h. */
static uint32_t group_divisor(int64_t units_per_group) {
    return (uint32_t)(((INT64_C(1) << 31) + units_per_group - 1) / units_per_group);
}

const struct kernel_row *plan_helper(enum kernel_role role, w4a16_dtype act) {
    for (size_t n = 0; n < kernel_row_count(); n++) {
        const struct kernel_row *row = kernel_row_at(n);
        if (row->role == role && (!row->act || row->act == (int)act)) return row;
    }
    return NULL;
}

/* What scalar loads of activations cannot take. */
int plan_needs_stage(const w4a16_problem *p) { return p->act_order || p->K % PACK_BLOCK || plan_lda(p) % 2; }

/* ---- grids --------------------------------------------------------------------------------------------- */

/* Rows of activations that the caller hands in. */
static int64_t rows_given(const w4a16_problem *p) { return p->combine == 1 ? plan_slots(p) : p->M; }

/* Experts with an order each: then every slot is staged in that of its expert. */
static int staged_per_slot(const w4a16_problem *p) { return p->experts && p->act_order; }
static int64_t staged_rows(const w4a16_problem *p) {
    return staged_per_slot(p) ? plan_slots(p) : rows_given(p);
}

/* Work-groups along M. With experts each that is in use may leave one tile partly filled. */
static int64_t m_tiles(const struct kernel_row *row, const w4a16_problem *p) {
    if (!p->experts) return tiles(p->M, row->m_tile);
    int64_t slots = plan_slots(p), used = slots < p->experts ? slots : p->experts;
    int64_t most = slots / row->m_tile + used;
    return most < slots ? most : slots;
}

/* Blocks that are summed before they are scaled: at most 128 K (docs/numerics.md), inside a group, dividing
 * K. */
static int64_t fold_of(const w4a16_problem *p) {
    int64_t blocks = plan_blocks(p), fold = 4,
            group = plan_one_group(p) ? blocks : p->group_size / PACK_BLOCK;
    while (blocks % fold || group % fold) fold /= 2;
    return fold;
}

/* strip.c and matrix.c have kernels whose folds are halves of a block. */
static int in_halves(const struct kernel_row *row) { return row->k_chunk == PACK_BLOCK / 2; }

/* What a wave of decode.c or strip.c takes at a time. */
static int64_t folds_of(const struct kernel_row *row, const w4a16_problem *p) {
    if (row->family == FAMILY_DECODE) return plan_blocks(p) * PACK_BLOCK / row->k_chunk;
    return in_halves(row) ? plan_blocks(p) : plan_blocks(p) / fold_of(p);
}

/*
 * Waves that share K in decode.c and strip.c. A row's bits depend on it, so it is one number for all M that
 * are to have the same bits: up to 16, or with batch_invariant all. Up to 16 rows there are enough waves to
 * fill the card's 96 compute units when there are few strips; more would not leave LDS for the partial sums
 * of 64 rows.
 */
enum { WAVES = 8, WAVES_OF_FEW_ROWS = 16 };
static int64_t waves_of(const struct kernel_row *row, const w4a16_problem *p) {
    int few = plan_rows(p) <= PLAN_FEW_ROWS && !p->batch_invariant && plan_strips(p) < 96;
    int64_t waves = few ? WAVES_OF_FEW_ROWS : WAVES, folds = folds_of(row, p);
    return waves < folds ? waves : folds;
}

struct plan_grid plan_grid(const struct kernel_row *row, const w4a16_problem *p) {
    switch (row->family) {
    case FAMILY_CPU: break;
    case FAMILY_UNSORT: return (struct plan_grid){1, 1, UNSORT_WIDTH};
    case FAMILY_ROUTE: return (struct plan_grid){1, 1, ROUTE_WIDTH};
    case FAMILY_STAGE:
        return (struct plan_grid){staged_rows(p), tiles(plan_blocks(p) * PACK_BLOCK, STAGE_WIDTH),
                                  STAGE_WIDTH};
    case FAMILY_COMBINE:
        return (struct plan_grid){p->combine == 1 ? p->M : plan_slots(p), tiles(p->N, COMBINE_COLUMNS),
                                  COMBINE_WIDTH};
    case FAMILY_DECODE:
    case FAMILY_STRIP: return (struct plan_grid){plan_strips(p), m_tiles(row, p), waves_of(row, p) * 32};
    case FAMILY_MATRIX: return (struct plan_grid){tiles(p->N, row->n_tile), m_tiles(row, p), row->threads};
    }
    return (struct plan_grid){1, 1, 1};
}

int plan_grid_fits(struct plan_grid g) {
    return g.y <= PLAN_GRID_Y_MAX && (!g.y || g.x <= PLAN_GRID_ITEMS_MAX / g.threads / g.y);
}

/* ---- building ------------------------------------------------------------------------------------------ */

/* A plan under construction, and where things lie in its workspace. */
struct build {
    struct plan *plan;
    const struct kernel_row *row;
    const w4a16_problem *p;
    const struct packed_layout *l;
    int staged;
    uint64_t staged_at, ids_at, tiles_at, rows_at, partial_at;
};

static uint64_t reserve(struct build *b, int64_t bytes) {
    uint64_t at = b->plan->workspace_bytes;
    b->plan->workspace_bytes += ((size_t)bytes + WORKSPACE_ALIGN - 1) / WORKSPACE_ALIGN * WORKSPACE_ALIGN;
    return at;
}

/* An address that run fills in; `offset` in the arguments. */
static void patch(struct plan_step *s, size_t offset, enum plan_base base, uint64_t addend) {
    s->patches[s->patch_count++] = (struct plan_patch){(uint16_t)offset, (uint8_t)base, addend};
}

/* The sections of the packed layer that are there, and a bias that run is given. */
static void patch_sections(const struct build *b, struct plan_step *s, size_t weights, size_t scales,
                           size_t zeros, size_t bias) {
    const struct packed_layout *l = b->l;
    patch(s, weights, PLAN_WEIGHTS, l->weights);
    patch(s, scales, l->loose ? PLAN_SCALES : PLAN_WEIGHTS, l->scales);
    if (!l->symmetric) patch(s, zeros, l->loose ? PLAN_ZEROS : PLAN_WEIGHTS, l->zeros);
    if (l->has_bias)
        patch(s, bias, PLAN_WEIGHTS, l->bias);
    else if (b->plan->bias)
        patch(s, bias, PLAN_BIAS, 0);
}

static void patch_order(const struct build *b, struct plan_step *s, size_t offset) {
    if (b->l->act_order) patch(s, offset, b->l->loose ? PLAN_ORDER : PLAN_WEIGHTS, b->l->perm);
}

/* Each slot's expert. */
static void patch_ids(const struct build *b, struct plan_step *s, size_t offset) {
    patch(s, offset, b->p->sorted_block ? PLAN_WORKSPACE : PLAN_IDS, b->ids_at);
}

static struct grid_args grid_args(const struct build *b) {
    const struct packed_layout *l = b->l;
    if (!l->loose)
        return (struct grid_args){.strip_stride = (uint32_t)l->groups * PACK_STRIP,
                                  .group_stride = PACK_STRIP};
    return (struct grid_args){PACK_STRIP, (uint32_t)l->strips * PACK_STRIP, 1, (uint32_t)b->p->zero_offset};
}

/* What decode.c, strip.c and matrix.c are given besides: offsets in their arguments. */
static void patch_product(const struct build *b, struct plan_step *s, size_t a, size_t out, size_t tile_list,
                          size_t row_list) {
    patch(s, a, b->staged ? PLAN_WORKSPACE : PLAN_A, b->staged_at);
    patch(s, out, b->p->combine ? PLAN_WORKSPACE : PLAN_OUT, b->partial_at);
    if (b->p->experts) {
        patch(s, tile_list, PLAN_WORKSPACE, b->tiles_at);
        patch(s, row_list, PLAN_WORKSPACE, b->rows_at);
    }
}

static struct plan_step *add_step(struct build *b, const struct kernel_row *kernel, const void *args,
                                  size_t bytes) {
    struct plan_step *s = &b->plan->steps[b->plan->step_count++];
    struct plan_grid grid = plan_grid(kernel, b->p); /* which fits: plan_supports sees to it */
    *s = (struct plan_step){.kernel = kernel,
                            .grid = {(uint32_t)grid.x, (uint32_t)grid.y, 1},
                            .block = {(uint32_t)grid.threads, 1, 1},
                            .kernarg_bytes = (uint32_t)bytes};
    memcpy(s->kernarg, args, bytes);
    return s;
}

/* ---- what comes before and after the product ---------------------------------------------------------- */

static void plan_stage(struct build *b) {
    const w4a16_problem *p = b->p;
    int64_t padded = plan_blocks(p) * PACK_BLOCK;
    struct stage_args args = {.lda = (uint64_t)plan_lda(p),
                              .places = (uint32_t)plan_places(p),
                              .padded = (uint32_t)padded,
                              .experts = (uint32_t)p->experts,
                              .slots_per_row = p->combine == 1 ? 1 : (uint32_t)p->top_k,
                              .features = (uint32_t)p->K};
    struct plan_step *s = add_step(b, plan_helper(ROLE_STAGE, p->act), &args, sizeof args);
    b->staged = 1;
    b->staged_at = reserve(b, staged_rows(p) * padded * 2);
    patch(s, offsetof(struct stage_args, a), PLAN_A, 0);
    patch_order(b, s, offsetof(struct stage_args, perm));
    if (staged_per_slot(p)) patch_ids(b, s, offsetof(struct stage_args, ids));
    patch(s, offsetof(struct stage_args, staged), PLAN_WORKSPACE, b->staged_at);
}

static void plan_unsort(struct build *b) {
    const w4a16_problem *p = b->p;
    struct unsort_args args = {.slots = (uint32_t)plan_slots(p),
                               .places = (uint32_t)p->sorted_count,
                               .block = (uint32_t)p->sorted_block};
    struct plan_step *s = add_step(b, plan_helper(ROLE_UNSORT, p->act), &args, sizeof args);
    b->ids_at = reserve(b, plan_slots(p) * 4);
    patch(s, offsetof(struct unsort_args, sorted), PLAN_SORTED_SLOTS, 0);
    patch(s, offsetof(struct unsort_args, block_experts), PLAN_IDS, 0);
    patch(s, offsetof(struct unsort_args, used), PLAN_SORTED_USED, 0);
    patch(s, offsetof(struct unsort_args, ids), PLAN_WORKSPACE, b->ids_at);
}

static void plan_route(struct build *b) {
    const w4a16_problem *p = b->p;
    int64_t slots = plan_slots(p), tile_count = m_tiles(b->row, p);
    b->tiles_at = reserve(b, tile_count * TILE_BYTES);
    b->rows_at = reserve(b, slots * ROW_BYTES);
    int row_per_slot = p->combine == 1 || (b->staged && p->act_order);
    struct route_args args = {.slots = (uint32_t)slots,
                              .experts = (uint32_t)p->experts,
                              .slots_per_row = row_per_slot ? 1 : (uint32_t)p->top_k,
                              .m_tile = (uint32_t)b->row->m_tile,
                              .tile_count = (uint32_t)tile_count};
    struct plan_step *s = add_step(b, plan_helper(ROLE_ROUTE, p->act), &args, sizeof args);
    patch_ids(b, s, offsetof(struct route_args, ids));
    patch(s, offsetof(struct route_args, tiles), PLAN_WORKSPACE, b->tiles_at);
    patch(s, offsetof(struct route_args, rows), PLAN_WORKSPACE, b->rows_at);
}

static void plan_combine(struct build *b) {
    const w4a16_problem *p = b->p;
    struct combine_args args = {.ldo = (uint64_t)plan_ldo(p),
                                .N = (uint32_t)p->N,
                                .top_k = p->combine == 1 ? (uint32_t)p->top_k : 1,
                                .experts = (uint32_t)p->experts};
    struct plan_step *s = add_step(b, plan_helper(ROLE_COMBINE, p->act), &args, sizeof args);
    patch(s, offsetof(struct combine_args, partial), PLAN_WORKSPACE, b->partial_at);
    patch_ids(b, s, offsetof(struct combine_args, ids));
    patch(s, offsetof(struct combine_args, gates), PLAN_GATES, 0);
    patch(s, offsetof(struct combine_args, out), PLAN_OUT, 0);
}

/* ---- the product -------------------------------------------------------------------------------------- */

/* Row strides of the product's activations and results. */
static int64_t product_lda(const struct build *b) {
    return b->staged ? b->l->blocks * PACK_BLOCK : plan_lda(b->p);
}
static int64_t product_ldo(const struct build *b) { return b->p->combine ? b->p->N : plan_ldo(b->p); }

/* LDS for a partial sum of each of a strip's columns, rows and waves. */
static uint32_t partial_bytes(const struct kernel_row *row, uint32_t waves) {
    return waves * (uint32_t)row->m_tile * PACK_STRIP * 4;
}

/* The numerics contract's view of the plan: `folds` chunks, dealt out to the waves. */
static void set_order(struct build *b, w4a16_unit unit, int64_t chunk, int64_t folds, int64_t waves) {
    b->plan->additions = (w4a16_order){.unit = unit,
                                       .chunk = chunk,
                                       .folds = (folds + waves - 1) / waves,
                                       .waves = waves,
                                       .slots = b->p->combine == 1 ? b->p->top_k : b->p->combine != 0};
}

static void plan_decode(struct build *b) {
    const struct kernel_row *row = b->row;
    const w4a16_problem *p = b->p;
    const struct packed_layout *l = b->l;
    int64_t per_group = p->group_size / row->k_chunk;
    struct decode_args args = {
        .M = (uint32_t)p->M,
        .N = (uint32_t)p->N,
        .blocks = (uint32_t)l->blocks,
        .groups = (uint32_t)l->groups,
        .group_divisor = plan_one_group(p) ? 0 : group_divisor(per_group),
        .lda_bytes = (uint32_t)(2 * product_lda(b)),
        .ldo = (uint64_t)product_ldo(b),
        .waves = (uint32_t)waves_of(row, p),
        .scale_bf16 = p->scale_type == W4A16_BF16,
        .out_f32 = p->combine != 0,
        .grid = grid_args(b),
    };
    struct plan_step *s = add_step(b, row, &args, sizeof args);
    s->lds_bytes = partial_bytes(row, args.waves);
    set_order(b, W4A16_UNIT_DOT2, row->k_chunk, folds_of(row, p), args.waves);
    patch_sections(b, s, offsetof(struct decode_args, weights), offsetof(struct decode_args, scales),
                   offsetof(struct decode_args, zeros), offsetof(struct decode_args, bias));
    patch_product(b, s, offsetof(struct decode_args, a), offsetof(struct decode_args, out),
                  offsetof(struct decode_args, tiles), offsetof(struct decode_args, rows));
}

/* What matrix.c and strip.c have in common. fold: blocks; units: pieces of K that `divisor` maps to groups.
 */
static struct matrix_args matrix_args(const struct build *b, int64_t fold, int64_t units_per_group,
                                      int64_t folds_per_group) {
    const w4a16_problem *p = b->p;
    const struct packed_layout *l = b->l;
    return (struct matrix_args){
        .M = (uint32_t)p->M,
        .N = (uint32_t)p->N,
        .strips = (uint32_t)l->strips,
        .blocks = (uint32_t)l->blocks,
        .groups = (uint32_t)l->groups,
        .fold = (uint32_t)fold,
        .folds_per_group = plan_one_group(p) ? UINT32_MAX : (uint32_t)folds_per_group,
        .divisor = plan_one_group(p) ? 0 : group_divisor(units_per_group),
        .lda = (uint64_t)product_lda(b),
        .ldo = (uint64_t)product_ldo(b),
        .scale_bf16 = p->scale_type == W4A16_BF16,
        .out_f32 = p->combine != 0,
        .grid = grid_args(b),
    };
}

static void add_matrix_step(struct build *b, const struct matrix_args *args, uint32_t lds_bytes) {
    struct plan_step *s = add_step(b, b->row, args, sizeof *args);
    s->lds_bytes = lds_bytes;
    patch_sections(b, s, offsetof(struct matrix_args, weights), offsetof(struct matrix_args, scales),
                   offsetof(struct matrix_args, zeros), offsetof(struct matrix_args, bias));
    patch_product(b, s, offsetof(struct matrix_args, a), offsetof(struct matrix_args, out),
                  offsetof(struct matrix_args, tiles), offsetof(struct matrix_args, rows));
}

static void plan_strip(struct build *b) {
    int halves = in_halves(b->row);
    int64_t fold = halves ? 1 : fold_of(b->p);
    int64_t unit = halves ? PACK_BLOCK / 2 : fold * PACK_BLOCK, units = b->p->group_size / unit;
    struct matrix_args args = matrix_args(b, fold, units, units);
    args.waves = (uint32_t)waves_of(b->row, b->p);
    /* A wave takes whole blocks: both halves of one are its. */
    set_order(b, W4A16_UNIT_WMMA, unit, folds_of(b->row, b->p), args.waves);
    if (halves) b->plan->additions.folds *= 2;
    add_matrix_step(b, &args, partial_bytes(b->row, args.waves));
}

/* Two buffers of tiles, in the same place as the tile of results later. */
static uint32_t matrix_bytes(const struct kernel_row *row) {
    enum { PITCH_BYTES = 80, BUFFERS = 2, OUT_PADDING = 8 }; /* of matrix.c */
    int64_t tile_bytes = BUFFERS * (row->m_tile + row->n_tile) * PITCH_BYTES;
    int64_t out_bytes = row->m_tile * (row->n_tile + OUT_PADDING) * 2;
    return (uint32_t)(tile_bytes > out_bytes ? tile_bytes : out_bytes);
}

static void plan_matrix(struct build *b) {
    const struct kernel_row *row = b->row;
    int halves = in_halves(row);
    int64_t fold = halves ? 1 : fold_of(b->p), unit = halves ? PACK_BLOCK / 2 : PACK_BLOCK;
    int64_t units = b->p->group_size / unit;
    struct matrix_args args = matrix_args(b, fold, units, halves ? units : units / fold);
    set_order(b, W4A16_UNIT_WMMA, halves ? unit : fold * PACK_BLOCK, (halves ? 2 : 1) * b->l->blocks / fold,
              1);
    add_matrix_step(b, &args, matrix_bytes(row));
}

static void plan_cpu(struct build *b) {
    const w4a16_problem *p = b->p;
    const struct packed_layout *l = b->l;
    struct cpu_linear_args args = {.M = p->M,
                                   .N = p->N,
                                   .K = p->K,
                                   .places = l->places,
                                   .group_size = p->group_size,
                                   .blocks = l->blocks,
                                   .groups = l->groups,
                                   .lda = plan_lda(p),
                                   .ldo = plan_ldo(p),
                                   .experts = p->experts,
                                   .top_k = p->top_k,
                                   .act = (int32_t)p->act,
                                   .scale_type = (int32_t)p->scale_type,
                                   .combine = p->combine,
                                   .sorted_block = p->sorted_block,
                                   .sorted_count = p->sorted_count,
                                   .grid = grid_args(b)};
    struct plan_step *s = add_step(b, b->row, &args, sizeof args);
    int64_t chunk = p->group_size < CPU_LINEAR_CHUNK ? p->group_size : CPU_LINEAR_CHUNK;
    set_order(b, W4A16_UNIT_FP32, chunk, l->groups * ((p->group_size + chunk - 1) / chunk), 1);
    patch_sections(b, s, offsetof(struct cpu_linear_args, weights), offsetof(struct cpu_linear_args, scales),
                   offsetof(struct cpu_linear_args, zeros), offsetof(struct cpu_linear_args, bias));
    patch_order(b, s, offsetof(struct cpu_linear_args, perm));
    patch(s, offsetof(struct cpu_linear_args, a), PLAN_A, 0);
    patch(s, offsetof(struct cpu_linear_args, out), PLAN_OUT, 0);
    if (p->sorted_block) {
        b->ids_at = reserve(b, plan_slots(p) * 4);
        patch(s, offsetof(struct cpu_linear_args, block_experts), PLAN_IDS, 0);
        patch(s, offsetof(struct cpu_linear_args, sorted), PLAN_SORTED_SLOTS, 0);
        patch(s, offsetof(struct cpu_linear_args, sorted_used), PLAN_SORTED_USED, 0);
    }
    if (p->experts) patch_ids(b, s, offsetof(struct cpu_linear_args, ids));
    if (p->combine) patch(s, offsetof(struct cpu_linear_args, gates), PLAN_GATES, 0);
}

/* Rows of `width` elements of 2 bytes, `stride` apart. */
static size_t rows_bytes(int64_t rows, int64_t stride, int64_t width) {
    return 2 * (size_t)((rows - 1) * stride + width);
}

static void measure(struct plan *plan, const w4a16_problem *p, const struct packed_layout *l) {
    size_t copies = p->experts ? (size_t)p->experts : 1, slots = (size_t)plan_slots(p);
    size_t columns = copies * (size_t)l->strips * PACK_STRIP, entries = columns * (size_t)l->groups;
    size_t *bytes = plan->bytes;
    bytes[PLAN_A] = rows_bytes(rows_given(p), plan_lda(p), p->K);
    bytes[PLAN_OUT] = rows_bytes(p->combine == 1 ? p->M : plan_slots(p), plan_ldo(p), p->N);
    bytes[PLAN_WORKSPACE] = plan->workspace_bytes;
    bytes[PLAN_WEIGHTS] = l->bytes;
    if (plan->bias) bytes[PLAN_BIAS] = columns * 4;
    if (plan->experts) bytes[PLAN_IDS] = slots * 4;
    if (p->combine) bytes[PLAN_GATES] = slots * 4;
    if (plan->scales) bytes[PLAN_SCALES] = entries * 2;
    if (plan->zeros) bytes[PLAN_ZEROS] = entries / 2;
    if (plan->order) bytes[PLAN_ORDER] = (size_t)l->places * 4;
    if (!plan->sorted) return;
    bytes[PLAN_IDS] = (size_t)tiles(p->sorted_count, p->sorted_block) * 4;
    bytes[PLAN_SORTED_SLOTS] = (size_t)p->sorted_count * 4;
    bytes[PLAN_SORTED_USED] = 4;
}

static void plan_gfx11(struct build *b) {
    const struct kernel_row *row = b->row;
    const w4a16_problem *p = b->p;
    if (p->sorted_block) plan_unsort(b);
    if (plan_needs_stage(p)) plan_stage(b);
    if (p->experts) plan_route(b);
    if (p->combine) b->partial_at = reserve(b, plan_slots(p) * p->N * 4);
    if (row->family == FAMILY_DECODE) plan_decode(b);
    if (row->family == FAMILY_STRIP) plan_strip(b);
    if (row->family == FAMILY_MATRIX) plan_matrix(b);
    if (p->combine) plan_combine(b);
}

void plan_steps(struct plan *plan, const struct kernel_row *row, const w4a16_problem *p,
                const struct packed_layout *l) {
    struct build b = {.plan = plan, .row = row, .p = p, .l = l};
    (row->family == FAMILY_CPU ? plan_cpu : plan_gfx11)(&b);
    measure(plan, p, l);
}

void plan_largest(const struct kernel_row *row, uint32_t *threads, uint32_t *lds_bytes) {
    uint32_t waves = row->m_tile <= PLAN_FEW_ROWS ? WAVES_OF_FEW_ROWS : WAVES;
    *lds_bytes = 0;
    switch (row->family) {
    case FAMILY_DECODE:
    case FAMILY_STRIP:
        *threads = waves * 32;
        *lds_bytes = partial_bytes(row, waves);
        break;
    case FAMILY_MATRIX:
        *threads = row->threads;
        *lds_bytes = matrix_bytes(row);
        break;
    case FAMILY_STAGE: *threads = STAGE_WIDTH; break;
    case FAMILY_ROUTE: *threads = ROUTE_WIDTH; break;
    case FAMILY_UNSORT: *threads = UNSORT_WIDTH; break;
    case FAMILY_COMBINE: *threads = COMBINE_WIDTH; break;
    case FAMILY_CPU: *threads = 1; break;
    }
}
