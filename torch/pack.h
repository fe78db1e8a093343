/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What operators that pack share: checks of their arguments, and packing. All of it is done on the host. */
#ifndef W4A16_TORCH_PACK_H
#define W4A16_TORCH_PACK_H

#include "tensor.h"
#include "w4a16/layer.h"

/* Of which type an argument may be. */
enum pack_type { PACK_INT32, PACK_UINT8, PACK_HALF, PACK_FLOAT };

/* Whether a tensor has this type and these sizes; -1: any. */
w4a16_status pack_check(struct frame *f, const struct tensor *t, const char *name, enum pack_type type,
                        int64_t dims, const int64_t *sizes);

/* Makes t contiguous and in host memory. */
w4a16_status pack_on_host(struct frame *f, struct tensor *t);

/* t's elements of one expert out of `experts`; null where it has none. size: of an element. */
const void *pack_slice(const struct tensor *t, int64_t experts, int64_t expert, size_t size);

/* The packed tensor of a layer (experts 0) or of a mixture, on the device of `like`. */
w4a16_status pack_layers(struct frame *f, const w4a16_layer *const *layers, int64_t experts,
                         const struct tensor *like, shim_value *result);

#endif
