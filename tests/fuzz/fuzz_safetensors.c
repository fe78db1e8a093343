/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The safetensors header. Input: bytes of data that the file pretends to have (u32), then the JSON. */
#include <string.h>

#include "format/safetensors.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint32_t data_bytes;
    if (size < sizeof data_bytes) return 0;
    memcpy(&data_bytes, data, sizeof data_bytes);
    struct safetensors *st = NULL;
    w4a16_error error;
    w4a16_status status = safetensors_parse("fuzz", (const char *)data + sizeof data_bytes,
                                            size - sizeof data_bytes, data_bytes, &st, &error);
    CHECK((status == W4A16_OK) == (st != NULL));
    if (status != W4A16_OK) {
        CHECK(strncmp(error.message, "fuzz: ", 6) == 0);
        return 0;
    }
    uint64_t end = 0;
    for (size_t i = 0; i < safetensors_count(st); i++) {
        const struct st_tensor *t = safetensors_at(st, i);
        CHECK(t->begin == end && t->end >= t->begin);
        uint64_t bytes = st_dtype_size(t->dtype);
        for (int d = 0; d < t->dims; d++) bytes *= (uint64_t)t->shape[d];
        CHECK(t->dtype == ST_OTHER || bytes == t->end - t->begin);
        end = t->end;
    }
    CHECK(end == data_bytes);
    safetensors_close(st);
    return 0;
}
