/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * PyTorch's tensors in one operator call. A frame owns every tensor of the call, arguments and temporaries,
 * and lets go of them at its end, whether the call succeeded or not.
 */
#ifndef W4A16_TORCH_TENSOR_H
#define W4A16_TORCH_TENSOR_H

#include "shim.h"
#include "w4a16/base.h"

#define FRAME_TENSORS 32
#define TENSOR_DIMS   16

struct frame {
    const char *name; /* "w4a16::linear", for messages */
    int count;
    shim_tensor owned[FRAME_TENSORS];
    w4a16_error error;
};

struct tensor {
    shim_tensor handle; /* the frame's */
    void *data;
    int64_t dim, numel;
    const int64_t *sizes, *strides;
    int32_t dtype, device_type, device_index;
    bool contiguous;
};

/* What PyTorch numbers types and devices by. */
struct torch_constants {
    int32_t cpu, cuda, f16, bf16, f32, u8, i32;
};
extern struct torch_constants torch_constants;
void torch_constants_init(void);

/* What a tensor is, for messages: "float32 [3, 4]", with its strides if it is not contiguous. */
enum { TENSOR_TEXT = 256 };
const char *tensor_text(const struct tensor *t, char text[TENSOR_TEXT]);
#define TEXT_OF(t) tensor_text((t), (char[TENSOR_TEXT]){0})

/* 0 for a type that is none of ours. */
w4a16_dtype tensor_type(const struct tensor *t);

/* Takes ownership of an argument. name is for messages. */
w4a16_status frame_argument(struct frame *f, shim_value value, struct tensor *out);
/* A new tensor on the device of `like`, or in host memory where like is null. */
w4a16_status frame_empty(struct frame *f, int64_t dim, const int64_t *sizes, int32_t dtype,
                         const struct tensor *like, struct tensor *out);
/* A contiguous copy of t, on the device of `like`, or in host memory where like is null. */
w4a16_status frame_copy(struct frame *f, const struct tensor *t, const struct tensor *like,
                        struct tensor *out);
/* Whether those that have elements are where the first one is. */
struct named_tensor {
    const char *name;
    const struct tensor *tensor;
};
w4a16_status frame_same_device(struct frame *f, const struct named_tensor *tensors, int count);
/* Takes a tensor out of the frame, as the call's result. */
shim_value frame_release(struct frame *f, const struct tensor *t);
/* Lets go of all tensors. */
void frame_end(struct frame *f);

/* For functions of PyTorch's that fail. */
#define SHIM(f, call)                                                                                        \
    do {                                                                                                     \
        if (shim.call)                                                                                       \
            return w4a16_fail(&(f)->error, W4A16_DEVICE_FAULT, "%s: PyTorch failed in %s", (f)->name,        \
                              #call);                                                                        \
    } while (0)

#endif
