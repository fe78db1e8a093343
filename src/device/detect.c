/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which AMD GPU is there, from the kernel driver's topology tree: nothing is opened on the GPU itself.
 *
 * Every node has a file of "key value" lines; gfx_target_version is 0 for a CPU, else major * 10000 + minor *
 * 100 + stepping, written as gfx<major><minor><stepping in hex>.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "w4a16/linear.h"

#define NODES_MAX 256
static const char *const trees[] = {"class/kfd/kfd/topology/nodes", "devices/virtual/kfd/kfd/topology/nodes"};

/* The value of a key in a properties file; -1 if the file or the key is not there. */
static long long property(const char *path, const char *key) {
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    char line[256];
    long long value = -1;
    size_t length = strlen(key);
    while (value < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, key, length) == 0 && line[length] == ' ') value = strtoll(line + length, NULL, 10);
    fclose(file);
    return value;
}

w4a16_status w4a16_detect_gpu(const char *root, int n, char target[16], w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(n < 0 || !target, error, W4A16_INVALID_ARGUMENT,
            "w4a16_detect_gpu: n is %d and target %s: expected n >= 0 and 16 bytes", n,
            target ? "given" : "null");
    if (!root) root = "/sys";
    int gpus = 0;
    for (size_t t = 0; t < sizeof trees / sizeof trees[0]; t++) {
        for (int node = 0; node < NODES_MAX; node++) {
            char path[512];
            if (snprintf(path, sizeof path, "%s/%s/%d/properties", root, trees[t], node) >= (int)sizeof path)
                break;
            long long version = property(path, "gfx_target_version");
            if (version <= 0 || version >= 1000000 || gpus++ != n) continue;
            snprintf(target, 16, "gfx%lld%lld%llx", version / 10000 % 100, version / 100 % 100,
                     version % 100);
            return W4A16_OK;
        }
        if (gpus) break; /* both trees show the same nodes */
    }
    return gpus ? w4a16_fail(error, W4A16_NO_DEVICE, "there is no AMD GPU number %d: %s/%s shows %d", n, root,
                             trees[0], gpus)
                : w4a16_fail(
                      error, W4A16_NO_DEVICE,
                      "no AMD GPU: %s/%s has no node with a gfx_target_version (the amdgpu driver is not "
                      "loaded, or there is no card)",
                      root, trees[0]);
}
