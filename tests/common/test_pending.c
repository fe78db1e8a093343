/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What a signal removes: what was added and not forgotten, a directory's files before the directory.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pending.h"

static const struct {
    const char *path;
    int is_directory, is_removed;
} all[] = {{"kept", 0, 0},     {"removed", 0, 1}, {"kept-not", 0, 1}, {"below", 1, 0},
           {"below/it", 0, 0}, {"below2", 0, 1},  {"staged", 1, 1},   {"staged/file", 0, 1}};
enum { COUNT = sizeof all / sizeof all[0] };

static void signals_remove_what_is_pending(void **state) {
    (void)state;
    char directory[] = "/tmp/w4a16-pending-XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chdir(directory), 0);
    for (int n = 0; n < COUNT; n++) {
        FILE *file = all[n].is_directory ? NULL : fopen(all[n].path, "w");
        assert_int_equal(file ? fclose(file) : mkdir(all[n].path, 0700), 0);
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        pending_remove_on_signals();
        for (int n = 0; n < COUNT; n++) pending_add(all[n].path);
        pending_forget("kept");
        pending_forget("below"); /* alone: what is in it stays pending until it is forgotten, too */
        pending_add("below");
        pending_forget_below("below");
        raise(SIGTERM);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    for (int n = 0; n < COUNT; n++)
        if ((access(all[n].path, F_OK) != 0) != all[n].is_removed) fail_msg("%s", all[n].path);
    for (int n = COUNT; n-- > 0;) remove(all[n].path);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(directory), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(signals_remove_what_is_pending)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
