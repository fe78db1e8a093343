/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Modules: code objects and offload bundles, and the functions and variables in them. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compressed.h"
#include "input_file.h"
#include "runtime.h"

#define MACH_MASK 0xffu        /* of an AMDGPU object's e_flags */
#define IMAGE_MAX (1ull << 32) /* of data that come without a size */

struct module {
    struct handle handle;
    rdnasim_object *object;
    size_t bytes; /* of its card's memory */
    unsigned device;
    size_t function_count;
    struct function **functions; /* by the addresses of their kernels */
};

/* ---- images ------------------------------------------------------------------------------------------- */

struct image {
    const unsigned char *bytes;
    uint64_t size; /* or the most that it could be */
};

static bool reaches(uint64_t *end, uint64_t offset, uint64_t size, uint64_t limit) {
    if (offset > limit || size > limit - offset) return false;
    if (offset + size > *end) *end = offset + size;
    return true;
}

/* A loaded image is a pointer alone: its headers say where it ends. */
static bool measure(struct image *image) {
    Elf64_Ehdr h;
    uint64_t end = sizeof h, limit = image->size;
    memcpy(&h, image->bytes, sizeof h);
    if (!reaches(&end, h.e_phoff, (uint64_t)h.e_phnum * sizeof(Elf64_Phdr), limit) ||
        !reaches(&end, h.e_shoff, (uint64_t)h.e_shnum * sizeof(Elf64_Shdr), limit))
        return false;
    for (unsigned n = 0; n < h.e_phnum; n++) {
        Elf64_Phdr p;
        memcpy(&p, image->bytes + h.e_phoff + n * sizeof p, sizeof p);
        if (!reaches(&end, p.p_offset, p.p_filesz, limit)) return false;
    }
    for (unsigned n = 0; n < h.e_shnum; n++) {
        Elf64_Shdr s;
        memcpy(&s, image->bytes + h.e_shoff + n * sizeof s, sizeof s);
        if (s.sh_type != SHT_NOBITS && !reaches(&end, s.sh_offset, s.sh_size, limit)) return false;
    }
    image->size = end;
    return true;
}

/* An entry's name is KIND-TRIPLE--TARGET[:features]. */
static bool names_target(const char *name, size_t length, const char *target) {
    size_t bytes = strlen(target);
    const char *at = memmem(name, length, "--", 2);
    if (!at || strncmp(name, "hip", 3) != 0) return false;
    at += 2;
    size_t left = length - (size_t)(at - name);
    return left >= bytes && !memcmp(at, target, bytes) && (left == bytes || at[bytes] == ':');
}

static const char bundle_magic[] = "__CLANG_OFFLOAD_BUNDLE__";

static bool is_bundle(const struct image *i) {
    return i->size >= sizeof bundle_magic - 1 &&
           !strncmp((const char *)i->bytes, bundle_magic, sizeof bundle_magic - 1);
}

/* The bundle's entry for this card takes the image's place. */
static hipError_t unbundle(struct image *image) {
    uint64_t at = sizeof bundle_magic - 1, count;
    if (image->size - at < sizeof count) return hipErrorInvalidImage;
    memcpy(&count, image->bytes + at, sizeof count);
    at += sizeof count;
    for (uint64_t n = 0; n < count; n++) {
        struct {
            uint64_t offset, size, name_bytes;
        } e;
        if (image->size - at < sizeof e) return hipErrorInvalidImage;
        memcpy(&e, image->bytes + at, sizeof e);
        at += sizeof e;
        if (e.name_bytes > image->size - at || e.offset > image->size || e.size > image->size - e.offset)
            return hipErrorInvalidImage;
        const char *name = (const char *)image->bytes + at;
        at += e.name_bytes;
        if (!names_target(name, e.name_bytes, runtime.target->name)) continue;
        *image = (struct image){image->bytes + e.offset, e.size};
        return hipSuccess;
    }
    log_sentence("the offload bundle has no code object for %s", runtime.target->name);
    return hipErrorNoBinaryForGpu;
}

static hipError_t check_elf(struct image *image) {
    Elf64_Ehdr h;
    if (image->size < SELFMAG || strncmp((const char *)image->bytes, ELFMAG, SELFMAG) != 0 ||
        image->size < sizeof h) {
        log_sentence("the module is neither an ELF code object nor an offload bundle");
        return hipErrorInvalidImage;
    }
    memcpy(&h, image->bytes, sizeof h);
    if (h.e_type == ET_REL) {
        log_sentence("the module is a relocatable object; a code object is what a linker makes of it");
        return hipErrorInvalidImage;
    }
    if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_phentsize != sizeof(Elf64_Phdr) ||
        (h.e_shnum && h.e_shentsize != sizeof(Elf64_Shdr)) || !measure(image)) {
        log_sentence("the code object is damaged");
        return hipErrorInvalidImage;
    }
    if (h.e_machine == EM_AMDGPU && (h.e_flags & MACH_MASK) != runtime.target->mach) {
        log_sentence("the code object is for another target (e_flags 0x%x) than this %s", h.e_flags,
                     runtime.target->name);
        return hipErrorNoBinaryForGpu;
    }
    return hipSuccess;
}

/* ---- modules ------------------------------------------------------------------------------------------ */

void module_unload(struct module *m) {
    for (size_t n = 0; n < m->function_count; n++) handle_free(HANDLE_FUNCTION, m->functions[n]);
    free(m->functions);
    rdnasim_unload(m->object);
    runtime.devices[m->device].used -= m->bytes;
    handle_free(HANDLE_MODULE, m);
}

static int compare_kernels(const void *a, const void *b) {
    const struct function *const *x = a, *const *y = b;
    uintptr_t p = (uintptr_t)(*x)->kernel, q = (uintptr_t)(*y)->kernel;
    return (p > q) - (p < q);
}

static hipError_t load_functions(struct module *m) {
    size_t count = rdnasim_object_kernels(m->object);
    m->functions = calloc(count + 1, sizeof(struct function *));
    if (!m->functions) return hipErrorOutOfMemory;
    for (size_t n = 0; n < count; n++) {
        struct function *f = handle_new(HANDLE_FUNCTION, sizeof *f);
        if (!f) return hipErrorOutOfMemory;
        f->kernel = rdnasim_object_kernel(m->object, n);
        m->functions[m->function_count++] = f;
    }
    qsort(m->functions, count, sizeof(struct function *), compare_kernels);
    return hipSuccess;
}

static hipError_t load_plain(struct module **out, struct image image) {
    if (is_bundle(&image)) HIP_TRY(unbundle(&image));
    HIP_TRY(check_elf(&image));
    struct module *m = handle_new(HANDLE_MODULE, sizeof *m);
    if (!m) return hipErrorOutOfMemory;
    rdnasim_report report;
    bool fault;
    if (rdnasim_load(runtime.sim, image.bytes, image.size, &m->object, &report) != RDNASIM_OK) {
        handle_free(HANDLE_MODULE, m);
        hipError_t code = error_from_report(&report, &fault);
        return fault ? hipErrorInvalidImage : code; /* a legal object that is not modelled */
    }
    m->bytes = image.size;
    m->device = current_device();
    runtime.devices[m->device].used += m->bytes;
    hipError_t code = load_functions(m);
    if (code)
        module_unload(m);
    else
        *out = m;
    return code;
}

static hipError_t load(struct module **out, struct image image) {
    if (!compressed_is(image.bytes, image.size)) return load_plain(out, image);
    unsigned char *bytes;
    struct image unpacked;
    switch (compressed_unpack(image.bytes, image.size, &bytes, &unpacked.size)) {
    case COMPRESSED_OK: break;
    case COMPRESSED_NO_MEMORY: return hipErrorOutOfMemory;
    case COMPRESSED_METHOD:
        log_sentence("the offload bundle is compressed by another method than zstd");
        return hipErrorInvalidImage;
    default: log_sentence("the compressed offload bundle is damaged"); return hipErrorInvalidImage;
    }
    unpacked.bytes = bytes;
    hipError_t code = load_plain(out, unpacked);
    free(bytes);
    return code;
}

hipError_t module_load(struct module **out, const void *image) {
    return load(out, (struct image){image, IMAGE_MAX});
}

static hipError_t load_data(hipModule_t *out, const void *bytes) {
    if (!out || !bytes) return hipErrorInvalidValue;
    struct module *m;
    HIP_TRY(module_load(&m, bytes));
    *out = m;
    return hipSuccess;
}

static hipError_t load_file(hipModule_t *out, const char *path) {
    if (!out || !path) return hipErrorInvalidValue;
    struct input_file file;
    unsigned char *bytes;
    enum input_status status = input_read_all(&file, path, IMAGE_MAX, &bytes);
    if (status != INPUT_OK) log_sentence("%s: %s", path, file.why);
    if (status == INPUT_NO_MEMORY) return hipErrorOutOfMemory;
    if (status == INPUT_UNUSABLE) return hipErrorInvalidImage;
    if (status != INPUT_OK) return hipErrorFileNotFound;
    struct module *m;
    hipError_t code = load(&m, (struct image){bytes, file.bytes});
    free(bytes);
    if (!code) *out = m;
    return code;
}

static hipError_t unload_handle(hipModule_t handle) {
    struct module *m = handle_find(HANDLE_MODULE, handle);
    if (!m) return hipErrorNotFound;
    module_unload(m);
    return runtime.sticky;
}

void modules_reset(void) {
    for (struct handle *h; (h = handle_first(HANDLE_MODULE));) module_unload((struct module *)h);
}

struct function *module_function(const struct module *m, const char *name) {
    const struct function wanted = {.kernel = rdnasim_find_kernel(m->object, name)}, *key = &wanted;
    struct function **found = wanted.kernel ? bsearch(&key, m->functions, m->function_count,
                                                      sizeof(struct function *), compare_kernels)
                                            : NULL;
    return found ? *found : NULL;
}

bool module_variable(const struct module *m, const char *name, uint64_t *address, uint64_t *bytes) {
    return rdnasim_find_variable(m->object, name, address, bytes);
}

static hipError_t get_function(hipFunction_t *out, hipModule_t handle, const char *name) {
    if (!out || !name) return hipErrorInvalidValue;
    struct module *m = handle_find(HANDLE_MODULE, handle);
    struct function *found = m ? module_function(m, name) : NULL;
    if (!found) return hipErrorNotFound;
    *out = found;
    return hipSuccess;
}

static hipError_t get_variable(void **address, size_t *bytes, hipModule_t handle, const char *name) {
    const struct module *m = handle_find(HANDLE_MODULE, handle);
    uint64_t at, size;
    if (!name || (!address && !bytes)) return hipErrorInvalidValue;
    if (!m) return hipErrorInvalidHandle;
    if (!module_variable(m, name, &at, &size)) return hipErrorNotFound;
    if (address) *address = (void *)(uintptr_t)at;
    if (bytes) *bytes = size;
    return hipSuccess;
}

/* Loading allocates, and is refused in a capture as an allocation is. */
hipError_t hipModuleLoad(hipModule_t *module, const char *path) {
    CALL(CALL_UNSAFE, load_file(module, path));
}
hipError_t hipModuleLoadData(hipModule_t *module, const void *image) {
    CALL(CALL_UNSAFE, load_data(module, image));
}
hipError_t hipModuleLoadDataEx(hipModule_t *module, const void *image, unsigned options, int *names,
                               void **values) {
    (void)options, (void)names, (void)values; /* for a compiler that is not needed */
    CALL(CALL_UNSAFE, load_data(module, image));
}
hipError_t hipModuleUnload(hipModule_t module) { CALL(CALL_RELEASE, unload_handle(module)); }
hipError_t hipModuleGetFunction(hipFunction_t *function, hipModule_t module, const char *name) {
    CALL(CALL_QUEUE, get_function(function, module, name));
}
hipError_t hipModuleGetGlobal(void **address, size_t *bytes, hipModule_t module, const char *name) {
    CALL(CALL_QUEUE, get_variable(address, bytes, module, name));
}
