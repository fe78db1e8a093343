/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Quotas of control groups, read from folders made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cpu_quota.h"

static char root[] = "/tmp/w4a16-quota-XXXXXX";

/* Writes a file under root, whose folders are made. */
static void put(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *c = path + strlen(root) + 1; (c = strchr(c, '/')); c++) {
        *c = 0;
        mkdir(path, 0700);
        *c = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int quota_of(const char *membership) {
    char path[256];
    put("membership", membership);
    snprintf(path, sizeof path, "%s/membership", root);
    return cpu_quota(path, root);
}

static void test_version_2(void **state) {
    (void)state;
    put("a/b/cpu.max", "max 100000\n");
    put("a/cpu.max", "250000 100000\n");
    put("cpu.max", "400000 100000\n");
    put("c/cpu.max", "50000 100000\n");
    put("d/cpu.max", "nonsense\n");
    put("e/cpu.max", "-5 0\n");
    assert_int_equal(quota_of("0::/a/b\n"), 3); /* the least of those above, rounded up */
    assert_int_equal(quota_of("0::/c\n"), 1);
    assert_int_equal(quota_of("0::/d\n"), 4);
    assert_int_equal(quota_of("0::/e\n"), 4);
    assert_int_equal(quota_of("0::/not/mounted/here\n"), 4);
    assert_int_equal(quota_of("0::/\n"), 4);
}

static void test_version_1(void **state) {
    (void)state;
    put("cpu/x/cpu.cfs_quota_us", "150000\n");
    put("cpu/x/cpu.cfs_period_us", "50000\n");
    put("cpu/y/cpu.cfs_quota_us", "-1\n");
    put("cpu/y/cpu.cfs_period_us", "100000\n");
    assert_int_equal(quota_of("3:cpuset:/x\n5:cpu,cpuacct:/x\n"), 3);
    assert_int_equal(quota_of("4:cpu:/y\n"), 0);
    assert_int_equal(quota_of("7:cpuset:/x\nrubbish\n\n"), 0);
}

static void test_nothing_to_read(void **state) {
    (void)state;
    assert_int_equal(cpu_quota("/nowhere/cgroup", root), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_version_2), cmocka_unit_test(test_version_1),
                                       cmocka_unit_test(test_nothing_to_read)};
    if (!mkdtemp(root)) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char remove[64];
    snprintf(remove, sizeof remove, "rm -r %s", root);
    return system(remove) || failed;
}
