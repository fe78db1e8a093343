/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* In place of the simulator, in a library that was built without it. */
#include "core/error.h"
#include "device/device.h"

#define WITHOUT "this library was built without the simulator (W4A16_BUILD_SIMULATOR)"

static w4a16_status sim_open(const w4a16_device_options *options, struct pool *pool, void **state,
                             w4a16_device_info *info, w4a16_error *error) {
    (void)options, (void)pool, (void)state, (void)info;
    return w4a16_fail(error, W4A16_UNSUPPORTED, "sim: " WITHOUT);
}

const struct backend sim_backend = {
    .api_version = BACKEND_API_VERSION, .kind = W4A16_DEVICE_SIM, .open = sim_open};

size_t w4a16_target_resources(const char *target, w4a16_kernel_resources *rows, size_t capacity,
                              w4a16_error *error) {
    (void)target, (void)rows, (void)capacity;
    w4a16_fail(error, W4A16_UNSUPPORTED, "w4a16_target_resources: " WITHOUT);
    return 0;
}
