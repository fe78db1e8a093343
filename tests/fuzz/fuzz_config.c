/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Quantisation configurations of every format, as a file of their own and as a section of config.json. */
#include <string.h>

#include "format/format.h"
#include "fuzz.h"

static void parse(const uint8_t *data, size_t size, const struct format *implied) {
    struct quant_config config = {0};
    int found;
    w4a16_error error;
    w4a16_status status =
        quant_config_parse("fuzz", (const char *)data, size, implied, &config, &found, &error);
    if (status != W4A16_OK) {
        CHECK(strncmp(error.message, "fuzz: ", 6) == 0);
    } else if (found) {
        CHECK(config.format);
        CHECK(config.scheme_count || config.rest.group_size == -1 || config.rest.group_size >= 1);
        for (size_t i = 0; i < config.scheme_count; i++) {
            const struct layer_scheme *s = &config.schemes[i];
            CHECK(s->selector_count && (s->problem || s->group_size == -1 || s->group_size >= 1));
            int rank;
            if (selector_match(&s->selectors[0], "model.layers.12.self_attn.qkv_proj", config.work, &rank,
                               &error) != W4A16_OK)
                CHECK(selector_work_done(config.work) || strstr(error.message, "cannot be matched"));
        }
    }
    quant_config_free(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (size_t i = 0; i < format_count(); i++) parse(data, size, format_at(i));
    parse(data, size, NULL);
    return 0;
}
