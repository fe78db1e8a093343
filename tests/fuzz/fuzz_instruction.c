/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The simulator's instruction decoder and disassembler, over a stream of instructions. */
#include <string.h>

#include "fuzz.h"
#include "rdnasim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t dwords = size / 4;
    uint32_t *code = malloc(dwords ? 4 * dwords : 1);
    CHECK(code);
    memcpy(code, data, 4 * dwords);
    for (size_t at = 0; at < dwords;) {
        char text[192];
        memset(text, 1, sizeof text);
        uint32_t taken = rdnasim_disassemble("gfx1100", code + at, dwords - at, text, sizeof text);
        CHECK(memchr(text, 0, sizeof text) && text[0]);
        CHECK(taken <= 4 && taken <= dwords - at);
        CHECK((taken == 0) == (strstr(text, "(illegal)") != NULL));
        at += taken ? taken : 1;
    }
    free(code);
    return 0;
}
