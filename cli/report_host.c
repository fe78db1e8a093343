/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "report_host.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "w4a16/linear.h"

/* The beginning of a small file of the system's; empty if it is not there. */
static void read_start(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = fd >= 0 ? read(fd, text, size - 1) : 0;
    if (fd >= 0) close(fd);
    text[bytes > 0 ? bytes : 0] = 0;
}

static const char *first_line(char *text) {
    text[strcspn(text, "\n")] = 0;
    return *text ? text : NULL;
}

static const char *processor(char *text, size_t size) {
    read_start("/proc/cpuinfo", text, size);
    char *name = strstr(text, "model name"), *colon = name ? strchr(name, ':') : NULL;
    return colon && colon[1] ? first_line(colon + 2) : NULL;
}

static json_t *code_objects(const char *target) {
    json_t *list = json_array();
    w4a16_object_info object;
    for (size_t n = 0; w4a16_object(target, n, &object, NULL) == W4A16_OK; n++) {
        char hash[24];
        snprintf(hash, sizeof hash, "%016" PRIx64, object.hash);
        doc_append(&list, doc_pack("{s:s, s:I, s:s, s:s}", "object", object.name, "bytes",
                                   (json_int_t)object.bytes, "hash", hash, "compiler", object.compiler));
    }
    return list;
}

json_t *report_host(const char *target) {
    char date[32] = "", system[sizeof(struct utsname)], cpu[4096], driver[256];
    time_t now = time(NULL);
    struct tm utc;
    struct utsname name = {0};
    if (gmtime_r(&now, &utc)) strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    uname(&name);
    snprintf(system, sizeof system, "%s %s %s", name.sysname, name.release, name.machine);
    read_start("/sys/module/amdgpu/version", driver, sizeof driver);
    return doc_pack("{s:s, s:{s:s, s:s}, s:s, s:s, s:o}", "date", date, "host", "system", system, "processor",
                    processor(cpu, sizeof cpu), "driver", first_line(driver), "compiler", __VERSION__,
                    "code_objects", code_objects(target));
}
