/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Finds PyTorch's functions in the libraries that the process has loaded. */
#include "shim.h"

#include <dlfcn.h>
#include <stdio.h>

struct shim shim;

/* POSIX stores function addresses where C wants an object's; the detour is what POSIX itself recommends. */
static int find(void *library, const char *name, void *function) {
    *(void **)function = dlsym(library, name);
    return *(void **)function != NULL;
}

const char *shim_load(void) {
    static char message[256];
    void *torch = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
    if (!torch) return "PyTorch is not loaded in this process (no libtorch_cpu.so); import torch first";
    const char *missing = NULL;
#define X(result, name, arguments)                                                                           \
    if (!find(torch, #name, &shim.name) && !missing) missing = #name;
    SHIM_FUNCTIONS(X)
#undef X
    uint64_t release = shim.aoti_torch_abi_version ? shim.aoti_torch_abi_version() : 0;
    if (missing || release < SHIM_FLOOR) {
        snprintf(message, sizeof message,
                 "this PyTorch (%d.%d)%s%s; the operators need 2.10 or a newer one with its C interface",
                 (int)(release >> 56), (int)(release >> 48 & 0xff), missing ? " has no " : " is too old",
                 missing ? missing : "");
        return message;
    }
    void *hip = dlopen("libtorch_hip.so", RTLD_LAZY | RTLD_NOLOAD);
    if (hip) find(hip, "aoti_torch_get_current_cuda_stream", &shim.aoti_torch_get_current_cuda_stream);
    return NULL;
}
