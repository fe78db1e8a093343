/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Every operation of the instruction set is executed, or stands in this list with the reason why it is not:
 * such an instruction stops a run with its name.
 */
#include "support.h"

#include "exec/executors.h"
#include "isa/generation.h"

/* A name, or a prefix that ends in '*'. */
static const struct refused {
    const char *name, *reason;
} refused[] = {
    {"image_*", "graphics: textures"},
    {"exp", "graphics: exports"},
    {"lds_param_load", "graphics: attributes of pixel shaders"},
    {"lds_direct_load", "graphics: pixel shaders' LDS"},
    {"s_setkill", "graphics: kills pixels"},
    {"s_endpgm_ordered_ps_done", "graphics: ordered pixel shaders"},
    {"ds_bvh_stack_rtn_b32", "graphics: ray tracing"},
    {"ds_ordered_count", "graphics: ordered append through the global data share"},
    {"ds_gws_*", "global wave sync: a resource that only the driver can give"},
    {"ds_add_gs_reg_rtn", "graphics: geometry stage registers"},
    {"ds_sub_gs_reg_rtn", "graphics: geometry stage registers"},
    {"s_rfe_b64", "trap handlers"},
    {"s_endpgm_saved", "trap handlers"},
    {"s_sendmsghalt", "graphics: geometry stages"},
};

static bool matches(const char *pattern, const char *name) {
    size_t length = strlen(pattern);
    return pattern[length - 1] == '*' ? strncmp(pattern, name, length - 1) == 0 : strcmp(pattern, name) == 0;
}

static void every_operation_is_decided(void **state) {
    (void)state;
    static exec_fn *table[OP_COUNT];
    unsigned used[sizeof refused / sizeof refused[0]] = {0};
    static const rdnasim_simd levels[] = {RDNASIM_SIMD_PORTABLE, RDNASIM_SIMD_AVX2, RDNASIM_SIMD_AVX512};
    for (size_t level = 0; level < sizeof levels / sizeof levels[0]; level++) {
        memset(table, 0, sizeof table);
        if (!executors_bind(table, &gfx11, levels[level], false)) continue; /* not for this host */
        for (unsigned op = 0; op < OP_COUNT; op++) {
            const char *name = op_info((enum op)op)->name;
            unsigned listed = 0;
            for (size_t n = 0; n < sizeof refused / sizeof refused[0]; n++)
                if (matches(refused[n].name, name)) listed++, used[n]++;
            if (table[op] && listed) fail_msg("%s is executed and listed as refused", name);
            if (!table[op] && listed != 1) fail_msg("%s is neither executed nor refused for a reason", name);
        }
    }
    for (size_t n = 0; n < sizeof refused / sizeof refused[0]; n++)
        if (!used[n]) fail_msg("nothing is called %s", refused[n].name);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_operation_is_decided)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
