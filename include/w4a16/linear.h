/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Devices, packed weights, plans and runs.
 *
 *     open device -> pack weights once -> plan per (M, types) -> run as often as you like
 *
 * Everything is chosen, checked and allocated in plan; run allocates nothing. On a HIP device run takes no
 * lock and synchronises nothing either, so it is safe in graph capture and on several streams at once, each
 * with a workspace of its own. Same inputs give the same bits on every run, schedule and thread count.
 *
 * A null pointer where none is allowed, a number out of its range or a struct_size of no version is
 * INVALID_ARGUMENT with a sentence, before anything is done; functions without a status give zero for a null
 * handle, and leave alone what they were to fill. Handles that were freed, and host memory smaller than the
 * sizes say, are the caller's to avoid.
 *
 * After fork() the child may go on with sim and cpu devices (their host threads start anew), each process
 * with memory of its own. Calls on a hip device that was opened before are NO_DEVICE there, for a HIP runtime
 * does not live on in a child; its weights, plans and the device may be freed. The library stays in memory
 * when it is closed with dlclose, because devices have threads.
 */
#ifndef W4A16_LINEAR_H
#define W4A16_LINEAR_H

#include "w4a16/base.h"
#include "w4a16/layer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct w4a16_device w4a16_device;   /* may be used from several threads */
typedef struct w4a16_weights w4a16_weights; /* one packed layer in device memory; immutable */
typedef struct w4a16_plan w4a16_plan;       /* immutable; runs of one plan may overlap */

typedef enum w4a16_device_kind {
    W4A16_DEVICE_SIM = 1, /* the simulator, in process */
    W4A16_DEVICE_CPU = 2, /* the host's processor */
    W4A16_DEVICE_HIP = 3  /* an AMD GPU through libamdhip64, opened at run time */
} w4a16_device_kind;

/*
 * Threads of the caller's in place of a device's own: calls body(loop, n) once for each n in [0, count), on any threads
 * and in any order, also one after the other, and returns when all calls have. It may be called by several threads at a
 * time. body neither fails nor throws; what is not called is done by the caller of the device.
 */
typedef void w4a16_parallel_for(void *state, int count, void (*body)(void *loop, int n), void *loop);

typedef struct w4a16_device_options {
    size_t struct_size;
    w4a16_device_kind kind;  /* default SIM */
    const char *target;      /* sim: "gfx1100" (default when null), ...; hip: must be null or match */
    int index;               /* hip: device number; default 0 */
    int threads;             /* sim, cpu: host threads, up to 1024; 0 (default) = all available */
    uint64_t schedule_seed;  /* sim: 0 (default) = in order; else waves and work-groups run in a random one */
    int strict;              /* sim: 1 = stop at undefined values, missing waits, races...; one thread */
    const char *kernel_mask; /* null, or a comma list of kernel names (or prefixes and '*') to leave out */
    w4a16_parallel_for *parallel_for; /* cpu: null (default), or runs loops of up to `threads` parts */
    void *parallel_state;             /* its first argument */
    const char *
        timing_card; /* sim: null (default), or the card that runs are timed on, as rdnasim_timing_options has it */
    uint32_t timing_axes; /* ... and its figures at their other end */
    int timing_warm;      /* 1: caches keep what the run before has left; 0 (default): each run begins cold */
    int timing_whole;     /* 1: long launches are modelled whole; 0 (default): in part (docs/timing.md) */
} w4a16_device_options;

typedef struct w4a16_device_info {
    w4a16_device_kind kind;
    char name[64];    /* "simulated gfx1100", "cpu", "AMD Radeon RX 7900 XTX" */
    char target[16];  /* "gfx1100"; empty on cpu */
    char runtime[96]; /* "rdnasim, avx512, 2 threads"; "HIP 7.1.0 (/path/libamdhip64.so.7)" */
    uint64_t reserved[4];
} w4a16_device_info;

W4A16_API void w4a16_device_options_init(w4a16_device_options *options, size_t struct_size);
/* NO_DEVICE without such a card or runtime, UNSUPPORTED without kernels for its target. */
W4A16_API w4a16_status w4a16_device_open(const w4a16_device_options *options, w4a16_device **out,
                                         w4a16_error *error);
/* Weights, plans and buffers of the device must be freed before. Null is accepted. */
W4A16_API void w4a16_device_close(w4a16_device *device);
/* info is all zero for a null device. */
W4A16_API void w4a16_device_get_info(const w4a16_device *device, w4a16_device_info *info);

/*
 * The gfx name of the n-th AMD GPU as the kernel driver's sysfs tree states it, without initialising the
 * GPU. NO_DEVICE if there is none. root is "/sys" when null; tests hand in a tree of their own.
 */
W4A16_API w4a16_status w4a16_detect_gpu(const char *root, int n, char target[16], w4a16_error *error);
/*
 * The same of the n-th GPU that the runtime will show this process: of ROCR_VISIBLE_DEVICES, and of what that
 * leaves the first that is not empty of HIP_VISIBLE_DEVICES, CUDA_VISIBLE_DEVICES and GPU_DEVICE_ORDINAL, as
 * lists of numbers and of GPU-<unique id in hexadecimal>; a list ends before the first entry that names no
 * card. HSA_OVERRIDE_GFX_VERSION_<node>, by the number of the card's node in the tree, or else
 * HSA_OVERRIDE_GFX_VERSION ("11.0.0") is the name. W4A16_TARGET ("gfx1100") is the name of every card,
 * whatever the rest says, and where the tree shows no card, as under WSL2, of the first 64. INVALID_ARGUMENT
 * if that is no name of a target.
 */
W4A16_API w4a16_status w4a16_detect_visible_gpu(const char *root, int n, char target[16], w4a16_error *error);

/*
 * Device memory. An address is a device pointer (hip), a host pointer (cpu) or a simulated address (sim).
 * address % 256 == 0. Contents are undefined at first. copy_* return when the copy is complete; of 0 bytes
 * they look at no address. On sim a range that is not inside one buffer is INVALID_ARGUMENT; on hip the
 * runtime judges, on cpu nobody does. Freeing 0 does nothing.
 */
typedef uint64_t w4a16_address;
W4A16_API w4a16_status w4a16_buffer_alloc(w4a16_device *device, size_t bytes, w4a16_address *out,
                                          w4a16_error *error);
W4A16_API w4a16_status w4a16_buffer_free(w4a16_device *device, w4a16_address address, w4a16_error *error);
W4A16_API w4a16_status w4a16_copy_to_device(w4a16_device *device, w4a16_address to, const void *from,
                                            size_t bytes, w4a16_error *error);
W4A16_API w4a16_status w4a16_copy_from_device(w4a16_device *device, void *to, w4a16_address from,
                                              size_t bytes, w4a16_error *error);

/* Checks, packs and uploads a layer. The layer may be freed afterwards. */
W4A16_API w4a16_status w4a16_weights_create(w4a16_device *device, const w4a16_layer *layer,
                                            w4a16_weights **out, w4a16_error *error);

/*
 * Checks, packs and uploads the layers of a mixture of experts: `count` layers of the same N, K, group size
 * and types, all symmetric or none, all with an act-order (each its own) or none, all with a bias or none.
 * INVALID_ARGUMENT names the first that differs. 1 to 1024 experts. The layers may be freed afterwards.
 */
W4A16_API w4a16_status w4a16_experts_create(w4a16_device *device, const w4a16_layer *const *layers,
                                            size_t count, w4a16_weights **out, w4a16_error *error);
W4A16_API void w4a16_weights_free(w4a16_weights *weights);          /* null is accepted */
W4A16_API size_t w4a16_weights_bytes(const w4a16_weights *weights); /* device memory held */

/* ---- the problem --------------------------------------------------------------------------------------- */

/*
 * Sizes of a product. N, K, padded_K and M (M * top_k with experts) are at most W4A16_SIZE_MAX, lda and ldo
 * W4A16_STRIDE_MAX.
 */
typedef struct w4a16_shape {
    int64_t M, N, K, group_size;
    int64_t padded_K; /* of w4a16_layer; 0 (default) = K */
    int64_t lda, ldo; /* row strides in elements; 0 (default) = K and N */
} w4a16_shape;

typedef enum w4a16_zero_mode {
    W4A16_ZEROS_NONE = 0,    /* symmetric: 8 everywhere */
    W4A16_ZEROS_STORED = 1,  /* each group's own */
    W4A16_ZEROS_LESS_ONE = 2 /* nibbles only: stored less one, as GPTQ's first format has them */
} w4a16_zero_mode;

typedef enum w4a16_packing {
    W4A16_PACKED_WHOLE = 0,  /* by w4a16_pack and its kin */
    W4A16_PACKED_NIBBLES = 1 /* nibbles only, by w4a16_pack_nibbles */
} w4a16_packing;

/* What weights are like, apart from their sizes. */
typedef struct w4a16_weights_kind {
    w4a16_dtype scale_type; /* F16 (default) or BF16 */
    w4a16_zero_mode zeros;  /* NONE (default) */
    w4a16_packing packing;  /* WHOLE (default) */
    int act_order;
} w4a16_weights_kind;

/*
 * Experts: each of M tokens uses top_k of them; use j of token m is slot m * top_k + j, and
 * expert_ids[slot] of run's arguments is its expert (an id outside 0..experts-1: the slot is left out). There
 * are up to 1024.
 *
 * Slots that come sorted, as vLLM's moe_align_block_size sorts them: sorted_block is the size of a block and
 * sorted_count how many places the list has, up to 2^31 - 1 each. Then run's sorted_slots [sorted_count]
 * names a slot in each place, or is M * top_k or more where a place is empty, its expert_ids
 * [sorted_count / sorted_block, rounded up] names the expert of each block, and sorted_used [1] says how many
 * places are in use.
 */
typedef struct w4a16_mixture {
    int64_t experts, top_k;             /* 0 (default): dense */
    int64_t sorted_block, sorted_count; /* 0 (default): expert_ids names each slot's expert */
} w4a16_mixture;

/*
 * What becomes of the slots of a mixture of experts:
 *
 *     NONE    out[slot] = a[m] * w[expert] + bias[expert]             a [M][lda], out [M * top_k][ldo]
 *     ADD     out[m]    = sum over j of gate[slot] * (a[slot] * w[expert] + bias[expert])
 *                                                                     a [M * top_k][lda], out [M][ldo]
 *     WEIGH   out[slot] = gate[slot] * (a[m] * w[expert] + bias[expert])
 *                                                                     a [M][lda], out [M * top_k][ldo]
 *
 * so that a fused w1|w3 is a plan of NONE, and w2 one of ADD. The sum is in fp32, in the order of j, and
 * rounded once. But for ADD, rows of slots left out are not written. A row has the bits that a dense plan of
 * its expert with the same kernel gives.
 */
typedef enum w4a16_combine {
    W4A16_COMBINE_NONE = 0,
    W4A16_COMBINE_ADD = 1,
    W4A16_COMBINE_WEIGH = 2
} w4a16_combine;

/* What is done to products. */
typedef struct w4a16_epilogue {
    w4a16_combine combine; /* NONE (default) */
    int has_bias;          /* in the weights, or given to each run */
} w4a16_epilogue;

/*
 * One matrix product, as the kernel table sees it. Numbers beyond what their structs say are
 * INVALID_ARGUMENT. Beyond that a kernel is UNSUPPORTED whose grid no launch holds: HIP takes up to 65535
 * work-groups along y, 2^32 - 1 work-items in all.
 */
typedef struct w4a16_problem {
    size_t struct_size;
    w4a16_dtype act;     /* F16 (default) or BF16: activations and output */
    int batch_invariant; /* 1: a row has the same bits for every M; slower where M is large. Default 0: for
                            every M up to 16 */
    w4a16_shape shape;
    w4a16_weights_kind weights;
    w4a16_mixture mixture;
    w4a16_epilogue epilogue;
} w4a16_problem;

W4A16_API void w4a16_problem_init(w4a16_problem *problem, size_t struct_size); /* sizeof *problem */
/*
 * Fills from packed weights what is theirs: N, K, padded_K and group_size of the shape, the weights' kind,
 * experts and has_bias.
 */
W4A16_API void w4a16_problem_from_weights(w4a16_problem *problem, const w4a16_weights *weights);

/*
 * Packed weights in memory of the caller's, as frameworks keep them. They are plain bytes, the same for every
 * device, that may be copied anywhere.
 *
 * packed_bytes   how many, from the fields that w4a16_problem_from_weights fills
 * pack           checks a layer and packs it into host memory with the device's host threads, apart from the
 *                layer's own arrays
 * pack_experts   the same for layers that w4a16_experts_create would take
 * weights_wrap   weights over such bytes in device memory, which are neither copied nor freed; address % 16
 *                == 0 (else INVALID_ARGUMENT), or 0 for weights whose plans are told theirs in every run
 */
W4A16_API w4a16_status w4a16_packed_bytes(const w4a16_problem *problem, size_t *out, w4a16_error *error);
W4A16_API w4a16_status w4a16_pack(w4a16_device *device, const w4a16_layer *layer, void *to, size_t bytes,
                                  w4a16_error *error);
W4A16_API w4a16_status w4a16_pack_experts(w4a16_device *device, const w4a16_layer *const *layers,
                                          size_t count, void *to, size_t bytes, w4a16_error *error);
W4A16_API w4a16_status w4a16_weights_wrap(w4a16_device *device, const w4a16_problem *problem,
                                          w4a16_address address, w4a16_weights **out, w4a16_error *error);

/*
 * Joins packed layers along N, as engines fuse q|k|v and gate|up: their bytes, in host memory, to the bytes
 * that the joined layer would be packed to. Nothing is unpacked.
 *
 *     parts    the problems that the packed bytes are of, dense and whole: of equal K, padded_K, group_size
 *              and scale_type, all with an act-order, and then the same one, or none; N of all but the last
 *              is a multiple of 32. Symmetric parts get zeros if another one has them, parts without a bias
 *              one of 0
 *     joined   becomes the problem of the result, as w4a16_problem_from_weights fills it; the rest as in
 *              parts[0]
 *     to       w4a16_packed_bytes(joined) bytes, apart from the parts; null: only joined is filled
 */
W4A16_API w4a16_status w4a16_packed_concat(const w4a16_problem *const *parts, const void *const *packed,
                                           size_t count, w4a16_problem *joined, void *to, size_t bytes,
                                           w4a16_error *error);

/*
 * Nibbles only: the weights alone, in columns = N rounded up to 32; scales, zeros and order stay as GPTQ
 * keeps them, their rows as long as columns say, and are given to each run. N is a multiple of 8 and K of 32.
 * If N is one of 32, nothing is rounded up, and the packed bytes can replace those of a checkpoint. Results
 * have the bits that the same layer has when it is packed whole. Experts lie one after the other, each packed
 * by a call.
 *
 *     q      uint32 [K/8][N] of a checkpoint, in host memory
 *     order  int32 [K]: place k of the packed weights holds input feature order[k]; null: in order. Groups
 *            must be contiguous in it. Packing checks it; in a run a place whose entry is no feature counts
 *            as empty: its weights multiply nothing
 *     to     columns * K / 2 bytes of host memory that overlap neither q nor order: strips of 32 columns,
 *            one after the other, of which each has [K / 32][32] times 16 bytes; weights of columns from N on
 *            are 0
 */
W4A16_API w4a16_status w4a16_pack_nibbles(w4a16_device *device, const uint32_t *q, const int32_t *order,
                                          int64_t N, int64_t K, void *to, size_t bytes, w4a16_error *error);

/*
 * What the kernel table says of a problem; needs no device. target is that of w4a16_device_info ("gfx1100"),
 * or "cpu"; kernel_mask as in w4a16_device_options. OK, or UNSUPPORTED with the reason of the kernel that
 * came closest, or because there are no kernels for that target.
 */
W4A16_API w4a16_status w4a16_supports(const char *target, const char *kernel_mask,
                                      const w4a16_problem *problem, w4a16_error *error);

/* What the choice of a kernel says about one row of the table. */
typedef struct w4a16_choice {
    const char *kernel;
    int takes; /* 1: it could; reason says why it is not chosen, or is empty */
    int chosen;
    double cost; /* estimated, relative to the chosen row's; 0 if it cannot, or if nothing estimates it */
    char reason[256];
    uint64_t reserved[4];
} w4a16_choice;

/*
 * Returns how many rows the table has for a target and writes the first `capacity` (rows may be null if it is
 * 0); 0 for an invalid problem or an unknown target, with error.
 */
W4A16_API size_t w4a16_explain(const char *target, const char *kernel_mask, const w4a16_problem *problem,
                               w4a16_choice *rows, size_t capacity, w4a16_error *error);

/* One kernel launch of a plan, for people and tests to read. Names live as long as the library. */
typedef struct w4a16_launch_info {
    const char *kernel; /* "w4a16_decode_f16_m4_g128_sym" */
    uint32_t grid[3];   /* work-groups */
    uint32_t block[3];  /* work-items */
    uint32_t lds_bytes; /* dynamic */
    uint64_t reserved[4];
} w4a16_launch_info;

/*
 * Chooses kernels for the problem, which must be that of the weights; these may be freed if every run is told
 * weights. INVALID_ARGUMENT, or UNSUPPORTED as w4a16_supports says. What is planned can be launched.
 */
W4A16_API w4a16_status w4a16_plan_create(w4a16_device *device, const w4a16_weights *weights,
                                         const w4a16_problem *problem, w4a16_plan **out, w4a16_error *error);
W4A16_API void w4a16_plan_free(w4a16_plan *plan);              /* null is accepted */
W4A16_API size_t w4a16_plan_workspace(const w4a16_plan *plan); /* bytes; 0 = none needed */
/* The order of the additions behind every output; all zero if M is 0, or for a null plan. */
W4A16_API void w4a16_plan_order(const w4a16_plan *plan, w4a16_order *out);
W4A16_API size_t w4a16_plan_launches(const w4a16_plan *plan); /* 0 where M is 0 */
/* Launch `index`, in their order; INVALID_ARGUMENT from w4a16_plan_launches on. */
W4A16_API w4a16_status w4a16_plan_launch(const w4a16_plan *plan, size_t index, w4a16_launch_info *out,
                                         w4a16_error *error);

/*
 * out and workspace, which are written, must not overlap each other or anything else that the run is given:
 * from the first byte of a matrix to the last, with what lies between its rows, nor may memory end before the
 * sizes do. Addresses that the plan has no use for are not looked at.
 */
typedef struct w4a16_run_args {
    size_t struct_size;
    w4a16_address a;   /* [M][lda]; rows with experts: see w4a16_problem */
    w4a16_address out; /* [M][ldo]; elements between N and ldo are not touched */
    w4a16_address
        workspace; /* w4a16_plan_workspace bytes, one per concurrent run, whatever they hold (but see
                                 docs/numerics.md, Workspaces); 0 if none is needed */
    void *stream;  /* hip: a hipStream_t, null = default stream; else ignored */
    w4a16_address expert_ids; /* experts: int32 [M * top_k]; else 0 */
    w4a16_address gates;      /* combine: fp32 [M * top_k], or 0: all are 1; else 0 */
    w4a16_address weights;    /* 0 (default): the plan's; else packed bytes of the same shape and types */
    w4a16_address bias; /* fp32 [N rounded up to 32] where the problem has a bias and the weights do not */
    w4a16_address scales, zeros, order;      /* nibbles only: [experts][groups][columns] of scale_type, uint32
                                                [experts][groups][columns / 8] (0 if symmetric), int32 [K] (0
                                                without act-order); else 0 */
    w4a16_address sorted_slots, sorted_used; /* with sorted_block: int32; else 0 */
} w4a16_run_args;

/* What the simulator counted in one run; zero on other devices. */
typedef struct w4a16_run_stats {
    uint64_t wave_instructions; /* executed, without s_nop, s_delay_alu, s_clause and s_waitcnt* */
    double seconds;             /* host time inside the simulator: says nothing about a card */
    /* With timing_card; modelled, not measured: */
    double modelled_seconds;                      /* of all launches, without what lies between them */
    uint64_t modelled_cycles;                     /* of the shader clock, of all launches */
    uint64_t memory_bytes;                        /* that memory moved */
    uint32_t modelled_launches, sampled_launches; /* the latter modelled in part */
} w4a16_run_stats;

/*
 * stats may be null. On hip the work is queued; on sim and cpu it is complete on return. INVALID_ARGUMENT for
 * addresses that are missing, misaligned or overlap, before anything is launched; DEVICE_FAULT for what a
 * kernel or the runtime finds.
 */
W4A16_API w4a16_status w4a16_run(const w4a16_plan *plan, const w4a16_run_args *args, w4a16_run_stats *stats,
                                 w4a16_error *error);

/* The kernel table, for `w4a16 info` and tests. */
typedef struct w4a16_kernel_info {
    const char *name;
    const char *device; /* "gfx11", "cpu" */
    const char *limits; /* one line a person can read: types, M, groups, zeros */
    uint64_t reserved[4];
} w4a16_kernel_info;
W4A16_API size_t w4a16_kernels(void);
/* Row `index`; INVALID_ARGUMENT from w4a16_kernels on. */
W4A16_API w4a16_status w4a16_kernel(size_t index, w4a16_kernel_info *out, w4a16_error *error);

/* What a kernel of a target takes of a SIMD, in its largest work-group. */
typedef struct w4a16_kernel_resources {
    const char *kernel;
    uint32_t vgprs, sgprs;
    uint32_t spilled;       /* registers */
    uint32_t scratch_bytes; /* per lane */
    uint32_t lds_bytes;     /* per work-group, static and dynamic */
    uint32_t waves;         /* of the work-group */
    uint32_t occupancy;     /* waves that a SIMD holds at once: of 16, as registers and LDS allow */
    uint64_t reserved[4];
} w4a16_kernel_resources;

/*
 * Reads the embedded code objects of a target ("gfx1100"). Returns how many kernels it has and writes the
 * first `capacity`, in the table's order (rows may be null if it is 0); 0 with an error if there is no such
 * target or no memory.
 */
W4A16_API size_t w4a16_target_resources(const char *target, w4a16_kernel_resources *rows, size_t capacity,
                                        w4a16_error *error);

/* An embedded code object of a target, for reports that must tell which machine code ran. */
typedef struct w4a16_object_info {
    const char *name; /* "decode" */
    size_t bytes;
    uint64_t hash;     /* FNV-1a, 64 bits */
    char compiler[96]; /* as the object names it; empty if it does not */
    uint64_t reserved[4];
} w4a16_object_info;
/* The index-th of the target's; INVALID_ARGUMENT if there are not so many. */
W4A16_API w4a16_status w4a16_object(const char *target, size_t index, w4a16_object_info *out,
                                    w4a16_error *error);

#ifdef __cplusplus
}
#endif
#endif
