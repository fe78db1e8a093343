/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the fake HIP runtime records, and what a test may tell it. */
#ifndef TESTS_FAKE_HIP_H
#define TESTS_FAKE_HIP_H

#include <stddef.h>

#define FAKE_HIP_OUT_OF_MEMORY       2
#define FAKE_HIP_NO_DEVICE           100
#define FAKE_HIP_CAPTURE_UNSUPPORTED 900

struct fake_hip_launch {
    const char *kernel;
    unsigned grid[3], block[3], lds_bytes;
    void *stream, *params;
    int device; /* that was current */
    size_t kernarg_bytes;
    unsigned char kernarg[256];
};

struct fake_hip {
    /* set by the test */
    const char *fail_call; /* the name of the function that fails, or null */
    int fail_code;
    int device_count;
    char arch[64];
    /* recorded */
    int current;         /* device; may be set by the test too */
    int memory, modules; /* allocated and not freed */
    size_t calls;        /* of every function but hipGetErrorName */
    int copies_to, copies_from;
    const void *image; /* of the last module */
    void *last_memory;
    int launch_count;
    struct fake_hip_launch launches[8];
};

/* "fake_hip_state" of the library gives the record, the same for all that opened the library. */
typedef struct fake_hip *fake_hip_state_function(void);

#endif
