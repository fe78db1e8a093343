/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The functions of PyTorch's stable C interface that the operators use, found in the process at load time: no
 * header of PyTorch's, nothing linked, one binary for every release from 2.10 on.
 *
 * All return 0 on success. A tensor handle that a function hands out is a reference of the caller's own.
 */
#ifndef W4A16_TORCH_SHIM_H
#define W4A16_TORCH_SHIM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct shim_tensor_object *shim_tensor;
typedef struct shim_library_object *shim_library;
typedef uint64_t shim_value; /* an argument or result: a tensor handle, an int64 or a bool */
typedef void shim_kernel(shim_value *stack, uint64_t args, uint64_t results);

/* X(result, name, arguments): what must be there. */
#define SHIM_FUNCTIONS(X)                                                                                    \
    X(uint64_t, aoti_torch_abi_version, (void))                                                              \
    X(int32_t, aoti_torch_device_type_cpu, (void))                                                           \
    X(int32_t, aoti_torch_device_type_cuda, (void))                                                          \
    X(int32_t, aoti_torch_dtype_float16, (void))                                                             \
    X(int32_t, aoti_torch_dtype_bfloat16, (void))                                                            \
    X(int32_t, aoti_torch_dtype_float32, (void))                                                             \
    X(int32_t, aoti_torch_dtype_uint8, (void))                                                               \
    X(int32_t, aoti_torch_dtype_int32, (void))                                                               \
    X(int32_t, aoti_torch_dtype_float64, (void))                                                             \
    X(int32_t, aoti_torch_dtype_int8, (void))                                                                \
    X(int32_t, aoti_torch_dtype_int16, (void))                                                               \
    X(int32_t, aoti_torch_dtype_int64, (void))                                                               \
    X(int32_t, aoti_torch_dtype_bool, (void))                                                                \
    X(int32_t, aoti_torch_is_defined, (shim_tensor, bool *))                                                 \
    X(int32_t, aoti_torch_get_data_ptr, (shim_tensor, void **))                                              \
    X(int32_t, aoti_torch_get_dim, (shim_tensor, int64_t *))                                                 \
    X(int32_t, aoti_torch_get_numel, (shim_tensor, int64_t *))                                               \
    X(int32_t, aoti_torch_get_sizes, (shim_tensor, int64_t **))                                              \
    X(int32_t, aoti_torch_get_strides, (shim_tensor, int64_t **))                                            \
    X(int32_t, aoti_torch_get_dtype, (shim_tensor, int32_t *))                                               \
    X(int32_t, aoti_torch_get_device_type, (shim_tensor, int32_t *))                                         \
    X(int32_t, aoti_torch_get_device_index, (shim_tensor, int32_t *))                                        \
    X(int32_t, aoti_torch_is_contiguous, (shim_tensor, bool *))                                              \
    X(int32_t, aoti_torch_empty_strided,                                                                     \
      (int64_t, const int64_t *, const int64_t *, int32_t, int32_t, int32_t, shim_tensor *))                 \
    X(int32_t, aoti_torch__reinterpret_tensor,                                                               \
      (shim_tensor, int64_t, const int64_t *, const int64_t *, int64_t, shim_tensor *))                      \
    X(int32_t, aoti_torch_copy_, (shim_tensor, shim_tensor, int32_t))                                        \
    X(int32_t, aoti_torch_zero_, (shim_tensor))                                                              \
    X(int32_t, aoti_torch_delete_tensor_object, (shim_tensor))                                               \
    X(void, aoti_torch_check, (bool, const char *, const char *, uint32_t, const char *))                    \
    X(int32_t, aoti_torch_library_init_fragment, (const char *, const char *, uint32_t, shim_library *))     \
    X(int32_t, aoti_torch_library_init_impl,                                                                 \
      (const char *, const char *, const char *, uint32_t, shim_library *))                                  \
    X(int32_t, aoti_torch_library_def, (shim_library, const char *))                                         \
    X(int32_t, aoti_torch_delete_library_object, (shim_library))                                             \
    X(int32_t, torch_parallel_for,                                                                           \
      (int64_t, int64_t, int64_t, void (*)(int64_t begin, int64_t end, void *), void *))                     \
    X(int32_t, torch_library_impl, (shim_library, const char *, shim_kernel *, uint64_t))

struct shim {
#define X(result, name, arguments) result(*name) arguments;
    SHIM_FUNCTIONS(X)
#undef X
    /* Of a ROCm build; null on others. */
    int32_t (*aoti_torch_get_current_cuda_stream)(int32_t device, void **stream);
};

extern struct shim shim;

/* The release whose interface is meant here, as functions that ask for it want it. */
#define SHIM_RELEASE(major, minor) ((uint64_t)(major) << 56 | (uint64_t)(minor) << 48)
#define SHIM_FLOOR                 SHIM_RELEASE(2, 10)

/* Fills shim; null, or a sentence that says what is missing. */
const char *shim_load(void);

#endif
