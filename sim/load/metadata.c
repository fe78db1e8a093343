/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Reads the AMDGPU metadata note. The input is not trusted: types, ranges and duplicates are checked. */
#include "metadata.h"

#include <inttypes.h>
#include <msgpack.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "machine/simulator.h"

enum {
    VALUES_MAX = 1 << 23
}; /* of a note; each takes memory many times its size, and kernels have some fifty */

/*
 * Whether the counts in the encoding are believable: every element takes at least one byte, so more elements
 * than bytes is a lie. msgpack-c allocates what a count announces, hence this look ahead of it.
 */
static bool counts_are_believable(const unsigned char *p, size_t left) {
    uint64_t pending = 1; /* values still to come */
    for (uint32_t values = 0; pending--; values++) {
        if (!left || values == VALUES_MAX) return false;
        unsigned tag = *p++;
        left--;
        uint64_t skip = 0, elements = 0;
        unsigned length_bytes = 0; /* of a length that follows the tag */
        bool container = false, pairs = false;
        if (tag >= 0x80 && tag <= 0x8f) { /* fixmap */
            elements = 2 * (tag & 15);
        } else if (tag >= 0x90 && tag <= 0x9f) { /* fixarray */
            elements = tag & 15;
        } else if (tag >= 0xa0 && tag <= 0xbf) { /* fixstr */
            skip = tag & 31;
        } else if (tag >= 0xc4 && tag <= 0xc9) { /* bin 8/16/32, ext 8/16/32 */
            length_bytes = 1u << (tag - 0xc4) % 3;
            skip = tag >= 0xc7;                  /* the type byte of ext */
        } else if (tag >= 0xca && tag <= 0xd3) { /* float 32/64, uint 8..64, int 8..64 */
            skip = tag < 0xcc ? 4u << (tag - 0xca) : 1u << (tag - 0xcc) % 4;
        } else if (tag >= 0xd4 && tag <= 0xd8) { /* fixext */
            skip = 1 + (1u << (tag - 0xd4));
        } else if (tag >= 0xd9 && tag <= 0xdb) { /* str 8/16/32 */
            length_bytes = 1u << (tag - 0xd9);
        } else if (tag >= 0xdc && tag <= 0xdf) { /* array 16/32, map 16/32 */
            length_bytes = 2u << (tag - 0xdc) % 2;
            container = true;
            pairs = tag >= 0xde;
        }
        if (length_bytes > left) return false;
        uint64_t length = 0;
        for (unsigned n = 0; n < length_bytes; n++) length = length << 8 | *p++;
        left -= length_bytes;
        if (container)
            elements = length << pairs;
        else
            skip += length;
        if (skip > left) return false;
        p += skip;
        left -= skip;
        pending += elements;
        if (pending > left) return false;
    }
    return true;
}

static bool text_is(const msgpack_object *o, const char *text) {
    return o->type == MSGPACK_OBJECT_STR && o->via.str.size == strlen(text) &&
           memcmp(o->via.str.ptr, text, o->via.str.size) == 0;
}

/* The value of a key; null if it is absent, or is there twice (then *twice is set). */
static const msgpack_object *find(const msgpack_object *map, const char *key, bool *twice) {
    const msgpack_object *found = NULL;
    if (map->type != MSGPACK_OBJECT_MAP) return NULL;
    for (uint32_t n = 0; n < map->via.map.size; n++) {
        const msgpack_object_kv *kv = &map->via.map.ptr[n];
        if (!text_is(&kv->key, key)) continue;
        if (found) *twice = true;
        found = &kv->val;
    }
    return *twice ? NULL : found;
}

static rdnasim_status read_text(const msgpack_object *map, const char *key, size_t kernel, const char **out,
                                rdnasim_report *report) {
    bool twice = false;
    const msgpack_object *o = find(map, key, &twice);
    REPORT_IF(!o, report, RDNASIM_BAD_OBJECT, "metadata of kernel %zu: %s is %s", kernel, key,
              twice ? "there twice" : "missing");
    REPORT_IF(o->type != MSGPACK_OBJECT_STR || !o->via.str.size || memchr(o->via.str.ptr, 0, o->via.str.size),
              report, RDNASIM_BAD_OBJECT, "metadata of kernel %zu: %s is not a proper string", kernel, key);
    REPORT_IF(o->via.str.size > METADATA_NAME_MAX, report, RDNASIM_BAD_OBJECT,
              "metadata of kernel %zu: %s has %" PRIu32 " bytes; accepted are at most %d", kernel, key,
              o->via.str.size, METADATA_NAME_MAX);
    *out = strndup(o->via.str.ptr, o->via.str.size);
    REPORT_IF(!*out, report, RDNASIM_OUT_OF_MEMORY, "out of memory for the metadata of kernel %zu", kernel);
    return RDNASIM_OK;
}

static rdnasim_status read_number(const msgpack_object *map, const char *key, bool required, size_t kernel,
                                  uint32_t *out, rdnasim_report *report) {
    bool twice = false;
    const msgpack_object *o = find(map, key, &twice);
    REPORT_IF(twice || (!o && required), report, RDNASIM_BAD_OBJECT, "metadata of kernel %zu: %s is %s",
              kernel, key, twice ? "there twice" : "missing");
    if (!o) return RDNASIM_OK;
    REPORT_IF(o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 > UINT32_MAX, report,
              RDNASIM_BAD_OBJECT, "metadata of kernel %zu: %s is not a number from 0 to %" PRIu32, kernel,
              key, UINT32_MAX);
    *out = (uint32_t)o->via.u64;
    return RDNASIM_OK;
}

static rdnasim_status read_arguments(const msgpack_object *map, size_t kernel, rdnasim_kernel_info *info,
                                     rdnasim_report *report) {
    bool twice = false;
    const msgpack_object *list = find(map, ".args", &twice);
    REPORT_IF(twice || (list && list->type != MSGPACK_OBJECT_ARRAY), report, RDNASIM_BAD_OBJECT,
              "metadata of kernel %zu: .args is %s", kernel, twice ? "there twice" : "not an array");
    if (!list || !list->via.array.size) return RDNASIM_OK;
    rdnasim_arg *args = calloc(list->via.array.size, sizeof *args);
    REPORT_IF(!args, report, RDNASIM_OUT_OF_MEMORY, "out of memory for the metadata of kernel %zu", kernel);
    info->args = args;
    for (uint32_t n = 0; n < list->via.array.size; n++) {
        const msgpack_object *o = &list->via.array.ptr[n];
        rdnasim_arg *arg = &args[info->arg_count++];
        rdnasim_status status;
        if ((status = read_text(o, ".value_kind", kernel, &arg->value_kind, report)) ||
            (status = read_number(o, ".offset", true, kernel, &arg->offset, report)) ||
            (status = read_number(o, ".size", true, kernel, &arg->size, report)))
            return status;
        uint64_t end = (uint64_t)arg->offset + arg->size;
        REPORT_IF(end > info->kernarg_bytes, report, RDNASIM_BAD_OBJECT,
                  "metadata of kernel %zu: argument %" PRIu32 " ends at byte %" PRIu64 " of a %" PRIu32
                  "-byte argument segment",
                  kernel, n, end, info->kernarg_bytes);
        if (strncmp(arg->value_kind, "hidden_", 7) != 0 && end > info->explicit_bytes)
            info->explicit_bytes = (uint32_t)end;
    }
    return RDNASIM_OK;
}

static rdnasim_status read_kernel(const msgpack_object *map, size_t kernel, struct kernel_metadata *out,
                                  rdnasim_report *report) {
    rdnasim_kernel_info *info = &out->info;
    const struct {
        const char *key;
        bool required;
        uint32_t *out;
    } numbers[] = {
        {".kernarg_segment_size", true, &info->kernarg_bytes},
        {".group_segment_fixed_size", true, &info->lds_bytes},
        {".private_segment_fixed_size", true, &info->scratch_bytes},
        {".wavefront_size", true, &info->wave_size},
        {".max_flat_workgroup_size", false, &info->max_block},
        {".sgpr_count", false, &info->sgprs},
        {".vgpr_count", false, &info->vgprs},
        {".sgpr_spill_count", false, &info->sgpr_spills},
        {".vgpr_spill_count", false, &info->vgpr_spills},
    };
    rdnasim_status status;
    if ((status = read_text(map, ".name", kernel, &info->name, report)) ||
        (status = read_text(map, ".symbol", kernel, &out->symbol, report)))
        return status;
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++)
        if ((status = read_number(map, numbers[n].key, numbers[n].required, kernel, numbers[n].out, report)))
            return status;
    return read_arguments(map, kernel, info, report);
}

static int compare_names(const void *a, const void *b) {
    const struct kernel_metadata *const *x = a, *const *y = b;
    return strcmp((*x)->info.name, (*y)->info.name);
}

static rdnasim_status sort_by_name(struct metadata *m, rdnasim_report *report) {
    m->by_name = malloc(m->kernel_count * sizeof *m->by_name);
    REPORT_IF(!m->by_name, report, RDNASIM_OUT_OF_MEMORY, "out of memory for the metadata of %zu kernels",
              m->kernel_count);
    for (size_t n = 0; n < m->kernel_count; n++) m->by_name[n] = &m->kernels[n];
    qsort(m->by_name, m->kernel_count, sizeof *m->by_name, compare_names);
    for (size_t n = 1; n < m->kernel_count; n++)
        REPORT_IF(compare_names(&m->by_name[n - 1], &m->by_name[n]) == 0, report, RDNASIM_BAD_OBJECT,
                  "metadata: two kernels are called %.200s", m->by_name[n]->info.name);
    return RDNASIM_OK;
}

const struct kernel_metadata *metadata_find(const struct metadata *m, const char *name) {
    const struct kernel_metadata wanted = {.info.name = name}, *key = &wanted, **found;
    if (!m->kernel_count) return NULL;
    found = bsearch(&key, m->by_name, m->kernel_count, sizeof *m->by_name, compare_names);
    return found ? *found : NULL;
}

static rdnasim_status read_root(const msgpack_object *root, struct metadata *m, rdnasim_report *report) {
    bool twice = false;
    const msgpack_object *list = find(root, "amdhsa.kernels", &twice);
    REPORT_IF(!list || list->type != MSGPACK_OBJECT_ARRAY, report, RDNASIM_BAD_OBJECT,
              "the metadata note has no single array amdhsa.kernels");
    if (!list->via.array.size) return RDNASIM_OK;
    m->kernels = calloc(list->via.array.size, sizeof *m->kernels);
    REPORT_IF(!m->kernels, report, RDNASIM_OUT_OF_MEMORY,
              "out of memory for the metadata of %" PRIu32 " kernels", list->via.array.size);
    for (uint32_t n = 0; n < list->via.array.size; n++) {
        struct kernel_metadata *k = &m->kernels[m->kernel_count++];
        rdnasim_status status = read_kernel(&list->via.array.ptr[n], n, k, report);
        if (status) return status;
    }
    return sort_by_name(m, report);
}

rdnasim_status metadata_read(const void *note, size_t bytes, struct metadata **out, rdnasim_report *report) {
    struct metadata *m = calloc(1, sizeof *m);
    REPORT_IF(!m, report, RDNASIM_OUT_OF_MEMORY, "out of memory for the metadata");
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    rdnasim_status status;
    msgpack_unpack_return unpacking = MSGPACK_UNPACK_PARSE_ERROR;
    if (counts_are_believable(note, bytes)) unpacking = msgpack_unpack_next(&unpacked, note, bytes, &offset);
    if (unpacking == MSGPACK_UNPACK_NOMEM_ERROR)
        status = report_fail(report, RDNASIM_OUT_OF_MEMORY, "out of memory for the metadata");
    else if (unpacking != MSGPACK_UNPACK_SUCCESS)
        status = report_fail(report, RDNASIM_BAD_OBJECT, "the metadata note (%zu bytes) is not valid msgpack",
                             bytes);
    else
        status = read_root(&unpacked.data, m, report);
    msgpack_unpacked_destroy(&unpacked);
    if (status) {
        metadata_free(m);
        m = NULL;
    }
    *out = m;
    return status;
}

void metadata_free(struct metadata *m) {
    if (!m) return;
    for (size_t k = 0; k < m->kernel_count; k++) {
        rdnasim_kernel_info *info = &m->kernels[k].info;
        for (size_t n = 0; n < info->arg_count; n++) free((void *)info->args[n].value_kind);
        free((void *)info->args);
        free((void *)info->name);
        free((void *)m->kernels[k].symbol);
    }
    free(m->by_name);
    free(m->kernels);
    free(m);
}
