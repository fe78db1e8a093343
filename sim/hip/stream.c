/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Streams and events. Submitted work is complete when the call returns, so waiting is checking. */
#include <time.h>

#include "runtime.h"

#define STREAM_LEGACY                                                                                        \
    ((hipStream_t)1) /* other names of the null stream; the second is a thread's own, whose */
#define STREAM_PER_THREAD ((hipStream_t)2) /* order in between is that of submission too */

hipError_t stream_find(hipStream_t handle, struct stream **out) {
    *out = NULL;
    if (!handle || handle == STREAM_LEGACY || handle == STREAM_PER_THREAD) return hipSuccess;
    *out = handle_find(HANDLE_STREAM, handle);
    return *out ? hipSuccess : hipErrorContextIsDestroyed;
}

enum { PRIORITY_LOW = 1, PRIORITY_HIGH = -1 };

static hipError_t create(hipStream_t *out, unsigned flags, int priority) {
    if (!out || flags > hipStreamNonBlocking) return hipErrorInvalidValue;
    struct stream *s = handle_new(HANDLE_STREAM, sizeof *s);
    if (!s) return hipErrorOutOfMemory;
    s->flags = flags;
    s->device = current_device();
    s->priority = priority < PRIORITY_HIGH  ? PRIORITY_HIGH
                  : priority > PRIORITY_LOW ? PRIORITY_LOW
                                            : priority;
    *out = s;
    return hipSuccess;
}

static hipError_t destroy(hipStream_t handle) {
    struct stream *s;
    HIP_TRY(stream_find(handle, &s));
    if (!s) return hipErrorInvalidHandle;
    capture_forget_stream(s);
    handle_free(HANDLE_STREAM, s);
    return runtime.sticky;
}

static hipError_t wait_for(hipStream_t handle) {
    struct stream *s;
    HIP_TRY(stream_find(handle, &s));
    return capture_check_stream(s);
}

static hipError_t wait_event(hipStream_t handle, hipEvent_t event, unsigned flags) {
    struct stream *s;
    struct event *e = handle_find(HANDLE_EVENT, event);
    if (flags > 1) return hipErrorInvalidValue;
    if (!e) return hipErrorInvalidHandle;
    HIP_TRY(stream_find(handle, &s));
    return capture_wait_event(s, e);
}

hipError_t hipStreamCreate(hipStream_t *stream) { CALL(CALL_QUEUE, create(stream, hipStreamDefault, 0)); }
hipError_t hipStreamCreateWithFlags(hipStream_t *stream, unsigned flags) {
    CALL(CALL_QUEUE, create(stream, flags, 0));
}
hipError_t hipStreamCreateWithPriority(hipStream_t *stream, unsigned flags, int priority) {
    CALL(CALL_QUEUE, create(stream, flags, priority)); /* which changes nothing: there is one queue */
}
hipError_t hipStreamDestroy(hipStream_t stream) { CALL(CALL_RELEASE, destroy(stream)); }
hipError_t hipStreamSynchronize(hipStream_t stream) { CALL(CALL_QUEUE, wait_for(stream)); }
hipError_t hipStreamQuery(hipStream_t stream) { CALL(CALL_QUEUE, wait_for(stream)); }
hipError_t hipStreamWaitEvent(hipStream_t stream, hipEvent_t event, unsigned flags) {
    CALL(CALL_QUEUE, wait_event(stream, event, flags));
}

/* ---- what is asked of streams ---------------------------------------------------------------------------- */

static hipError_t describe(hipStream_t handle, unsigned *flags, int *priority, int *device) {
    struct stream *s;
    if (!flags && !priority && !device) return hipErrorInvalidValue;
    HIP_TRY(stream_find(handle, &s));
    if (flags) *flags = s ? s->flags : 0;
    if (priority) *priority = s ? s->priority : 0;
    if (device) *device = s ? (int)s->device : (int)current_device();
    return hipSuccess;
}

static hipError_t priorities(int *least, int *greatest) {
    if (least) *least = PRIORITY_LOW;
    if (greatest) *greatest = PRIORITY_HIGH;
    return hipSuccess;
}

hipError_t hipStreamGetFlags(hipStream_t stream, unsigned *flags) {
    CALL(CALL_QUEUE, describe(stream, flags, NULL, NULL));
}
hipError_t hipStreamGetPriority(hipStream_t stream, int *priority) {
    CALL(CALL_QUEUE, describe(stream, NULL, priority, NULL));
}
hipError_t hipStreamGetDevice(hipStream_t stream, int *device) {
    CALL(CALL_QUEUE, describe(stream, NULL, NULL, device));
}
hipError_t hipDeviceGetStreamPriorityRange(int *least, int *greatest) {
    CALL(CALL_QUEUE, priorities(least, greatest));
}

/* ---- functions of the host -------------------------------------------------------------------------------- */

static hipError_t call_host(hipStream_t stream, void (*function)(void *), void *data) {
    if (!function) return hipErrorInvalidValue;
    struct node n = {.kind = NODE_CALL, .to = data, .call = function};
    return submit(&n, stream);
}

hipError_t hipLaunchHostFunc(hipStream_t stream, void (*function)(void *), void *data) {
    CALL(CALL_QUEUE, call_host(stream, function, data));
}

/* ---- events ------------------------------------------------------------------------------------------- */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static hipError_t create_event(hipEvent_t *out, unsigned flags) {
    if (!out) return hipErrorInvalidValue;
    struct event *e = handle_new(HANDLE_EVENT, sizeof *e);
    if (!e) return hipErrorOutOfMemory;
    e->flags = flags;
    *out = e;
    return hipSuccess;
}

hipError_t event_record(hipEvent_t handle, hipStream_t stream) {
    struct event *e = handle_find(HANDLE_EVENT, handle);
    struct stream *s;
    if (!e) return hipErrorInvalidHandle;
    HIP_TRY(stream_find(stream, &s));
    HIP_TRY(capture_record_event(e, s));
    if (e->capture) return hipSuccess;
    e->recorded = true;
    e->seconds = now();
    return hipSuccess;
}

static hipError_t check_event(hipEvent_t handle) {
    const struct event *e = handle_find(HANDLE_EVENT, handle);
    if (!e) return hipErrorInvalidHandle;
    return e->capture ? hipErrorCapturedEvent : hipSuccess;
}

static hipError_t elapsed(float *milliseconds, hipEvent_t start, hipEvent_t stop) {
    const struct event *a = handle_find(HANDLE_EVENT, start), *b = handle_find(HANDLE_EVENT, stop);
    if (!milliseconds) return hipErrorInvalidValue;
    if (!a || !b || !a->recorded || !b->recorded || (a->flags | b->flags) & hipEventDisableTiming)
        return hipErrorInvalidHandle;
    *milliseconds = (float)(1e3 * (b->seconds - a->seconds));
    return hipSuccess;
}

static hipError_t destroy_event(hipEvent_t handle) {
    if (!handle_find(HANDLE_EVENT, handle)) return hipErrorInvalidHandle;
    handle_free(HANDLE_EVENT, handle);
    return runtime.sticky;
}

hipError_t hipEventCreate(hipEvent_t *event) { CALL(CALL_QUEUE, create_event(event, hipEventDefault)); }
hipError_t hipEventCreateWithFlags(hipEvent_t *event, unsigned flags) {
    CALL(CALL_QUEUE, create_event(event, flags));
}
hipError_t hipEventRecord(hipEvent_t event, hipStream_t stream) {
    CALL(CALL_QUEUE, event_record(event, stream));
}
hipError_t hipEventRecordWithFlags(hipEvent_t event, hipStream_t stream, unsigned flags) {
    CALL(CALL_QUEUE, flags > 1 ? hipErrorInvalidValue : event_record(event, stream));
}
hipError_t hipEventSynchronize(hipEvent_t event) { CALL(CALL_QUEUE, check_event(event)); }
hipError_t hipEventQuery(hipEvent_t event) { CALL(CALL_QUEUE, check_event(event)); }
hipError_t hipEventElapsedTime(float *milliseconds, hipEvent_t start, hipEvent_t stop) {
    CALL(CALL_QUEUE, elapsed(milliseconds, start, stop));
}
hipError_t hipEventDestroy(hipEvent_t event) { CALL(CALL_RELEASE, destroy_event(event)); }
