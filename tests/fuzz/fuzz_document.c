/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* JSON texts: what the strict reader takes is what jansson takes, with the same values; what is written is
 * read again. */
#include <string.h>

#include "document.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    static const char *const once[] = {"quantization_config", NULL};
    struct doc_problem problem;
    json_t *strict = doc_read(text, size, DOC_STRICT, NULL, &problem);
    json_t *jansson = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    /* jansson takes a NUL byte for the end. */
    CHECK(!jansson || strict || memchr(text, 0, size) || strstr(problem.text, "no deeper nesting"));
    json_t *python = doc_read(text, size, DOC_AS_PYTHON, once, &problem);
    CHECK(!strict || (python && jansson));
    CHECK(!strict || (json_equal(strict, jansson) && json_equal(strict, python)));
    CHECK(python || (!problem.out_of_memory && problem.text[0]));
    if (python) {
        size_t bytes;
        char *printed = doc_print(python, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17), &bytes);
        json_t *again = doc_read(printed, bytes, DOC_STRICT, NULL, &problem);
        CHECK(again && json_equal(python, again));
        json_decref(again);
        free(printed);
    }
    json_decref(strict);
    json_decref(jansson);
    json_decref(python);
    return 0;
}
