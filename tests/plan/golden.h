/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What a test prints against a file that was recorded before. */
#ifndef TESTS_PLAN_GOLDEN_H
#define TESTS_PLAN_GOLDEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static inline void same_as_golden(const char *path, void (*print)(FILE *to)) {
    FILE *golden = fopen(path, "r"), *made = tmpfile();
    assert_true(golden && made);
    print(made);
    rewind(made);
    char expected[256], got[256];
    for (;;) {
        char *e = fgets(expected, sizeof expected, golden), *g = fgets(got, sizeof got, made);
        if (!e && !g) break;
        if (!e || !g || strcmp(expected, got) != 0)
            fail_msg("%s has\n  %swhat is there now is\n  %swrite it anew if that is intended", path,
                     e ? expected : "nothing\n", g ? got : "nothing\n");
    }
    fclose(golden);
    fclose(made);
}

#endif
