/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The kernel table and the embedded code objects: both made from lists, nothing is decided here. */
#include <string.h>

#include "layer/cpu_linear.h"
#include "plan/plan.h"

#define ACT_f16        W4A16_F16
#define ACT_bf16       W4A16_BF16
#define SYMMETRIC_sym  1
#define SYMMETRIC_asym 0
#define ZEROS_sym      "symmetric"
#define ZEROS_asym     "asymmetric"

static const struct kernel_row table[] = {
#define DECODE(type, rows, chunk, zeros)                                                                     \
    {.name = "w4a16_decode_" #type "_m" #rows "_g" #chunk "_" #zeros,                                        \
     .device_class = DEVICE_CLASS_GFX11,                                                                     \
     .role = ROLE_LINEAR,                                                                                    \
     .object = "decode",                                                                                     \
     .act = ACT_##type,                                                                                      \
     .m_max = rows,                                                                                          \
     .k_chunk = chunk,                                                                                       \
     .symmetric = SYMMETRIC_##zeros,                                                                         \
     .limits = #type ", M <= " #rows ", groups of a multiple of " #chunk ", " ZEROS_##zeros},
#include "KERNELS.def"
#undef DECODE
    {.name = "w4a16_stage",
     .device_class = DEVICE_CLASS_GFX11,
     .role = ROLE_STAGE,
     .object = "stage",
     .m_max = INT64_MAX,
     .k_chunk = 1,
     .symmetric = -1,
     .limits = "gathers activations for act-order, odd row strides and K that is no multiple of 32"},
    {.name = "cpu_linear",
     .device_class = DEVICE_CLASS_CPU,
     .role = ROLE_LINEAR,
     .host = cpu_linear,
     .m_max = INT64_MAX,
     .k_chunk = 1,
     .symmetric = -1,
     .limits = "f16 and bf16, any M, any group size, symmetric and asymmetric"},
};

size_t kernel_row_count(void) { return sizeof table / sizeof table[0]; }
const struct kernel_row *kernel_row_at(size_t index) { return &table[index]; }

#define KERNEL_OBJECT(target, family)                                                                        \
    extern const unsigned char w4a16_object_##family##_##target[], w4a16_object_##family##_##target##_end[];
#include "kernel_objects.def"
#undef KERNEL_OBJECT

static const struct {
    const char *target, *object;
    const unsigned char *begin, *end;
} embedded[] = {
#define KERNEL_OBJECT(target, family)                                                                        \
    {#target, #family, w4a16_object_##family##_##target, w4a16_object_##family##_##target##_end},
#include "kernel_objects.def"
#undef KERNEL_OBJECT
};

size_t kernel_object_count(void) { return sizeof embedded / sizeof embedded[0]; }

struct kernel_object kernel_object_at(size_t index) {
    return (struct kernel_object){embedded[index].target, embedded[index].object, embedded[index].begin,
                                  (size_t)(embedded[index].end - embedded[index].begin)};
}

int kernel_object_find(const char *target, const char *object, struct kernel_object *out) {
    for (size_t n = 0; n < kernel_object_count(); n++)
        if (strcmp(embedded[n].target, target) == 0 && strcmp(embedded[n].object, object) == 0) {
            *out = kernel_object_at(n);
            return 1;
        }
    return 0;
}
