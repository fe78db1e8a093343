/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * gfx11sim: runs gfx11 (RDNA3) code objects on the host, without a GPU and without ROCm.
 *
 *     gfx11sim_create -> gfx11sim_bind buffers -> gfx11sim_load an ELF -> gfx11sim_run a kernel -> read results
 *
 * Everything that can go wrong (a damaged code object, an instruction that is not modelled, a wild address)
 * comes back as a status and a gfx11sim_report; the library never prints, aborts or exits. A kernel computes
 * the same bits on every host, at every SIMD level, thread count and schedule.
 */
#ifndef GFX11SIM_H
#define GFX11SIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(GFX11SIM_BUILDING)
#define GFX11SIM_API __attribute__((visibility("default")))
#else
#define GFX11SIM_API
#endif

typedef struct gfx11sim gfx11sim;               /* one machine: memory, host threads, options */
typedef struct gfx11sim_object gfx11sim_object; /* a loaded code object */
typedef struct gfx11sim_kernel gfx11sim_kernel; /* a kernel of it; lives as long as the object */

typedef enum gfx11sim_status {
    GFX11SIM_OK = 0,
    GFX11SIM_INVALID_ARGUMENT = -1,
    GFX11SIM_BAD_OBJECT = -2,   /* not an ELF, not gfx11, damaged, contradictory */
    GFX11SIM_UNSUPPORTED = -3,  /* legal, but not modelled: the report names the instruction or feature */
    GFX11SIM_ILLEGAL = -4,      /* not an instruction of this target */
    GFX11SIM_MEMORY_FAULT = -5, /* an access outside every buffer, or against its permissions */
    GFX11SIM_TRAP = -6,         /* s_trap */
    GFX11SIM_TIMEOUT = -7,      /* instruction quota used up: an endless loop */
    GFX11SIM_OUT_OF_MEMORY = -8,
    GFX11SIM_STRICT = -9,  /* a check of strict mode has found a fault; report.check says which */
    GFX11SIM_STOPPED = -10 /* by gfx11sim_stop */
} gfx11sim_status;

/* What strict mode looks for: bits of gfx11sim_options.checks. Accesses outside every buffer stop a run always. */
typedef enum gfx11sim_check {
    GFX11SIM_CHECK_UNDEFINED =
        1, /* a value that nobody wrote reaches an address, a branch, EXEC or a store */
    GFX11SIM_CHECK_ALIGNMENT =
        2, /* an access that is not a multiple of its element's size: legal, and served in pieces */
    GFX11SIM_CHECK_WAIT = 4,    /* a register is used before its load has been waited for */
    GFX11SIM_CHECK_RACE = 8,    /* unordered accesses by two waves (LDS) or two work-groups (global memory) */
    GFX11SIM_CHECK_HAZARD = 16, /* a dependent WMMA without the instruction that the hardware needs between */
    GFX11SIM_CHECK_BARRIER =
        32, /* waves of a group wait at different barriers, or one ends without arriving */
    GFX11SIM_CHECK_LDS_ORDER =
        64, /* an LDS access that nobody has waited for is followed by a barrier, and that by a conflicting one */
    GFX11SIM_CHECK_ALL = 127,
    GFX11SIM_CHECK_DEFAULT =
        GFX11SIM_CHECK_ALL & ~GFX11SIM_CHECK_ALIGNMENT /* silent on what compilers mean */
} gfx11sim_check;

/*
 * Checks from a list of names: "all", "race,wait", "all,-lds-order"; a list that begins with '-' leaves out from the default.
 * Names: default, all, undefined, alignment, wait, race, hazard, barrier, lds-order. GFX11SIM_INVALID_ARGUMENT names what
 * is none, and leaves *checks.
 */
struct gfx11sim_report;
GFX11SIM_API gfx11sim_status gfx11sim_parse_checks(const char *list, unsigned *checks,
                                                   struct gfx11sim_report *report);
/* The name of one check; "" for none and for several. */
GFX11SIM_API const char *gfx11sim_check_name(gfx11sim_check check);

/* What stopped a call. Fields that do not apply are zero; `text` is always a complete sentence. */
typedef struct gfx11sim_report {
    gfx11sim_status status;
    gfx11sim_check check; /* of GFX11SIM_STRICT; else 0 */
    char text[1024];
    char kernel[128];
    char instruction[192]; /* disassembly */
    uint64_t pc;           /* bytes from the kernel's first instruction */
    uint32_t encoding[4];  /* dwords of the instruction; encoding_dwords of them are valid */
    uint32_t encoding_dwords;
    uint32_t workgroup[3];
    uint32_t wave;    /* in the work-group */
    uint32_t lane;    /* the first offending one */
    uint64_t address; /* simulated */
    uint32_t bytes;   /* size of the access */
} gfx11sim_report;

/* How lanes are computed on the host; all levels give the same bits. */
typedef enum gfx11sim_simd {
    GFX11SIM_SIMD_AUTO = 0,
    GFX11SIM_SIMD_PORTABLE = 1,
    GFX11SIM_SIMD_AVX2 = 2,
    GFX11SIM_SIMD_AVX512 = 3
} gfx11sim_simd;

typedef struct gfx11sim_options {
    size_t struct_size;
    const char *target;     /* default (null) the first of gfx11sim_target_at, "gfx1100" */
    int threads;            /* host threads; 0 (default) = all available */
    gfx11sim_simd simd;     /* default AUTO; a level that the host lacks is refused */
    uint64_t schedule_seed; /* 0 (default) = work-groups and waves in order, else a seeded random order */
    uint64_t quota;         /* instructions a wave may execute; see the end; 0 = GFX11SIM_DEFAULT_QUOTA */
    unsigned checks;        /* GFX11SIM_CHECK_* bits: strict mode; 0 (default) = none */
    int approximate_wmma; /* 1 = WMMA in plain fp32, faster, with other last bits than the silicon; default 0 */
} gfx11sim_options;

GFX11SIM_API void gfx11sim_options_init(gfx11sim_options *options);
/* options may be null. */
GFX11SIM_API gfx11sim_status gfx11sim_create(const gfx11sim_options *options, gfx11sim **out,
                                             gfx11sim_report *report);
GFX11SIM_API void gfx11sim_destroy(gfx11sim *sim); /* null is accepted; frees its objects and bindings */
GFX11SIM_API const char *gfx11sim_simd_name(const gfx11sim *sim); /* "avx512", "avx2", "portable" */
GFX11SIM_API int gfx11sim_threads(const gfx11sim *sim);

/* ---- memory ---------------------------------------------------------------------------------------- */

#define GFX11SIM_READ  1u
#define GFX11SIM_WRITE 2u

/*
 * Makes `bytes` bytes (0 is allowed) of host memory visible to kernels at *address, a multiple of 256 whatever host's
 * own alignment is. The memory stays the caller's and must outlive the binding. Distinct bindings are far apart, so
 * that no stray offset reaches a neighbour. name is copied and appears in reports; null is accepted.
 */
GFX11SIM_API gfx11sim_status gfx11sim_bind(gfx11sim *sim, void *host, size_t bytes, unsigned access,
                                           const char *name, uint64_t *address, gfx11sim_report *report);
GFX11SIM_API gfx11sim_status gfx11sim_unbind(gfx11sim *sim, uint64_t address, gfx11sim_report *report);
/* Host pointer behind [address, address + bytes), or null if that is not inside one binding. */
GFX11SIM_API void *gfx11sim_host_pointer(const gfx11sim *sim, uint64_t address, size_t bytes);

/*
 * Strict mode takes bound memory as written. Memory that the program has not filled is declared here (defined = 0),
 * and copies into it are (defined = 1); kernels' stores define what they write. Without GFX11SIM_CHECK_UNDEFINED
 * nothing happens. The range must lie inside one binding.
 */
GFX11SIM_API gfx11sim_status gfx11sim_mark(gfx11sim *sim, uint64_t address, size_t bytes, int defined,
                                           gfx11sim_report *report);

/* ---- code objects ---------------------------------------------------------------------------------- */

/* What the ELF header says the code is for, "gfx1100"; null if it is no code object of a target that is simulated. */
GFX11SIM_API const char *gfx11sim_elf_target(const void *elf, size_t bytes);

/* Copies what it needs: `bytes` may be freed afterwards. Offload bundles are refused with that reason. */
GFX11SIM_API gfx11sim_status gfx11sim_load(gfx11sim *sim, const void *elf, size_t bytes,
                                           gfx11sim_object **out, gfx11sim_report *report);
GFX11SIM_API void gfx11sim_unload(gfx11sim_object *object);                     /* null is accepted */
GFX11SIM_API const char *gfx11sim_object_target(const gfx11sim_object *object); /* "gfx1100" */
GFX11SIM_API size_t gfx11sim_object_kernels(const gfx11sim_object *object);
GFX11SIM_API const gfx11sim_kernel *gfx11sim_object_kernel(const gfx11sim_object *object, size_t index);
/* By metadata name, without ".kd"; null if there is none. */
GFX11SIM_API const gfx11sim_kernel *gfx11sim_find_kernel(const gfx11sim_object *object, const char *name);

typedef struct gfx11sim_arg {
    const char *value_kind; /* "global_buffer", "by_value", "hidden_block_count_x", ... as in the metadata */
    uint32_t offset, size;
} gfx11sim_arg;

typedef struct gfx11sim_kernel_info {
    const char *name;
    uint32_t kernarg_bytes;  /* hidden arguments included */
    uint32_t explicit_bytes; /* up to the end of the last argument that is not hidden */
    uint32_t lds_bytes;      /* static */
    uint32_t scratch_bytes;  /* per lane */
    uint32_t wave_size;      /* 32 or 64 */
    uint32_t sgprs, vgprs, sgpr_spills, vgpr_spills;
    uint32_t max_block; /* work-items in a work-group */
    uint32_t code_bytes;
    size_t arg_count;
    const gfx11sim_arg *args;
} gfx11sim_kernel_info;
GFX11SIM_API gfx11sim_kernel_info gfx11sim_get_kernel_info(const gfx11sim_kernel *kernel);

/* The kernel's instructions as they are in the file: info.code_bytes / 4 dwords, the object's. */
GFX11SIM_API const uint32_t *gfx11sim_kernel_code(const gfx11sim_kernel *kernel);

/* ---- targets --------------------------------------------------------------------------------------- */

/* What is known of a target and of a card that has it. */
typedef struct gfx11sim_target {
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
} gfx11sim_target;

/* All targets that are simulated: null beyond the last. */
GFX11SIM_API const gfx11sim_target *gfx11sim_target_at(size_t index);
/* Null if it is not simulated. A null name is the default's. */
GFX11SIM_API const gfx11sim_target *gfx11sim_find_target(const char *name);
/*
 * Waves of a kernel that a SIMD holds at once, as registers and LDS allow: `items` work-items in a work-group,
 * `lds_bytes` with dynamic LDS. 0 if not even one work-group fits.
 */
GFX11SIM_API uint32_t gfx11sim_occupancy(const gfx11sim_target *target, const gfx11sim_kernel_info *kernel,
                                         uint32_t lds_bytes, uint32_t items);

/* ---- instructions, as observers see them --------------------------------------------------------- */

/* Which issue port of the SIMD an instruction uses. */
typedef enum gfx11sim_port {
    GFX11SIM_PORT_VALU = 0,
    GFX11SIM_PORT_TRANS,
    GFX11SIM_PORT_WMMA,
    GFX11SIM_PORT_SALU,
    GFX11SIM_PORT_SMEM,
    GFX11SIM_PORT_VMEM,
    GFX11SIM_PORT_LDS,
    GFX11SIM_PORT_BRANCH,
    GFX11SIM_PORT_IMMEDIATE, /* s_nop, s_waitcnt*, s_delay_alu, s_barrier, s_endpgm, ... */
    GFX11SIM_PORTS
} gfx11sim_port;

/* Operations of one class take the hardware equally long; named after the port where nothing finer is known. */
typedef enum gfx11sim_latency {
    GFX11SIM_LATENCY_SALU = 0,
    GFX11SIM_LATENCY_BRANCH,
    GFX11SIM_LATENCY_IMMEDIATE,
    GFX11SIM_LATENCY_SMEM,
    GFX11SIM_LATENCY_VMEM,
    GFX11SIM_LATENCY_LDS,
    GFX11SIM_LATENCY_ALU32,
    GFX11SIM_LATENCY_ALU64, /* shifts and comparisons of 64 bits, swaps */
    GFX11SIM_LATENCY_MUL32, /* products of 32-bit integers */
    GFX11SIM_LATENCY_DOT,
    GFX11SIM_LATENCY_F64,
    GFX11SIM_LATENCY_TRANS,
    GFX11SIM_LATENCY_TRANS64,
    GFX11SIM_LATENCY_WMMA32, /* named after their cycles on gfx11 */
    GFX11SIM_LATENCY_WMMA16,
    GFX11SIM_LATENCIES
} gfx11sim_latency;

/* What counts operations that are under way. */
typedef enum gfx11sim_counter {
    GFX11SIM_COUNTER_VM = 0, /* vector memory that returns something */
    GFX11SIM_COUNTER_VS,     /* vector memory that does not */
    GFX11SIM_COUNTER_LGKM,   /* LDS, scalar memory, messages */
    GFX11SIM_COUNTER_EXP,
    GFX11SIM_COUNTERS
} gfx11sim_counter;

typedef enum gfx11sim_operand_kind {
    GFX11SIM_OPERAND_NONE = 0,
    GFX11SIM_OPERAND_VGPR,
    GFX11SIM_OPERAND_SGPR,     /* reg: s0 to s105, VCC 106, TTMP 108, NULL 124, M0 125, EXEC 126 */
    GFX11SIM_OPERAND_CONSTANT, /* value */
    GFX11SIM_OPERAND_SPECIAL   /* reg: apertures 235 to 238, SCC 253 */
} gfx11sim_operand_kind;

typedef struct gfx11sim_operand {
    gfx11sim_operand_kind kind;
    uint32_t reg;          /* the first one; of a mask of 64 lanes, the lower half's */
    uint32_t dwords;       /* registers that it takes */
    int upper;             /* a 16-bit operand in the upper half of its register */
    int negated, absolute; /* absolute first */
    uint64_t value;        /* of a constant, in the form of the operand's type */
} gfx11sim_operand;

#define GFX11SIM_NO_WAIT (-1)

/* A decoded instruction; the same one at every execution, and valid until its code object is unloaded. */
typedef struct gfx11sim_instruction {
    const char *opcode; /* "v_dot2_f32_f16", whatever its encoding */
    uint64_t pc;        /* bytes from the kernel's first instruction */
    uint32_t bytes;     /* of its encoding */
    const uint32_t *encoding;
    gfx11sim_port port;
    gfx11sim_latency latency;
    int idle;   /* s_nop, s_delay_alu, s_clause, s_waitcnt* */
    int branch; /* may go elsewhere than to the instruction behind it */
    int reads_scc, writes_scc;
    unsigned counters;            /* that count it: bits 1 << GFX11SIM_COUNTER_* */
    int waits[GFX11SIM_COUNTERS]; /* how many of a counter it leaves open at most, or GFX11SIM_NO_WAIT */
    int32_t immediate;            /* signed: a memory instruction's offset, else its 16 bits */
    unsigned cache;               /* bits as the generation has them; gfx11: 1 glc, 2 slc, 4 dlc */
    gfx11sim_operand destination, mask_destination; /* the latter: one bit per lane; carry-out, comparisons */
    gfx11sim_operand sources[4]; /* memory: address, data, second data or scalar address, ... */
    /* The second half of a dual-issue pair, or null; both read before either writes. */
    const struct gfx11sim_instruction *dual;
} gfx11sim_instruction;

/* ---- observers ------------------------------------------------------------------------------------- */

typedef struct gfx11sim_wave gfx11sim_wave; /* the registers of a wave that runs; of use during a call only */

/* Registers beyond the wave's, and lanes beyond its size, read as 0. */
GFX11SIM_API uint32_t gfx11sim_read_sgpr(const gfx11sim_wave *wave, unsigned reg); /* as in operands */
GFX11SIM_API uint32_t gfx11sim_read_vgpr(const gfx11sim_wave *wave, unsigned reg, unsigned lane);
GFX11SIM_API uint32_t gfx11sim_read_scc(const gfx11sim_wave *wave);
GFX11SIM_API uint32_t gfx11sim_read_mode(const gfx11sim_wave *wave); /* MODE: rounding, denormals, ... */
/* The first 32 or 64 bits of an operand, without its modifiers. */
GFX11SIM_API uint64_t gfx11sim_read_operand(const gfx11sim_wave *wave, const gfx11sim_operand *operand,
                                            unsigned lane);
/* Stops the wave, and so the launch, with GFX11SIM_STOPPED and this sentence; for calls about waves. */
GFX11SIM_API void gfx11sim_stop(gfx11sim_wave *wave, const char *why);

struct gfx11sim_launch;

#define GFX11SIM_SPACE_NONE       0u
#define GFX11SIM_SPACE_GLOBAL     1u
#define GFX11SIM_SPACE_LDS        2u
#define GFX11SIM_SPACE_SCRATCH    3u
#define GFX11SIM_SPACE_SCALAR     4u /* global memory through the scalar cache; one address, in lane 0 */
/* FLAT instructions access GLOBAL; these addresses plus 32 bits are LDS and the lane's scratch there. */
#define GFX11SIM_APERTURE_LDS     (UINT64_C(1) << 48)
#define GFX11SIM_APERTURE_SCRATCH (UINT64_C(2) << 48)

enum { GFX11SIM_PARTS = 4 };

/* What an observer is told. Valid only during the call. */
typedef struct gfx11sim_event {
    const gfx11sim_kernel *kernel;
    uint32_t workgroup[3];
    uint64_t workgroup_index; /* in the grid, x running fastest */
    /* Of waves and instructions: */
    uint32_t wave; /* in the work-group */
    uint32_t wave_size;
    gfx11sim_wave *state;
    /* Of instructions: */
    const gfx11sim_instruction *instruction; /* else null */
    uint64_t exec;                           /* lanes that were active before it */
    /* After instructions: */
    uint64_t next_pc;  /* bytes from the kernel's first instruction */
    int taken;         /* it went elsewhere than to the instruction behind it */
    unsigned space;    /* GFX11SIM_SPACE_* */
    int store, atomic; /* an atomic operation is a store, too */
    uint32_t bytes;    /* of each lane's access, or part of it */
    /* How many addresses a lane has: two of LDS instructions with two offsets, and the dwords of buffer accesses. */
    uint32_t parts;
    /* [part][lane], valid where exec has a bit; 0 of a buffer's dword that is out of range. Null in space NONE. */
    const uint64_t (*addresses)[64];
} gfx11sim_event;

/*
 * Who is told what happens. Any call may be null; none may change what a kernel computes.
 * Calls of one work-group come from one host thread, in program order of each wave; different work-groups call
 * concurrently unless gfx11sim_launch.resident says otherwise. Launches without an observer pay nothing for it.
 *
 *     launch_begin,
 *         { group_begin, wave_begin..., { before, after }..., barrier..., wave_end..., group_end }...,
 *     launch_end
 *
 * After a fault waves and work-groups do not end; launch_end is always called.
 */
typedef struct gfx11sim_observer {
    size_t struct_size; /* sizeof(gfx11sim_observer) */
    void *context;
    void (*launch_begin)(void *context, const gfx11sim_kernel *kernel, const struct gfx11sim_launch *launch);
    void (*launch_end)(void *context, gfx11sim_status status);
    void (*group_begin)(void *context, const gfx11sim_event *event);
    void (*group_end)(void *context, const gfx11sim_event *event);
    void (*wave_begin)(void *context, const gfx11sim_event *event);
    void (*wave_end)(void *context, const gfx11sim_event *event);
    /* All waves that have not ended wait: the barrier opens. */
    void (*barrier)(void *context, const gfx11sim_event *event);
    /* Registers are as they were. Not called for what is no instruction of the target, or not modelled. */
    void (*before)(void *context, const gfx11sim_event *event);
    /* Registers are as they are now. Not called if the instruction stopped the wave. */
    void (*after)(void *context, const gfx11sim_event *event);
    /*
     * With gfx11sim_launch.resident: whether the wave may execute an instruction now. 0 leaves its turn out, so that a
     * model which needs some waves' next instructions is not flooded with those of others. If it is 0 for all of
     * them in a thousand rounds, the run stops.
     */
    int (*ready)(void *context, const gfx11sim_event *event);
} gfx11sim_observer;

/* ---- launches -------------------------------------------------------------------------------------- */

typedef struct gfx11sim_launch {
    size_t struct_size;
    uint32_t grid[3];  /* work-items, as in a dispatch packet; a last partial work-group is allowed */
    uint32_t block[3]; /* work-items of a work-group */
    uint32_t dynamic_lds_bytes;
    const void *kernarg;  /* the explicit arguments in their metadata layout; hidden ones are filled in */
    size_t kernarg_bytes; /* at least the kernel's explicit_bytes */
    const gfx11sim_observer *observer; /* or null */
    /*
     * 0 (default): work-groups run to completion, each on one of the host's threads. n: on one thread, n work-groups
     * are resident together, the earliest first; their waves take turns of one instruction in a fixed order
     * (schedule_seed makes it another one), and where a work-group ends the next begins. For observers that look at
     * waves side by side; results are the same. Not more than 1 in strict mode.
     */
    uint32_t resident;
} gfx11sim_launch;

typedef struct gfx11sim_counts {
    uint64_t instructions;      /* wave-instructions executed, a dual-issue pair counting as one */
    uint64_t idle_instructions; /* of those: s_nop, s_delay_alu, s_clause, s_waitcnt* */
    uint64_t by_port[GFX11SIM_PORTS];
    uint64_t waves, workgroups;
    double seconds; /* host wall time of the launch: says nothing about a card */
} gfx11sim_counts;

GFX11SIM_API void gfx11sim_launch_init(gfx11sim_launch *launch);
/*
 * Runs to completion. One launch at a time per gfx11sim (a second thread waits). counts may be null. After a
 * fault memory holds whatever had been written until then.
 */
GFX11SIM_API gfx11sim_status gfx11sim_run(gfx11sim *sim, const gfx11sim_kernel *kernel,
                                          const gfx11sim_launch *launch, gfx11sim_counts *counts,
                                          gfx11sim_report *report);

/* ---- fidelity -------------------------------------------------------------------------------------- */

/* How near an instruction's results are to the silicon's. */
typedef enum gfx11sim_fidelity {
    GFX11SIM_CAPTURED = 0, /* equal to recorded results of the silicon */
    GFX11SIM_EXACT,        /* integer, or IEEE with one rounding */
    GFX11SIM_MODELLED,     /* by a rule that agrees with captures of related operations */
    GFX11SIM_APPROXIMATE,  /* within the documented error, but the silicon's last bits are not known */
    GFX11SIM_FIDELITIES
} gfx11sim_fidelity;

GFX11SIM_API const char *gfx11sim_fidelity_name(gfx11sim_fidelity fidelity); /* "captured", ... */

typedef struct gfx11sim_op_count {
    const char *opcode; /* "v_dot2_f32_f16"; static */
    gfx11sim_fidelity fidelity;
    gfx11sim_port port;
    uint64_t count; /* executions by waves; each half of a dual-issue pair counts as itself */
} gfx11sim_op_count;

/*
 * The operations that the last launch executed, in the order of the instruction set: returns how many there are and
 * writes the first `capacity` of them (rows may be null if it is 0).
 */
GFX11SIM_API size_t gfx11sim_profile(const gfx11sim *sim, gfx11sim_op_count *rows, size_t capacity);

/* ---- disassembly ----------------------------------------------------------------------------------- */

/*
 * One instruction in LLVM's syntax. code: `dwords` dwords; returns how many it takes (at most 4), or 0
 * with "(illegal)" in text if they are no instruction of the target or are cut off.
 */
GFX11SIM_API uint32_t gfx11sim_disassemble(const char *target, const uint32_t *code, size_t dwords,
                                           char *text, size_t text_bytes);

/* ---- quotas ---------------------------------------------------------------------------------------- */

/*
 * How long a wave may run, so that an endless loop ends: in scalar instructions, of which those that take the
 * host longer count as several (vector 2; memory, transcendental, DPP and 64-bit 8; WMMA 256; all 16 times
 * that while MODE rounds other than to nearest; in strict mode accesses to memory 80, and what has undefined
 * operands up to 650). The waves of a work-group have GFX11SIM_GROUP_QUOTAS times as much together. Never in
 * time: what stops a program stops it on every host. There is no limit for a launch: its size is the
 * caller's choice.
 */
#define GFX11SIM_DEFAULT_QUOTA (UINT64_C(1) << 27)
#define GFX11SIM_NO_QUOTA      UINT64_MAX
#define GFX11SIM_GROUP_QUOTAS  2

#ifdef __cplusplus
}
#endif
#endif
