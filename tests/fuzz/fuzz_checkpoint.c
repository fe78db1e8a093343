/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * From a file to canonical layers. Input: GPTQ version (u8, odd is 1), group size (i8; 0 stands for -1), then
 * a safetensors file. What is read must pass the check that everything behind it relies on.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/gptq.h"
#include "fuzz.h"

static void read_layers(const struct safetensors *st, const struct gptq_config *config) {
    static const char suffix[] = ".qweight";
    for (size_t i = 0; i < safetensors_count(st); i++) {
        char *name = strdup(safetensors_at(st, i)->name);
        CHECK(name);
        size_t length = strlen(name);
        if (length >= strlen(suffix) && strcmp(name + length - strlen(suffix), suffix) == 0) {
            name[length - strlen(suffix)] = 0;
            w4a16_layer_info info = {0};
            w4a16_layer *layer = NULL;
            w4a16_error error;
            w4a16_status listed = gptq_read(st, config, name, &info, NULL, &error);
            w4a16_status read = gptq_read(st, config, name, &info, &layer, &error);
            CHECK(listed == read);
            if (read == W4A16_OK) CHECK(w4a16_layer_check(layer, &error) == W4A16_OK);
            w4a16_layer_free(layer);
        }
        free(name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    int8_t group_size = (int8_t)data[1];
    struct gptq_config config = {.bits = 4, .version = data[0] & 1 ? 1 : 2, .group_size = group_size};
    if (group_size <= 0) config.group_size = -1;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, data + 2, size - 2) == (ssize_t)(size - 2));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct safetensors *st;
    w4a16_error error;
    if (safetensors_open(path, &st, &error) == W4A16_OK) read_layers(st, &config);
    safetensors_close(st);
    close(fd);
    return 0;
}
