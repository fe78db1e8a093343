/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Tensors of one call; tensor.h says who owns them. */
#include "tensor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/error.h"

struct torch_constants torch_constants;

/* The types that people hand in, ours and others. */
enum { TYPES = 10 };
static struct {
    int32_t number;
    const char *name;
} types[TYPES];

void torch_constants_init(void) {
    torch_constants = (struct torch_constants){.cpu = shim.aoti_torch_device_type_cpu(),
                                               .cuda = shim.aoti_torch_device_type_cuda(),
                                               .f16 = shim.aoti_torch_dtype_float16(),
                                               .bf16 = shim.aoti_torch_dtype_bfloat16(),
                                               .f32 = shim.aoti_torch_dtype_float32(),
                                               .u8 = shim.aoti_torch_dtype_uint8(),
                                               .i32 = shim.aoti_torch_dtype_int32()};
    int n = 0;
#define NAME(type) types[n].number = shim.aoti_torch_dtype_##type(), types[n++].name = #type
    NAME(float16), NAME(bfloat16), NAME(float32), NAME(float64), NAME(uint8);
    NAME(int8), NAME(int16), NAME(int32), NAME(int64), NAME(bool);
#undef NAME
}

struct text {
    char *at;
    size_t left;
};
__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...) {
    va_list list;
    va_start(list, format);
    int written = vsnprintf(text->at, text->left, format, list);
    va_end(list);
    size_t taken = written < 0 ? 0 : (size_t)written < text->left ? (size_t)written : text->left - 1;
    text->at += taken, text->left -= taken;
}

static void append_list(struct text *text, const int64_t *values, int64_t count) {
    append(text, "[");
    for (int64_t n = 0; n < count; n++) append(text, "%s%" PRId64, n ? ", " : "", values[n]);
    append(text, "]");
}

const char *tensor_text(const struct tensor *t, char text[TENSOR_TEXT]) {
    struct text out = {text, TENSOR_TEXT};
    if (t->dtype < 0) {
        append(&out, "None");
        return text;
    }
    const char *name = NULL;
    for (int n = 0; n < TYPES; n++)
        if (types[n].number == t->dtype) name = types[n].name;
    if (name)
        append(&out, "%s ", name);
    else
        append(&out, "of PyTorch's type number %" PRId32 " ", t->dtype);
    append_list(&out, t->sizes, t->dim);
    if (t->contiguous) return text;
    append(&out, " with strides ");
    append_list(&out, t->strides, t->dim);
    return text;
}

w4a16_dtype tensor_type(const struct tensor *t) {
    return t->dtype == torch_constants.f16    ? W4A16_F16
           : t->dtype == torch_constants.bf16 ? W4A16_BF16
           : t->dtype == torch_constants.f32  ? W4A16_F32
                                              : 0;
}

/* Puts the handle into the frame first: what follows may fail. None is a tensor without elements or type. */
static w4a16_status describe(struct frame *f, shim_tensor handle, struct tensor *t) {
    int64_t *sizes, *strides;
    bool defined;
    f->owned[f->count++] = handle;
    *t = (struct tensor){.handle = handle, .dtype = -1, .device_type = -1, .contiguous = true};
    SHIM(f, aoti_torch_is_defined(handle, &defined));
    if (!defined) return W4A16_OK;
    SHIM(f, aoti_torch_get_data_ptr(handle, &t->data));
    SHIM(f, aoti_torch_get_dim(handle, &t->dim));
    SHIM(f, aoti_torch_get_numel(handle, &t->numel));
    SHIM(f, aoti_torch_get_sizes(handle, &sizes));
    SHIM(f, aoti_torch_get_strides(handle, &strides));
    SHIM(f, aoti_torch_get_dtype(handle, &t->dtype));
    SHIM(f, aoti_torch_get_device_type(handle, &t->device_type));
    SHIM(f, aoti_torch_get_device_index(handle, &t->device_index));
    SHIM(f, aoti_torch_is_contiguous(handle, &t->contiguous));
    t->sizes = sizes, t->strides = strides;
    return W4A16_OK;
}

w4a16_status frame_argument(struct frame *f, shim_value value, struct tensor *out) {
    TRY(describe(f, (shim_tensor)(uintptr_t)value, out));
    FAIL_IF(out->dim > TENSOR_DIMS, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: a tensor has %" PRId64 " dimensions; accepted are up to %d", f->name, out->dim, TENSOR_DIMS);
    return W4A16_OK;
}

w4a16_status frame_empty(struct frame *f, int64_t dim, const int64_t *sizes, int32_t dtype,
                         const struct tensor *like, struct tensor *out) {
    int64_t strides[TENSOR_DIMS], stride = 1;
    for (int64_t d = dim; d-- > 0; stride *= sizes[d] > 1 ? sizes[d] : 1) strides[d] = stride;
    shim_tensor handle;
    SHIM(f,
         aoti_torch_empty_strided(dim, sizes, strides, dtype, like ? like->device_type : torch_constants.cpu,
                                  like ? like->device_index : 0, &handle));
    return describe(f, handle, out);
}

w4a16_status frame_copy(struct frame *f, const struct tensor *t, const struct tensor *like,
                        struct tensor *out) {
    shim_tensor from = t->handle; /* out may be t */
    TRY(frame_empty(f, t->dim, t->sizes, t->dtype, like, out));
    SHIM(f, aoti_torch_copy_(out->handle, from, 0));
    return W4A16_OK;
}

static const char *device_text(const struct tensor *t, char text[32]) {
    if (t->device_type == torch_constants.cpu)
        snprintf(text, 32, "the CPU");
    else if (t->device_type == torch_constants.cuda)
        snprintf(text, 32, "cuda:%" PRId32, t->device_index);
    else
        snprintf(text, 32, "a device of type %" PRId32, t->device_type);
    return text;
}

w4a16_status frame_same_device(struct frame *f, const struct named_tensor *tensors, int count) {
    const struct tensor *first = tensors[0].tensor;
    for (int n = 1; n < count; n++) {
        const struct tensor *t = tensors[n].tensor;
        FAIL_IF(t->numel && (t->device_type != first->device_type || t->device_index != first->device_index),
                &f->error, W4A16_INVALID_ARGUMENT,
                "%s: %s is on %s and %s on %s; accepted is the same device", f->name, tensors[0].name,
                device_text(first, (char[32]){0}), tensors[n].name, device_text(t, (char[32]){0}));
    }
    return W4A16_OK;
}

shim_value frame_release(struct frame *f, const struct tensor *t) {
    for (int n = 0; n < f->count; n++)
        if (f->owned[n] == t->handle) f->owned[n] = NULL;
    return (shim_value)(uintptr_t)t->handle;
}

void frame_end(struct frame *f) {
    for (int n = 0; n < f->count; n++)
        if (f->owned[n]) shim.aoti_torch_delete_tensor_object(f->owned[n]);
}
