/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "device/hip_api.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

#define SONAME       "libamdhip64.so"
#define ROCM_LIBRARY "/opt/rocm/lib/libamdhip64.so"

static int is_hip(struct dl_phdr_info *info, size_t size, void *path) {
    (void)size;
    const char *name = strrchr(info->dlpi_name, '/');
    name = name ? name + 1 : info->dlpi_name;
    if (strncmp(name, SONAME, strlen(SONAME)) != 0) return 0;
    snprintf(path, 256, "%s", info->dlpi_name);
    return 1;
}

static void *try_open(struct hip_api *api, const char *name) {
    /* Never unloaded: the runtime starts threads of its own. */
    api->library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (api->library) snprintf(api->path, sizeof api->path, "%s", name);
    return api->library;
}

/* The dynamic linker has no codes, only sentences. */
static int lacks_memory(const char *why) {
    return why && (strstr(why, "Cannot allocate memory") || strstr(why, "out of memory") ||
                   strstr(why, "cannot allocate"));
}

static w4a16_status find_library(struct hip_api *api, w4a16_error *error) {
    char loaded[256];
    if (dl_iterate_phdr(is_hip, loaded) && try_open(api, loaded)) return W4A16_OK;
    const char *override = getenv("W4A16_HIP_LIBRARY");
    if (override && *override) {
        if (try_open(api, override)) return W4A16_OK;
        const char *why = dlerror();
        return w4a16_fail(error, lacks_memory(why) ? W4A16_OUT_OF_MEMORY : W4A16_NO_DEVICE,
                          "hip: W4A16_HIP_LIBRARY names %.400s, which cannot be opened: %.400s", override,
                          why ? why : "no reason given");
    }
    static const char *const names[] = {SONAME ".7", SONAME ".6", SONAME, ROCM_LIBRARY};
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        if (try_open(api, names[n])) return W4A16_OK;
        FAIL_IF(lacks_memory(dlerror()), error, W4A16_OUT_OF_MEMORY, "hip: out of memory for %s", names[n]);
    }
    return w4a16_fail(error, W4A16_NO_DEVICE,
                      "hip: no HIP runtime: looked for " SONAME
                      ".7, .6 and unversioned, and in /opt/rocm/lib; install "
                      "ROCm, or name the library in W4A16_HIP_LIBRARY");
}

/* POSIX gives dlsym's result as an object pointer; the bytes are those of the function pointer. */
static int find_function(struct hip_api *api, const char *name, void *member) {
    void *symbol = dlsym(api->library, name);
    memcpy(member, &symbol, sizeof symbol);
    return symbol != NULL;
}

w4a16_status hip_api_open(struct hip_api *api, w4a16_error *error) {
    *api = (struct hip_api){0};
    TRY(find_library(api, error));
    const char *missing = NULL;
#define HIP_FIND(name, result, parameters)                                                                   \
    if (!missing && !find_function(api, #name, &api->name)) missing = #name;
    HIP_FUNCTIONS(HIP_FIND)
#undef HIP_FIND
    if (!missing) return W4A16_OK;
    w4a16_fail(error, W4A16_NO_DEVICE, "hip: %s has no function %s; HIP 6 and 7 do", api->path, missing);
    hip_api_close(api);
    return W4A16_NO_DEVICE;
}

void hip_api_close(struct hip_api *api) {
    if (api->library) dlclose(api->library);
    api->library = NULL;
}
