/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The reader of compressed offload bundles of the HIP front. */
#include <stdlib.h>

#include "compressed.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    unsigned char *out = NULL;
    uint64_t bytes = 0;
    if (compressed_unpack(data, size, &out, &bytes) != COMPRESSED_OK) {
        CHECK(!out);
        return 0;
    }
    CHECK(bytes <= UINT64_C(1) << 32);
    volatile unsigned char sum = 0; /* every byte of it is there */
    for (uint64_t n = 0; n < bytes; n++) sum = (unsigned char)(sum + out[n]);
    free(out);
    return 0;
}
