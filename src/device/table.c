/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The kernel table, as w4a16/linear.h shows it: its rows, and what they say of a problem. Nothing here needs
 * a device. */
#include <string.h>

#include "core/error.h"
#include "device/device.h"

static w4a16_status request(const char *target, const char *kernel_mask, const w4a16_problem *problem,
                            struct plan_request *out, w4a16_error *error) {
    char names[160];
    kernel_targets(names, sizeof names);
    *out = (struct plan_request){.arch = strcmp(target, "cpu") == 0 ? "cpu" : kernel_arch(target),
                                 .kernel_mask = kernel_mask};
    FAIL_IF(!out->arch, error, W4A16_UNSUPPORTED, "no kernels for target \"%s\"; there are kernels for %s",
            target, names);
    return plan_take(problem, &out->problem, error);
}

w4a16_status w4a16_supports(const char *target, const char *kernel_mask, const w4a16_problem *problem,
                            w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_supports", target);
    NOT_NULL(error, "w4a16_supports", problem);
    struct plan_request r;
    TRY(request(target, kernel_mask, problem, &r, error));
    return plan_supports(&r, error);
}

size_t w4a16_explain(const char *target, const char *kernel_mask, const w4a16_problem *problem,
                     w4a16_choice *rows, size_t capacity, w4a16_error *error) {
    w4a16_succeed(error);
    if (!target || !problem || (!rows && capacity)) {
        w4a16_fail(error, W4A16_INVALID_ARGUMENT, "w4a16_explain: target, problem or rows is null");
        return 0;
    }
    struct plan_request r;
    if (request(target, kernel_mask, problem, &r, error) != W4A16_OK) return 0;
    return plan_explain(&r, rows, capacity, error);
}

size_t w4a16_kernels(void) { return kernel_row_count(); }

w4a16_status w4a16_kernel(size_t index, w4a16_kernel_info *out, w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_kernel", out);
    FAIL_IF(index >= kernel_row_count(), error, W4A16_INVALID_ARGUMENT,
            "w4a16_kernel: index is %zu; there are %zu kernels", index, kernel_row_count());
    const struct kernel_row *row = kernel_row_at(index);
    *out = (w4a16_kernel_info){.name = row->name, .device = row->arch, .limits = row->limits};
    return W4A16_OK;
}
