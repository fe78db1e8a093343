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

#include "format/selector.h"

#define LAYER "model.layers.12.mlp.gate_proj"

static const struct {
    const char *text, *layer;
    int rank;
} cases[] = {
    {"Linear", LAYER, SELECTOR_CLASS},
    {LAYER, LAYER, SELECTOR_NAME},
    {"model.layers.12", LAYER, SELECTOR_NO_MATCH},
    {"gate_proj", LAYER, SELECTOR_NO_MATCH},
    {"re:" LAYER, LAYER, SELECTOR_EXPRESSION},
    {"re:model", LAYER, SELECTOR_EXPRESSION},
    {"re:gate_proj", LAYER, SELECTOR_NO_MATCH}, /* re.match begins at the beginning */
    {"re:.*gate_proj", LAYER, SELECTOR_EXPRESSION},
    {"re:.*gate_proj$", LAYER "s", SELECTOR_NO_MATCH},
    {"re:.*\\.(gate|up)_proj$", LAYER, SELECTOR_EXPRESSION},
    {"re:.*\\.(?:q|k|v)_proj$", LAYER, SELECTOR_NO_MATCH},
    {"re:^model\\.layers\\.\\d{1,2}\\.mlp\\.\\w+$", LAYER, SELECTOR_EXPRESSION},
    {"re:^model\\.layers\\.\\d{3}\\.", LAYER, SELECTOR_NO_MATCH},
    {"re:^(?!.*visual).*_proj$", LAYER, SELECTOR_EXPRESSION},
    {"re:^(?!.*mlp).*_proj$", LAYER, SELECTOR_NO_MATCH},
    {"re:a|.*mlp", LAYER, SELECTOR_EXPRESSION},
    {"re:(?P<block>.*?)\\bmlp\\b", LAYER, SELECTOR_EXPRESSION},
    {"re:(?i)MODEL", LAYER, SELECTOR_EXPRESSION},
    {"re:", LAYER, SELECTOR_EXPRESSION},
    {"re:.\\.", "\xc3\xa9.weight", SELECTOR_EXPRESSION}, /* a character of two bytes */
};

static struct selector_work *work;

static w4a16_status create(const char *text, struct selector *selector, w4a16_error *error) {
    return selector_create("c", "targets", text, strncmp(text, "re:", 3) == 0 ? text + 3 : NULL, work,
                           selector, error);
}

static void test_matches(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct selector selector;
        w4a16_error error;
        int rank = -1;
        if (create(cases[n].text, &selector, &error) != W4A16_OK) fail_msg("%s", error.message);
        if (selector_match(&selector, cases[n].layer, work, &rank, &error) != W4A16_OK)
            fail_msg("%s", error.message);
        if (rank != cases[n].rank)
            fail_msg("%s, %s: rank %d, expected %d", cases[n].text, cases[n].layer, rank, cases[n].rank);
        selector_free(&selector);
    }
}

static void refuse(const char *text, const char *why) {
    struct selector selector;
    w4a16_error error;
    assert_int_equal(create(text, &selector, &error), W4A16_UNSUPPORTED);
    if (!strstr(error.message, why)) fail_msg("%s: expected %s", error.message, why);
    selector_free(&selector);
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
    struct selector selector;
    w4a16_error error;
    int rank;
    assert_int_equal(create("re:(a|a|b?)*(a+)+$", &selector, &error), W4A16_OK);
    assert_int_equal(selector_match(&selector, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", work,
                                    &rank, &error),
                     W4A16_UNSUPPORTED);
    assert_non_null(strstr(error.message,
                           "cannot be matched: match limit exceeded; accepted are expressions that "
                           "take up to 100000 steps"));
    selector_free(&selector);
}

/* Each match alone is quick; all of them together have an end. */
static void test_work(void **state) {
    (void)state;
    w4a16_error error;
    struct selector expression, name;
    struct selector_work *all = NULL;
    int count = 0, rank;
    assert_int_equal(selector_work_create("c", &all, &error), W4A16_OK);
    assert_int_equal(create("re:(?:a*?a)*?[bc]", &expression, &error), W4A16_OK);
    assert_int_equal(create("Linear", &name, &error), W4A16_OK);
    w4a16_status status = W4A16_OK;
    for (; !selector_work_done(all); count++) {
        if (count > 100000) fail_msg("no end after %d matches", count);
        status = selector_match(&expression, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", all,
                                &rank, &error);
    }
    /* 403 with PCRE2 10.42; other versions may take some more steps or fewer, but none a half or twice as many. */
    assert_in_range(count, 330, 500);
    assert_int_equal(status, W4A16_UNSUPPORTED);
    assert_non_null(strstr(error.message, "take too long to match"));
    assert_int_equal(selector_match(&name, "Linear", all, &rank, &error), W4A16_UNSUPPORTED);
    assert_int_equal(rank, SELECTOR_NO_MATCH);
    selector_work_free(all);
    selector_free(&expression);
    selector_free(&name);
}

/* Expressions that grow when they are compiled. */
static void test_memory(void **state) {
    (void)state;
    struct selector_work *all = NULL;
    w4a16_error error;
    assert_int_equal(selector_work_create("c", &all, &error), W4A16_OK);
    w4a16_status status = W4A16_OK;
    int count = 0;
    for (; status == W4A16_OK && count < 100000; count++) {
        struct selector selector;
        status =
            selector_create("c", "dynamic", "(((a{9}){9}){9})", "(((a{9}){9}){9})", all, &selector, &error);
        selector_free(&selector);
    }
    assert_int_equal(status, W4A16_UNSUPPORTED);
    assert_non_null(strstr(error.message, "bytes when compiled"));
    assert_in_range(count, 1000, 99999);
    selector_work_free(all);
}

static int begin(void **state) {
    (void)state;
    w4a16_error error;
    return selector_work_create("c", &work, &error);
}

static int end(void **state) {
    (void)state;
    selector_work_free(work);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_matches), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_endless), cmocka_unit_test(test_work),
                                       cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, begin, end);
}
