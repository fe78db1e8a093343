/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A table of plans with open addressing, from which nothing is ever removed, and a list of devices. */
#include "cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "shim.h"

#define SLOTS       8192 /* a power of two */
#define PROBES      32
#define DEVICES_MAX 64

static _Atomic(struct plan_entry *) slots[SLOTS];
static struct {
    w4a16_device_kind kind;
    int index;
    w4a16_device *device;
} devices[DEVICES_MAX];
static int device_count;
static int forked;                                       /* from a process that had the operators */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of devices and of writing slots */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void forget(void) {
    for (size_t n = 0; n < SLOTS; n++) atomic_store_explicit(&slots[n], NULL, memory_order_relaxed);
    device_count = 0;
    forked = 1;
    pthread_mutex_init(&lock, NULL);
}
static void add_watch(void) { pthread_atfork(NULL, NULL, forget); }
void cache_watch_forks(void) { pthread_once(&once, add_watch); }

w4a16_device_kind cache_host_kind(void) {
    const char *name = getenv("W4A16_DEVICE");
    return name && strcmp(name, "sim") == 0 ? W4A16_DEVICE_SIM : W4A16_DEVICE_CPU;
}

/* Whether rows must have the same bits in every batch: said to us, or to vLLM. */
static int wants_batch_invariance(void) {
    static const char *const names[] = {"W4A16_BATCH_INVARIANT", "VLLM_BATCH_INVARIANT"};
    for (int n = 0; n < 2; n++) {
        const char *value = getenv(names[n]);
        if (value && *value && strcmp(value, "0") != 0) return 1;
    }
    return 0;
}

/* ---- devices ------------------------------------------------------------------------------------------- */

/*
 * The cpu device works on PyTorch's threads, which spin for a while after each loop of theirs: threads of our own would
 * fight with them for the cores. In a forked child, where OpenMP's are gone for good, it has its own.
 */
struct part {
    void (*body)(void *loop, int n);
    void *loop;
};
static void run_part(int64_t begin, int64_t end, void *part) {
    const struct part *p = part;
    for (int64_t n = begin; n < end; n++) p->body(p->loop, (int)n);
}
static void run_by_torch(void *state, int count, void (*body)(void *loop, int n), void *loop) {
    (void)state;
    struct part part = {body, loop};
    shim.torch_parallel_for(0, count, 1, run_part, &part); /* where it fails the rest is done by the caller */
}

/* The lock is held. */
static w4a16_status find_device(w4a16_device_kind kind, int index, w4a16_device **out, w4a16_error *error) {
    for (int n = 0; n < device_count; n++)
        if (devices[n].kind == kind && devices[n].index == index) {
            *out = devices[n].device;
            return W4A16_OK;
        }
    FAIL_IF(device_count == DEVICES_MAX, error, W4A16_UNSUPPORTED, "w4a16: more than %d devices",
            DEVICES_MAX);
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = kind;
    options.index = index;
    if (kind == W4A16_DEVICE_CPU && !forked) options.parallel_for = run_by_torch;
    TRY(w4a16_device_open(&options, out, error));
    devices[device_count].kind = kind;
    devices[device_count].index = index;
    devices[device_count++].device = *out;
    return W4A16_OK;
}

w4a16_status cache_device(w4a16_device_kind kind, int index, w4a16_device **out, w4a16_error *error) {
    cache_watch_forks();
    pthread_mutex_lock(&lock);
    w4a16_status status = find_device(kind, index, out, error);
    pthread_mutex_unlock(&lock);
    return status;
}

/* ---- plans --------------------------------------------------------------------------------------------- */

_Static_assert(sizeof(struct plan_key) == sizeof(w4a16_shape) + sizeof(w4a16_weights_kind) +
                                              sizeof(w4a16_mixture) + sizeof(w4a16_epilogue) +
                                              8 * SHAPE_DIMS + 16,
               "plan_key has no padding");
static size_t hash(const struct plan_key *key) {
    uint64_t words[sizeof *key / 8], h = 0;
    memcpy(words, key, sizeof words);
    for (size_t n = 0; n < sizeof words / sizeof words[0]; n++) {
        h = (h ^ words[n]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return (size_t)h;
}

/* The entry of that key, or null; *vacant is then the slot for it, or SLOTS if the neighbourhood is full. */
static struct plan_entry *look(const struct plan_key *key, size_t *vacant) {
    size_t first = hash(key);
    *vacant = SLOTS;
    for (size_t n = 0; n < PROBES; n++) {
        size_t at = (first + n) % SLOTS;
        struct plan_entry *entry = atomic_load_explicit(&slots[at], memory_order_acquire);
        if (!entry) {
            *vacant = at;
            return NULL;
        }
        if (memcmp(&entry->key, key, sizeof *key) == 0) return entry;
    }
    return NULL;
}

static w4a16_status weights_of(const struct plan_key *key, w4a16_problem *problem, w4a16_error *error) {
    if (key->weights.packing == W4A16_PACKED_WHOLE)
        return shape_read(key->sizes, key->shape.K, key->mixture.experts, problem, error);
    w4a16_problem_init(problem, sizeof *problem);
    problem->shape = key->shape;
    problem->weights = key->weights;
    problem->mixture.experts = key->mixture.experts;
    return W4A16_OK;
}

static w4a16_status build(struct plan_entry *entry, w4a16_error *error) {
    const struct plan_key *key = &entry->key;
    w4a16_problem problem;
    w4a16_weights *weights;
    TRY(weights_of(key, &problem, error));
    TRY(find_device(key->kind, (int)key->index, &entry->device, error));
    TRY(w4a16_weights_wrap(entry->device, &problem, 0, &weights, error));
    problem.shape.M = key->shape.M;
    problem.shape.lda = key->shape.lda;
    problem.act = key->act;
    problem.mixture = key->mixture;
    problem.epilogue.combine = key->epilogue.combine;
    problem.epilogue.has_bias |= key->epilogue.has_bias;
    problem.batch_invariant = wants_batch_invariance();
    w4a16_status status = w4a16_plan_create(entry->device, weights, &problem, &entry->plan, error);
    w4a16_weights_free(weights);
    return status;
}

/* The lock is held, and another thread may have made it meanwhile. */
static w4a16_status look_or_build(const struct plan_key *key, struct plan_entry **out, w4a16_error *error) {
    size_t vacant;
    *out = look(key, &vacant);
    if (*out) return W4A16_OK;
    struct plan_entry *entry = calloc(1, sizeof *entry);
    FAIL_IF(!entry, error, W4A16_OUT_OF_MEMORY, "w4a16: out of memory");
    entry->key = *key;
    entry->kept = vacant < SLOTS;
    w4a16_status status = build(entry, error);
    if (status != W4A16_OK) {
        free(entry);
        return status;
    }
    if (entry->kept) atomic_store_explicit(&slots[vacant], entry, memory_order_release);
    *out = entry;
    return W4A16_OK;
}

w4a16_status cache_plan(const struct plan_key *key, struct plan_entry **out, w4a16_error *error) {
    size_t vacant;
    *out = look(key, &vacant);
    if (*out) return W4A16_OK;
    cache_watch_forks();
    pthread_mutex_lock(&lock);
    w4a16_status status = look_or_build(key, out, error);
    pthread_mutex_unlock(&lock);
    return status;
}

void cache_give_back(struct plan_entry *entry) {
    if (entry->kept) return;
    w4a16_plan_free(entry->plan);
    free(entry);
}
