/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The GPTQ configuration, as a file of its own and as a section of config.json. */
#include <string.h>

#include "format/gptq.h"
#include "fuzz.h"

static void parse(const uint8_t *data, size_t size, const char *section) {
    struct gptq_config config = {0};
    int found;
    w4a16_error error;
    w4a16_status status =
        gptq_config_parse("fuzz", (const char *)data, size, section, &config, &found, &error);
    if (status != W4A16_OK) {
        CHECK(strncmp(error.message, "fuzz: ", 6) == 0);
    } else if (found) {
        CHECK(config.bits == 4 && (config.version == 1 || config.version == 2));
        CHECK(config.group_size == -1 || config.group_size >= 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    parse(data, size, NULL);
    parse(data, size, "quantization_config");
    return 0;
}
