/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Where quantisation is said: in config.json, in a section of its own or inside the configuration of the text
 * model; and in files that some formats have, or had before they wrote into config.json.
 */
#include "format/config_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/text_file.h"
#include "text.h"

static const char *const sections[] = {"quantization_config", "compression_config", NULL};

/* Configurations inside of which there may be sections: those of the text part of a larger model. */
static const char *const models[] = {"text_config", "llm_config",   "language_config", "thinker_config",
                                     "decoder",     "text_encoder", "generator",       NULL};
enum { MODEL_DEPTH = 3 };

static const char *const own_files[] = {"quantize_config.json", "quant_config.json",
                                        "quantization_config.json", NULL};

/* Keys that have two names. */
static const char *const aliases[][2] = {{"quant_method", "method"},
                                         {"bits", "w_bit"},
                                         {"group_size", "q_group_size"},
                                         {"checkpoint_format", "format"}};

static w4a16_status no_memory(const char *label, w4a16_error *error) {
    return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
}

/* ---- putting together --------------------------------------------------------------------------------- */

/* The name under which the values have a key, or null. */
static const char *known_key(const json_t *values, const char *key) {
    if (json_object_get(values, key)) return key;
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        for (int side = 0; side < 2; side++)
            if (strcmp(aliases[i][side], key) == 0 && json_object_get(values, aliases[i][1 - side]))
                return aliases[i][1 - side];
    return NULL;
}

static int same(const json_t *a, const json_t *b) {
    if (json_is_number(a) && json_is_number(b)) return json_number_value(a) == json_number_value(b);
    if (json_is_string(a) && json_is_string(b))
        return strcasecmp(json_string_value(a), json_string_value(b)) == 0;
    return json_equal(a, b);
}

/* A value as the file writes it, its beginning. */
static const char *show(const json_t *value, char *text, size_t size) {
    size_t bytes;
    char *printed = doc_print(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15), &bytes);
    text_clean(text, size, printed ? printed : "(no memory)", TEXT_SHOWN);
    free(printed);
    return text;
}

static w4a16_status contradiction(const char *label, const char *key, const json_t *first,
                                  const char *first_origin, const json_t *second, const char *second_origin,
                                  w4a16_error *error) {
    char one[120], two[120];
    return w4a16_fail(error, W4A16_BAD_FILE, "%s: %s is %s in %s and %s in %s; expected the same", label, key,
                      show(first, one, sizeof one), first_origin, show(second, two, sizeof two),
                      second_origin);
}

/* Adds what a file says. origin names it in contradictions, label in other errors. */
static w4a16_status add(struct config_source *s, const char *where, const char *label, const char *origin,
                        json_t *values, w4a16_error *error) {
    if (!s->values) {
        s->values = json_object();
        s->origins = json_object();
        if (!s->values || !s->origins) return no_memory(label, error);
    }
    const char *key;
    json_t *value;
    size_t added = 0;
    json_object_foreach(values, key, value) {
        if (json_is_null(value)) continue;
        const char *known = known_key(s->values, key);
        const char *before = json_string_value(json_object_get(s->origins, known ? known : key));
        if (known && before && strcmp(before, origin) != 0) {
            const json_t *first = json_object_get(s->values, known);
            if (!same(first, value)) return contradiction(where, known, first, before, value, origin, error);
            continue;
        }
        added++;
        doc_set(&s->values, key, json_incref(value));
        doc_set(&s->origins, key, doc_string(origin));
        if (!s->values || !s->origins) return no_memory(label, error);
    }
    if (!added) return W4A16_OK;
    char *both;
    if (asprintf(&both, "%s%s%s", s->label ? s->label : label, s->label ? " and " : "",
                 s->label ? origin : "") < 0)
        return no_memory(label, error);
    free(s->label);
    s->label = both;
    return W4A16_OK;
}

/* ---- config.json -------------------------------------------------------------------------------------- */

/* Adds the sections of a configuration, and of those inside it. path is that of the file, inside what leads
 * to the configuration in it: "text_config.". */
static w4a16_status add_sections(struct config_source *s, const char *where, const char *path,
                                 const char *inside, const json_t *object, int depth, w4a16_error *error) {
    char label[1024], origin[256];
    for (int i = 0; sections[i]; i++) {
        json_t *section = NULL;
        text_format(label, sizeof label, "%s: %s%s", path, inside, sections[i]);
        int plain = i == 0 && !inside[0]; /* where all know it to be */
        text_format(origin, sizeof origin, "config.json%s%s%s", plain ? "" : ": ", plain ? "" : inside,
                    plain ? "" : sections[i]);
        TRY(field_get(path, object, sections[i], DOC_OBJECT, &section, error));
        /* Older files have the section inside a section, beside what they say of sparsity. */
        if (json_is_object(json_object_get(section, sections[0])) && depth < MODEL_DEPTH) {
            text_format(origin, sizeof origin, "%s%s.", inside, sections[i]);
            TRY(add_sections(s, where, path, origin, section, depth + 1, error));
        } else if (json_object_size(section)) {
            TRY(add(s, where, label, origin, section, error));
        }
    }
    for (int i = 0; models[i] && depth < MODEL_DEPTH; i++) {
        const json_t *model = json_object_get(object, models[i]);
        if (!json_is_object(model)) continue;
        text_format(origin, sizeof origin, "%s%s.", inside, models[i]);
        TRY(add_sections(s, where, path, origin, model, depth + 1, error));
    }
    return W4A16_OK;
}

/* path is the file's; where, that of all files together; origin its name without the directory. */
static w4a16_status parse(struct config_source *s, const char *where, const char *path, const char *origin,
                          const char *text, size_t bytes, const struct format *implied, w4a16_error *error) {
    json_t *root;
    TRY(field_read(path, text, bytes, DOC_AS_PYTHON, implied ? NULL : sections, &root, error));
    w4a16_status status = field_is(path, root, DOC_OBJECT, "its content", error);
    if (status == W4A16_OK && !implied)
        status = add_sections(s, where, path, "", root, 0, error);
    else if (status == W4A16_OK) {
        if (!s->values) s->implied = implied;
        status = add(s, where, path, origin, root, error);
    }
    json_decref(root);
    return status;
}

w4a16_status config_source_parse(const char *label, const char *text, size_t bytes,
                                 const struct format *implied, struct config_source *source,
                                 w4a16_error *error) {
    *source = (struct config_source){0};
    return parse(source, label, label, label, text, bytes, implied, error);
}

/* ---- the files ---------------------------------------------------------------------------------------- */

static w4a16_status read_file(struct config_source *s, const char *directory, const char *file,
                              const struct format *implied, w4a16_error *error) {
    char *path, *text = NULL;
    size_t bytes;
    if (asprintf(&path, "%s/%s", directory, file) < 0) return no_memory(directory, error);
    w4a16_status status = text_file_read(path, &text, &bytes, error);
    if (status == W4A16_OK && text) status = parse(s, directory, path, file, text, bytes, implied, error);
    free(text);
    free(path);
    return status;
}

static int has_file(const struct format *format, const char *file) {
    for (int i = 0; format->files[i]; i++)
        if (strcmp(format->files[i], file) == 0) return 1;
    return 0;
}

/* The format of a file that names none: the first that has it as its first. */
static const struct format *format_of(const char *file) {
    for (size_t i = 0; i < format_count(); i++)
        if (format_at(i)->files[0] && strcmp(format_at(i)->files[0], file) == 0) return format_at(i);
    return NULL;
}

const struct format *config_source_format(const struct config_source *s, int *known) {
    const json_t *value = json_object_get(s->values, "quant_method");
    if (!value) value = json_object_get(s->values, "method");
    const char *method = json_string_value(value);
    *known = value == NULL;
    for (size_t i = 0; method && i < format_count(); i++)
        for (int a = 0; format_at(i)->methods[a]; a++)
            if (strcasecmp(format_at(i)->methods[a], method) == 0) {
                *known = 1;
                return format_at(i);
            }
    return s->implied ? s->implied : format_at(0);
}

w4a16_status config_source_read(const char *directory, struct config_source *source, w4a16_error *error) {
    *source = (struct config_source){0};
    TRY(read_file(source, directory, "config.json", NULL, error));
    for (int i = 0; own_files[i]; i++) {
        int known = 1;
        const struct format *format = source->values ? config_source_format(source, &known) : NULL;
        if (known && (!format || has_file(format, own_files[i])))
            TRY(read_file(source, directory, own_files[i], format_of(own_files[i]), error));
    }
    return W4A16_OK;
}

void config_source_free(struct config_source *source) {
    free(source->label);
    json_decref(source->values);
    json_decref(source->origins);
    *source = (struct config_source){0};
}
