/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Targets of schemes and rules: what they match, as Python's re.match does, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "format/target.h"

#define LAYER "model.layers.12.mlp.gate_proj"

static const struct {
    const char *text, *layer;
    int rank;
} cases[] = {
    {"Linear", LAYER, TARGET_CLASS},
    {LAYER, LAYER, TARGET_NAME},
    {"model.layers.12", LAYER, TARGET_NO_MATCH},
    {"gate_proj", LAYER, TARGET_NO_MATCH},
    {"re:" LAYER, LAYER, TARGET_EXPRESSION},
    {"re:model", LAYER, TARGET_EXPRESSION},
    {"re:gate_proj", LAYER, TARGET_NO_MATCH}, /* re.match begins at the beginning */
    {"re:.*gate_proj", LAYER, TARGET_EXPRESSION},
    {"re:.*gate_proj$", LAYER "s", TARGET_NO_MATCH},
    {"re:.*\\.(gate|up)_proj$", LAYER, TARGET_EXPRESSION},
    {"re:.*\\.(?:q|k|v)_proj$", LAYER, TARGET_NO_MATCH},
    {"re:^model\\.layers\\.\\d{1,2}\\.mlp\\.\\w+$", LAYER, TARGET_EXPRESSION},
    {"re:^model\\.layers\\.\\d{3}\\.", LAYER, TARGET_NO_MATCH},
    {"re:^(?!.*visual).*_proj$", LAYER, TARGET_EXPRESSION},
    {"re:^(?!.*mlp).*_proj$", LAYER, TARGET_NO_MATCH},
    {"re:a|.*mlp", LAYER, TARGET_EXPRESSION},
    {"re:(?P<block>.*?)\\bmlp\\b", LAYER, TARGET_EXPRESSION},
    {"re:(?i)MODEL", LAYER, TARGET_EXPRESSION},
    {"re:", LAYER, TARGET_EXPRESSION},
    {"re:.\\.", "\xc3\xa9.weight", TARGET_EXPRESSION}, /* a character of two bytes */
};

static w4a16_status create(const char *text, struct target *target, w4a16_error *error) {
    return target_create("c", "targets", text, strncmp(text, "re:", 3) == 0 ? text + 3 : NULL, target, error);
}

static void test_matches(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct target target;
        w4a16_error error;
        int rank = -1;
        if (create(cases[n].text, &target, &error) != W4A16_OK) fail_msg("%s", error.message);
        if (target_match(&target, cases[n].layer, &rank, &error) != W4A16_OK) fail_msg("%s", error.message);
        if (rank != cases[n].rank)
            fail_msg("%s, %s: rank %d, expected %d", cases[n].text, cases[n].layer, rank, cases[n].rank);
        target_free(&target);
    }
}

static void refuse(const char *text, const char *why) {
    struct target target;
    w4a16_error error;
    assert_int_equal(create(text, &target, &error), W4A16_UNSUPPORTED);
    if (!strstr(error.message, why)) fail_msg("%s: expected %s", error.message, why);
    target_free(&target);
}

static void test_refused(void **state) {
    (void)state;
    refuse("re:a(b", "c: targets: \"re:a(b\": missing closing parenthesis, at byte 3");
    refuse("re:*", "quantifier does not follow a repeatable item");
    refuse("re:(((((a{99}){99}){99}){99}){99})", "regular expression is too large");
    refuse("re:\\C", "at byte 2");
    char *longest = malloc(1005);
    memset(longest, 'a', 1004);
    memcpy(longest, "re:", 3), longest[1004] = 0;
    refuse(longest, "pattern string is longer than the limit");
    free(longest);
}

/* What would backtrack for centuries ends with a sentence. */
static void test_endless(void **state) {
    (void)state;
    struct target target;
    w4a16_error error;
    int rank;
    assert_int_equal(create("re:(a|a|b?)*(a+)+$", &target, &error), W4A16_OK);
    assert_int_equal(
        target_match(&target, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", &rank, &error),
        W4A16_UNSUPPORTED);
    assert_non_null(strstr(error.message,
                           "cannot be matched: match limit exceeded; accepted are expressions that "
                           "take up to 100000 steps"));
    target_free(&target);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_matches), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_endless)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
