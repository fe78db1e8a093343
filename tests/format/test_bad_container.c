/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Damaged safetensors files, and the sentence that each gives. */
#include "bad.h"
#include "format/safetensors.h"

#define FILE_NAME     "m/model.safetensors"
#define BAD(sentence) W4A16_BAD_FILE, FILE_NAME ": " sentence
#define T(dtype, shape, begin, end)                                                                          \
    "{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" #begin "," #end "]}"

/* clang-format off */
static const struct header_case {
    const char *header;
    size_t data_bytes;
    w4a16_status status;
    const char *sentence;
} header_cases[] = {
    /* Neither overlap, nor hole, nor more or less data than the file has. */
    {"{\"a\":" T("U8", "4", 0, 4) ",\"b\":" T("U8", "4", 2, 6) "}", 6,
     BAD("tensor b: data begins at 2; expected 4, where the tensor before ends (overlap)")},
    {"{\"a\":" T("U8", "4", 0, 4) ",\"b\":" T("U8", "4", 0, 4) "}", 4,
     BAD("tensor b: data begins at 0; expected 4, where the tensor before ends (overlap)")},
    {"{\"a\":" T("U8", "4", 0, 4) ",\"b\":" T("U8", "4", 5, 9) "}", 9,
     BAD("tensor b: data begins at 5; expected 4, where the tensor before ends (hole)")},
    {"{\"a\":" T("U8", "4", 1, 5) "}", 5,
     BAD("tensor a: data begins at 1; expected 0, where the tensor before ends (hole)")},
    {"{\"a\":" T("U8", "4", 0, 4) "}", 3, BAD("the tensors need 4 bytes of data; found 3 (truncated file)")},
    {"{\"a\":" T("U8", "4", 0, 4) "}", 5,
     BAD("the tensors need 4 bytes of data; found 5 (bytes that belong to no tensor)")},
    {"{}", 1, BAD("the tensors need 0 bytes of data; found 1 (bytes that belong to no tensor)")},
    /* Shapes, types and offsets against each other. */
    {"{\"a\":" T("F32", "4", 0, 4) "}", 4,
     BAD("tensor a: data_offsets give 4 bytes; expected 16 from shape and type F32")},
    {"{\"a\":" T("F4", "3", 0, 1) "}", 1,
     BAD("tensor a: shape and type F4 give 12 bits; accepted are whole bytes")},
    {"{\"a\":" T("U8", "4294967296,4294967296", 0, 0) "}", 0,
     BAD("tensor a: the product of its shape overflows 64 bits")},
    {"{\"a\":" T("F64", "9223372036854775807", 0, 0) "}", 0,
     BAD("tensor a: the product of its shape overflows 64 bits")},
    {"{\"a\":" T("U8", "-1", 0, 0) "}", 0, BAD("tensor a: shape[0] is no integer >= 0")},
    {"{\"a\":" T("U8", "1,2.0", 0, 2) "}", 2, BAD("tensor a: shape[1] is no integer >= 0")},
    {"{\"a\":" T("U8", "1,1,1,1,1,1,1,1,1", 0, 1) "}", 1, W4A16_UNSUPPORTED,
     FILE_NAME ": tensor a: shape has 9 dimensions; accepted are up to 8"},
    {"{\"a\":" T("U8", "4", 4, 0) "}", 4,
     BAD("tensor a: data_offsets are missing or wrong; accepted are two integers 0 <= begin <= end")},
    {"{\"a\":" T("U8", "4", -4, 0) "}", 4,
     BAD("tensor a: data_offsets are missing or wrong; accepted are two integers 0 <= begin <= end")},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0,0]}}", 0,
     BAD("tensor a: data_offsets are missing or wrong; accepted are two integers 0 <= begin <= end")},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}", 0,
     BAD("tensor a: data_offsets are missing or wrong; accepted are two integers 0 <= begin <= end")},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":3,\"data_offsets\":[0,3]}}", 3,
     BAD("tensor a: shape is missing or no list; accepted is a list of integers >= 0")},
    {"{\"a\":{\"dtype\":8,\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     BAD("tensor a: dtype is missing or no string")},
    {"{\"a\":[]}", 0,
     BAD("tensor a: its description is no JSON object; accepted is {dtype, shape, data_offsets}")},
    /* JSON. */
    {"{\"a\":" T("U8", "1", 0, 1) ",\"a\":" T("U8", "1", 0, 1) "}", 1,
     BAD("\"a\" is given twice, as an object of 3 and as an object of 3 (line 1, column 54); accepted is one value")},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     BAD("\"dtype\" is given twice, as \"U8\", a text and as \"U8\", a text (line 1, column 20); accepted is one value")},
    {"{\"a\":" T("U8", "9223372036854775808", 0, 1) "}", 1,
     BAD("no valid JSON: found '9'; expected a number of 64 bits (line 1, column 29)")},
    {"{\"\xff\":" T("U8", "1", 0, 1) "}", 1,
     BAD("no valid JSON: found byte 0xff, no UTF-8; expected a text of UTF-8 without control characters, and \" "
         "(line 1, column 3)")},
    {"{\"a\\u0000b\":" T("U8", "1", 0, 1) "}", 1,
     BAD("no valid JSON: found '\\'; expected a text without NUL (line 1, column 4)")},
    {"{} {}", 0, BAD("no valid JSON: found '{'; expected the end of the text (line 1, column 4)")},
    {"", 0, BAD("no valid JSON: found the end of the text; expected a value (line 1, column 1)")},
    {"[]", 0, BAD("its header is a list of 0; accepted is an object {...}")},
    {"{\"__metadata__\":{\"step\":3}}", 0,
     BAD("__metadata__: the value of \"step\" is no string; accepted are strings only")},
    {"{\"__metadata__\":\"pt\"}", 0, BAD("__metadata__ is no JSON object; accepted is an object of strings")},
    /* Sound files without a layer: what the container accepts, seen by the sentence that comes later. */
    {" \n{\"s\":" T("F32", "", 0, 4) ",\"e\":" T("F64", "0,7", 4, 4) ",\"u\":" T("F8_NEW", "5", 4, 7) "}  ", 7,
     W4A16_UNSUPPORTED,
     FILE_NAME ": none of 3 tensors is a layer of gptq; expected names that end in .qweight"},
};
/* clang-format on */

static void headers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof header_cases / sizeof header_cases[0]; i++) {
        const struct header_case *c = &header_cases[i];
        size_t bytes = strlen(c->header);
        write_model(bytes, c->header, bytes, "0123456789abcdef", c->data_bytes);
        refused("m", c->status, c->sentence);
    }
}

static void nested_junk(void **state) {
    (void)state;
    static char deep[100000];
    memset(deep, '[', sizeof deep);
    write_model(sizeof deep, deep, sizeof deep, NULL, 0);
    refused("m", W4A16_BAD_FILE,
            FILE_NAME ": no valid JSON: found '['; expected no deeper nesting (line 1, column 1001)");
}

static void absurd_lengths(void **state) {
    (void)state;
    write_model(100000001, "{}", 2, NULL, 0);
    refused("m", W4A16_BAD_FILE, FILE_NAME ": header length is 100000001; accepted is at most 100000000");
    write_model(UINT64_MAX, "{}", 2, NULL, 0);
    refused("m", W4A16_BAD_FILE,
            FILE_NAME ": header length is 18446744073709551615; accepted is at most 100000000");
    write_model(3, "{}", 2, NULL, 0);
    refused("m", W4A16_BAD_FILE, FILE_NAME ": header length is 3 but only 2 bytes follow (truncated file)");
    write_text(FILE_NAME, "1234567");
    refused("m", W4A16_BAD_FILE, FILE_NAME ": has 7 bytes; a safetensors file has at least 8");
    write_text(FILE_NAME, "");
    refused("m", W4A16_BAD_FILE, FILE_NAME ": has 0 bytes; a safetensors file has at least 8");
}

/* Every way to cut a sound file short is an error, none a crash. */
static void cut_anywhere(void **state) {
    (void)state;
    static const char header[] = "{\"a\":" T("U8", "4", 0, 4) ",\"b\":" T("F16", "2", 4, 8) "}";
    char whole[8 + sizeof header - 1 + 8] = {sizeof header - 1};
    memcpy(whole + 8, header, sizeof header - 1);
    for (size_t bytes = 0; bytes < sizeof whole; bytes++) {
        write_file(FILE_NAME, whole, bytes);
        w4a16_checkpoint *checkpoint;
        w4a16_error error;
        assert_int_equal(w4a16_checkpoint_open("m", &checkpoint, &error), W4A16_BAD_FILE);
        assert_non_null(strstr(error.message, FILE_NAME ": "));
    }
    write_file(FILE_NAME, whole, sizeof whole);
    refused("m", W4A16_UNSUPPORTED,
            FILE_NAME ": none of 2 tensors is a layer of gptq; expected names that end in .qweight");
}

static void not_a_file(void **state) {
    (void)state;
    refused("nowhere", W4A16_IO, "nowhere: cannot open: No such file or directory");
    struct safetensors *s = (void *)&s; /* poison */
    struct safetensors_writer *w = (void *)&w;
    w4a16_error error;
    assert_int_equal(safetensors_open("nowhere", &s, &error), W4A16_IO);
    assert_null(s);
    assert_int_equal(safetensors_create("nowhere/x", NULL, 0, &w, &error), W4A16_IO);
    assert_null(w);
    unlink(FILE_NAME);
    refused("m", W4A16_BAD_FILE,
            "m: has 0 .safetensors files; accepted is one, or model.safetensors.index.json that says "
            "what is where (or name a file itself)");
    assert_int_equal(mkdir(FILE_NAME, 0700), 0);
    refused("m", W4A16_BAD_FILE, FILE_NAME ": is not a regular file");
    assert_int_equal(rmdir(FILE_NAME), 0);
    assert_int_equal(mkfifo(FILE_NAME, 0600), 0); /* must not block */
    refused("m", W4A16_BAD_FILE, FILE_NAME ": is not a regular file");
    unlink(FILE_NAME);
    write_text(FILE_NAME, "x");
    write_text("m/other.safetensors", "x");
    refused("m/", W4A16_UNSUPPORTED,
            "m: has 2 .safetensors files; accepted is one, or model.safetensors.index.json that says "
            "what is where (or name a file itself)");
    unlink("m/other.safetensors");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),      cmocka_unit_test(nested_junk), cmocka_unit_test(absurd_lengths),
        cmocka_unit_test(cut_anywhere), cmocka_unit_test(not_a_file),
    };
    return cmocka_run_group_tests(tests, empty_directory, remove_directory);
}
