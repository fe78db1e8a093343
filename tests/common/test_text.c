/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Cleaning of foreign text: nothing acts on a terminal, nothing is cut inside a character. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

static void test_examples(void **state) {
    (void)state;
    static const struct {
        const char *from, *shown, *kept;
    } cases[] = {
        {"plain", "plain", "plain"},
        {"Gr\xc3\xb6\xc3\x9f"
         "e \xe2\x82\xac \xf0\x9f\x98\x80",
         "Gr\xc3\xb6\xc3\x9f"
         "e \xe2\x82\xac \xf0\x9f\x98\x80",
         "Gr\xc3\xb6\xc3\x9f"
         "e \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\x1b[31mred\x07\n", "\\x1b[31mred\\x07\\x0a", "\x1b[31mred\x07\n"},
        {"a\x7f\xc2\x9b"
         "b",
         "a\\x7f\\u009bb",
         "a\x7f\xc2\x9b"
         "b"},
        {"x\xe2\x80\xaey", "x\\u202ey", "x\xe2\x80\xaey"}, /* writes to the left from here */
        {"\xff\xc3(\xe2\x82", "\\xff\\xc3(\\xe2\\x82", "\\xff\\xc3(\\xe2\\x82"},
        {"\xc0\xaf\xe0\x80\xaf\xed\xa0\x80",
         "\\xc0\\xaf\\xe0\\x80\\xaf\\xed\\xa0\\x80", /* overlong, half a pair */
         "\\xc0\\xaf\\xe0\\x80\\xaf\\xed\\xa0\\x80"},
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char to[128];
        assert_int_equal(text_clean(to, sizeof to, cases[i].from, TEXT_SHOWN), strlen(cases[i].shown));
        assert_string_equal(to, cases[i].shown);
        text_clean(to, sizeof to, cases[i].from, TEXT_KEPT);
        assert_string_equal(to, cases[i].kept);
    }
}

static void test_cut(void **state) {
    (void)state;
    static const char euros[] = "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"; /* 12 bytes */
    static const char *const expected[] = {[1] = "",
                                           [2] = ".",
                                           [3] = "..",
                                           [4] = "...",
                                           [5] = "...",
                                           [6] = "...",
                                           [7] = "\xe2\x82\xac...",
                                           [8] = "\xe2\x82\xac...",
                                           [9] = "\xe2\x82\xac...",
                                           [10] = "\xe2\x82\xac\xe2\x82\xac...",
                                           [11] = "\xe2\x82\xac\xe2\x82\xac...",
                                           [12] = "\xe2\x82\xac\xe2\x82\xac...",
                                           [13] = euros};
    for (size_t size = 1; size < sizeof expected / sizeof expected[0]; size++) {
        char *to = malloc(size); /* exactly, for the address sanitizer */
        assert_int_equal(text_clean(to, size, euros, TEXT_SHOWN), strlen(expected[size]));
        assert_string_equal(to, expected[size]);
        free(to);
    }
}

static void check_clean(const char *text) {
    const char *end = text + strlen(text);
    while (text < end) {
        uint32_t code;
        size_t length = text_character(text, (size_t)(end - text), &code);
        assert_true(length > 0);
        assert_true(code >= 0x20 && !(code >= 0x7f && code < 0xa0) && !(code >= 0x202a && code <= 0x202e));
        text += length;
    }
}

/* Random bytes, near to UTF-8, into every size of buffer. */
static void test_random(void **state) {
    (void)state;
    uint32_t seed = 7;
    for (int round = 0; round < 20000; round++) {
        static const unsigned char likely[] = {'a',  0xe2, 0x80, 0xae, 0x82, 0xac,
                                               0x1b, 0xf0, 0x9f, 0x98, 0xc2, 0xff};
        char from[40], once[200], twice[200];
        size_t length = 0;
        while (length < sizeof from - 1 && (seed = seed * 1664525 + 1013904223) >> 27)
            from[length++] = (char)likely[(seed >> 16) % sizeof likely];
        from[length] = 0;
        size_t size = 1 + (seed >> 8) % sizeof once;
        size_t returned = text_clean(once, size, from, TEXT_SHOWN);
        assert_int_equal(returned, strlen(once));
        assert_true(strlen(once) < size && strlen(once) <= 4 * length + 3);
        check_clean(once);
        text_clean(twice, sizeof twice, once, TEXT_SHOWN);
        assert_string_equal(twice, once);
    }
}

static void test_format(void **state) {
    (void)state;
    char text[32], longer[6000];
    text_format(text, sizeof text, "tensor %s: %d", "a\x1b", 5);
    assert_string_equal(text, "tensor a\\x1b: 5");
    memset(longer, 'x', sizeof longer);
    memcpy(longer + sizeof longer - 4, "end", 4);
    text_format(text, sizeof text, "%s", longer);
    assert_string_equal(text, "xxxxxxxxxxxxxxxxxxxxxxxxxxxx...");
    text_format(longer, sizeof longer, "%s %s", text, "over itself");
    text_format(text, sizeof text, "%.3s again", text);
    assert_string_equal(text, "xxx again");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples), cmocka_unit_test(test_cut),
                                       cmocka_unit_test(test_random), cmocka_unit_test(test_format)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
