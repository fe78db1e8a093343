/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* JSON: what is read and refused, jansson's own reader as the oracle; typed fields; what is written. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "document.h"

#define FLAGS (JSON_COMPACT | JSON_ENCODE_ANY)

static const char *const once[] = {"q", NULL};

static char *as_text(const char *text, size_t bytes, enum doc_rules rules) {
    struct doc_problem problem = {.out_of_memory = true};
    char *copy = malloc(bytes + !bytes); /* exactly, for the address sanitizer */
    memcpy(copy, text, bytes);
    json_t *root = doc_read(copy, bytes, rules, once, &problem);
    free(copy);
    char *result = root ? doc_print(root, FLAGS, NULL) : strdup(problem.text);
    if (!root) assert_false(problem.out_of_memory);
    json_decref(root);
    return result;
}

static void test_read(void **state) {
    (void)state;
    static const struct {
        const char *from, *strict, *python; /* null: as strict */
    } cases[] = {
        {" { \"a\" : [ 1 , -0, 2.5e-1, true, false, null ] }\r\n\t", "{\"a\":[1,0,0.25,true,false,null]}",
         NULL},
        {"[9223372036854775807,-9223372036854775808]", "[9223372036854775807,-9223372036854775808]", NULL},
        {"\"\\u00e4\\ud83d\\ude00\\n\\/\"", "\"\xc3\xa4\xf0\x9f\x98\x80\\n/\"", NULL},
        {"", "no valid JSON: found the end of the text; expected a value (line 1, column 1)", NULL},
        {"{\"a\":1,}", "no valid JSON: found '}'; expected '\"' and a key (line 1, column 8)", NULL},
        {"[1,]", "no valid JSON: found ']'; expected a value (line 1, column 4)", NULL},
        {"[1\n 2]", "no valid JSON: found '2'; expected ',' or ']' (line 2, column 2)", NULL},
        {"{} {}", "no valid JSON: found '{'; expected the end of the text (line 1, column 4)", NULL},
        {"01", "no valid JSON: found '1'; expected the end of the text (line 1, column 2)", NULL},
        {"\"a\tb\"",
         "no valid JSON: found '\\x09'; expected a text of UTF-8 without control characters, and \" "
         "(line 1, column 3)",
         NULL},
        {"\"\xff\"",
         "no valid JSON: found byte 0xff, no UTF-8; expected a text of UTF-8 without control "
         "characters, and \" (line 1, column 2)",
         NULL},
        {"\"\\x\"",
         "no valid JSON: found 'x'; expected one of \"\\/bfnrtu after a backslash (line 1, column 3)", NULL},
        {"[NaN,Infinity,-Infinity]", "no valid JSON: found 'N'; expected a value (line 1, column 2)",
         "[\"NaN\",\"Infinity\",\"-Infinity\"]"},
        {"-Infinit", "no valid JSON: found 'I'; expected a digit (line 1, column 2)", NULL},
        {"9223372036854775808", "no valid JSON: found '9'; expected a number of 64 bits (line 1, column 1)",
         "\"9223372036854775808\""},
        {"[1e999]", "no valid JSON: found '1'; expected a number of 64 bits (line 1, column 2)",
         "[\"1e999\"]"},
        {"\"\\ud800\"",
         "no valid JSON: found '\\'; expected both halves of a surrogate pair (line 1, column 2)",
         "\"\xef\xbf\xbd\""},
        {"\"a\\u0000b\"", "no valid JSON: found '\\'; expected a text without NUL (line 1, column 3)",
         "\"a\xef\xbf\xbd"
         "b\""},
        {"{\"a\":1,\"b\":2,\"a\":3}",
         "\"a\" is given twice, as 1 and as 3 (line 1, column 14); accepted is one value",
         "{\"a\":3,\"b\":2}"},
        {"{\"q\":{\"x\":[{\"a\":4,\"a\":8}]}}",
         "\"a\" is given twice, as 4 and as 8 (line 1, column 19); accepted is one value", NULL},
        {"{\"q\":{},\n \"q\":\"two\"}",
         "\"q\" is given twice, as an object of 0 and as \"two\", a text (line 2, column 2); accepted is one "
         "value",
         NULL},
        {"{\"q\":{\"a\":4,\"a\":4}}",
         "\"a\" is given twice, as 4 and as 4 (line 1, column 13); accepted is one value",
         "{\"q\":{\"a\":4}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int rules = DOC_STRICT; rules <= DOC_AS_PYTHON; rules++) {
            char *text = as_text(cases[i].from, strlen(cases[i].from), (enum doc_rules)rules);
            assert_string_equal(text, rules == DOC_AS_PYTHON && cases[i].python ? cases[i].python
                                                                                : cases[i].strict);
            free(text);
        }
}

static void test_depth(void **state) {
    (void)state;
    char text[4002];
    for (int depth = 999; depth <= 2001; depth += 501) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        struct doc_problem problem;
        json_t *root = doc_read(text, 2 * (size_t)depth, DOC_STRICT, NULL, &problem);
        assert_int_equal(root != NULL, depth <= 999);
        if (!root) assert_non_null(strstr(problem.text, "no deeper nesting"));
        json_decref(root);
    }
}

/* ---- against jansson ----------------------------------------------------------------------------------- */

static uint64_t next(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static void append(char *text, size_t *length, const char *more) {
    size_t bytes = strlen(more);
    memcpy(text + *length, more, bytes);
    *length += bytes;
}

static void random_value(uint64_t *seed, char *text, size_t *length, int depth) {
    static const char *const leaves[] = {"0",
                                         "-1",
                                         "17",
                                         "3.25",
                                         "-0.5e+3",
                                         "1E2",
                                         "true",
                                         "false",
                                         "null",
                                         "\"\"",
                                         "\"k\\\"\\\\\"",
                                         "\"\\u20ac\\ud834\\udd1e\"",
                                         "\"\xc3\xa9\xf0\x9f\x98\x80\"",
                                         "123456789012345678",
                                         "1e308",
                                         "2.2250738585072014e-308"};
    uint64_t kind = next(seed) % (depth > 4 || *length > 700 ? 3 : 5);
    if (kind < 3) {
        append(text, length, leaves[next(seed) % (sizeof leaves / sizeof leaves[0])]);
        return;
    }
    append(text, length, kind == 3 ? "[" : "{");
    for (uint64_t n = next(seed) % 4, i = 0; i < n; i++) {
        char key[24];
        snprintf(key, sizeof key, "%s\"%c\" : ", i ? " ,\n" : "", (char)('a' + i));
        append(text, length, kind == 4 ? key : i ? "," : " ");
        random_value(seed, text, length, depth + 1);
    }
    append(text, length, kind == 3 ? "]" : "}");
}

/* Valid texts and such as one to three random changes make of them: both readers agree. */
static void test_against_jansson(void **state) {
    (void)state;
    uint64_t seed = 11;
    unsigned accepted = 0, refused = 0;
    for (int round = 0; round < 60000; round++) {
        static const char bytes[] = "{}[]\",:\\u0123456789eE.+-tfn \n\x80\xff\xed\x1f";
        char text[4096];
        size_t length = 0;
        random_value(&seed, text, &length, 0);
        for (uint64_t n = next(&seed) % 4; n > 0 && length > 1; n--) {
            size_t at = next(&seed) % length;
            if (next(&seed) % 2)
                text[at] = bytes[next(&seed) % (sizeof bytes - 1)];
            else
                memmove(text + at, text + at + 1, --length - at);
        }
        json_t *theirs = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        struct doc_problem problem;
        json_t *ours = doc_read(text, length, DOC_STRICT, NULL, &problem);
        if (!theirs != !ours || (ours && !json_equal(ours, theirs)))
            fail_msg("%.*s: %s", (int)length, text, ours ? "accepted" : problem.text);
        *(ours ? &accepted : &refused) += 1;
        json_decref(ours);
        json_decref(theirs);
    }
    assert_true(accepted > 20000 && refused > 20000);
}

/* ---- fields -------------------------------------------------------------------------------------------- */

/* A list of empty objects, small as a text and large in memory. */
static json_t *read_objects(size_t count, struct doc_problem *problem) {
    static const char object[] = "{},";
    enum { LENGTH = sizeof object - 1 };
    char *text = malloc(1 + count * LENGTH + 2);
    text[0] = '[';
    for (size_t n = 0; n < count; n++) memcpy(text + 1 + n * LENGTH, object, LENGTH);
    memcpy(text + 1 + count * LENGTH, "0]", 2);
    json_t *root = doc_read(text, 1 + count * LENGTH + 2, DOC_STRICT, NULL, problem);
    free(text);
    return root;
}

static void test_memory(void **state) {
    (void)state;
    struct doc_problem problem = {.out_of_memory = true};
    assert_null(read_objects(3000000, &problem));
    assert_false(problem.out_of_memory);
    assert_string_equal(problem.text, "has too many values (line 1, column 6291456); accepted are those that "
                                      "512 MiB of memory hold");
    json_t *root = read_objects(300000, &problem);
    assert_int_equal(json_array_size(root), 300001);
    json_decref(root);
}

static void test_fields(void **state) {
    (void)state;
    static const char text[] =
        "{\"bits\":\"4\",\"flag\":1,\"size\":128.0,\"name\":[1],\"null\":null,\"true\":true,"
        "\"n\":-3,\"map\":{}}";
    struct doc_problem p;
    json_t *root = doc_read(text, sizeof text - 1, DOC_STRICT, NULL, &p), *value = NULL;
    int64_t n = 7;
    int flag = 5;
    const char *name = "default";
    assert_false(doc_integer(root, "bits", 0, 8, &n, &p));
    assert_string_equal(p.text, "bits is \"4\", a text; accepted is an integer");
    assert_false(doc_integer(root, "size", 0, 8, &n, &p));
    assert_string_equal(p.text, "size is 128, a real; accepted is an integer");
    assert_false(doc_integer(root, "true", 0, 8, &n, &p));
    assert_string_equal(p.text, "true is true; accepted is an integer");
    assert_false(doc_integer(root, "n", -2, 8, &n, &p));
    assert_string_equal(p.text, "n is -3; accepted is an integer in -2..8");
    assert_false(doc_bool(root, "flag", &flag, &p));
    assert_string_equal(p.text, "flag is 1; accepted is true or false");
    assert_false(doc_text(root, "name", &name, &p));
    assert_string_equal(p.text, "name is a list of 1; accepted is a text in quotes");
    assert_false(doc_field(root, "bits", DOC_OBJECT, &value, &p));
    assert_string_equal(p.text, "bits is \"4\", a text; accepted is an object {...}");
    assert_false(doc_is(json_object_get(root, "absent"), DOC_LIST, "absent", &p));
    assert_string_equal(p.text, "absent is missing; accepted is a list");
    assert_true(doc_integer(root, "null", 0, 8, &n, &p) && doc_integer(root, "absent", 0, 8, &n, &p));
    assert_true(doc_bool(root, "absent", &flag, &p) && doc_text(root, "null", &name, &p));
    assert_true(n == 7 && flag == 5 && strcmp(name, "default") == 0);
    assert_true(doc_integer(root, "n", -3, -3, &n, &p) && doc_bool(root, "true", &flag, &p));
    assert_true(n == -3 && flag == 1);
    assert_true(doc_field(root, "map", DOC_OBJECT, &value, &p) && json_is_object(value));
    json_decref(root);
}

/* ---- writing ------------------------------------------------------------------------------------------- */

static void test_write(void **state) {
    (void)state;
    json_t *list = json_array();
    for (int i = 0; i < 3; i++) doc_append(&list, json_integer(i));
    json_t *value = doc_pack("{s:s, s:[i,I,b,n], s:{}, s:f, s:f, s:o, s:s}", "text", "a\xff\x1b\xe2\x82",
                             "list", -1, (json_int_t)INT64_MAX, 1, "object", "real", 0.5, "nan", (double)NAN,
                             "own", list, "none", (const char *)NULL);
    doc_set(&value, "\xc3\xa4", json_true());
    doc_update(&value, doc_pack("{s:i}", "more", 2));
    char *text = doc_print(value, JSON_COMPACT, NULL);
    assert_string_equal(
        text, "{\"text\":\"a\\\\xff\\u001B\\\\xe2\\\\x82\",\"list\":[-1,9223372036854775807,true,null],"
              "\"object\":{},\"real\":0.5,\"nan\":null,\"own\":[0,1,2],\"none\":null,\"\xc3\xa4\":true,"
              "\"more\":2}");
    free(text);
    /* A value that could not be made takes the document with it, and what follows is released. */
    doc_append(&value, NULL);
    assert_null(value);
    doc_set(&value, "after", json_array());
    doc_update(&value, json_object());
    assert_null(value);
    assert_null(doc_pack("{s:o, s:o, s:[o]}", "a", json_array(), "b", (json_t *)NULL, "c", json_array()));
    assert_null(doc_print(NULL, JSON_COMPACT, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),   cmocka_unit_test(test_depth),  cmocka_unit_test(test_against_jansson),
        cmocka_unit_test(test_memory), cmocka_unit_test(test_fields), cmocka_unit_test(test_write)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
