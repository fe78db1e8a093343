/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The kernel table and the embedded code objects: both made from lists, nothing is decided here. */
#include <stdio.h>
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
     .family = FAMILY_DECODE,                                                                                \
     .object = "decode",                                                                                     \
     .act = ACT_##type,                                                                                      \
     .m_max = rows,                                                                                          \
     .m_tile = rows,                                                                                         \
     .n_tile = 32,                                                                                           \
     .k_chunk = chunk,                                                                                       \
     .symmetric = SYMMETRIC_##zeros,                                                                         \
     .limits = #type ", M <= " #rows ", groups of a multiple of " #chunk ", " ZEROS_##zeros},
#define TILED(kernel_name, kernel_family, file, type, m, n, kernel_threads, unit, zeros)                     \
    {.name = kernel_name,                                                                                    \
     .device_class = DEVICE_CLASS_GFX11,                                                                     \
     .role = ROLE_LINEAR,                                                                                    \
     .family = kernel_family,                                                                                \
     .object = file,                                                                                         \
     .act = ACT_##type,                                                                                      \
     .m_max = INT64_MAX,                                                                                     \
     .m_tile = m,                                                                                            \
     .n_tile = n,                                                                                            \
     .threads = kernel_threads,                                                                              \
     .k_chunk = unit,                                                                                        \
     .symmetric = SYMMETRIC_##zeros,                                                                         \
     .limits = #type ", any M, groups of a multiple of " #unit ", " ZEROS_##zeros},
#define STRIP(type, m, unit, zeros)                                                                          \
    TILED("w4a16_strip_" #type "_m" #m "_g" #unit "_" #zeros, FAMILY_STRIP, "strip", type, m, 32, 0, unit,   \
          zeros)
#define MATRIX(type, m, n, waves_m, waves_n, frags_m, frags_n, unit, zeros)                                  \
    TILED("w4a16_matrix_" #type "_" #m "x" #n "_g" #unit "_" #zeros, FAMILY_MATRIX, "matrix", type, m, n,    \
          (waves_m) * (waves_n) * 32, unit, zeros)
#include "KERNELS.def"
    {.name = "w4a16_stage",
     .device_class = DEVICE_CLASS_GFX11,
     .role = ROLE_STAGE,
     .family = FAMILY_STAGE,
     .object = "stage",
     .m_max = INT64_MAX,
     .k_chunk = 1,
     .symmetric = -1,
     .limits = "gathers activations for act-order, odd row strides and K that is no multiple of 32"},
    {.name = "w4a16_unsort",
     .device_class = DEVICE_CLASS_GFX11,
     .role = ROLE_UNSORT,
     .family = FAMILY_UNSORT,
     .object = "unsort",
     .m_max = INT64_MAX,
     .k_chunk = 1,
     .symmetric = -1,
     .limits = "names the experts of slots that come sorted in blocks"},
    {.name = "w4a16_route",
     .device_class = DEVICE_CLASS_GFX11,
     .role = ROLE_ROUTE,
     .family = FAMILY_ROUTE,
     .object = "route",
     .m_max = INT64_MAX,
     .k_chunk = 1,
     .symmetric = -1,
     .limits = "sorts the slots of up to 1024 experts into tiles"},
#define COMBINE(type)                                                                                        \
    {.name = "w4a16_combine_" #type,                                                                         \
     .device_class = DEVICE_CLASS_GFX11,                                                                     \
     .role = ROLE_COMBINE,                                                                                   \
     .family = FAMILY_COMBINE,                                                                               \
     .object = "combine",                                                                                    \
     .act = ACT_##type,                                                                                      \
     .m_max = INT64_MAX,                                                                                     \
     .k_chunk = 1,                                                                                           \
     .symmetric = -1,                                                                                        \
     .limits = #type ", adds the experts of a token, weighted, in fp32"},
    COMBINE(f16) COMBINE(bf16)
#undef COMBINE
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

void kernel_targets(char *text, size_t bytes) {
    const char *names[sizeof embedded / sizeof embedded[0]];
    size_t count = 0;
    for (size_t n = 0; n < kernel_object_count(); n++)
        if (!count || strcmp(names[count - 1], embedded[n].target) != 0) names[count++] = embedded[n].target;
    size_t length = 0;
    for (size_t n = 0; n < count && length < bytes; n++)
        length += (size_t)snprintf(text + length, bytes - length, "%s%s",
                                   n == 0           ? ""
                                   : n + 1 == count ? " and "
                                                    : ", ",
                                   names[n]);
}

int kernel_object_find(const char *target, const char *object, struct kernel_object *out) {
    for (size_t n = 0; n < kernel_object_count(); n++)
        if (strcmp(embedded[n].target, target) == 0 && strcmp(embedded[n].object, object) == 0) {
            *out = kernel_object_at(n);
            return 1;
        }
    return 0;
}
