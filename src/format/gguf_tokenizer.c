/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Two kinds: "gpt2", bytes as printable characters joined by the file's merges, and "llama", SentencePiece's
 * pieces with scores. The latter becomes the same kind of model: a merge of two pieces for each way to cut a
 * piece in two, the best pieces first.
 */
#include "format/gguf_tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "document.h"
#include "format/model_files.h"
#include "text.h"

#define KEY   "tokenizer.ggml."
#define BLANK "\xe2\x96\x81" /* what SentencePiece writes for a space */
#define LLAMA_3                                                                                              \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"                                 \
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

enum { TOKEN_BYTES_MAX = 1024, TOKENS_MAX = 1 << 22 };
enum token_kind { CONTROL = 3, USER_DEFINED = 4 };

/* How text is cut before bytes are joined, by tokenizer.ggml.pre. */
static const struct byte_rule {
    const char *name;
    const char *split; /* an expression instead of GPT-2's, or null */
    int digits;        /* each digit alone, before GPT-2's expression */
    int starts;        /* with the token of a beginning, where no key says */
    int whole_first;   /* a piece that is a token is not built by merges */
} byte_rules[] = {
    {"gpt-2", NULL, 0, 0, 0},        {"default", NULL, 0, 0, 0},     {"smollm", NULL, 1, 0, 0},
    {"llama-bpe", LLAMA_3, 0, 1, 1}, {"llama-v3", LLAMA_3, 0, 1, 1}, {"llama3", LLAMA_3, 0, 1, 1},
};
enum { BYTE_RULES = sizeof byte_rules / sizeof byte_rules[0] };

struct vocabulary {
    const struct gguf *file;
    const struct byte_rule *bytes; /* null: SentencePiece */
    char **tokens;                 /* as tokenizer.json has them */
    size_t count;
    int64_t *kinds;   /* or null */
    double *scores;   /* or null; not of bytes */
    char **respelled; /* of these tokens what the file has is another text: null elsewhere */
    int by_position;  /* pieces are the better the earlier they come, whatever their scores */
    int blank_first;  /* a space is put before the text */
};

static w4a16_status no_memory(const struct gguf *file, w4a16_error *error) {
    return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", gguf_path(file));
}

static int is(struct gguf_text text, const char *word) {
    return text.data && strlen(word) == text.length && memcmp(text.data, word, text.length) == 0;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

/* A copy that ends with a NUL. */
static w4a16_status copy_text(const struct gguf *file, const char *what, size_t index, struct gguf_text text,
                              char **copy, w4a16_error *error) {
    FAIL_IF(text.length > TOKEN_BYTES_MAX, error, W4A16_UNSUPPORTED,
            "%s: %s %zu has %zu bytes; accepted are at most %d", gguf_path(file), what, index, text.length,
            TOKEN_BYTES_MAX);
    for (size_t at = 0, bytes; at < text.length; at += bytes) {
        bytes = text_character(text.data + at, text.length - at, NULL);
        FAIL_IF(!bytes || !text.data[at], error, W4A16_BAD_FILE, "%s: %s %zu is no UTF-8 text without NUL",
                gguf_path(file), what, index);
    }
    *copy = strndup(text.data, text.length);
    return *copy ? W4A16_OK : no_memory(file, error);
}

/* Runs of spaces alone are written as blanks. Null: no memory. */
static char *blanks(const char *spaces) {
    size_t count = strlen(spaces), bytes = strlen(BLANK);
    char *text = malloc(count * bytes + 1);
    for (size_t i = 0; text && i < count; i++) memcpy(text + i * bytes, BLANK, bytes);
    if (text) text[count * bytes] = 0;
    return text;
}

static w4a16_status read_tokens(struct vocabulary *v, w4a16_error *error) {
    struct gguf_text *texts;
    TRY(gguf_strings(v->file, KEY "tokens", &texts, &v->count, error));
    w4a16_status status = W4A16_OK;
    v->tokens = calloc(v->count + 1, sizeof *v->tokens);
    v->respelled = calloc(v->count + 1, sizeof *v->respelled);
    if (!v->tokens || !v->respelled) status = no_memory(v->file, error);
    if (status == W4A16_OK && (v->count < 1 || v->count > TOKENS_MAX))
        status = w4a16_fail(error, W4A16_BAD_FILE, "%s: key " KEY "tokens: has %zu; accepted are 1 to %d",
                            gguf_path(v->file), v->count, TOKENS_MAX);
    for (size_t i = 0; i < v->count && status == W4A16_OK; i++) {
        status = copy_text(v->file, "token", i, texts[i], &v->tokens[i], error);
        if (status != W4A16_OK || v->bytes) continue;
        size_t spaces = strspn(v->tokens[i], " ");
        if (!spaces || v->tokens[i][spaces]) continue;
        v->respelled[i] = v->tokens[i];
        v->tokens[i] = blanks(v->respelled[i]);
        if (!v->tokens[i]) status = no_memory(v->file, error);
    }
    free(texts);
    return status;
}

static w4a16_status check_length(const struct vocabulary *v, const char *what, size_t count,
                                 w4a16_error *error) {
    FAIL_IF(count && count != v->count, error, W4A16_BAD_FILE,
            "%s: key " KEY "%s: has %zu elements; expected one for each of %zu tokens", gguf_path(v->file),
            what, count, v->count);
    return W4A16_OK;
}

/* Which kind of tokenizer; *found is 0 if the file has none. */
static w4a16_status read_kind(struct vocabulary *v, int *found, w4a16_error *error) {
    struct gguf_text model = {0}, pre = {0}, arch = {0};
    TRY(gguf_string(v->file, KEY "model", &model, error));
    TRY(gguf_string(v->file, KEY "pre", &pre, error));
    TRY(gguf_string(v->file, "general.architecture", &arch, error));
    *found = model.data != NULL;
    if (!*found) return W4A16_OK;
    if (is(model, "llama")) {
        v->by_position = is(arch, "gemma3");
        v->blank_first = 1;
        return gguf_bool(v->file, KEY "add_space_prefix", &v->blank_first, error);
    }
    FAIL_IF(!is(model, "gpt2"), error, W4A16_UNSUPPORTED,
            "%s: key " KEY "model: is %.*s; accepted are llama and gpt2", gguf_path(v->file),
            (int)(model.length < 64 ? model.length : 64), model.data);
    for (int i = 0; i < BYTE_RULES && !v->bytes; i++)
        if (is(pre, byte_rules[i].name) || (!pre.data && i == 0)) v->bytes = &byte_rules[i];
    FAIL_IF(!v->bytes, error, W4A16_UNSUPPORTED,
            "%s: key " KEY "pre: is %.*s, a way to cut text that is not known; accepted are gpt-2, default, "
            "smollm, llama-bpe, llama-v3 and llama3",
            gguf_path(v->file), (int)(pre.length < 64 ? pre.length : 64), pre.data);
    return W4A16_OK;
}

static w4a16_status read_vocabulary(struct vocabulary *v, int *found, w4a16_error *error) {
    size_t kinds, scores = 0;
    TRY(read_kind(v, found, error));
    if (!*found) return W4A16_OK;
    TRY(read_tokens(v, error));
    TRY(gguf_integers(v->file, KEY "token_type", &v->kinds, &kinds, error));
    TRY(check_length(v, "token_type", kinds, error));
    if (!v->bytes) TRY(gguf_reals(v->file, KEY "scores", &v->scores, &scores, error));
    return check_length(v, "scores", scores, error);
}

static void free_vocabulary(struct vocabulary *v) {
    for (size_t i = 0; i < v->count; i++) {
        if (v->tokens) free(v->tokens[i]);
        if (v->respelled) free(v->respelled[i]);
    }
    free(v->tokens);
    free(v->respelled);
    free(v->kinds);
    free(v->scores);
}

/* ---- merges -------------------------------------------------------------------------------------------- */

/* A piece, cut before byte `cut` after `characters`. */
struct piece_cut {
    size_t token, cut, characters;
    double score;
};

static int better_first(const void *a, const void *b) {
    const struct piece_cut *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    if (x->characters != y->characters) return x->characters < y->characters ? 1 : -1;
    return (x->token > y->token) - (x->token < y->token);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether the first `length` bytes of text are a token; the tokens are sorted. */
static int is_token(char *const *sorted, size_t count, const char *text, size_t length) {
    char copy[TOKEN_BYTES_MAX * 3 + 1], *key = copy; /* a space became a blank of three bytes */
    memcpy(copy, text, length);
    copy[length] = 0;
    return bsearch(&key, sorted, count, sizeof *sorted, by_text) != NULL;
}

/* Every way to cut a token into two tokens. */
static w4a16_status find_cuts(const struct vocabulary *v, char *const *sorted, struct piece_cut **cuts,
                              size_t *count, w4a16_error *error) {
    size_t room = 0;
    for (size_t i = 0; i < v->count; i++) {
        const char *token = v->tokens[i];
        size_t length = strlen(token), at = text_character(token, length, NULL);
        for (size_t characters = 1; at && at < length; characters++) {
            if (is_token(sorted, v->count, token, at) &&
                is_token(sorted, v->count, token + at, length - at)) {
                if (*count == room) {
                    room = room ? 2 * room : 1024;
                    struct piece_cut *more = realloc(*cuts, room * sizeof *more);
                    if (!more) return no_memory(v->file, error);
                    *cuts = more;
                }
                double score = v->by_position || !v->scores ? -(double)i : v->scores[i];
                (*cuts)[(*count)++] = (struct piece_cut){i, at, characters, score};
            }
            at += text_character(token + at, length - at, NULL);
        }
    }
    if (*count) qsort(*cuts, *count, sizeof **cuts, better_first);
    return W4A16_OK;
}

static w4a16_status merges_of_pieces(const struct vocabulary *v, json_t **merges, w4a16_error *error) {
    struct piece_cut *cuts = NULL;
    size_t count = 0;
    char **sorted = malloc((v->count + 1) * sizeof *sorted), left[TOKEN_BYTES_MAX * 3 + 1];
    if (!sorted) return no_memory(v->file, error);
    memcpy(sorted, v->tokens, v->count * sizeof *sorted);
    qsort(sorted, v->count, sizeof *sorted, by_text);
    w4a16_status status = find_cuts(v, sorted, &cuts, &count, error);
    for (size_t i = 0; i < count && status == W4A16_OK; i++) {
        const char *token = v->tokens[cuts[i].token];
        memcpy(left, token, cuts[i].cut);
        left[cuts[i].cut] = 0;
        doc_append(merges, doc_pack("[s, s]", left, token + cuts[i].cut));
    }
    free(sorted);
    free(cuts);
    return status;
}

static w4a16_status merges_of_file(const struct vocabulary *v, json_t **merges, w4a16_error *error) {
    struct gguf_text *texts;
    size_t count;
    TRY(gguf_strings(v->file, KEY "merges", &texts, &count, error));
    w4a16_status status = W4A16_OK;
    for (size_t i = 0; i < count && status == W4A16_OK; i++) {
        char *merge = NULL;
        status = copy_text(v->file, "merge", i, texts[i], &merge, error);
        if (status == W4A16_OK) doc_append(merges, doc_string(merge));
        free(merge);
    }
    free(texts);
    return status;
}

/* ---- tokenizer.json ------------------------------------------------------------------------------------ */

/* The token that a key names; null if there is none. */
static w4a16_status special_token(const struct vocabulary *v, const char *what, int64_t *id,
                                  const char **token, w4a16_error *error) {
    char key[64];
    snprintf(key, sizeof key, KEY "%s_token_id", what);
    *id = -1;
    *token = NULL;
    TRY(gguf_integer(v->file, key, 0, (int64_t)v->count - 1, id, error));
    if (*id >= 0) *token = v->tokens[*id];
    return W4A16_OK;
}

static w4a16_status make_model(const struct vocabulary *v, json_t **model, w4a16_error *error) {
    json_t *words = doc_pack("{}"), *merges = doc_pack("[]");
    const char *unknown = NULL;
    int64_t id;
    for (size_t i = 0; i < v->count; i++) doc_set(&words, v->tokens[i], doc_pack("I", (json_int_t)i));
    w4a16_status status = v->bytes ? merges_of_file(v, &merges, error) : merges_of_pieces(v, &merges, error);
    if (status == W4A16_OK && !v->bytes) status = special_token(v, "unknown", &id, &unknown, error);
    *model = doc_pack("{s:s, s:n, s:s, s:n, s:n, s:b, s:b, s:b, s:o, s:o}", "type", "BPE", "dropout",
                      "unk_token", unknown, "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                      !v->bytes, "byte_fallback", !v->bytes, "ignore_merges",
                      v->bytes && v->bytes->whole_first, "vocab", words, "merges", merges);
    return status;
}

/* Tokens that are found in the text before it is cut. */
static json_t *make_added(const struct vocabulary *v) {
    json_t *added = doc_pack("[]");
    for (size_t i = 0; v->kinds && i < v->count; i++) {
        int control = v->kinds[i] == CONTROL;
        if (!control && (v->kinds[i] != USER_DEFINED || v->respelled[i])) continue;
        doc_append(&added, doc_pack("{s:I, s:s, s:b, s:b, s:b, s:b, s:b}", "id", (json_int_t)i, "content",
                                    v->tokens[i], "single_word", 0, "lstrip", 0, "rstrip", 0, "normalized", 0,
                                    "special", control));
    }
    return added;
}

static json_t *replacing(const char *from, const char *to) {
    return doc_pack("{s:s, s:{s:s}, s:s}", "type", "Replace", "pattern", "String", from, "content", to);
}

static json_t *byte_level(int with_expression) {
    return doc_pack("{s:s, s:b, s:b, s:b}", "type", "ByteLevel", "add_prefix_space", 0, "trim_offsets", 1,
                    "use_regex", with_expression);
}

static json_t *make_cutter(const struct vocabulary *v) {
    if (!v->bytes)
        return v->blank_first ? doc_pack("{s:s, s:s, s:s, s:b}", "type", "Metaspace", "replacement", BLANK,
                                         "prepend_scheme", "first", "split", 0)
                              : json_null();
    if (v->bytes->split)
        return doc_pack("{s:s, s:[{s:s, s:{s:s}, s:s, s:b}, o]}", "type", "Sequence", "pretokenizers", "type",
                        "Split", "pattern", "Regex", v->bytes->split, "behavior", "Isolated", "invert", 0,
                        byte_level(0));
    if (v->bytes->digits)
        return doc_pack("{s:s, s:[{s:s, s:b}, o]}", "type", "Sequence", "pretokenizers", "type", "Digits",
                        "individual_digits", 1, byte_level(1));
    return byte_level(1);
}

static json_t *make_decoder(const struct vocabulary *v) {
    if (v->bytes) return byte_level(1);
    json_t *steps =
        doc_pack("[o, {s:s}, {s:s}]", replacing(BLANK, " "), "type", "ByteFallback", "type", "Fuse");
    if (v->blank_first)
        doc_append(&steps,
                   doc_pack("{s:s, s:s, s:i, s:i}", "type", "Strip", "content", " ", "start", 1, "stop", 0));
    return doc_pack("{s:s, s:o}", "type", "Sequence", "decoders", steps);
}

/* Adds a special token to the template of what comes before and after a text. */
static void add_to_template(json_t **list, json_t **tokens, int64_t id, const char *token, int type) {
    doc_append(list, doc_pack("{s:{s:s, s:i}}", "SpecialToken", "id", token, "type_id", type));
    doc_set(tokens, token,
            doc_pack("{s:s, s:[I], s:[s]}", "id", token, "ids", (json_int_t)id, "tokens", token));
}

/* Which tokens stand around every text. */
static w4a16_status read_ends(const struct vocabulary *v, int *starts, int *ends, w4a16_error *error) {
    *starts = v->bytes ? v->bytes->starts : 1;
    *ends = 0;
    TRY(gguf_bool(v->file, KEY "add_bos_token", starts, error));
    return gguf_bool(v->file, KEY "add_eos_token", ends, error);
}

static w4a16_status make_template(const struct vocabulary *v, json_t **made, w4a16_error *error) {
    static const char *const texts[] = {"A", "B"};
    int starts, ends;
    int64_t first, last;
    const char *bos, *eos;
    TRY(read_ends(v, &starts, &ends, error));
    TRY(special_token(v, "bos", &first, &bos, error));
    TRY(special_token(v, "eos", &last, &eos, error));
    json_t *lists[2] = {doc_pack("[]"), doc_pack("[]")}, *tokens = doc_pack("{}"); /* of one text, of two */
    for (int list = 0; list < 2; list++)
        for (int i = 0; i <= list; i++) {
            if (starts && bos) add_to_template(&lists[list], &tokens, first, bos, i);
            doc_append(&lists[list], doc_pack("{s:{s:s, s:i}}", "Sequence", "id", texts[i], "type_id", i));
            if (ends && eos) add_to_template(&lists[list], &tokens, last, eos, i);
        }
    *made = doc_pack("{s:s, s:o, s:o, s:o}", "type", "TemplateProcessing", "single", lists[0], "pair",
                     lists[1], "special_tokens", tokens);
    return W4A16_OK;
}

static w4a16_status make_tokenizer(const struct vocabulary *v, json_t **made, w4a16_error *error) {
    json_t *model = NULL, *around = NULL;
    w4a16_status status = make_model(v, &model, error);
    if (status == W4A16_OK) status = make_template(v, &around, error);
    json_t *normalizer = v->bytes || v->blank_first ? json_null() : replacing(" ", BLANK);
    *made = doc_pack("{s:s, s:n, s:n, s:o, s:o, s:o, s:o, s:o, s:o}", "version", "1.0", "truncation",
                     "padding", "added_tokens", make_added(v), "normalizer", normalizer, "pre_tokenizer",
                     make_cutter(v), "post_processor", around, "decoder", make_decoder(v), "model", model);
    return status;
}

/* ---- the other files ----------------------------------------------------------------------------------- */

static w4a16_status make_settings(const struct vocabulary *v, json_t **made, w4a16_error *error) {
    static const struct {
        const char *own, *theirs;
    } tokens[] = {
        {"bos", "bos_token"}, {"eos", "eos_token"}, {"unknown", "unk_token"}, {"padding", "pad_token"}};
    int starts, ends;
    struct gguf_text chat = {0};
    TRY(read_ends(v, &starts, &ends, error));
    TRY(gguf_string(v->file, "tokenizer.chat_template", &chat, error));
    *made = doc_pack("{s:s, s:b, s:b, s:b}", "tokenizer_class", "PreTrainedTokenizerFast", "add_bos_token",
                     starts, "add_eos_token", ends, "clean_up_tokenization_spaces", 0);
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        int64_t id;
        const char *token;
        TRY(special_token(v, tokens[i].own, &id, &token, error));
        if (token) doc_set(made, tokens[i].theirs, doc_string(token));
    }
    char *copy = chat.data ? strndup(chat.data, chat.length) : NULL;
    if (chat.data && !copy) return no_memory(v->file, error);
    if (copy) doc_set(made, "chat_template", doc_string(copy));
    free(copy);
    return W4A16_OK;
}

/* Where an answer ends: at the end of a text, and at that of a turn. */
static w4a16_status make_generation(const struct vocabulary *v, json_t **made, w4a16_error *error) {
    static const char *const ends[] = {"eos", "eot"};
    int64_t id;
    const char *token;
    json_t *list = doc_pack("[]");
    w4a16_status status = W4A16_OK;
    for (int i = 0; i < 2 && status == W4A16_OK; i++) {
        status = special_token(v, ends[i], &id, &token, error);
        if (status == W4A16_OK && token) doc_append(&list, doc_pack("I", (json_int_t)id));
    }
    *made = doc_pack("{s:o}", "eos_token_id", list);
    if (status == W4A16_OK) status = special_token(v, "bos", &id, &token, error);
    if (status == W4A16_OK && token) doc_set(made, "bos_token_id", doc_pack("I", (json_int_t)id));
    return status;
}

static const struct {
    const char *name;
    w4a16_status (*make)(const struct vocabulary *v, json_t **made, w4a16_error *error);
} files[] = {{"tokenizer.json", make_tokenizer},
             {"tokenizer_config.json", make_settings},
             {"generation_config.json", make_generation}};

static w4a16_status write_files(const struct vocabulary *v, struct output_directory *to, w4a16_error *error) {
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        json_t *made = NULL;
        w4a16_status status = files[i].make(v, &made, error);
        if (status == W4A16_OK && !made) status = no_memory(v->file, error);
        if (status == W4A16_OK) status = model_document_write(to, files[i].name, made, error);
        json_decref(made);
        if (status != W4A16_OK) return status;
    }
    return W4A16_OK;
}

w4a16_status gguf_tokenizer_check(const struct gguf *file, w4a16_error *error) {
    struct vocabulary v = {.file = file};
    int found;
    return read_kind(&v, &found, error);
}

w4a16_status gguf_tokenizer_write(const struct gguf *file, struct output_directory *to, w4a16_error *error) {
    struct vocabulary v = {.file = file};
    int found = 0;
    w4a16_status status = read_vocabulary(&v, &found, error);
    if (status == W4A16_OK && found) status = write_files(&v, to, error);
    free_vocabulary(&v);
    return status;
}
