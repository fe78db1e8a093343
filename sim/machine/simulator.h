/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the public handles are made of, and the calls between the parts of the machine. */
#ifndef RDNASIM_SIMULATOR_H
#define RDNASIM_SIMULATOR_H

#include <pthread.h>

#include "after_fork.h"
#include "exec/wave.h"

struct pool;

/* Written to everything that the hardware leaves undefined: a NaN as fp32, fp16 and bf16, and no address. */
#define POISON UINT32_C(0xfff3fff3)

/* Executions of every operation: of[] counts instructions, second[] the other halves of dual-issue pairs. */
struct op_counts {
    uint64_t of[OP_COUNT], second[OP_COUNT];
};

struct rdnasim {
    struct memory memory;
    const struct target *target;
    rdnasim_simd simd;
    uint64_t schedule_seed, quota;
    struct pool *pool;
    pthread_mutex_t lock; /* held by every call that changes memory or objects, and by a launch throughout */
    struct after_fork after_fork;
    rdnasim_object *objects;
    unsigned checks; /* RDNASIM_CHECK_*: strict mode */
    bool approximate_wmma;
    struct op_counts profile;     /* of the last launch */
    exec_fn *executors[OP_COUNT]; /* of the chosen SIMD level; null where nobody models the operation */
};

struct rdnasim_kernel {
    rdnasim_object *object;
    rdnasim_kernel_info info; /* strings and arguments are the object's, see metadata.h */
    struct descriptor {
        uint32_t rsrc1, rsrc2, properties;
    } descriptor;
    struct program *program; /* decoded as it is executed */
};

struct rdnasim_object {
    rdnasim *sim;
    rdnasim_object *next;
    unsigned char *image; /* the loaded segments; the host side of a binding */
    uint64_t address;     /* of the image in simulated memory */
    uint32_t *code;       /* the executable segment, as it was in the file */
    uint32_t code_dwords;
    uint64_t code_address; /* of code[0] in simulated memory */
    struct metadata *metadata;
    struct variables *variables; /* addresses as in simulated memory */
    struct lines *lines;
    size_t kernel_count;
    rdnasim_kernel *kernels;
};

/* ---- report.c ------------------------------------------------------------------------------------------ */

/* Empties the report (null is accepted); for the start of a public call. Returns RDNASIM_OK. */
rdnasim_status report_clear(rdnasim_report *report);
/* Stores status and sentence (report may be null) and returns status. */
rdnasim_status report_fail(rdnasim_report *report, rdnasim_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "16 bytes past the end of buffer 'x' (...)": where an address lies, for the end of a sentence. */
void describe_address(const struct memory *m, uint64_t address, uint32_t bytes, unsigned access, char *text,
                      size_t text_bytes);
/* " (kernel.c:42)": the source line of an instruction; nothing if it is not known. */
void describe_line(const rdnasim_kernel *kernel, uint64_t pc, char *text, size_t text_bytes);
/* Turns what wave_fault noted into the full report of the instruction at w->pc. */
void report_complete(rdnasim_report *report, const struct wave *w, const rdnasim_kernel *kernel);

#define REPORT_IF(condition, report, status, ...)                                                            \
    do {                                                                                                     \
        if (condition) return report_fail(report, status, __VA_ARGS__);                                      \
    } while (0)

/* ---- memory.c ------------------------------------------------------------------------------------------ */

/* Undefined bits for a buffer and READ_MAX bytes from its start on at least, which are undefined behind its end; null
 * without memory. */
unsigned char *memory_track(struct memory *m, const struct binding *b);
/* As rdnasim_bind and rdnasim_unbind, for callers that hold the lock. */
rdnasim_status memory_bind(struct memory *m, void *host, uint64_t bytes, unsigned access, const char *name,
                           uint64_t *address, rdnasim_report *report);
bool memory_unbind(struct memory *m, uint64_t address); /* false: no binding starts there */

/* ---- program.c: the instructions of one kernel, decoded at their first execution ----------------------- */

struct program *program_create(const rdnasim_object *object, uint32_t entry, unsigned vgpr_count,
                               unsigned wave_size);
void program_destroy(struct program *program); /* null is accepted */
bool program_prepare(struct program *program); /* before a launch; false: no memory */
uint32_t program_entry(const struct program *program);
/* Never null: what cannot be decoded is an instruction that stops the wave with the reason. */
struct decoded *program_decode(struct program *program, uint32_t pc);

/* ---- run.c --------------------------------------------------------------------------------------------- */

/*
 * Executes until the wave leaves WAVE_RUNNING or its instructions have cost `share` (at most INT64_MAX) or more;
 * returns what they cost.
 */
uint64_t run_wave(struct wave *w, struct program *program, struct op_counts *counts, uint64_t share);

/* ---- kernarg.c ----------------------------------------------------------------------------------------- */

/* The kernel argument segment of a launch: explicit arguments copied, hidden ones filled in. */
void kernarg_fill(unsigned char *segment, const rdnasim_kernel *kernel, const rdnasim_launch *launch,
                  uint64_t queue_address);
/* What a kernel wanted that accesses this address, an argument of a service that is not modelled; else null. */
const char *kernarg_service(uint64_t address);
#define DISPATCH_PACKET_BYTES 64
void dispatch_packet_fill(unsigned char packet[DISPATCH_PACKET_BYTES], const rdnasim_kernel *kernel,
                          const rdnasim_launch *launch, uint64_t kernarg_address);

#endif
