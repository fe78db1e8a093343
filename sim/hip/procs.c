/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The list of calls: found by name, and those that are refused. */
#include <string.h>

#include "runtime.h"

static hipError_t refuse(const char *name, const char *reason) {
    log_sentence("%s: %s", name, reason);
    return hipErrorNotSupported;
}

#define WHOLE(name, clients)
#define PARTLY(name, clients, note)
#define REFUSED(name, clients, reason)                                                                       \
    hipError_t name(void) { CALL(CALL_QUEUE, refuse(#name, reason)); }
#include "calls.def"
#undef WHOLE
#undef PARTLY
#undef REFUSED

static const struct {
    const char *name;
    void (*call)(void);
} calls[] = {
#define WHOLE(name, clients)           {#name, (void (*)(void))name},
#define PARTLY(name, clients, note)    {#name, (void (*)(void))name},
#define REFUSED(name, clients, reason) {#name, (void (*)(void))name},
#include "calls.def"
#undef WHOLE
#undef PARTLY
#undef REFUSED
};

enum { SYMBOL_FOUND = 0, SYMBOL_NOT_FOUND = 1 };
/* Programs of HIP 6 and later mean the later structure by the old name. */
static const char old_properties[] = "hipGetDeviceProperties";

static hipError_t find(const char *name, void **call, int version, int *status) {
    if (!name || !*name || !call) return hipErrorInvalidValue;
    *call = NULL;
    if (!strcmp(name, old_properties) && version >= 600) name = "hipGetDevicePropertiesR0600";
    for (size_t n = 0; n < sizeof calls / sizeof calls[0]; n++)
        if (!strcmp(calls[n].name, name)) memcpy(call, &calls[n].call, sizeof *call);
    if (status) *status = *call ? SYMBOL_FOUND : SYMBOL_NOT_FOUND;
    if (!*call) log_sentence("hipGetProcAddress: there is no call %s", name);
    return *call ? hipSuccess : hipErrorNotFound;
}

hipError_t hipGetProcAddress(const char *name, void **call, int version, uint64_t flags, int *status) {
    (void)flags; /* which null stream is meant: here there is one */
    CALL(CALL_HOST, find(name, call, version, status));
}
