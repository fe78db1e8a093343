/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Copies and fills, of one row of bytes or of many. */
#include <string.h>

#include "runtime.h"

struct range {
    unsigned char *host;
    uint64_t address; /* 0 outside the device's memory */
};

/* Bytes from the first to the last of the rows; false: more than there are addresses. */
static bool span(size_t bytes, size_t rows, size_t pitch, size_t *out) {
    return !__builtin_mul_overflow(rows ? rows - 1 : 0, pitch, out) &&
           !__builtin_add_overflow(*out, bytes, out);
}

/* Memory that is not the device's is the program's own, and taken as it is given. */
static hipError_t range(const void *pointer, size_t bytes, bool device, struct range *out) {
    uint64_t offset, at = (uint64_t)(uintptr_t)pointer;
    if (!pointer) return hipErrorInvalidValue;
    struct allocation *a = allocation_at(pointer, &offset);
    if (a) {
        if (bytes > a->bytes - offset) return hipErrorInvalidValue;
        *out = (struct range){(unsigned char *)a->host + offset, a->address + offset};
        return hipSuccess;
    }
    void *variable = rdnasim_host_pointer(runtime.sim, at, bytes); /* of a loaded module */
    if (!variable && device) return hipErrorInvalidValue;
    *out = (struct range){variable ? variable : (void *)(uintptr_t)pointer, variable ? at : 0};
    return hipSuccess;
}

static hipError_t copy_ranges(const struct node *n, struct range *to, struct range *from) {
    if ((n->copy_kind < hipMemcpyHostToHost || n->copy_kind > hipMemcpyDefault) &&
        n->copy_kind != hipMemcpyDeviceToDeviceNoCU)
        return hipErrorInvalidMemcpyDirection;
    bool on_device = n->copy_kind == hipMemcpyDeviceToDevice || n->copy_kind == hipMemcpyDeviceToDeviceNoCU,
         to_device = n->copy_kind == hipMemcpyHostToDevice || on_device,
         from_device = n->copy_kind == hipMemcpyDeviceToHost || on_device;
    size_t to_bytes, from_bytes;
    if (!span(n->bytes, n->rows, n->to_pitch, &to_bytes) ||
        !span(n->bytes, n->rows, n->from_pitch, &from_bytes))
        return hipErrorInvalidValue;
    HIP_TRY(range(n->to, to_bytes, to_device, to));
    return range(n->from, from_bytes, from_device, from);
}

static hipError_t written(const struct range *r, size_t bytes) {
    rdnasim_report report;
    bool fault;
    if (!r->address || rdnasim_mark(runtime.sim, r->address, bytes, 1, &report) == RDNASIM_OK)
        return hipSuccess;
    return error_from_report(&report, &fault);
}

hipError_t copy_now(const struct node *n) {
    struct range to, from;
    HIP_TRY(copy_ranges(n, &to, &from));
    for (size_t row = 0; row < n->rows || !row; row++) {
        memmove(to.host + row * n->to_pitch, from.host + row * n->from_pitch, n->bytes);
        struct range line = {to.host, to.address ? to.address + row * n->to_pitch : 0};
        HIP_TRY(written(&line, n->bytes));
    }
    return hipSuccess;
}

hipError_t fill_now(const struct node *n) {
    struct range to;
    size_t bytes;
    if (!span(n->bytes, n->rows, n->to_pitch, &bytes)) return hipErrorInvalidValue;
    HIP_TRY(range(n->to, bytes, true, &to));
    for (size_t row = 0; row < n->rows || !row; row++) {
        struct range line = {to.host + row * n->to_pitch, to.address + row * n->to_pitch};
        if (n->value_bytes == 1)
            memset(line.host, (int)n->value, n->bytes);
        else
            for (size_t at = 0; at < n->bytes; at += n->value_bytes)
                memcpy(line.host + at, &n->value, n->value_bytes);
        HIP_TRY(written(&line, n->bytes));
    }
    return hipSuccess;
}

hipError_t copy(void *to, const void *from, size_t bytes, int kind, hipStream_t stream) {
    if (!bytes) return hipSuccess;
    struct node n = {.kind = NODE_COPY, .to = to, .from = from, .bytes = bytes, .copy_kind = kind};
    struct range r[2];
    HIP_TRY(copy_ranges(&n, &r[0], &r[1]));
    return submit(&n, stream);
}

static hipError_t copy_rows(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                            size_t rows, int kind, hipStream_t stream) {
    if (!width || !rows) return hipSuccess;
    if (width > to_pitch || width > from_pitch) return hipErrorInvalidPitchValue;
    struct node n = {.kind = NODE_COPY,
                     .to = to,
                     .from = from,
                     .bytes = width,
                     .rows = rows,
                     .to_pitch = to_pitch,
                     .from_pitch = from_pitch,
                     .copy_kind = kind};
    struct range r[2];
    HIP_TRY(copy_ranges(&n, &r[0], &r[1]));
    return submit(&n, stream);
}

static hipError_t fill_rows(void *to, size_t pitch, int value, size_t width, size_t rows,
                            hipStream_t stream) {
    if (!width || !rows) return hipSuccess;
    if (width > pitch) return hipErrorInvalidPitchValue;
    struct node n = {.kind = NODE_FILL,
                     .to = to,
                     .bytes = width,
                     .rows = rows,
                     .to_pitch = pitch,
                     .value = (unsigned char)value,
                     .value_bytes = 1};
    struct range r;
    size_t bytes;
    if (!span(width, rows, pitch, &bytes)) return hipErrorInvalidValue;
    HIP_TRY(range(to, bytes, true, &r));
    return submit(&n, stream);
}

static hipError_t copy_peer(void *to, int to_device, const void *from, int from_device, size_t bytes,
                            hipStream_t stream) {
    if (!is_device(to_device) || !is_device(from_device)) return hipErrorInvalidDevice;
    return copy(to, from, bytes, hipMemcpyDeviceToDevice, stream);
}

/* `value_bytes` low bytes of value, count times. */
static hipError_t fill(void *to, uint32_t value, uint32_t value_bytes, size_t count, hipStream_t stream) {
    if (!count) return hipSuccess;
    if (count > SIZE_MAX / value_bytes) return hipErrorInvalidValue;
    struct node n = {.kind = NODE_FILL,
                     .to = to,
                     .bytes = count * value_bytes,
                     .value = value,
                     .value_bytes = value_bytes};
    struct range r;
    HIP_TRY(range(to, n.bytes, true, &r));
    return submit(&n, stream);
}

static hipError_t copy_with(void *to, const void *from, size_t bytes, int kind, hipStream_t handle) {
    struct stream *stream;
    HIP_TRY(stream_find(handle, &stream));
    return copy(to, from, bytes, kind, handle);
}

hipError_t hipMemcpy(void *to, const void *from, size_t bytes, int kind) {
    CALL(CALL_BLOCKING, copy(to, from, bytes, kind, NULL));
}
hipError_t hipMemcpyHtoD(void *to, const void *from, size_t bytes) {
    CALL(CALL_BLOCKING, copy(to, from, bytes, hipMemcpyHostToDevice, NULL));
}
hipError_t hipMemcpyDtoH(void *to, const void *from, size_t bytes) {
    CALL(CALL_BLOCKING, copy(to, from, bytes, hipMemcpyDeviceToHost, NULL));
}
hipError_t hipMemcpyDtoD(void *to, const void *from, size_t bytes) {
    CALL(CALL_BLOCKING, copy(to, from, bytes, hipMemcpyDeviceToDevice, NULL));
}
hipError_t hipMemcpyWithStream(void *to, const void *from, size_t bytes, int kind, hipStream_t stream) {
    CALL(CALL_BLOCKING, copy_with(to, from, bytes, kind, stream));
}
hipError_t hipMemcpyAsync(void *to, const void *from, size_t bytes, int kind, hipStream_t stream) {
    CALL(CALL_QUEUE, copy_with(to, from, bytes, kind, stream));
}
hipError_t hipMemcpyHtoDAsync(void *to, const void *from, size_t bytes, hipStream_t stream) {
    CALL(CALL_QUEUE, copy_with(to, from, bytes, hipMemcpyHostToDevice, stream));
}
hipError_t hipMemcpyDtoHAsync(void *to, const void *from, size_t bytes, hipStream_t stream) {
    CALL(CALL_QUEUE, copy_with(to, from, bytes, hipMemcpyDeviceToHost, stream));
}
hipError_t hipMemcpyDtoDAsync(void *to, const void *from, size_t bytes, hipStream_t stream) {
    CALL(CALL_QUEUE, copy_with(to, from, bytes, hipMemcpyDeviceToDevice, stream));
}
hipError_t hipMemset(void *to, int value, size_t bytes) {
    CALL(CALL_BLOCKING, fill(to, (unsigned char)value, 1, bytes, NULL));
}
hipError_t hipMemsetD8(void *to, unsigned char value, size_t count) {
    CALL(CALL_BLOCKING, fill(to, value, 1, count, NULL));
}
hipError_t hipMemsetD16(void *to, unsigned short value, size_t count) {
    CALL(CALL_BLOCKING, fill(to, value, 2, count, NULL));
}
hipError_t hipMemsetD32(void *to, int value, size_t count) {
    CALL(CALL_BLOCKING, fill(to, (uint32_t)value, 4, count, NULL));
}
hipError_t hipMemsetAsync(void *to, int value, size_t bytes, hipStream_t stream) {
    CALL(CALL_QUEUE, fill(to, (unsigned char)value, 1, bytes, stream));
}
hipError_t hipMemsetD32Async(void *to, int value, size_t count, hipStream_t stream) {
    CALL(CALL_QUEUE, fill(to, (uint32_t)value, 4, count, stream));
}
hipError_t hipMemsetD8Async(void *to, unsigned char value, size_t count, hipStream_t stream) {
    CALL(CALL_QUEUE, fill(to, value, 1, count, stream));
}
hipError_t hipMemsetD16Async(void *to, unsigned short value, size_t count, hipStream_t stream) {
    CALL(CALL_QUEUE, fill(to, value, 2, count, stream));
}
hipError_t hipMemset2D(void *to, size_t pitch, int value, size_t width, size_t rows) {
    CALL(CALL_BLOCKING, fill_rows(to, pitch, value, width, rows, NULL));
}
hipError_t hipMemset2DAsync(void *to, size_t pitch, int value, size_t width, size_t rows,
                            hipStream_t stream) {
    CALL(CALL_QUEUE, fill_rows(to, pitch, value, width, rows, stream));
}
hipError_t hipMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                       size_t rows, int kind) {
    CALL(CALL_BLOCKING, copy_rows(to, to_pitch, from, from_pitch, width, rows, kind, NULL));
}
hipError_t hipMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                            size_t rows, int kind, hipStream_t stream) {
    CALL(CALL_QUEUE, copy_rows(to, to_pitch, from, from_pitch, width, rows, kind, stream));
}
hipError_t hipMemcpyPeer(void *to, int to_device, const void *from, int from_device, size_t bytes) {
    CALL(CALL_BLOCKING, copy_peer(to, to_device, from, from_device, bytes, NULL));
}
hipError_t hipMemcpyPeerAsync(void *to, int to_device, const void *from, int from_device, size_t bytes,
                              hipStream_t stream) {
    CALL(CALL_QUEUE, copy_peer(to, to_device, from, from_device, bytes, stream));
}
