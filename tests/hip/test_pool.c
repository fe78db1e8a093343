/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Memory pools of the HIP front: whose an allocation is, what is counted, what is kept, what is refused. test_pool LIBRARY */
#include "front.h"

#define POOL_CALLS(X)                                                                                        \
    X(int, hipDeviceGetDefaultMemPool, (void **, int))                                                       \
    X(int, hipDeviceGetMemPool, (void **, int))                                                              \
    X(int, hipDeviceSetMemPool, (int, void *))                                                               \
    X(int, hipMallocFromPoolAsync, (void **, size_t, void *, void *))                                        \
    X(int, hipMemPoolCreate, (void **, const void *))                                                        \
    X(int, hipMemPoolDestroy, (void *))                                                                      \
    X(int, hipMemPoolGetAttribute, (void *, int, void *))                                                    \
    X(int, hipMemPoolSetAttribute, (void *, int, void *))                                                    \
    X(int, hipMemPoolSetAccess, (void *, const void *, size_t))                                              \
    X(int, hipMemPoolGetAccess, (int *, void *, const void *))                                               \
    X(int, hipMemPoolTrimTo, (void *, size_t))
#define DECLARE(type, name, arguments) static type(*name) arguments;
POOL_CALLS(DECLARE)
#undef DECLARE

enum { REUSE = 2, THRESHOLD = 4, RESERVED, RESERVED_HIGH, USED, USED_HIGH, POOLS_SUPPORTED = 88 };

/* hipMemPoolProps and hipMemAccessDesc, as HIP 6 and 7 lay them out */
static const struct properties {
    int allocation, handles, location, device;
    void *security;
    size_t most;
    char reserved[56];
} here = {1, 0, 1, 0, NULL, 0, {0}};
_Static_assert(sizeof(struct properties) == 88, "hipMemPoolProps");

static uint64_t value_of(void *pool, int attribute) {
    uint64_t value = 99;
    OK(hipMemPoolGetAttribute(pool, attribute, &value));
    return value;
}

static void test_standard(void **state) {
    (void)state;
    void *standard, *current, *again, *p, *q, *plain;
    int supported = 0;
    OK(hipDeviceGetAttribute(&supported, POOLS_SUPPORTED, 0));
    assert_int_equal(supported, 1);
    OK(hipDeviceGetDefaultMemPool(&standard, 0));
    OK(hipDeviceGetMemPool(&current, 0));
    OK(hipDeviceGetDefaultMemPool(&again, 0));
    assert_ptr_equal(standard, current);
    assert_ptr_equal(standard, again);
    OK(hipMallocAsync(&p, 1000, NULL));
    OK(hipMallocAsync(&q, 24, NULL));
    OK(hipMalloc(&plain, 4096)); /* of no pool */
    assert_int_equal(value_of(standard, USED), 1024);
    assert_int_equal(value_of(standard, RESERVED), 1024);
    OK(hipFreeAsync(p, NULL));
    OK(hipFree(plain));
    assert_int_equal(value_of(standard, USED), 24);
    assert_int_equal(value_of(standard, USED_HIGH), 1024);
    uint64_t zero = 0, one = 1;
    OK(hipMemPoolSetAttribute(standard, USED_HIGH, &zero));
    assert_int_equal(value_of(standard, USED_HIGH), 24);
    assert_int_equal(value_of(standard, RESERVED_HIGH), 1024);
    GIVES("hipErrorInvalidValue", hipMemPoolSetAttribute(standard, USED_HIGH, &one));
    GIVES("hipErrorInvalidValue", hipMemPoolSetAttribute(standard, USED, &zero));
    OK(hipFree(q)); /* the plain call frees it, too */
    assert_int_equal(value_of(standard, USED), 0);
    OK(hipMemPoolTrimTo(standard, 0));
    GIVES("hipErrorInvalidValue", hipMemPoolDestroy(standard));
    GIVES("hipErrorInvalidDevice", hipDeviceGetMemPool(&current, 7));
    GIVES("hipErrorInvalidValue", hipDeviceGetMemPool(NULL, 0));
}

static void test_own(void **state) {
    (void)state;
    void *pool, *standard, *current, *p, *q, *r;
    OK(hipMemPoolCreate(&pool, &here));
    OK(hipDeviceGetDefaultMemPool(&standard, 0));
    OK(hipDeviceSetMemPool(0, pool));
    OK(hipDeviceGetMemPool(&current, 0));
    assert_ptr_equal(current, pool);
    OK(hipMallocAsync(&p, 100, NULL));
    OK(hipMallocFromPoolAsync(&q, 50, standard, NULL));
    OK(hipMallocFromPoolAsync(&r, 7, pool, NULL));
    assert_int_equal(value_of(pool, USED), 107);
    assert_int_equal(value_of(standard, USED), 50);
    OK(hipMemset(p, 1, 100));
    /* A pool that is given up leaves its memory to the program. */
    OK(hipMemPoolDestroy(pool));
    GIVES("hipErrorInvalidValue", hipMemPoolDestroy(pool));
    GIVES("hipErrorInvalidValue", hipMallocFromPoolAsync(&r, 7, pool, NULL));
    OK(hipDeviceGetMemPool(&current, 0));
    assert_ptr_equal(current, standard);
    OK(hipMemset(p, 2, 100));
    OK(hipFreeAsync(p, NULL));
    OK(hipFreeAsync(q, NULL));
    OK(hipFreeAsync(r, NULL));
    assert_int_equal(value_of(standard, USED), 0);
    size_t left, total;
    OK(hipMemGetInfo(&left, &total));
    assert_int_equal(left, total);
}

static void test_kept(void **state) {
    (void)state;
    void *pool;
    OK(hipMemPoolCreate(&pool, &here));
    int reuse = 9;
    uint64_t threshold = UINT64_MAX;
    OK(hipMemPoolGetAttribute(pool, REUSE, &reuse));
    assert_int_equal(reuse, 1);
    reuse = 0;
    OK(hipMemPoolSetAttribute(pool, REUSE, &reuse));
    reuse = 9;
    OK(hipMemPoolGetAttribute(pool, REUSE, &reuse));
    assert_int_equal(reuse, 0);
    assert_int_equal(value_of(pool, THRESHOLD), 0);
    OK(hipMemPoolSetAttribute(pool, THRESHOLD, &threshold));
    assert_true(value_of(pool, THRESHOLD) == UINT64_MAX);
    struct {
        int location, device, flags;
    } access[2] = {{1, 1, 3}, {1, 0, 1}}, none = {1, 0, 0}, nowhere = {1, 5, 3};
    int flags = 9;
    OK(hipMemPoolGetAccess(&flags, pool, &access[0]));
    assert_int_equal(flags, 0);
    OK(hipMemPoolSetAccess(pool, access, 2));
    OK(hipMemPoolGetAccess(&flags, pool, &access[0]));
    assert_int_equal(flags, 3);
    OK(hipMemPoolGetAccess(&flags, pool, &access[1]));
    assert_int_equal(flags, 1);
    GIVES("hipErrorInvalidDevice", hipMemPoolSetAccess(pool, &none, 1));
    GIVES("hipErrorInvalidValue", hipMemPoolSetAccess(pool, &nowhere, 1));
    GIVES("hipErrorInvalidValue", hipMemPoolSetAccess(pool, access, 0));
    OK(hipMemPoolDestroy(pool));
}

static void test_refused(void **state) {
    (void)state;
    void *pool, *p, *other;
    uint64_t value = 0;
    struct properties properties = here;
    GIVES("hipErrorInvalidValue", hipMemPoolCreate(&pool, NULL));
    GIVES("hipErrorInvalidValue", hipMemPoolCreate(NULL, &properties));
    properties.allocation = 0;
    GIVES("hipErrorInvalidValue", hipMemPoolCreate(&pool, &properties));
    properties = here;
    properties.device = 9;
    GIVES("hipErrorInvalidValue", hipMemPoolCreate(&pool, &properties));
    properties = here;
    properties.handles = 1;
    GIVES("hipErrorNotSupported", hipMemPoolCreate(&pool, &properties));
    properties = here;
    properties.most = 4096;
    GIVES("hipErrorNotSupported", hipMemPoolCreate(&pool, &properties));
    OK(hipMemPoolCreate(&pool, &here));
    GIVES("hipErrorInvalidValue", hipDeviceSetMemPool(1, pool)); /* of another device */
    GIVES("hipErrorInvalidValue", hipMemPoolGetAttribute(pool, 0, &value));
    GIVES("hipErrorInvalidValue", hipMemPoolGetAttribute(pool, 9, &value));
    GIVES("hipErrorInvalidValue", hipMemPoolGetAttribute(pool, USED, NULL));
    GIVES("hipErrorInvalidValue", hipMemPoolGetAttribute(&value, USED, &value)); /* no pool */
    GIVES("hipErrorInvalidValue", hipMemPoolTrimTo(&value, 0));
    GIVES("hipErrorInvalidValue", hipMallocFromPoolAsync(&p, 8, NULL, NULL));
    GIVES("hipErrorOutOfMemory", hipMallocFromPoolAsync(&p, SIZE_MAX / 2, pool, NULL));
    assert_int_equal(value_of(pool, USED), 0);
    OK(hipMallocFromPoolAsync(&p, 0, pool, NULL));
    assert_null(p);
    /* A reset gives up everything. */
    OK(hipMallocFromPoolAsync(&p, 8, pool, NULL));
    OK(hipDeviceReset());
    GIVES("hipErrorInvalidValue", hipMemPoolTrimTo(pool, 0));
    OK(hipDeviceGetMemPool(&other, 0));
    assert_int_equal(value_of(other, USED), 0);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    setenv("RDNASIM_DEVICES", "2", 1);
    open_front(argv[1]);
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL); /* that is open already */
#define FIND(type, name, arguments) find_call(library, #name, &name);
    POOL_CALLS(FIND)
#undef FIND
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_standard), cmocka_unit_test(test_own),
                                       cmocka_unit_test(test_kept), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
