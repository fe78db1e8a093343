/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The .npy reader of the program. */
#include <string.h>

#include "fuzz.h"
#include "npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct npy npy = {0};
    w4a16_error error;
    if (npy_parse("fuzz", data, size, size, &npy, &error) != W4A16_OK) {
        CHECK(strncmp(error.message, "fuzz: ", 6) == 0);
        return 0;
    }
    CHECK(npy.rows >= 0 && npy.columns >= 0);
    CHECK(npy.data_offset <= size && npy.data_bytes <= size - npy.data_offset);
    CHECK(npy.data_bytes == (size_t)npy.rows * (size_t)npy.columns * w4a16_dtype_size(npy.type));
    return 0;
}
