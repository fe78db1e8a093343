/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Programs that a HIP compiler made: they register their code objects, kernels and variables before main, and
 * call kernels by the host's address of a stub. A code object is loaded when something of it is first used.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

#define WRAPPER_MAGIC 0x48495046u /* "HIPF" */

/* What a compiler emits for each of its modules. */
struct wrapper {
    uint32_t magic, version;
    const void *image;
    const void *unused;
};

struct fat_binary {
    struct handle handle;
    const void *image;
    struct module *modules[DEVICES_MAX]; /* null: not loaded for that device */
    struct registered *first;
};

/* A kernel or a variable. */
struct registered {
    const void *host; /* first: the tree's key */
    struct fat_binary *binary;
    char *name; /* in the code object */
    bool variable;
    void *managed; /* a pointer is stored in the code object's variable of that name: to this; or null */
    struct registered *next; /* of its binary */
};

static void *tree; /* of struct registered, by host address */

static int compare(const void *a, const void *b) {
    uintptr_t p = (uintptr_t)((const struct registered *)a)->host,
              q = (uintptr_t)((const struct registered *)b)->host;
    return (p > q) - (p < q);
}

static struct registered *find(const void *host, bool variable) {
    const struct registered wanted = {.host = host};
    struct registered *const *found = tfind(&wanted, &tree, compare);
    return found && (*found)->variable == variable ? *found : NULL;
}

static void forget(struct registered *r) {
    struct registered **link = &r->binary->first;
    while (*link != r) link = &(*link)->next;
    *link = r->next;
    tdelete(r, &tree, compare);
    free(r->name);
    free(r);
}

/* A later registration of the same address takes the earlier one's place. */
static void add(void **handle, const void *host, const char *name, bool variable, void *managed) {
    struct fat_binary *binary = handle_find(HANDLE_FAT_BINARY, handle);
    if (!binary || !host || !name) return;
    struct registered *r = malloc(sizeof *r), *before;
    char *copy = strdup(name);
    if ((before = find(host, variable)) || (before = find(host, !variable))) forget(before);
    if (r && copy) {
        *r = (struct registered){host, binary, copy, variable, managed, binary->first};
        if (tsearch(r, &tree, compare)) {
            binary->first = r;
            return;
        }
    }
    log_sentence("out of memory: %s is not registered", name);
    free(r);
    free(copy);
}

/* ---- use ----------------------------------------------------------------------------------------------- */

/* Kernels reach managed variables through pointers in their code object. */
static hipError_t connect_managed(const struct fat_binary *b, const struct module *m) {
    for (const struct registered *r = b->first; r; r = r->next) {
        uint64_t at, bytes;
        if (!r->managed || !module_variable(m, r->name, &at, &bytes) || bytes != sizeof r->managed) continue;
        HIP_TRY(copy((void *)(uintptr_t)at, &r->managed, bytes, hipMemcpyHostToDevice, NULL));
    }
    return hipSuccess;
}

/* Its module for the thread's device: each has variables of its own. */
static hipError_t module_of(struct fat_binary *b, struct module **out) {
    struct module **m = &b->modules[current_device()];
    if (!*m) {
        HIP_TRY(b->image ? module_load(m, b->image) : hipErrorInvalidImage);
        HIP_TRY(connect_managed(b, *m));
    }
    *out = *m;
    return hipSuccess;
}

hipError_t registered_function(const void *host, struct function **out) {
    const struct registered *r = find(host, false);
    struct module *m;
    if (!r) return hipErrorInvalidDeviceFunction;
    HIP_TRY(module_of(r->binary, &m));
    *out = module_function(m, r->name);
    if (*out) return hipSuccess;
    log_sentence("the code object of %s has no kernel %s", runtime.target->name, r->name);
    return hipErrorInvalidDeviceFunction;
}

hipError_t registered_variable(const void *host, uint64_t *address, uint64_t *bytes) {
    const struct registered *r = find(host, true);
    struct module *m;
    if (!r) return hipErrorInvalidSymbol;
    HIP_TRY(module_of(r->binary, &m));
    if (r->managed) {
        uint64_t offset;
        const struct allocation *a = allocation_at(r->managed, &offset);
        if (!a) return hipErrorInvalidSymbol; /* it ended with a reset of the device */
        *address = a->address;
        *bytes = a->bytes;
        return hipSuccess;
    }
    return module_variable(m, r->name, address, bytes) ? hipSuccess : hipErrorInvalidSymbol;
}

/* modules_reset has unloaded them. */
void registered_reset(void) {
    for (struct handle *h = handle_first(HANDLE_FAT_BINARY); h; h = h->next)
        memset(((struct fat_binary *)h)->modules, 0, sizeof((struct fat_binary *)h)->modules);
}

/* ---- what compilers call -------------------------------------------------------------------------------- */

static void *new_binary(const struct wrapper *w) {
    struct fat_binary *b = handle_new(HANDLE_FAT_BINARY, sizeof *b);
    if (!b) return NULL;
    if (w && w->magic == WRAPPER_MAGIC)
        b->image = w->image;
    else
        log_sentence("__hipRegisterFatBinary: the program's wrapper does not begin with 0x%x", WRAPPER_MAGIC);
    return b;
}

void **__hipRegisterFatBinary(const void *wrapper) {
    hipError_t code = call_begin(__func__, CALL_HOST);
    void **binary = code ? NULL : new_binary(wrapper);
    call_end(code);
    return binary;
}

void __hipRegisterFunction(void **binary, const void *host, char *device, const char *name, unsigned threads,
                           void *thread_index, void *block_index, void *block, void *grid, int *wave_size) {
    (void)device, (void)threads, (void)thread_index, (void)block_index, (void)block, (void)grid,
        (void)wave_size;
    hipError_t code = call_begin(__func__, CALL_HOST);
    if (!code) add(binary, host, name, false, NULL);
    call_end(code);
}

void __hipRegisterVar(void **binary, void *host, char *host_name, char *name, int external, size_t bytes,
                      int constant, int global) {
    (void)host_name, (void)external, (void)bytes, (void)constant, (void)global;
    hipError_t code = call_begin(__func__, CALL_HOST);
    if (!code) add(binary, host, name, true, NULL);
    call_end(code);
}

/* A variable that the program reaches through *pointer. */
static hipError_t add_managed(void **binary, void **pointer, const void *init, const char *name,
                              size_t bytes) {
    void *memory;
    if (!pointer || !init || !name) return hipErrorInvalidValue;
    HIP_TRY(allocate(&memory, bytes, MEMORY_MANAGED, 0));
    HIP_TRY(copy(memory, init, bytes, hipMemcpyHostToDevice, NULL));
    *pointer = memory;
    add(binary, pointer, name, true, memory);
    return hipSuccess;
}

void __hipRegisterManagedVar(void **binary, void **pointer, void *init, const char *name, size_t bytes,
                             unsigned alignment) {
    (void)alignment; /* addresses are multiples of 16 GiB */
    hipError_t code = call_begin(__func__, CALL_QUEUE);
    if (!code) code = add_managed(binary, pointer, init, name, bytes);
    if (code)
        log_sentence("the managed variable %s is not registered: %s", name ? name : "",
                     hipGetErrorName(code));
    call_end(code);
}

/* The binary's program or library goes away. */
static void unregister(struct fat_binary *b) {
    while (b->first) forget(b->first);
    for (int n = 0; n < DEVICES_MAX; n++)
        if (b->modules[n]) module_unload(b->modules[n]);
    handle_free(HANDLE_FAT_BINARY, b);
}

void __hipUnregisterFatBinary(void **handle) {
    hipError_t code = call_begin(__func__, CALL_HOST);
    struct fat_binary *b = code ? NULL : handle_find(HANDLE_FAT_BINARY, handle);
    if (b) unregister(b);
    call_end(code);
}

/* ---- <<<>>> --------------------------------------------------------------------------------------------- */

/* The arguments of one evaluated <<<>>>, between its push and the stub that pops them. */
#define PUSHED_MAX 16
static _Thread_local struct {
    dim3 grid, block;
    size_t lds_bytes;
    hipStream_t stream;
} pushed[PUSHED_MAX];
static _Thread_local unsigned pushed_count;

hipError_t __hipPushCallConfiguration(dim3 grid, dim3 block, size_t lds_bytes, hipStream_t stream) {
    if (pushed_count == PUSHED_MAX) return hipErrorInvalidConfiguration;
    pushed[pushed_count].grid = grid;
    pushed[pushed_count].block = block;
    pushed[pushed_count].lds_bytes = lds_bytes;
    pushed[pushed_count++].stream = stream;
    return hipSuccess;
}

hipError_t __hipPopCallConfiguration(dim3 *grid, dim3 *block, size_t *lds_bytes, hipStream_t *stream) {
    if (!pushed_count) return hipErrorMissingConfiguration;
    pushed_count--;
    if (grid) *grid = pushed[pushed_count].grid;
    if (block) *block = pushed[pushed_count].block;
    if (lds_bytes) *lds_bytes = pushed[pushed_count].lds_bytes;
    if (stream) *stream = pushed[pushed_count].stream;
    return hipSuccess;
}

/* ---- symbols -------------------------------------------------------------------------------------------- */

static hipError_t symbol(void **address, size_t *size, const void *host) {
    uint64_t at, bytes;
    if (!address && !size) return hipErrorInvalidValue;
    HIP_TRY(registered_variable(host, &at, &bytes));
    if (address) *address = (void *)(uintptr_t)at;
    if (size) *size = bytes;
    return hipSuccess;
}

/* [offset, offset + bytes) of the variable. */
static hipError_t part(const void *host, size_t offset, size_t bytes, unsigned char **out) {
    uint64_t at, size;
    HIP_TRY(registered_variable(host, &at, &size));
    if (offset > size || bytes > size - offset) return hipErrorInvalidValue;
    *out = (unsigned char *)(uintptr_t)(at + offset);
    return hipSuccess;
}

static hipError_t copy_to(const void *host, const void *from, size_t bytes, size_t offset, int kind,
                          hipStream_t stream) {
    unsigned char *to;
    if (kind == hipMemcpyDeviceToHost || kind == hipMemcpyHostToHost) return hipErrorInvalidMemcpyDirection;
    HIP_TRY(part(host, offset, bytes, &to));
    return copy(to, from, bytes, kind, stream);
}

static hipError_t copy_from(void *to, const void *host, size_t bytes, size_t offset, int kind,
                            hipStream_t stream) {
    unsigned char *from;
    if (kind == hipMemcpyHostToDevice || kind == hipMemcpyHostToHost) return hipErrorInvalidMemcpyDirection;
    HIP_TRY(part(host, offset, bytes, &from));
    return copy(to, from, bytes, kind, stream);
}

hipError_t hipGetSymbolAddress(void **address, const void *host) {
    CALL(CALL_QUEUE, address ? symbol(address, NULL, host) : hipErrorInvalidValue);
}
hipError_t hipGetSymbolSize(size_t *bytes, const void *host) {
    CALL(CALL_QUEUE, bytes ? symbol(NULL, bytes, host) : hipErrorInvalidValue);
}
hipError_t hipMemcpyToSymbol(const void *host, const void *from, size_t bytes, size_t offset, int kind) {
    CALL(CALL_BLOCKING, copy_to(host, from, bytes, offset, kind, NULL));
}
hipError_t hipMemcpyToSymbolAsync(const void *host, const void *from, size_t bytes, size_t offset, int kind,
                                  hipStream_t stream) {
    CALL(CALL_QUEUE, copy_to(host, from, bytes, offset, kind, stream));
}
hipError_t hipMemcpyFromSymbol(void *to, const void *host, size_t bytes, size_t offset, int kind) {
    CALL(CALL_BLOCKING, copy_from(to, host, bytes, offset, kind, NULL));
}
hipError_t hipMemcpyFromSymbolAsync(void *to, const void *host, size_t bytes, size_t offset, int kind,
                                    hipStream_t stream) {
    CALL(CALL_QUEUE, copy_from(to, host, bytes, offset, kind, stream));
}

static hipError_t by_symbol(hipFunction_t *out, const void *host) {
    struct function *f;
    if (!out) return hipErrorInvalidValue;
    HIP_TRY(registered_function(host, &f));
    *out = f;
    return hipSuccess;
}
hipError_t hipGetFuncBySymbol(hipFunction_t *function, const void *host) {
    CALL(CALL_QUEUE, by_symbol(function, host));
}
