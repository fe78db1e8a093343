/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The public calls of w4a16/linear.h: checks, then the plan or the backend. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/range.h"
#include "device/device.h"
#include "huge_pages.h"
#include "struct_size.h"

struct w4a16_device {
    const struct backend *backend;
    void *state;
    struct pool *pool;
    char *kernel_mask; /* or null */
    const char *arch;  /* whose rows of the kernel table it runs */
    w4a16_device_info info;
};

struct w4a16_weights {
    w4a16_device *device;
    struct packed_layout layout;
    w4a16_address address;
    int owned; /* the memory at address */
};

struct w4a16_plan {
    w4a16_device *device;
    w4a16_address weights;
    struct plan plan;
    const void *handles[PLAN_STEP_MAX];
};

/* ---- devices ------------------------------------------------------------------------------------------- */

static const struct backend *const backends[] = {&sim_backend, &cpu_backend, &hip_backend};

void w4a16_device_options_init(w4a16_device_options *options, size_t struct_size) {
    const w4a16_device_options ours = {.kind = W4A16_DEVICE_SIM};
    struct_give(options, struct_size, &ours, sizeof ours);
}

static const struct backend *find_backend(w4a16_device_kind kind) {
    for (size_t n = 0; n < sizeof backends / sizeof backends[0]; n++)
        if (backends[n]->kind == kind && backends[n]->api_version == BACKEND_API_VERSION) return backends[n];
    return NULL;
}

static w4a16_status open_device(const w4a16_device_options *options, w4a16_device *d, w4a16_error *error) {
    d->pool = options->parallel_for
                  ? pool_create_on(options->parallel_for, options->parallel_state, options->threads)
                  : pool_create(options->threads);
    FAIL_IF(!d->pool, error, W4A16_OUT_OF_MEMORY,
            "w4a16_device_open: out of memory or threads for %d host threads", options->threads);
    if (options->kernel_mask && !(d->kernel_mask = strdup(options->kernel_mask)))
        return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "w4a16_device_open: out of memory");
    d->info.kind = options->kind;
    TRY(d->backend->open(options, d->pool, &d->state, &d->info, error));
    d->arch = d->info.target[0] ? kernel_arch(d->info.target) : "cpu";
    return W4A16_OK;
}

w4a16_status w4a16_device_open(const w4a16_device_options *given, w4a16_device **out, w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_device_open", out);
    *out = NULL;
    FAIL_IF(!given, error, W4A16_INVALID_ARGUMENT, "w4a16_device_open: options is null");
    w4a16_device_options all;
    const w4a16_device_options *options = &all;
    FAIL_IF(
        !struct_take(&all, sizeof all, given, STRUCT_LEAST(w4a16_device_options, kind)), error,
        W4A16_INVALID_ARGUMENT,
        "w4a16_device_open: options.struct_size is %zu, expected %zu: start from w4a16_device_options_init",
        given->struct_size, sizeof all);
    FAIL_IF(options->threads < 0 || options->threads > POOL_THREADS_MAX, error, W4A16_INVALID_ARGUMENT,
            "w4a16_device_open: options.threads is %d, expected 0 (all) to %d", options->threads,
            POOL_THREADS_MAX);
    FAIL_IF(options->parallel_for && options->kind != W4A16_DEVICE_CPU, error, W4A16_INVALID_ARGUMENT,
            "w4a16_device_open: options.parallel_for is set; accepted for W4A16_DEVICE_CPU only");
    FAIL_IF(options->timing_card && options->kind != W4A16_DEVICE_SIM, error, W4A16_INVALID_ARGUMENT,
            "w4a16_device_open: options.timing_card is set; accepted for W4A16_DEVICE_SIM only");
    const struct backend *backend = find_backend(options->kind);
    FAIL_IF(!backend, error, W4A16_INVALID_ARGUMENT,
            "w4a16_device_open: options.kind is %d, expected W4A16_DEVICE_SIM, _CPU or _HIP",
            (int)options->kind);
    w4a16_device *d = calloc(1, sizeof *d);
    FAIL_IF(!d, error, W4A16_OUT_OF_MEMORY, "w4a16_device_open: out of memory");
    d->backend = backend;
    w4a16_status status = open_device(options, d, error);
    if (status == W4A16_OK)
        *out = d;
    else
        w4a16_device_close(d);
    return status;
}

void w4a16_device_close(w4a16_device *d) {
    if (!d) return;
    if (d->state) d->backend->close(d->state);
    pool_destroy(d->pool);
    free(d->kernel_mask);
    free(d);
}

void w4a16_device_get_info(const w4a16_device *device, w4a16_device_info *info) {
    if (info) *info = device ? device->info : (w4a16_device_info){0};
}

/* ---- memory -------------------------------------------------------------------------------------------- */

#define BUFFER_MAX ((size_t)1 << 47) /* more than the address space of any host or card */

w4a16_status w4a16_buffer_alloc(w4a16_device *device, size_t bytes, w4a16_address *out, w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_buffer_alloc", device);
    NOT_NULL(error, "w4a16_buffer_alloc", out);
    FAIL_IF(bytes > BUFFER_MAX, error, W4A16_OUT_OF_MEMORY,
            "w4a16_buffer_alloc: %zu bytes is more than any device has; accepted are up to %zu", bytes,
            BUFFER_MAX);
    return device->backend->alloc(device->state, bytes ? bytes : 1, out, error);
}

w4a16_status w4a16_buffer_free(w4a16_device *device, w4a16_address address, w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_buffer_free", device);
    return address ? device->backend->free(device->state, address, error) : W4A16_OK;
}

w4a16_status w4a16_copy_to_device(w4a16_device *device, w4a16_address to, const void *from, size_t bytes,
                                  w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_copy_to_device", device);
    if (bytes == 0) return W4A16_OK;
    NOT_NULL(error, "w4a16_copy_to_device", to);
    NOT_NULL(error, "w4a16_copy_to_device", from);
    return device->backend->copy_to(device->state, to, from, bytes, error);
}

w4a16_status w4a16_copy_from_device(w4a16_device *device, void *to, w4a16_address from, size_t bytes,
                                    w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_copy_from_device", device);
    if (bytes == 0) return W4A16_OK;
    NOT_NULL(error, "w4a16_copy_from_device", to);
    NOT_NULL(error, "w4a16_copy_from_device", from);
    return device->backend->copy_from(device->state, to, from, bytes, error);
}

/* ---- weights ------------------------------------------------------------------------------------------- */

/* All of [to, to + bytes), of which the layout has the first. */
static void pack_all(w4a16_device *device, const w4a16_layer *const *layers, size_t count,
                     const struct packed_layout *layout, void *to, size_t bytes) {
    huge_pages_advise(to, bytes);
    for (size_t n = 0; n < count; n++) pack_expert(layers[n], layout, (int64_t)n, to, device->pool);
    pack_clear_rests(layout, to);
    memset((unsigned char *)to + layout->bytes, 0, bytes - layout->bytes);
}

/* The layout is known; `count` layers, 1 of a dense one. */
static w4a16_status pack_and_upload(w4a16_weights *w, const w4a16_layer *const *layers, size_t count,
                                    w4a16_error *error) {
    const struct backend *b = w->device->backend;
    size_t bytes = w->layout.bytes;
    TRY(b->alloc(w->device->state, bytes, &w->address, error));
    w->owned = 1;
    void *packed = b->host_memory ? (void *)(uintptr_t)w->address : malloc(bytes);
    FAIL_IF(!packed, error, W4A16_OUT_OF_MEMORY, "w4a16_weights_create: out of memory for %zu packed bytes",
            bytes);
    pack_all(w->device, layers, count, &w->layout, packed, bytes);
    if (b->host_memory) return W4A16_OK;
    w4a16_status status = b->copy_to(w->device->state, w->address, packed, bytes, error);
    free(packed);
    return status;
}

w4a16_status w4a16_weights_create(w4a16_device *device, const w4a16_layer *layer, w4a16_weights **out,
                                  w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_weights_create", out);
    *out = NULL;
    NOT_NULL(error, "w4a16_weights_create", device);
    NOT_NULL(error, "w4a16_weights_create", layer);
    TRY(w4a16_layer_check(layer, error));
    w4a16_weights *w = calloc(1, sizeof *w);
    FAIL_IF(!w, error, W4A16_OUT_OF_MEMORY, "w4a16_weights_create: out of memory");
    w->device = device;
    w->layout = packed_layout_of(layer, 0);
    w4a16_status status = pack_and_upload(w, &layer, 1, error);
    if (status == W4A16_OK)
        *out = w;
    else
        w4a16_weights_free(w);
    return status;
}

/* What makes two layers packable side by side: one word for the first thing that differs, or null. */
static const char *difference(const w4a16_layer *l, const w4a16_layer *first) {
    return l->N != first->N                     ? "N"
           : l->K != first->K                   ? "K"
           : l->group_size != first->group_size ? "group_size"
           : l->scale_type != first->scale_type ? "scale_type"
           : !l->zero != !first->zero           ? "the presence of zeros"
           : !l->perm != !first->perm           ? "the presence of an act-order"
           : !l->bias != !first->bias           ? "the presence of a bias"
                                                : NULL;
}

static w4a16_status check_experts(const w4a16_layer *const *layers, size_t count, w4a16_error *error) {
    FAIL_IF(count < 1 || count > PLAN_EXPERTS_MAX, error, W4A16_INVALID_ARGUMENT,
            "w4a16_experts_create: %zu experts; accepted are 1 to %d", count, PLAN_EXPERTS_MAX);
    for (size_t n = 0; n < count; n++) {
        FAIL_IF(!layers[n], error, W4A16_INVALID_ARGUMENT, "w4a16_experts_create: expert %zu is null", n);
        TRY(w4a16_layer_check(layers[n], error));
        const char *what = difference(layers[n], layers[0]);
        FAIL_IF(what, error, W4A16_INVALID_ARGUMENT,
                "w4a16_experts_create: expert %zu differs from expert 0 in %s; experts must agree in it", n,
                what);
    }
    return W4A16_OK;
}

w4a16_status w4a16_experts_create(w4a16_device *device, const w4a16_layer *const *layers, size_t count,
                                  w4a16_weights **out, w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_experts_create", out);
    *out = NULL;
    NOT_NULL(error, "w4a16_experts_create", device);
    NOT_NULL(error, "w4a16_experts_create", layers);
    TRY(check_experts(layers, count, error));
    w4a16_weights *w = calloc(1, sizeof *w);
    FAIL_IF(!w, error, W4A16_OUT_OF_MEMORY, "w4a16_experts_create: out of memory");
    w->device = device;
    w->layout = packed_layout_of(layers[0], (int64_t)count);
    w4a16_status status = pack_and_upload(w, layers, count, error);
    if (status == W4A16_OK)
        *out = w;
    else
        w4a16_weights_free(w);
    return status;
}

void w4a16_weights_free(w4a16_weights *w) {
    if (!w) return;
    if (w->owned) w->device->backend->free(w->device->state, w->address, NULL);
    free(w);
}

size_t w4a16_weights_bytes(const w4a16_weights *weights) { return weights ? weights->layout.bytes : 0; }

/* ---- packed bytes in the caller's memory --------------------------------------------------------------- */

/* Packed bytes lie apart from what they are made from. */
static w4a16_status check_source(const char *function, const w4a16_layer *l, const void *to, size_t bytes,
                                 w4a16_error *error) {
    size_t N = (size_t)l->N, entries = N * (size_t)w4a16_layer_groups(l);
    const struct {
        const char *name;
        const void *at;
        size_t bytes;
    } arrays[] = {{"q", l->q, (size_t)((l->K + 7) / 8) * N * 4},
                  {"scale", l->scale, entries * 2},
                  {"zero", l->zero, entries},
                  {"perm", l->perm, (size_t)w4a16_layer_padded_K(l) * 4},
                  {"bias", l->bias, N * w4a16_dtype_size(l->bias_type)}};
    for (size_t n = 0; n < sizeof arrays / sizeof arrays[0]; n++)
        FAIL_IF(arrays[n].at && memory_overlaps(to, bytes, arrays[n].at, arrays[n].bytes), error,
                W4A16_INVALID_ARGUMENT, "%s: to overlaps the layer's %s; packing is not done in place",
                function, arrays[n].name);
    return W4A16_OK;
}

w4a16_status w4a16_pack(w4a16_device *device, const w4a16_layer *layer, void *to, size_t bytes,
                        w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_pack", device);
    NOT_NULL(error, "w4a16_pack", to);
    TRY(w4a16_layer_check(layer, error));
    const struct packed_layout layout = packed_layout_of(layer, 0);
    FAIL_IF(bytes < layout.bytes, error, W4A16_INVALID_ARGUMENT,
            "w4a16_pack: there are %zu bytes; the layer needs %zu", bytes, layout.bytes);
    TRY(check_source("w4a16_pack", layer, to, bytes, error));
    pack_all(device, &layer, 1, &layout, to, bytes);
    return W4A16_OK;
}

w4a16_status w4a16_pack_experts(w4a16_device *device, const w4a16_layer *const *layers, size_t count,
                                void *to, size_t bytes, w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_pack_experts", device);
    NOT_NULL(error, "w4a16_pack_experts", layers);
    NOT_NULL(error, "w4a16_pack_experts", to);
    TRY(check_experts(layers, count, error));
    const struct packed_layout layout = packed_layout_of(layers[0], (int64_t)count);
    FAIL_IF(bytes < layout.bytes, error, W4A16_INVALID_ARGUMENT,
            "w4a16_pack_experts: there are %zu bytes; the layers need %zu", bytes, layout.bytes);
    for (size_t n = 0; n < count; n++) TRY(check_source("w4a16_pack_experts", layers[n], to, bytes, error));
    pack_all(device, layers, count, &layout, to, bytes);
    return W4A16_OK;
}

w4a16_status w4a16_pack_nibbles(w4a16_device *device, const uint32_t *q, const int32_t *order, int64_t N,
                                int64_t K, void *to, size_t bytes, w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_pack_nibbles", device);
    NOT_NULL(error, "w4a16_pack_nibbles", q);
    NOT_NULL(error, "w4a16_pack_nibbles", to);
    w4a16_problem problem;
    struct packed_layout layout;
    w4a16_problem_init(&problem, sizeof problem);
    problem.shape.N = N, problem.shape.K = problem.shape.group_size = K,
    problem.weights.act_order = order != NULL;
    problem.weights.packing = W4A16_PACKED_NIBBLES;
    TRY(packed_layout_of_problem(&problem, &layout, error));
    FAIL_IF(bytes != layout.bytes, error, W4A16_INVALID_ARGUMENT,
            "w4a16_pack_nibbles: there are %zu bytes; the weights take %zu", bytes, layout.bytes);
    const w4a16_layer layer = {.N = N, .K = K, .q = q, .perm = order}; /* what packing and checking read */
    TRY(layer_check_perm(&layer, error));
    TRY(check_source("w4a16_pack_nibbles", &layer, to, bytes, error));
    pack_nibbles(&layer, &layout, to, device->pool);
    return W4A16_OK;
}

w4a16_status w4a16_weights_wrap(w4a16_device *device, const w4a16_problem *problem, w4a16_address address,
                                w4a16_weights **out, w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_weights_wrap", out);
    *out = NULL;
    NOT_NULL(error, "w4a16_weights_wrap", device);
    NOT_NULL(error, "w4a16_weights_wrap", problem);
    struct packed_layout layout;
    TRY(packed_layout_of_problem(problem, &layout, error));
    FAIL_IF(address % 16 || !range_exists(address, layout.bytes), error, W4A16_INVALID_ARGUMENT,
            "w4a16_weights_wrap: address is 0x%" PRIx64
            ": expected a multiple of 16 with %zu bytes behind it, or 0 for weights that every run is told",
            address, layout.bytes);
    w4a16_weights *w = calloc(1, sizeof *w);
    FAIL_IF(!w, error, W4A16_OUT_OF_MEMORY, "w4a16_weights_wrap: out of memory");
    *w = (w4a16_weights){.device = device, .layout = layout, .address = address};
    *out = w;
    return W4A16_OK;
}

/* ---- problems and plans -------------------------------------------------------------------------------- */

void w4a16_problem_init(w4a16_problem *problem, size_t struct_size) {
    const w4a16_problem ours = {.act = W4A16_F16, .weights.scale_type = W4A16_F16};
    struct_give(problem, struct_size, &ours, sizeof ours);
}

void w4a16_problem_from_weights(w4a16_problem *problem, const w4a16_weights *weights) {
    if (!problem || !weights) return;
    const struct packed_layout *l = &weights->layout;
    problem->shape.N = l->N;
    problem->shape.K = l->K;
    problem->shape.padded_K = l->padded_K > l->K ? l->padded_K : 0;
    problem->shape.group_size = l->group_size;
    problem->weights = l->kind;
    problem->epilogue.has_bias = l->has_bias;
    problem->mixture.experts = l->experts;
}

w4a16_status w4a16_plan_create(w4a16_device *device, const w4a16_weights *weights,
                               const w4a16_problem *problem, w4a16_plan **out, w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_plan_create", out);
    *out = NULL;
    NOT_NULL(error, "w4a16_plan_create", device);
    NOT_NULL(error, "w4a16_plan_create", weights);
    NOT_NULL(error, "w4a16_plan_create", problem);
    FAIL_IF(weights->device != device, error, W4A16_INVALID_ARGUMENT,
            "w4a16_plan_create: the weights were packed for another device");
    w4a16_problem taken;
    TRY(plan_take(problem, &taken, error));
    w4a16_plan *p = calloc(1, sizeof *p);
    FAIL_IF(!p, error, W4A16_OUT_OF_MEMORY, "w4a16_plan_create: out of memory");
    p->device = device;
    p->weights = weights->address;
    const struct plan_request r = {
        .arch = device->arch, .kernel_mask = device->kernel_mask, .problem = taken};
    w4a16_status status = plan_build(&r, &weights->layout, &p->plan, error);
    for (unsigned n = 0; n < p->plan.step_count && status == W4A16_OK; n++)
        status = device->backend->prepare(device->state, p->plan.steps[n].kernel, &p->handles[n], error);
    if (status == W4A16_OK)
        *out = p;
    else
        w4a16_plan_free(p);
    return status;
}

void w4a16_plan_free(w4a16_plan *plan) { free(plan); }
size_t w4a16_plan_workspace(const w4a16_plan *plan) { return plan ? plan->plan.workspace_bytes : 0; }
void w4a16_plan_order(const w4a16_plan *plan, w4a16_order *out) {
    if (out) *out = plan ? plan->plan.additions : (w4a16_order){0};
}
size_t w4a16_plan_launches(const w4a16_plan *plan) { return plan ? plan->plan.step_count : 0; }

w4a16_status w4a16_plan_launch(const w4a16_plan *plan, size_t index, w4a16_launch_info *out,
                               w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_plan_launch", plan);
    NOT_NULL(error, "w4a16_plan_launch", out);
    FAIL_IF(index >= plan->plan.step_count, error, W4A16_INVALID_ARGUMENT,
            "w4a16_plan_launch: index is %zu; the plan has %u launches", index, plan->plan.step_count);
    const struct plan_step *s = &plan->plan.steps[index];
    *out = (w4a16_launch_info){.kernel = s->kernel->name, .lds_bytes = s->lds_bytes};
    memcpy(out->grid, s->grid, sizeof out->grid);
    memcpy(out->block, s->block, sizeof out->block);
    return W4A16_OK;
}

/* ---- runs --------------------------------------------------------------------------------------------- */

/* What a run is given: by which name, at a multiple of what, and which plans want it. */
static const struct {
    const char *name;
    unsigned multiple;
    const char *plans;
} given[PLAN_BASES] = {[PLAN_A] = {"a", 4, ""},
                       [PLAN_OUT] = {"out", 2, ""},
                       [PLAN_WORKSPACE] = {"workspace", 256, " with a workspace"},
                       [PLAN_WEIGHTS] = {"weights", 16, ""},
                       [PLAN_BIAS] = {"bias", 4, " whose bias is not among its weights"},
                       [PLAN_IDS] = {"expert_ids", 4, " with experts"},
                       [PLAN_GATES] = {"gates", 4, " that combines"},
                       [PLAN_SCALES] = {"scales", 2, " of weights of nibbles only"},
                       [PLAN_ZEROS] = {"zeros", 4, " of asymmetric weights of nibbles only"},
                       [PLAN_ORDER] = {"order", 4, " of weights of nibbles only with act-order"},
                       [PLAN_SORTED_SLOTS] = {"sorted_slots", 4, " of sorted slots"},
                       [PLAN_SORTED_USED] = {"sorted_used", 4, " of sorted slots"}};

/* What the plan does not use may be anything; gates may be left out. */
static w4a16_status check_addresses(const struct plan *plan, const uint64_t bases[PLAN_BASES],
                                    w4a16_error *error) {
    for (int n = 0; n < PLAN_BASES; n++)
        FAIL_IF(plan->bytes[n] && (bases[n] % given[n].multiple || (!bases[n] && n != PLAN_GATES) ||
                                   !range_exists(bases[n], plan->bytes[n])),
                error, W4A16_INVALID_ARGUMENT,
                "w4a16_run: args.%s is 0x%" PRIx64
                ": a plan%s expects a multiple of %u with %zu bytes behind it",
                given[n].name, bases[n], given[n].plans, given[n].multiple, plan->bytes[n]);
    return W4A16_OK;
}

/* What is written lies apart from everything else. */
static w4a16_status check_apart(const struct plan *plan, const uint64_t bases[PLAN_BASES],
                                w4a16_error *error) {
    static const enum plan_base written[] = {PLAN_OUT, PLAN_WORKSPACE};
    for (size_t w = 0; w < sizeof written / sizeof written[0]; w++)
        for (int n = 0; n < PLAN_BASES; n++) {
            int to = (int)written[w];
            FAIL_IF(n != to && bases[n] &&
                        ranges_overlap(bases[to], plan->bytes[to], bases[n], plan->bytes[n]),
                    error, W4A16_INVALID_ARGUMENT,
                    "w4a16_run: args.%s, %zu bytes at 0x%" PRIx64 ", overlaps %s, %zu bytes at 0x%" PRIx64
                    ": what a run writes must lie apart from all else that it is given",
                    given[to].name, plan->bytes[to], bases[to], given[n].name, plan->bytes[n], bases[n]);
        }
    return W4A16_OK;
}

w4a16_status w4a16_run(const w4a16_plan *plan, const w4a16_run_args *given_args, w4a16_run_stats *stats,
                       w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_run", plan);
    FAIL_IF(!given_args, error, W4A16_INVALID_ARGUMENT, "w4a16_run: args is null");
    w4a16_run_args all;
    const w4a16_run_args *args = &all;
    FAIL_IF(!struct_take(&all, sizeof all, given_args, STRUCT_LEAST(w4a16_run_args, stream)), error,
            W4A16_INVALID_ARGUMENT, "w4a16_run: args.struct_size is %zu, expected %zu",
            given_args->struct_size, sizeof all);
    const struct backend *b = plan->device->backend;
    const uint64_t bases[PLAN_BASES] = {[PLAN_A] = args->a,
                                        [PLAN_OUT] = args->out,
                                        [PLAN_WORKSPACE] = args->workspace,
                                        [PLAN_WEIGHTS] = args->weights ? args->weights : plan->weights,
                                        [PLAN_BIAS] = args->bias,
                                        [PLAN_IDS] = args->expert_ids,
                                        [PLAN_GATES] = args->gates,
                                        [PLAN_SCALES] = args->scales,
                                        [PLAN_ZEROS] = args->zeros,
                                        [PLAN_ORDER] = args->order,
                                        [PLAN_SORTED_SLOTS] = args->sorted_slots,
                                        [PLAN_SORTED_USED] = args->sorted_used};
    TRY(check_addresses(&plan->plan, bases, error));
    TRY(check_apart(&plan->plan, bases, error));
    if (stats) *stats = (w4a16_run_stats){0};
    if (b->begin) b->begin(plan->device->state, args->a, plan->plan.bytes[PLAN_A]);
    for (unsigned n = 0; n < plan->plan.step_count; n++) {
        _Alignas(16) unsigned char kernarg[PLAN_KERNARG_MAX];
        const struct plan_step *step = &plan->plan.steps[n];
        plan_fill_kernarg(step, bases, kernarg);
        TRY(b->launch(plan->device->state, plan->handles[n], step, kernarg, args->stream, stats, error));
    }
    return W4A16_OK;
}
