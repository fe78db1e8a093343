/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * rdnasim: runs gfx11 (RDNA3) code objects on the host, without a GPU and without ROCm.
 *
 *     rdnasim_create -> rdnasim_bind buffers -> rdnasim_load an ELF -> rdnasim_run a kernel -> read results
 *
 * Everything that can go wrong (a damaged code object, an instruction that is not modelled, a wild address)
 * comes back as a status and a rdnasim_report; the library never prints, aborts or exits. A kernel computes
 * the same bits on every host, at every SIMD level, thread count and schedule.
 *
 * A library may be newer than the header that its user was compiled with, within a soname; never older.
 * Structs that the caller fills begin with struct_size; shorter ones, of an older header, are taken, and fields
 * that they lack count as 0. Where the library fills the caller's memory, `reserved` is 0 and makes room for
 * later fields. Structs that the library owns may grow at their end; those within others stay as they are.
 */
#ifndef RDNASIM_H
#define RDNASIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(RDNASIM_BUILDING)
#define RDNASIM_API __attribute__((visibility("default")))
#else
#define RDNASIM_API
#endif

#define RDNASIM_VERSION_MAJOR  0
#define RDNASIM_VERSION_MINOR  1
#define RDNASIM_VERSION_PATCH  0
#define RDNASIM_VERSION_STRING "0.1.0"

/* The library's own, which may be newer than the header that a program was compiled with. */
RDNASIM_API const char *rdnasim_version(void);

typedef struct rdnasim rdnasim;               /* one machine: memory, host threads, options */
typedef struct rdnasim_object rdnasim_object; /* a loaded code object */
typedef struct rdnasim_kernel rdnasim_kernel; /* a kernel of it; lives as long as the object */

typedef enum rdnasim_status {
    RDNASIM_OK = 0,
    RDNASIM_INVALID_ARGUMENT = -1,
    RDNASIM_BAD_OBJECT = -2,   /* not an ELF, not gfx11, damaged, contradictory */
    RDNASIM_UNSUPPORTED = -3,  /* legal, but not modelled: the report names the instruction or feature */
    RDNASIM_ILLEGAL = -4,      /* not an instruction of this target */
    RDNASIM_MEMORY_FAULT = -5, /* an access outside every buffer, or against its permissions */
    RDNASIM_TRAP = -6,         /* s_trap */
    RDNASIM_TIMEOUT = -7,      /* instruction quota used up: an endless loop */
    RDNASIM_OUT_OF_MEMORY = -8,
    RDNASIM_STRICT = -9,  /* a check of strict mode has found a fault; report.check says which */
    RDNASIM_STOPPED = -10 /* by rdnasim_stop */
} rdnasim_status;

/*
 * What strict mode looks for: bits of rdnasim_options.checks. Accesses outside every buffer stop a run always,
 * but for aligned loads that begin inside one and atomics on its last, partial dword (docs/strict.md).
 */
typedef enum rdnasim_check {
    RDNASIM_CHECK_UNDEFINED = 1, /* a value that nobody wrote reaches an address, a branch, EXEC or a store */
    RDNASIM_CHECK_ALIGNMENT =
        2, /* an access that is not a multiple of its element's size: legal, and served in pieces */
    RDNASIM_CHECK_WAIT = 4,    /* a register is used before its load has been waited for */
    RDNASIM_CHECK_RACE = 8,    /* unordered accesses by two waves (LDS) or two work-groups (global memory) */
    RDNASIM_CHECK_HAZARD = 16, /* a dependent WMMA without the instruction that the hardware needs between */
    RDNASIM_CHECK_BARRIER =
        32, /* waves of a group wait at different barriers, or one ends without arriving */
    RDNASIM_CHECK_LDS_ORDER =
        64, /* an LDS access that nobody has waited for is followed by a barrier, and that by a conflicting one */
    RDNASIM_CHECK_ALL = 127,
    RDNASIM_CHECK_DEFAULT = RDNASIM_CHECK_ALL & ~RDNASIM_CHECK_ALIGNMENT /* clang does not align everything */
} rdnasim_check;

/*
 * Checks from a list of names: "all", "race,wait", "all,-lds-order"; a list that begins with '-' leaves out from the default.
 * Names: default, all, undefined, alignment, wait, race, hazard, barrier, lds-order. RDNASIM_INVALID_ARGUMENT names what
 * is none, and leaves *checks.
 */
struct rdnasim_report;
RDNASIM_API rdnasim_status rdnasim_parse_checks(const char *list, unsigned *checks,
                                                struct rdnasim_report *report);
/* The name of one check; "" for none and for several. */
RDNASIM_API const char *rdnasim_check_name(rdnasim_check check);
/* What clears its finds, as a part of a sentence: "an s_waitcnt on that counter in between"; "" for none and for several. */
RDNASIM_API const char *rdnasim_check_rule(rdnasim_check check);

/* Where an undefined value comes from. */
typedef enum rdnasim_origin {
    RDNASIM_ORIGIN_UNKNOWN = 0,
    RDNASIM_ORIGIN_REGISTER = 1, /* nobody has written origin_register: v0 to v255 are 0 to 255, s0 is 256 */
    RDNASIM_ORIGIN_LOAD = 2      /* the instruction at origin_pc read memory that is undefined */
} rdnasim_origin;

/* What stopped a call, or what strict mode has found. Fields that do not apply are zero; `text` is always a complete sentence. */
typedef struct rdnasim_report {
    rdnasim_status status;
    rdnasim_check check; /* of RDNASIM_STRICT; else 0 */
    char text[1024];
    char kernel[128];
    char instruction[192]; /* disassembly */
    uint64_t pc;           /* bytes from the kernel's first instruction */
    uint32_t encoding[4];  /* dwords of the instruction; encoding_dwords of them are valid */
    uint32_t encoding_dwords;
    uint32_t workgroup[3];
    uint32_t wave;         /* in the work-group */
    uint32_t lane;         /* the first offending one */
    uint64_t address;      /* simulated */
    uint32_t bytes;        /* size of the access */
    rdnasim_origin origin; /* of the undefined value, with RDNASIM_CHECK_UNDEFINED */
    uint32_t origin_register;
    uint64_t origin_pc;
    uint32_t line;                /* of the source, from 1; 0: not known, as without clang's -g */
    uint16_t file_at, file_bytes; /* its file's name is these bytes of text */
    uint64_t reserved;
} rdnasim_report;

/*
 * The report as one JSON object without line breaks (docs/json.md), as snprintf does it: returns its length, of which at
 * most bytes - 1 are stored. RDNASIM_REPORT_JSON_BYTES suffice for every report.
 */
#define RDNASIM_REPORT_JSON_BYTES 4096
RDNASIM_API size_t rdnasim_report_json(const rdnasim_report *report, char *text, size_t bytes);

/* How lanes are computed on the host; all levels give the same bits. */
typedef enum rdnasim_simd {
    RDNASIM_SIMD_AUTO = 0,
    RDNASIM_SIMD_PORTABLE = 1,
    RDNASIM_SIMD_AVX2 = 2,
    RDNASIM_SIMD_AVX512 = 3
} rdnasim_simd;

typedef struct rdnasim_options {
    size_t struct_size;
    const char *target;     /* default (null) the first of rdnasim_target_at, "gfx1100" */
    int threads;            /* host threads; 0 (default) = all available */
    rdnasim_simd simd;      /* default AUTO; a level that the host lacks is refused */
    uint64_t schedule_seed; /* 0 (default) = work-groups and waves in order, else a seeded random order */
    uint64_t quota;         /* instructions a wave may execute; see the end; 0 = RDNASIM_DEFAULT_QUOTA */
    unsigned checks;        /* RDNASIM_CHECK_* bits: strict mode; 0 (default) = none */
    int approximate_wmma; /* 1 = WMMA in plain fp32, faster, with other last bits than the silicon; default 0 */
} rdnasim_options;

RDNASIM_API void rdnasim_options_init(rdnasim_options *options, size_t struct_size); /* sizeof *options */
/* options may be null. */
RDNASIM_API rdnasim_status rdnasim_create(const rdnasim_options *options, rdnasim **out,
                                          rdnasim_report *report);
RDNASIM_API void rdnasim_destroy(rdnasim *sim); /* null is accepted; frees its objects and bindings */
RDNASIM_API const char *rdnasim_simd_name(const rdnasim *sim); /* "avx512", "avx2", "portable" */
RDNASIM_API int rdnasim_threads(const rdnasim *sim);

/* ---- memory ---------------------------------------------------------------------------------------- */

#define RDNASIM_READ         1u
#define RDNASIM_WRITE        2u
#define RDNASIM_SAME_ADDRESS 4u /* *address is the host's own: one pointer serves both */
/* host must be a multiple of this then, below 2^47, and no other binding may be near; else INVALID_ARGUMENT. */
#define RDNASIM_ADDRESS_STEP (UINT64_C(1) << 34)

/*
 * Makes `bytes` bytes (0 is allowed) of host memory visible to kernels at *address, a multiple of 256 whatever host's
 * own alignment is. The memory stays the caller's and must outlive the binding. Distinct bindings are far apart, so
 * that no stray offset reaches a neighbour. name is copied and appears in reports; null is accepted.
 */
RDNASIM_API rdnasim_status rdnasim_bind(rdnasim *sim, void *host, size_t bytes, unsigned access,
                                        const char *name, uint64_t *address, rdnasim_report *report);
RDNASIM_API rdnasim_status rdnasim_unbind(rdnasim *sim, uint64_t address, rdnasim_report *report);
/* Host pointer behind [address, address + bytes), or null if that is not inside one binding. */
RDNASIM_API void *rdnasim_host_pointer(const rdnasim *sim, uint64_t address, size_t bytes);

/*
 * Strict mode takes bound memory as written. Memory that the program has not filled is declared here (defined = 0),
 * and copies into it are (defined = 1); kernels' stores define what they write. Without RDNASIM_CHECK_UNDEFINED
 * nothing happens. The range must lie inside one binding.
 */
RDNASIM_API rdnasim_status rdnasim_mark(rdnasim *sim, uint64_t address, size_t bytes, int defined,
                                        rdnasim_report *report);

/* ---- code objects ---------------------------------------------------------------------------------- */

/* What the ELF header says the code is for, "gfx1100"; null if it is no code object of a target that is simulated. */
RDNASIM_API const char *rdnasim_elf_target(const void *elf, size_t bytes);

/* Copies what it needs: `bytes` may be freed afterwards. Offload bundles are refused with that reason. */
RDNASIM_API rdnasim_status rdnasim_load(rdnasim *sim, const void *elf, size_t bytes, rdnasim_object **out,
                                        rdnasim_report *report);
RDNASIM_API void rdnasim_unload(rdnasim_object *object);                     /* null is accepted */
RDNASIM_API const char *rdnasim_object_target(const rdnasim_object *object); /* "gfx1100" */
RDNASIM_API size_t rdnasim_object_kernels(const rdnasim_object *object);
RDNASIM_API const rdnasim_kernel *rdnasim_object_kernel(const rdnasim_object *object, size_t index);
/* By metadata name, without ".kd"; null if there is none. */
RDNASIM_API const rdnasim_kernel *rdnasim_find_kernel(const rdnasim_object *object, const char *name);
/*
 * A variable of the code object (__device__, __constant__): where kernels see it, and its size. Its bytes may be read and
 * written through rdnasim_host_pointer. 0: there is none of that name; nothing is stored then.
 */
RDNASIM_API int rdnasim_find_variable(const rdnasim_object *object, const char *name, uint64_t *address,
                                      uint64_t *bytes);

typedef struct rdnasim_arg {
    const char *value_kind; /* "global_buffer", "by_value", "hidden_block_count_x", ... as in the metadata */
    uint32_t offset, size;
} rdnasim_arg;

typedef struct rdnasim_kernel_info {
    const char *name;
    const char *target;      /* its code object's, "gfx1100" */
    uint32_t kernarg_bytes;  /* hidden arguments included */
    uint32_t explicit_bytes; /* up to the end of the last argument that is not hidden */
    uint32_t lds_bytes;      /* static */
    uint32_t scratch_bytes;  /* per lane */
    uint32_t wave_size;      /* 32 or 64 */
    uint32_t sgprs, vgprs, sgpr_spills, vgpr_spills;
    uint32_t max_block; /* work-items in a work-group */
    uint32_t code_bytes;
    uint32_t
        wgp_mode; /* 1: a work-group may have all SIMDs of a work-group processor; 0: those of a compute unit */
    size_t arg_count;
    const rdnasim_arg *args;
} rdnasim_kernel_info;
/* Lives as long as the kernel; its last fields are those of the library that runs. */
RDNASIM_API const rdnasim_kernel_info *rdnasim_get_kernel_info(const rdnasim_kernel *kernel);

/* The kernel's instructions as they are in the file: info.code_bytes / 4 dwords, the object's. */
RDNASIM_API const uint32_t *rdnasim_kernel_code(const rdnasim_kernel *kernel);

/* ---- targets --------------------------------------------------------------------------------------- */

/* What is known of a target and of a card that has it. */
typedef struct rdnasim_target {
    const char *name;       /* "gfx1100" */
    const char *generation; /* "gfx11": its targets share their encodings */
    const char *family;     /* "gfx110x" */
    uint32_t mach;          /* e_flags & 0xff of its code objects */
    uint32_t simd_vgprs;    /* that each of 32 lanes has in a SIMD, all waves together */
    uint32_t vgpr_granule;  /* a wave gets a multiple of this many; a wave64 takes two for one */
    uint32_t simd_waves;    /* that a SIMD holds, at most */
    uint32_t processor_simds, processor_lds_bytes; /* of a work-group processor: two compute units */
    uint32_t group_lds_bytes, lds_granule;         /* what a work-group gets at most, and in which granules */
    const char *card;                              /* "AMD Radeon RX 7900 XTX" */
    uint32_t compute_units, clock_mhz;
    uint32_t memory_clock_mhz, memory_bus_bits; /* as HIP reports them */
    uint32_t l2_mib, memory_gib;
    int integrated; /* the memory is the host's */
} rdnasim_target;

/* All targets that are simulated: null beyond the last. */
RDNASIM_API const rdnasim_target *rdnasim_target_at(size_t index);
/* Null if it is not simulated. A null name is the default's. */
RDNASIM_API const rdnasim_target *rdnasim_find_target(const char *name);
/*
 * Waves of a kernel that a SIMD holds at once, as registers and LDS allow: `items` work-items in a work-group,
 * `lds_bytes` with dynamic LDS. 0 if not even one work-group fits.
 */
RDNASIM_API uint32_t rdnasim_occupancy(const rdnasim_target *target, const rdnasim_kernel_info *kernel,
                                       uint32_t lds_bytes, uint32_t items);
/* The work-groups that a work-group processor holds at once by the same rule. */
RDNASIM_API uint32_t rdnasim_resident_groups(const rdnasim_target *target, const rdnasim_kernel_info *kernel,
                                             uint32_t lds_bytes, uint32_t items);

/* ---- instructions, as observers see them --------------------------------------------------------- */

/* Which issue port of the SIMD an instruction uses. */
typedef enum rdnasim_port {
    RDNASIM_PORT_VALU = 0,
    RDNASIM_PORT_TRANS,
    RDNASIM_PORT_WMMA,
    RDNASIM_PORT_SALU,
    RDNASIM_PORT_SMEM,
    RDNASIM_PORT_VMEM,
    RDNASIM_PORT_LDS,
    RDNASIM_PORT_BRANCH,
    RDNASIM_PORT_IMMEDIATE, /* s_nop, s_waitcnt*, s_delay_alu, s_barrier, s_endpgm, ... */
    RDNASIM_PORTS
} rdnasim_port;

/* Operations of one class take the hardware equally long; named after the port where nothing finer is known. */
typedef enum rdnasim_latency {
    RDNASIM_LATENCY_SALU = 0,
    RDNASIM_LATENCY_BRANCH,
    RDNASIM_LATENCY_IMMEDIATE,
    RDNASIM_LATENCY_SMEM,
    RDNASIM_LATENCY_VMEM,
    RDNASIM_LATENCY_LDS,
    RDNASIM_LATENCY_ALU32,
    RDNASIM_LATENCY_ALU64, /* shifts and comparisons of 64 bits, swaps */
    RDNASIM_LATENCY_MUL32, /* products of 32-bit integers */
    RDNASIM_LATENCY_DOT,
    RDNASIM_LATENCY_F64,
    RDNASIM_LATENCY_TRANS,
    RDNASIM_LATENCY_TRANS64,
    RDNASIM_LATENCY_WMMA32, /* named after their cycles on gfx11 */
    RDNASIM_LATENCY_WMMA16,
    RDNASIM_LATENCIES
} rdnasim_latency;

/* What counts operations that are under way. */
typedef enum rdnasim_counter {
    RDNASIM_COUNTER_VM = 0, /* vector memory that returns something */
    RDNASIM_COUNTER_VS,     /* vector memory that does not */
    RDNASIM_COUNTER_LGKM,   /* LDS, scalar memory, messages */
    RDNASIM_COUNTER_EXP,
    RDNASIM_COUNTERS
} rdnasim_counter;

typedef enum rdnasim_operand_kind {
    RDNASIM_OPERAND_NONE = 0,
    RDNASIM_OPERAND_VGPR,
    RDNASIM_OPERAND_SGPR,     /* reg: s0 to s105, VCC 106, TTMP 108, NULL 124, M0 125, EXEC 126 */
    RDNASIM_OPERAND_CONSTANT, /* value */
    RDNASIM_OPERAND_SPECIAL   /* reg: apertures 235 to 238, SCC 253 */
} rdnasim_operand_kind;

typedef struct rdnasim_operand {
    rdnasim_operand_kind kind;
    uint32_t reg;          /* the first one; of a mask of 64 lanes, the lower half's */
    uint32_t dwords;       /* registers that it takes */
    int upper;             /* a 16-bit operand in the upper half of its register */
    int negated, absolute; /* absolute first */
    uint64_t value;        /* of a constant, in the form of the operand's type */
} rdnasim_operand;

#define RDNASIM_NO_WAIT (-1)

/* A decoded instruction; the same one at every execution, and valid until its code object is unloaded. */
typedef struct rdnasim_instruction {
    const char *opcode; /* "v_dot2_f32_f16", whatever its encoding */
    uint64_t pc;        /* bytes from the kernel's first instruction */
    uint32_t bytes;     /* of its encoding */
    const uint32_t *encoding;
    rdnasim_port port;
    rdnasim_latency latency;
    int idle;   /* s_nop, s_delay_alu, s_clause, s_waitcnt* */
    int branch; /* may go elsewhere than to the instruction behind it */
    int reads_scc, writes_scc;
    unsigned counters;           /* that count it: bits 1 << RDNASIM_COUNTER_* */
    int waits[RDNASIM_COUNTERS]; /* how many of a counter it leaves open at most, or RDNASIM_NO_WAIT */
    int32_t immediate;           /* signed: a memory instruction's offset, else its 16 bits */
    unsigned cache;              /* bits as the generation has them; gfx11: 1 glc, 2 slc, 4 dlc */
    rdnasim_operand destination, mask_destination; /* the latter: one bit per lane; carry-out, comparisons */
    rdnasim_operand sources[4]; /* memory: address, data, second data or scalar address, ... */
    /* The second half of a dual-issue pair, or null; both read before either writes. */
    const struct rdnasim_instruction *dual;
} rdnasim_instruction;

/*
 * Decodes one instruction without a machine, as observers see it. code: `dwords` dwords; pc: what it is to be called.
 * Returns how many dwords it takes (at most 4), or 0 if they are no instruction of the target (null: the default's) or
 * are cut off; then out is left alone. A dual-issue pair has its second half in out[1]. The encoding is the caller's.
 */
RDNASIM_API uint32_t rdnasim_decode(const char *target, const uint32_t *code, size_t dwords, uint64_t pc,
                                    rdnasim_instruction out[2]);

/* ---- observers ------------------------------------------------------------------------------------- */

typedef struct rdnasim_wave rdnasim_wave; /* the registers of a wave that runs; of use during a call only */

/* Registers beyond the wave's, and lanes beyond its size, read as 0. */
RDNASIM_API uint32_t rdnasim_read_sgpr(const rdnasim_wave *wave, unsigned reg); /* as in operands */
RDNASIM_API uint32_t rdnasim_read_vgpr(const rdnasim_wave *wave, unsigned reg, unsigned lane);
RDNASIM_API uint32_t rdnasim_read_scc(const rdnasim_wave *wave);
RDNASIM_API uint32_t rdnasim_read_mode(const rdnasim_wave *wave); /* MODE: rounding, denormals, ... */
/* The first 32 or 64 bits of an operand, without its modifiers. */
RDNASIM_API uint64_t rdnasim_read_operand(const rdnasim_wave *wave, const rdnasim_operand *operand,
                                          unsigned lane);
/* Stops the wave, and so the launch, with RDNASIM_STOPPED and this sentence; for calls about waves. */
RDNASIM_API void rdnasim_stop(rdnasim_wave *wave, const char *why);

struct rdnasim_launch;

#define RDNASIM_SPACE_NONE       0u
#define RDNASIM_SPACE_GLOBAL     1u
#define RDNASIM_SPACE_LDS        2u
#define RDNASIM_SPACE_SCRATCH    3u
#define RDNASIM_SPACE_SCALAR     4u /* global memory through the scalar cache; one address, in lane 0 */
/* FLAT instructions access GLOBAL; these addresses plus 32 bits are LDS and the lane's scratch there. */
#define RDNASIM_APERTURE_LDS     (UINT64_C(1) << 48)
#define RDNASIM_APERTURE_SCRATCH (UINT64_C(2) << 48)

enum { RDNASIM_PARTS = 4 };

/* What an observer is told. Valid only during the call. */
typedef struct rdnasim_event {
    const rdnasim_kernel *kernel;
    uint32_t workgroup[3];
    uint64_t workgroup_index; /* in the grid, x running fastest */
    /* Of waves and instructions: */
    uint32_t wave; /* in the work-group */
    uint32_t wave_size;
    rdnasim_wave *state;
    /* Of instructions: */
    const rdnasim_instruction *instruction; /* else null */
    uint64_t exec;                          /* lanes that were active before it */
    /* After instructions: */
    uint64_t next_pc;  /* bytes from the kernel's first instruction */
    int taken;         /* it went elsewhere than to the instruction behind it */
    unsigned space;    /* RDNASIM_SPACE_* */
    int store, atomic; /* an atomic operation is a store, too */
    uint32_t bytes;    /* of each lane's access, or part of it */
    /* How many addresses a lane has: two of LDS instructions with two offsets, and the dwords of buffer accesses. */
    uint32_t parts;
    /* [part][lane], valid where exec has a bit; 0 of a buffer's dword that is out of range. Null in space NONE. */
    const uint64_t (*addresses)[64];
} rdnasim_event;

/*
 * Who is told what happens. Any call may be null; none may change what a kernel computes.
 * Calls of one work-group come from one host thread, in program order of each wave; different work-groups call
 * concurrently unless rdnasim_launch.resident says otherwise. Launches without an observer pay nothing for it.
 *
 *     launch_begin,
 *         { group_begin, wave_begin..., { before, after }..., barrier..., wave_end..., group_end }...,
 *     launch_end
 *
 * After a fault waves and work-groups do not end; launch_end is always called.
 */
typedef struct rdnasim_observer {
    size_t struct_size; /* sizeof(rdnasim_observer) */
    void *context;
    void (*launch_begin)(void *context, const rdnasim_kernel *kernel, const struct rdnasim_launch *launch);
    void (*launch_end)(void *context, rdnasim_status status);
    void (*group_begin)(void *context, const rdnasim_event *event);
    void (*group_end)(void *context, const rdnasim_event *event);
    void (*wave_begin)(void *context, const rdnasim_event *event);
    void (*wave_end)(void *context, const rdnasim_event *event);
    /* All waves that have not ended wait: the barrier opens. */
    void (*barrier)(void *context, const rdnasim_event *event);
    /* Registers are as they were. Not called for what is no instruction of the target, or not modelled. */
    void (*before)(void *context, const rdnasim_event *event);
    /* Registers are as they are now. Not called if the instruction stopped the wave. */
    void (*after)(void *context, const rdnasim_event *event);
    /*
     * With rdnasim_launch.resident: whether the wave may execute an instruction now. 0 leaves its turn out, so that a
     * model which needs some waves' next instructions is not flooded with those of others. If it is 0 for all of
     * them in a thousand rounds, the run stops.
     */
    int (*ready)(void *context, const rdnasim_event *event);
} rdnasim_observer;

/* ---- launches -------------------------------------------------------------------------------------- */

typedef struct rdnasim_launch {
    size_t struct_size;
    uint32_t grid[3];  /* work-items, as in a dispatch packet; a last partial work-group is allowed */
    uint32_t block[3]; /* work-items of a work-group */
    uint32_t dynamic_lds_bytes;
    const void *kernarg;  /* the explicit arguments in their metadata layout; hidden ones are filled in */
    size_t kernarg_bytes; /* at least the kernel's explicit_bytes */
    const rdnasim_observer *observer; /* or null */
    /*
     * 0 (default): work-groups run to completion, each on one of the host's threads. n: on one thread, n work-groups
     * are resident together, the earliest first; their waves take turns of one instruction in a fixed order
     * (schedule_seed makes it another one), and where a work-group ends the next begins. For observers that look at
     * waves side by side; results are the same. Not more than 1 in strict mode.
     */
    uint32_t resident;
    /*
     * Null (default): the first fault that strict mode finds stops the launch. Else it is called for each, one call at a
     * time, but once only for a check and an instruction. 0 stops the launch, everything else lets it go on: what was
     * undefined, open or unordered there counts as defined, waited for and ordered from then on. If nothing stops it the
     * launch succeeds. The report lives as long as the call, which must not use the machine.
     */
    int (*on_find)(void *context, const rdnasim_report *report);
    void *find_context;
} rdnasim_launch;

typedef struct rdnasim_counts {
    uint64_t instructions;      /* wave-instructions executed, a dual-issue pair counting as one */
    uint64_t idle_instructions; /* of those: s_nop, s_delay_alu, s_clause, s_waitcnt* */
    uint64_t by_port[RDNASIM_PORTS];
    uint64_t waves, workgroups;
    double seconds; /* host wall time of the launch: says nothing about a card */
    uint64_t reserved[4];
} rdnasim_counts;

RDNASIM_API void rdnasim_launch_init(rdnasim_launch *launch, size_t struct_size); /* sizeof *launch */
/*
 * Runs to completion. One launch at a time per rdnasim (a second thread waits). counts may be null. After a
 * fault memory holds whatever had been written until then.
 */
RDNASIM_API rdnasim_status rdnasim_run(rdnasim *sim, const rdnasim_kernel *kernel,
                                       const rdnasim_launch *launch, rdnasim_counts *counts,
                                       rdnasim_report *report);

/* ---- fidelity -------------------------------------------------------------------------------------- */

/* How near an instruction's results are to the silicon's. */
typedef enum rdnasim_fidelity {
    RDNASIM_CAPTURED = 0, /* equal to recorded results of the silicon */
    RDNASIM_EXACT,        /* integer, or IEEE with one rounding */
    RDNASIM_MODELLED,     /* by a rule that agrees with captures of related operations */
    RDNASIM_APPROXIMATE,  /* within the documented error, but the silicon's last bits are not known */
    RDNASIM_FIDELITIES
} rdnasim_fidelity;

RDNASIM_API const char *rdnasim_fidelity_name(rdnasim_fidelity fidelity); /* "captured", ... */

typedef struct rdnasim_op_count {
    const char *opcode; /* "v_dot2_f32_f16"; static */
    rdnasim_fidelity fidelity;
    rdnasim_port port;
    uint64_t count; /* executions by waves; each half of a dual-issue pair counts as itself */
    uint64_t reserved[2];
} rdnasim_op_count;

/*
 * The operations that the last launch executed, in the order of the instruction set: returns how many there are and
 * writes the first `capacity` of them (rows may be null if it is 0).
 */
RDNASIM_API size_t rdnasim_profile(const rdnasim *sim, rdnasim_op_count *rows, size_t capacity);

/* ---- time ------------------------------------------------------------------------------------------ */

/*
 * How long a launch would take on a card: modelled, not measured (docs/timing.md says what the model rests on, and how
 * far to trust it). A modelled card keeps what its L2 and Infinity Cache hold from one launch to the next.
 */
typedef struct rdnasim_timing rdnasim_timing;

typedef struct rdnasim_timing_options {
    size_t struct_size;
    const char
        *card; /* a name of rdnasim_timing_card; default (null) "7900 XTX". Case and spaces do not count */
    uint32_t shader_mhz; /* shader clock; 0 (default) = the card's under load */
    int threads;   /* host threads of the model; 0 (default) = all available. Results do not depend on it */
    unsigned axes; /* bits 1 << n of rdnasim_timing_axis: figures at their other end; default 0: central */
    uint64_t
        sample_above; /* wave-instructions beyond which a launch is modelled in part; default 40 million; 0: never */
} rdnasim_timing_options;

RDNASIM_API void rdnasim_timing_options_init(rdnasim_timing_options *options,
                                             size_t struct_size); /* sizeof *options */
/* options may be null. The modelled card belongs to no machine; one launch at a time may use it. */
RDNASIM_API rdnasim_status rdnasim_timing_create(const rdnasim_timing_options *options, rdnasim_timing **out,
                                                 rdnasim_report *report);
RDNASIM_API void rdnasim_timing_destroy(rdnasim_timing *timing); /* null is accepted */
/* The next launch finds nothing cached, as the first one does. */
RDNASIM_API void rdnasim_timing_cool(rdnasim_timing *timing);
/*
 * What is bound there lies in L2, as if a kernel before had written it: what a launch is given by the one before it, say.
 * More than L2 holds stays in the Infinity Cache.
 */
RDNASIM_API void rdnasim_timing_hold(rdnasim_timing *timing, uint64_t address, size_t bytes);

typedef enum rdnasim_level {
    RDNASIM_LEVEL_L0 = 0, /* vector caches of compute units */
    RDNASIM_LEVEL_SCALAR, /* scalar caches of work-group processors */
    RDNASIM_LEVEL_CODE,   /* their instruction caches */
    RDNASIM_LEVEL_GL1,    /* caches of shader arrays; bytes: that they send to L0 */
    RDNASIM_LEVEL_L2,
    RDNASIM_LEVEL_TLB,
    RDNASIM_LEVEL_MALL, /* Infinity Cache */
    RDNASIM_LEVEL_DRAM, /* hits: of `requests`, reads */
    RDNASIM_LEVELS
} rdnasim_level;
RDNASIM_API const char *rdnasim_level_name(rdnasim_level level); /* "L0", ... */

enum { RDNASIM_STALLS = 64 };

typedef struct rdnasim_time_result {
    size_t struct_size;
    uint64_t cycles; /* of the shader clock: start of the first wave to end of the last */
    double
        microseconds; /* the same, and the overhead that reported kernel times contain; no gap between launches */
    double gap_microseconds; /* what a launch that depends on one before it takes longer */
    uint32_t shader_mhz;
    double dram_gb_per_s; /* the card's best rate of reads in the model: the assumed peak */
    uint64_t workgroups, modelled_workgroups; /* the latter fewer: sampled in time */
    uint64_t instructions;                    /* wave-instructions that were modelled */
    double spread_percent;                    /* of a sampled launch: between its last two modelled rounds */
    struct rdnasim_level_use {
        uint64_t requests, hits, bytes; /* requests and hits: of lines of 128 bytes */
    } levels[RDNASIM_LEVELS];           /* of what was modelled */
    /* What waves waited for, the longest first: shares of the time that they lived. Names end at the first null. */
    struct rdnasim_stall {
        const char *rule, *sentence;
        double share;
    } stalls[RDNASIM_STALLS];
} rdnasim_time_result;

/*
 * Runs a launch as rdnasim_run does, and models how long it takes. result->struct_size must be set. The launch may have
 * no observer and no `resident`, the machine no schedule_seed; the code object is for the card's target. Refused
 * (RDNASIM_UNSUPPORTED) are kernels whose data depend on time, and those that call functions; memory is then as it was.
 * RDNASIM_STOPPED names what only shows in the run. counts, as in rdnasim_run, may be null.
 */
RDNASIM_API rdnasim_status rdnasim_time(rdnasim_timing *timing, rdnasim *sim, const rdnasim_kernel *kernel,
                                        const rdnasim_launch *launch, rdnasim_counts *counts,
                                        rdnasim_time_result *result, rdnasim_report *report);

/* Names of cards; null beyond the last. */
RDNASIM_API const char *rdnasim_timing_card(size_t index);
/* The target of a card, null if it is none. */
RDNASIM_API const char *rdnasim_timing_target(const char *card);

/* What decides and is not known well: a sentence each; null beyond the last. */
typedef struct rdnasim_axis {
    const char *text; /* its other end: "WMMA 32 cycles" */
    int slower;       /* the other end takes longer: belongs to the worst corner */
} rdnasim_axis;
RDNASIM_API const rdnasim_axis *rdnasim_timing_axis(size_t index);

/* A figure of the model with its origin. */
typedef struct rdnasim_figure {
    const char *name, *unit, *what, *source;
    const char *confidence; /* "H", "M" or "L" */
    uint64_t value;
    uint64_t reserved[2];
} rdnasim_figure;
/* Writes figure `index` of the card, then of its SIMDs; returns 0 beyond the last. */
RDNASIM_API int rdnasim_timing_figure(const rdnasim_timing *timing, size_t index, rdnasim_figure *out);

/* ---- disassembly ----------------------------------------------------------------------------------- */

/*
 * One instruction in LLVM's syntax. code: `dwords` dwords; returns how many it takes (at most 4), or 0
 * with "(illegal)" in text if they are no instruction of the target or are cut off.
 */
RDNASIM_API uint32_t rdnasim_disassemble(const char *target, const uint32_t *code, size_t dwords, char *text,
                                         size_t text_bytes);
/* The same as waves of 64 (or 32) execute it: masks of lanes, and matrices, take other registers. Else it is illegal. */
RDNASIM_API uint32_t rdnasim_disassemble_wave(const char *target, uint32_t wave_size, const uint32_t *code,
                                              size_t dwords, char *text, size_t text_bytes);

/* ---- quotas ---------------------------------------------------------------------------------------- */

/*
 * How long a wave may run, so that an endless loop ends: in scalar instructions, of which those that take the
 * host longer count as several (vector 2; memory, transcendental, DPP and 64-bit 8; WMMA 256; all 16 times
 * that while MODE rounds other than to nearest; in strict mode accesses to memory 80, and what has undefined
 * operands up to 650). The waves of a work-group have RDNASIM_GROUP_QUOTAS times as much together. Never in
 * time: what stops a program stops it on every host. There is no limit for a launch: its size is the
 * caller's choice.
 */
#define RDNASIM_DEFAULT_QUOTA (UINT64_C(1) << 27)
#define RDNASIM_NO_QUOTA      UINT64_MAX
#define RDNASIM_GROUP_QUOTAS  2

#ifdef __cplusplus
}
#endif
#endif
