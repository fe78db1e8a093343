/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * From a file to canonical layers, in every format. Input: format and GPTQ version (u8: n / 2 chooses the
 * format, odd is version 1), group size (i8; 0 stands for -1), then a safetensors file, or a GGUF file, for
 * which the first two say nothing. What is read must pass the check that everything behind it relies on.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/gguf_layers.h"
#include "fuzz.h"

static void read_layers(const struct store *store, const struct quant_config *config) {
    struct layer_list list;
    w4a16_error error;
    w4a16_status made = store_gguf(store) ? gguf_layers_list(store, config, &list, &error)
                                          : layer_list_make(store, config, &list, &error);
    if (made == W4A16_OK)
        for (size_t i = 0; i < list.count; i++) {
            const struct layer_place *place = &list.places[i];
            CHECK(!place->scheme == !!place->problem);
            if (place->problem) continue;
            w4a16_layer_info info = {0};
            w4a16_layer *layer = NULL;
            w4a16_status listed = config->format->read(store, config, place, &info, NULL, &error);
            w4a16_status read = config->format->read(store, config, place, &info, &layer, &error);
            CHECK(listed == read);
            if (read == W4A16_OK) CHECK(w4a16_layer_check(layer, &error) == W4A16_OK);
            w4a16_layer_free(layer);
        }
    layer_list_free(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    int8_t group_size = (int8_t)data[1];
    char linear[] = "Linear";
    struct selector selector = {.text = linear};
    struct layer_scheme scheme = {.selectors = &selector,
                                  .selector_count = 1,
                                  .bits = 4,
                                  .group_size = group_size > 0 ? group_size : -1,
                                  .symmetric = data[0] & 1 ? SYMMETRY_YES : SYMMETRY_NO};
    struct quant_config config = {.format = format_at(data[0] / 2 % (format_count() - 1)),
                                  .version = data[0] & 1 ? 1 : 2,
                                  .schemes = &scheme,
                                  .scheme_count = 1};
    w4a16_error error;
    CHECK(selector_work_create("fuzz", &config.work, &error) == W4A16_OK);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, data + 2, size - 2) == (ssize_t)(size - 2));
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct store *store;
    if (store_open(path, &store, &error) == W4A16_OK) {
        struct quant_config of_gguf;
        gguf_layers_configure(&of_gguf);
        read_layers(store, store_gguf(store) ? &of_gguf : &config);
        store_close(store);
    }
    close(fd);
    selector_work_free(config.work);
    return 0;
}
