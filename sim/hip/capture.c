/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Capture of streams into graphs, the calls that it forbids, and the replay of graphs.
 *
 * A graph keeps its nodes in the order of submission, which every dependency between them follows.
 */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

struct capture {
    struct capture *next;
    struct stream *origin;
    const void *thread; /* that began it */
    int mode;
    bool invalid;
    unsigned long long id;
    uint64_t count; /* of nodes, and of joins */
    struct node *first, **end;
};

/* hipGraph_t and hipGraphExec_t */
struct graph {
    struct handle handle;
    struct node *first;
};

static struct capture *captures;
static unsigned long long last_id;
static _Thread_local int thread_mode = hipStreamCaptureModeGlobal; /* its address names the thread, too */

/* ---- nodes -------------------------------------------------------------------------------------------- */

static struct node *copy_node(const struct node *n) {
    size_t bytes = sizeof *n + n->launch.kernarg_bytes;
    struct node *copy = malloc(bytes);
    if (!copy) return NULL;
    memcpy(copy, n, bytes);
    copy->next = NULL;
    if (n->kind == NODE_ALLOCATE) memory_of_graph(n->to, 1);
    return copy;
}

static void free_nodes(struct node *n) {
    for (struct node *next; n; n = next) {
        next = n->next;
        if (n->kind == NODE_ALLOCATE) memory_of_graph(n->to, -1);
        free(n);
    }
}

static struct node **append(struct node **end, const struct node *n) {
    *end = copy_node(n);
    return *end ? &(*end)->next : NULL;
}

static hipError_t do_now(const struct node *n) {
    switch (n->kind) {
    case NODE_COPY: return copy_now(n);
    case NODE_FILL: return fill_now(n);
    case NODE_LAUNCH: return launch_now(n);
    case NODE_ALLOCATE: return allocate_now(n);
    case NODE_FREE: return free_now(n);
    default: call_host_function(n->call, n->to); return hipSuccess;
    }
}

/* ---- what a capture forbids --------------------------------------------------------------------------- */

static hipError_t refuse(struct capture *c, hipError_t code) {
    if (!c->invalid) log_sentence("capture %llu becomes invalid: %s", c->id, hipGetErrorString(code));
    c->invalid = true;
    return code;
}

hipError_t capture_check_unsafe(void) {
    hipError_t code = hipSuccess;
    if (thread_mode == hipStreamCaptureModeRelaxed) return code;
    for (struct capture *c = captures; c; c = c->next) {
        bool concerns = c->thread == &thread_mode ||
                        (c->mode == hipStreamCaptureModeGlobal && thread_mode == hipStreamCaptureModeGlobal);
        if (concerns && c->mode != hipStreamCaptureModeRelaxed)
            code = refuse(c, hipErrorStreamCaptureUnsupported);
    }
    return code;
}

hipError_t capture_check_blocking(void) {
    hipError_t code = hipSuccess;
    for (struct capture *c = captures; c; c = c->next) code = refuse(c, hipErrorStreamCaptureUnsupported);
    return code;
}

/* The null stream waits for every stream that was not created with hipStreamNonBlocking. */
static hipError_t check_null(bool spoils) {
    hipError_t code = hipSuccess;
    for (struct handle *h = handle_first(HANDLE_STREAM); h; h = h->next) {
        const struct stream *s = (struct stream *)h;
        if (!s->capture || s->flags & hipStreamNonBlocking) continue;
        code = spoils ? refuse(s->capture, hipErrorStreamCaptureImplicit) : hipErrorStreamCaptureImplicit;
    }
    return code;
}

hipError_t capture_check_stream(struct stream *s) {
    if (!s) return check_null(true);
    return s->capture ? refuse(s->capture, hipErrorStreamCaptureUnsupported) : hipSuccess;
}

/* ---- what a capture records --------------------------------------------------------------------------- */

static hipError_t record(struct stream *s, const struct node *n) {
    struct capture *c = s->capture;
    if (c->invalid) return hipErrorStreamCaptureInvalidated;
    struct node **end = append(c->end, n);
    if (!end) return refuse(c, hipErrorOutOfMemory);
    c->end = end;
    s->last_node = ++c->count;
    return hipSuccess;
}

hipError_t submit(const struct node *n, hipStream_t stream) {
    struct stream *s;
    HIP_TRY(stream_find(stream, &s));
    if (s && s->capture) return record(s, n);
    if (!s) HIP_TRY(check_null(true));
    return do_now(n);
}

hipError_t capture_record_event(struct event *e, struct stream *s) {
    if (!s) HIP_TRY(check_null(true));
    e->capture = s ? s->capture : NULL;
    if (!e->capture) return hipSuccess;
    e->recorded = false;
    e->stream = s;
    e->node = s->last_node;
    return e->capture->invalid ? hipErrorStreamCaptureInvalidated : hipSuccess;
}

hipError_t capture_wait_event(struct stream *s, struct event *e) {
    if (!e->capture && (!s || !s->capture)) return hipSuccess;
    if (!s) return refuse(e->capture, hipErrorStreamCaptureImplicit);
    if (!e->capture) return e->recorded ? refuse(s->capture, hipErrorStreamCaptureIsolation) : hipSuccess;
    if (e->capture->invalid) return hipErrorStreamCaptureInvalidated;
    if (s->capture && s->capture != e->capture) {
        refuse(s->capture, hipErrorStreamCaptureMerge);
        return refuse(e->capture, hipErrorStreamCaptureMerge);
    }
    s->capture = e->capture;
    s->last_node = ++s->capture->count;
    if (e->stream && e->stream != s && e->stream->joined_node < e->node) e->stream->joined_node = e->node;
    return hipSuccess;
}

/* ---- begin and end ------------------------------------------------------------------------------------ */

static hipError_t begin(hipStream_t handle, int mode) {
    struct stream *s;
    HIP_TRY(stream_find(handle, &s));
    if (mode < hipStreamCaptureModeGlobal || mode > hipStreamCaptureModeRelaxed) return hipErrorInvalidValue;
    if (!s) return hipErrorStreamCaptureUnsupported;
    if (s->capture) return hipErrorIllegalState;
    struct capture *c = calloc(1, sizeof *c);
    if (!c) return hipErrorOutOfMemory;
    *c = (struct capture){.next = captures,
                          .origin = s,
                          .thread = &thread_mode,
                          .mode = mode,
                          .id = ++last_id,
                          .end = &c->first};
    captures = s->capture = c;
    return hipSuccess;
}

static void leave(struct stream *s) {
    s->capture = NULL;
    s->last_node = s->joined_node = 0;
}

/* Its streams go back to work, its events have never been recorded. Gives the nodes. */
static struct node *dissolve(struct capture *c) {
    for (struct handle *h = handle_first(HANDLE_STREAM); h; h = h->next)
        if (((struct stream *)h)->capture == c) leave((struct stream *)h);
    for (struct handle *h = handle_first(HANDLE_EVENT); h; h = h->next) {
        struct event *e = (struct event *)h;
        if (e->capture != c) continue;
        e->capture = NULL;
        e->stream = NULL;
    }
    for (struct capture **at = &captures; *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    struct node *nodes = c->first;
    free(c);
    return nodes;
}

static hipError_t state_at_end(const struct capture *c) {
    if (c->invalid) return hipErrorStreamCaptureInvalidated;
    for (struct handle *h = handle_first(HANDLE_STREAM); h; h = h->next) {
        const struct stream *s = (struct stream *)h;
        if (s->capture == c && s != c->origin && s->last_node > s->joined_node)
            return hipErrorStreamCaptureUnjoined;
    }
    return hipSuccess;
}

static hipError_t end(hipStream_t handle, hipGraph_t *out) {
    struct stream *s;
    HIP_TRY(stream_find(handle, &s));
    if (!out) return hipErrorInvalidValue;
    if (!s || !s->capture) return hipErrorIllegalState;
    struct capture *c = s->capture;
    if (c->origin != s) return hipErrorStreamCaptureUnmatched;
    if (c->mode != hipStreamCaptureModeRelaxed && c->thread != &thread_mode)
        return hipErrorStreamCaptureWrongThread;
    *out = NULL;
    hipError_t code = state_at_end(c);
    struct node *nodes = dissolve(c);
    struct graph *g = code ? NULL : handle_new(HANDLE_GRAPH, sizeof *g);
    if (!g) {
        free_nodes(nodes);
        return code ? code : hipErrorOutOfMemory;
    }
    g->first = nodes;
    *out = g;
    return hipSuccess;
}

void capture_forget_stream(struct stream *s) {
    for (struct handle *h = handle_first(HANDLE_EVENT); h; h = h->next)
        if (((struct event *)h)->stream == s) ((struct event *)h)->stream = NULL;
    if (!s->capture) return;
    if (s->capture->origin == s)
        free_nodes(dissolve(s->capture));
    else
        refuse(s->capture, hipErrorStreamCaptureUnjoined);
}

void captures_reset(void) {
    while (captures) free_nodes(dissolve(captures));
}

static hipError_t info(hipStream_t handle, int *status, unsigned long long *id) {
    struct stream *s;
    HIP_TRY(stream_find(handle, &s));
    if (!status) return hipErrorInvalidValue;
    if (!s) HIP_TRY(check_null(false));
    const struct capture *c = s ? s->capture : NULL;
    *status = !c           ? hipStreamCaptureStatusNone
              : c->invalid ? hipStreamCaptureStatusInvalidated
                           : hipStreamCaptureStatusActive;
    if (id && c) *id = c->id;
    return hipSuccess;
}

static hipError_t info_of_graph(hipStream_t stream, int *status, unsigned long long *id, hipGraph_t *graph,
                                const void ***dependencies, size_t *count) {
    if (graph) *graph = NULL; /* a graph comes into being when the capture ends */
    if (dependencies) *dependencies = NULL;
    if (count) *count = 0;
    return info(stream, status, id);
}

static hipError_t exchange_mode(int *mode) {
    if (!mode || *mode < hipStreamCaptureModeGlobal || *mode > hipStreamCaptureModeRelaxed)
        return hipErrorInvalidValue;
    int before = thread_mode;
    thread_mode = *mode;
    *mode = before;
    return hipSuccess;
}

hipError_t hipStreamBeginCapture(hipStream_t stream, int mode) { CALL(CALL_QUEUE, begin(stream, mode)); }
hipError_t hipStreamEndCapture(hipStream_t stream, hipGraph_t *graph) {
    CALL(CALL_QUEUE, end(stream, graph));
}
hipError_t hipStreamIsCapturing(hipStream_t stream, int *status) {
    CALL(CALL_QUEUE, info(stream, status, NULL));
}
hipError_t hipStreamGetCaptureInfo(hipStream_t stream, int *status, unsigned long long *id) {
    CALL(CALL_QUEUE, info(stream, status, id));
}
hipError_t hipStreamGetCaptureInfo_v2(hipStream_t stream, int *status, unsigned long long *id,
                                      hipGraph_t *graph, const void ***dependencies, size_t *count) {
    CALL(CALL_QUEUE, info_of_graph(stream, status, id, graph, dependencies, count));
}
hipError_t hipThreadExchangeStreamCaptureMode(int *mode) { CALL(CALL_HOST, exchange_mode(mode)); }

/* ---- graphs ------------------------------------------------------------------------------------------- */

enum { FREE_ON_LAUNCH = 1 }; /* hipGraphInstantiateFlagAutoFreeOnLaunch */

static hipError_t instantiate(hipGraphExec_t *out, hipGraph_t handle, unsigned long long flags) {
    const struct graph *g = handle_find(HANDLE_GRAPH, handle);
    if (!out || !g) return hipErrorInvalidValue;
    struct graph *exec = handle_new(HANDLE_GRAPH_EXEC, sizeof *exec);
    if (!exec) return hipErrorOutOfMemory;
    struct node **to = &exec->first;
    for (const struct node *n = g->first; n && to; n = n->next) to = append(to, n);
    if (!to) {
        free_nodes(exec->first);
        handle_free(HANDLE_GRAPH_EXEC, exec);
        return hipErrorOutOfMemory;
    }
    for (struct node *n = exec->first; n; n = n->next) n->again = flags & FREE_ON_LAUNCH;
    *out = exec;
    return hipSuccess;
}

static hipError_t replay(hipGraphExec_t handle, hipStream_t stream) {
    const struct graph *exec = handle_find(HANDLE_GRAPH_EXEC, handle);
    if (!exec) return hipErrorInvalidValue;
    struct stream *s;
    HIP_TRY(stream_find(stream, &s));
    for (const struct node *n = exec->first; n; n = n->next)
        if (n->kind == NODE_ALLOCATE && !n->again && memory_is_live(n->to)) return hipErrorInvalidValue;
    for (const struct node *n = exec->first; n && !runtime.sticky; n = n->next) HIP_TRY(submit(n, stream));
    return hipSuccess;
}

static hipError_t destroy(enum handle_kind kind, void *handle) {
    struct graph *g = handle_find(kind, handle);
    if (!g) return hipErrorInvalidValue;
    free_nodes(g->first);
    handle_free(kind, g);
    return hipSuccess;
}

hipError_t hipGraphInstantiate(hipGraphExec_t *exec, hipGraph_t graph, void **node, char *log, size_t bytes) {
    (void)node, (void)log, (void)bytes; /* for what is wrong with a graph: nothing that a capture gives */
    CALL(CALL_QUEUE, instantiate(exec, graph, 0));
}
hipError_t hipGraphInstantiateWithFlags(hipGraphExec_t *exec, hipGraph_t graph, unsigned long long flags) {
    CALL(CALL_QUEUE, instantiate(exec, graph, flags));
}
hipError_t hipGraphLaunch(hipGraphExec_t exec, hipStream_t stream) { CALL(CALL_QUEUE, replay(exec, stream)); }
hipError_t hipGraphExecDestroy(hipGraphExec_t exec) { CALL(CALL_RELEASE, destroy(HANDLE_GRAPH_EXEC, exec)); }
hipError_t hipGraphDestroy(hipGraph_t graph) { CALL(CALL_RELEASE, destroy(HANDLE_GRAPH, graph)); }
