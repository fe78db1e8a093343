/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Registers the operators as torch.ops.w4a16.*: all of them or none. The same functions serve tensors in host
 * memory (key CPU) and on an AMD GPU (key CUDA, as ROCm builds of PyTorch call it).
 */
#include "register.h"

#include <pthread.h>
#include <stdio.h>

#include "cache.h"
#include "ops.h"
#include "shim.h"
#include "w4a16/linear.h"

/*
 * PyTorch turns a failed check into an exception that unwinds through this frame: nothing may be held then.
 */
static void run(operator_call *call, const char *name, shim_value *stack) {
    struct frame frame = {.name = name};
    shim_value result = 0;
    w4a16_status status = call(&frame, stack, &result);
    frame_end(&frame);
    if (status != W4A16_OK) shim.aoti_torch_check(false, name, "w4a16", 0, frame.error.message);
    stack[0] = result;
}

#define GPTQ_TENSORS "Tensor a, Tensor b_q_weight, Tensor b_qzeros, Tensor b_scales"
/* X(identifier, function, name, schema) */
#define OPERATORS(X)                                                                                         \
    X(linear, linear_call, "linear", "(Tensor x, Tensor packed, Tensor bias) -> Tensor")                     \
    X(experts, experts_call, "experts", "(Tensor x, Tensor packed, Tensor ids, Tensor gates) -> Tensor")     \
    X(pack_experts, pack_experts_call, "pack_experts",                                                       \
      "(Tensor q, Tensor scales, Tensor zeros, Tensor bias, int group_size) -> Tensor")                      \
    X(pack, pack_call, "pack",                                                                               \
      "(Tensor q, Tensor scales, Tensor zeros, Tensor perm, int group_size) -> Tensor")                      \
    X(pack_gptq, pack_gptq_call, "pack_gptq",                                                                \
      "(Tensor qweight, Tensor scales, Tensor qzeros, Tensor g_idx, int group_size, int version, "           \
      "int symmetry, bool part) -> Tensor")                                                                  \
    X(pack_awq, pack_awq_call, "pack_awq",                                                                   \
      "(Tensor qweight, Tensor scales, Tensor qzeros, int group_size) -> Tensor")                            \
    X(pack_ct, pack_ct_call, "pack_ct",                                                                      \
      "(Tensor weight_packed, Tensor weight_scale, Tensor weight_zero_point, Tensor weight_g_idx, "          \
      "int group_size, bool part) -> Tensor")                                                                \
    X(pack_ct_experts, pack_ct_experts_call, "pack_ct_experts",                                              \
      "(Tensor weight_packed, Tensor weight_scale, Tensor weight_zero_point, Tensor bias, "                  \
      "int group_size) -> Tensor")                                                                           \
    X(shuffle, gptq_shuffle_call, "gptq_shuffle", "(Tensor(a!) q_weight, Tensor q_perm, int bit) -> ()")     \
    X(shuffle_plain, gptq_shuffle_plain_call, "gptq_shuffle.without_perm",                                   \
      "(Tensor(a!) q_weight, int bit) -> ()")                                                                \
    X(gemm, gptq_gemm_call, "gptq_gemm_rdna3",                                                               \
      "(" GPTQ_TENSORS ", Tensor b_g_idx, bool use_v2_format) -> Tensor")                                    \
    X(gemm_plain, gptq_gemm_plain_call, "gptq_gemm_rdna3.without_g_idx",                                     \
      "(" GPTQ_TENSORS ", bool use_v2_format) -> Tensor")                                                    \
    X(wmma, gptq_gemm_call, "gptq_gemm_rdna3_wmma",                                                          \
      "(" GPTQ_TENSORS ", Tensor b_g_idx, bool use_v2_format) -> Tensor")                                    \
    X(wmma_plain, gptq_gemm_plain_call, "gptq_gemm_rdna3_wmma.without_g_idx",                                \
      "(" GPTQ_TENSORS ", bool use_v2_format) -> Tensor")                                                    \
    X(moe, moe_gptq_gemm_call, "moe_gptq_gemm_rdna3",                                                        \
      "(Tensor a, Tensor(a!) c, Tensor b_q_weight, Tensor b_scales, Tensor b_qzeros, Tensor topk_weights, "  \
      "Tensor sorted_token_ids, Tensor expert_ids, Tensor num_tokens_post_padded, int top_k, "               \
      "int block_size_m, bool mul_topk_weight, int output_topk=0) -> ()")

#define X(identifier, call, name, schema)                                                                    \
    static void identifier##_kernel(shim_value *stack, uint64_t arguments, uint64_t results) {               \
        (void)arguments, (void)results;                                                                      \
        run(call, "w4a16::" name, stack);                                                                    \
    }
OPERATORS(X)
#undef X

static const struct {
    const char *name, *schema;
    shim_kernel *kernel;
} rows[] = {
#define X(identifier, call, name, schema) {name, name schema, identifier##_kernel},
    OPERATORS(X)
#undef X
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static char message[1280];

/* What is registered lives as long as its library object. */
static shim_library libraries[3];
static int library_count;

static int define(void) {
    shim_library *library = &libraries[library_count];
    if (shim.aoti_torch_library_init_fragment("w4a16", __FILE__, __LINE__, library)) return 0;
    library_count++;
    for (int n = 0; n < ROWS; n++)
        if (shim.aoti_torch_library_def(*library, rows[n].schema)) return 0;
    return 1;
}

static int implement(const char *key) {
    shim_library *library = &libraries[library_count];
    if (shim.aoti_torch_library_init_impl("w4a16", key, __FILE__, __LINE__, library)) return 0;
    library_count++;
    for (int n = 0; n < ROWS; n++)
        if (shim.torch_library_impl(*library, rows[n].name, rows[n].kernel, SHIM_FLOOR)) return 0;
    return 1;
}

static void take_back(void) {
    while (library_count) shim.aoti_torch_delete_library_object(libraries[--library_count]);
}

/* Null if there are code objects for one of the GPUs that PyTorch may see: for others the operators would
 * only fail. */
static const char *refusal(void) {
    char target[16];
    w4a16_device_options options;
    w4a16_device *device;
    w4a16_error error;
    w4a16_device_options_init(&options, sizeof options);
    options.target = target; /* the simulated card has the same code objects as the real one */
    options.threads = 1;
    message[0] = 0;
    for (int n = 0; w4a16_detect_visible_gpu(NULL, n, target, NULL) == W4A16_OK; n++) {
        if (w4a16_device_open(&options, &device, &error) == W4A16_OK) {
            w4a16_device_close(device);
            return NULL;
        }
        if (!n) snprintf(message, sizeof message, "the GPU is a %s: %s", target, error.message);
    }
    return *message ? message : NULL;
}

static const char *outcome;

static void register_once(void) {
    if ((outcome = shim_load()) != NULL) return;
    int hip = shim.aoti_torch_get_current_cuda_stream != NULL;
    if (hip && (outcome = refusal()) != NULL) return;
    torch_constants_init();
    cache_watch_forks();
    if (define() && implement("CPU") && (!hip || implement("CUDA"))) return;
    take_back();
    outcome = "PyTorch refused to register the operators; it says above why";
}

const char *w4a16_torch_register(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_once);
    return outcome;
}
