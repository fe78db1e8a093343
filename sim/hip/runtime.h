/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What the exported calls share: one simulated device, the living handles, how a call begins and ends.
 *
 * Work is done when it is submitted, in the order of submission over all streams and threads: one legal order
 * of those that a card may choose. One lock is held throughout every call.
 */
#ifndef SIM_HIP_RUNTIME_H
#define SIM_HIP_RUNTIME_H

#include <stdbool.h>

#include "api.h"
#include "rdnasim.h"

enum { DEVICES_MAX = 16, DEVICE_UUID_BYTES = 16 };

/* All cards are of one kind and share the simulated machine and its addresses. */
extern struct runtime {
    rdnasim *sim;
    const rdnasim_target *card;   /* whose name, memory and clocks are reported */
    const rdnasim_target *target; /* what it executes: the card's, or HSA_OVERRIDE_GFX_VERSION's */
    bool strict;
    bool goes_on;      /* after what strict mode finds */
    hipError_t sticky; /* after a fault every call that needs the device returns this */
    unsigned device_count;
    struct device {
        unsigned card; /* its number in the machine: visible ones are counted anew */
        size_t used;   /* bytes of its memory */
    } devices[DEVICES_MAX];
} runtime;

/* ---- environment.c ------------------------------------------------------------------------------------- */

/* Reads the variables into options and the devices of the runtime; false: one is wrong, and the log says which. */
bool environment_read(rdnasim_options *options);

/* ---- device.c ------------------------------------------------------------------------------------------ */

unsigned current_device(void); /* of this thread */
bool is_device(int device);
void device_uuid(unsigned card, char text[DEVICE_UUID_BYTES + 1]);

/* ---- runtime.c: calls --------------------------------------------------------------------------------- */

enum call_kind {
    CALL_HOST,     /* asks nothing of the device */
    CALL_QUEUE,    /* starts the runtime; returns a sticky error */
    CALL_UNSAFE,   /* allocates or frees: also refused during the captures of the thread's capture mode */
    CALL_BLOCKING, /* waits for the device: also refused during every capture */
    CALL_RELEASE   /* gives up a handle, also after a sticky error */
};

/* Takes the lock. Anything but success means that the call fails with this code before it does anything. */
hipError_t call_begin(const char *name, enum call_kind kind);
/* Notes the code as the thread's last error, and releases the lock. */
hipError_t call_end(hipError_t code);
hipError_t last_error_take(bool clear);
/* A function of the program that a stream runs: it may not call HIP. */
void call_host_function(void (*function)(void *), void *data);

/* The body of an exported call: an expression that gives an error code. */
#define CALL(kind, body)                                                                                     \
    do {                                                                                                     \
        hipError_t code_ = call_begin(__func__, kind);                                                       \
        if (!code_) code_ = (body);                                                                          \
        return call_end(code_);                                                                              \
    } while (0)

#define HIP_TRY(call)                                                                                        \
    do {                                                                                                     \
        hipError_t try_ = (call);                                                                            \
        if (try_) return try_;                                                                               \
    } while (0)

/* A fault: its sentence to RDNASIM_HIP_LOG, and as a line of JSON to RDNASIM_REPORT. */
void log_report(const rdnasim_report *report);
/* Writes a sentence where RDNASIM_HIP_LOG says; nothing if it is not set. */
void log_sentence(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The HIP error for what stopped a call of the simulator; a kernel's fault becomes the sticky error. */
hipError_t error_from_report(const rdnasim_report *report, bool *fault);

/* errors.c: the code of "hipErrorName" or of a number; -1 if there is none. */
hipError_t error_from_name(const char *name, size_t length);

/* ---- runtime.c: handles ------------------------------------------------------------------------------- */

enum handle_kind {
    HANDLE_ALLOCATION,
    HANDLE_MODULE,
    HANDLE_FAT_BINARY,
    HANDLE_FUNCTION,
    HANDLE_STREAM,
    HANDLE_POOL,
    HANDLE_EVENT,
    HANDLE_GRAPH,
    HANDLE_GRAPH_EXEC,
    HANDLE_KINDS
};

/* First member of everything that a program holds a pointer to. */
struct handle {
    struct handle *next, *previous; /* of its kind, the newest first */
};

void *handle_new(enum handle_kind kind, size_t bytes); /* zeroed; null: no memory */
/*
 * Null if it is not a living handle of that kind. In logarithmic time: a program may have 30,000 functions.
 */
void *handle_find(enum handle_kind kind, const void *pointer);
void handle_free(enum handle_kind kind, void *pointer);
struct handle *handle_first(enum handle_kind kind);

void settings_reset(void); /* settings.c */

struct pool;

/* ---- memory.c ----------------------------------------------------------------------------------------- */

struct allocation {
    struct handle handle;
    uint64_t address;     /* simulated: what the program sees of device memory */
    void *host;           /* what the program sees of pinned memory */
    size_t bytes, mapped; /* mapped is 0 for memory that is the program's own */
    unsigned flags, device;
    struct pool *pool;    /* that it was taken from, or null */
    unsigned graph_nodes; /* that allocate it: it is theirs, and the program's while it is live */
    bool live;
    enum allocation_kind { MEMORY_DEVICE, MEMORY_PINNED, MEMORY_REGISTERED, MEMORY_MANAGED } kind;
};

hipError_t memory_reset(void); /* frees everything */
/* Memory that program and kernels know by the same address, among others. */
hipError_t allocate(void **pointer, size_t bytes, enum allocation_kind kind, unsigned flags);
/* The allocation that holds the byte, by its simulated or its pinned address, or null. */
struct allocation *allocation_at(const void *pointer, uint64_t *offset);

/* One more node of a graph allocates the block (1), or one less (-1): with the last one it goes, unless it is live. */
void memory_of_graph(const void *pointer, int change);
bool memory_is_live(const void *pointer); /* of a graph's block: it was allocated and not freed since */

/* Its allocations belong to no pool any more. */
void memory_forget_pool(const struct pool *pool);

/* ---- pool.c ------------------------------------------------------------------------------------------- */

struct pool *pool_current(unsigned device); /* null: no memory */
void pool_takes(struct pool *pool, uint64_t bytes);
void pool_gives(struct pool *pool, uint64_t bytes);
void pools_reset(void);

/* ---- module.c ----------------------------------------------------------------------------------------- */

struct module;

struct function {
    struct handle handle;
    const rdnasim_kernel *kernel;
};

/* image: a code object or a bundle of them, compressed or not, without a size: its headers say where it ends. */
hipError_t module_load(struct module **out, const void *image);
void module_unload(struct module *module);
struct function *module_function(const struct module *module, const char *name); /* or null */
bool module_variable(const struct module *module, const char *name, uint64_t *address, uint64_t *bytes);
void modules_reset(void);

/* ---- register.c: what a compiled program has registered ----------------------------------------------- */

/* The function behind the host's address of a __global__ function. */
hipError_t registered_function(const void *host, struct function **out);
/* Where the variable is that the host knows by this address. */
hipError_t registered_variable(const void *host, uint64_t *address, uint64_t *bytes);
void registered_reset(void); /* their modules are loaded again at their next use */

/* ---- launch.c ----------------------------------------------------------------------------------------- */

struct shape {
    uint64_t items[3];
    uint32_t block[3];
    size_t lds_bytes;
    bool cooperative; /* all work-groups at once: they may wait for each other */
};

struct shape shape_of(dim3 grid, dim3 block, size_t lds_bytes);
hipError_t launch(struct function *function, const struct shape *shape, hipStream_t stream, void **params,
                  void **extra);

/* ---- function.c: attributes and occupancy ------------------------------------------------------------- */

enum { BLOCK_MAX = 1024, LDS_MAX = 65536 }; /* of a work-group */

/* Work-groups of `items` work-items that the card holds at once in a work-group processor. */
uint32_t groups_per_processor(const struct function *function, uint32_t items, size_t dynamic_lds_bytes);

/* ---- stream.c ----------------------------------------------------------------------------------------- */

struct capture;

struct stream {
    struct handle handle;
    unsigned flags, device;
    int priority;
    struct capture *capture; /* that it takes part in, or null */
    uint64_t last_node,
        joined_node; /* counts of its captured work, and of that which another stream waits for */
};

struct event {
    struct handle handle;
    unsigned flags;
    bool recorded;
    double seconds;
    struct capture *capture; /* it was last recorded in */
    struct stream *stream;   /* of that capture */
    uint64_t node;
};

/* *out is null for the null stream, in all its names. */
hipError_t stream_find(hipStream_t handle, struct stream **out);
hipError_t event_record(hipEvent_t event, hipStream_t stream);

/* ---- capture.c ---------------------------------------------------------------------------------------- */

struct node {
    struct node *next;
    enum { NODE_COPY, NODE_FILL, NODE_LAUNCH, NODE_CALL, NODE_ALLOCATE, NODE_FREE } kind;
    void *to;
    const void *from;
    size_t bytes, rows, to_pitch, from_pitch; /* of every row; rows 0: one */
    int copy_kind;
    bool again;           /* a block that is still live is freed and allocated anew */
    void (*call)(void *); /* of the host, with `to` */
    uint32_t value, value_bytes;
    struct function *function;
    rdnasim_launch launch; /* its kernarg is that below */
    unsigned char kernarg[];
};

/* copy.c, launch.c, memory.c: do the work now. */
hipError_t copy_now(const struct node *node);
hipError_t fill_now(const struct node *node);
hipError_t launch_now(const struct node *node);
hipError_t allocate_now(const struct node *node);
hipError_t free_now(const struct node *node);

/* copy.c: `bytes` bytes, in order with the stream's work. */
hipError_t copy(void *to, const void *from, size_t bytes, int kind, hipStream_t stream);

/* Does the node's work, or records a copy of it if the stream is captured. kernarg lies behind the node. */
hipError_t submit(const struct node *node, hipStream_t stream);

/* Whether a call that allocates is refused in this thread; the captures it would disturb become invalid. */
hipError_t capture_check_unsafe(void);
hipError_t capture_check_blocking(void);
hipError_t capture_check_stream(struct stream *stream); /* a wait for this stream alone */
hipError_t capture_record_event(struct event *event, struct stream *stream);
hipError_t capture_wait_event(struct stream *stream, struct event *event);
void capture_forget_stream(struct stream *stream); /* before it is destroyed */
void captures_reset(void);

#endif
