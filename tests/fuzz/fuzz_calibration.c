/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Statistics of a layer's inputs. Input: the layer's number of inputs (u8), then a safetensors file. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/calibration.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    int64_t K = data[0];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct safetensors *file;
    struct input_statistics statistics;
    w4a16_error error;
    if (safetensors_open(path, &file, &error) == W4A16_OK) {
        w4a16_status status = statistics_read(file, "l", K, &statistics, &error);
        CHECK(!statistics.energy == !statistics.feedback && !statistics.order == !statistics.feedback);
        CHECK(status == W4A16_OK ||
              (!statistics.feedback && strncmp(error.message, path, strlen(path)) == 0));
        for (int64_t i = 0; statistics.feedback && i < K * K; i++)
            CHECK(isfinite(statistics.feedback[i]) && statistics.energy[i / K] >= 0);
        for (int64_t p = 1; statistics.order && p < K; p++) {
            int64_t before = statistics.order[p - 1], k = statistics.order[p];
            float larger = statistics.energy[before], energy = statistics.energy[k];
            CHECK(larger > energy || (larger == energy && before < k));
        }
        statistics_free(&statistics);
        safetensors_close(file);
    }
    close(fd);
    return 0;
}
