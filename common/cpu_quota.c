/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "cpu_quota.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A small file's first line; false if it cannot be read. */
static bool read_line(const char *path, char *line, int bytes) {
    FILE *file = fopen(path, "re");
    bool read = file && fgets(line, bytes, file);
    if (file) fclose(file);
    return read;
}

/* Processors' worth of microseconds per period, rounded up; 0: no limit. */
static int processors(long long quota, long long period) {
    if (quota <= 0 || period <= 0) return 0;
    long long count = quota / period + (quota % period != 0);
    return count < INT_MAX ? (int)count : INT_MAX;
}

/* Version 2: "max 100000" or "150000 100000". */
static int quota_2(const char *folder) {
    char path[PATH_MAX], line[64];
    long long quota, period;
    if (snprintf(path, sizeof path, "%s/cpu.max", folder) >= (int)sizeof path) return 0;
    if (!read_line(path, line, sizeof line) || sscanf(line, "%lld %lld", &quota, &period) != 2) return 0;
    return processors(quota, period);
}

/* Version 1: two files, the quota -1 for none. */
static int quota_1(const char *folder) {
    char path[PATH_MAX], quota[64], period[64];
    if (snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder) >= (int)sizeof path) return 0;
    if (!read_line(path, quota, sizeof quota)) return 0;
    if (snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder) >= (int)sizeof path) return 0;
    return read_line(path, period, sizeof period) ? processors(atoll(quota), atoll(period)) : 0;
}

/* The least over root/group and the folders above it, down to root itself. */
static int least_above(const char *root, char *group, int (*quota)(const char *folder)) {
    char folder[PATH_MAX];
    int least = 0;
    for (;;) {
        if (snprintf(folder, sizeof folder, "%s%s", root, group) < (int)sizeof folder) {
            int here = quota(folder);
            if (here && (!least || here < least)) least = here;
        }
        char *last = strrchr(group, '/');
        if (!last) return least;
        *last = 0;
    }
}

/* Lines "0::/group" (version 2) and "4:cpu,cpuacct:/group" (version 1). */
int cpu_quota(const char *membership, const char *root) {
    char line[PATH_MAX], root_1[PATH_MAX];
    int least = 0;
    FILE *file = fopen(membership, "re");
    while (file && fgets(line, sizeof line, file)) {
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) continue;
        *group++ = 0;
        controllers++;
        group[strcspn(group, "\n")] = 0;
        int here = 0;
        if (!*controllers)
            here = least_above(root, group, quota_2);
        else if (strncmp(controllers, "cpu", 3) == 0 && (!controllers[3] || controllers[3] == ',') &&
                 snprintf(root_1, sizeof root_1, "%s/cpu", root) < (int)sizeof root_1)
            here = least_above(root_1, group, quota_1);
        if (here && (!least || here < least)) least = here;
    }
    if (file) fclose(file);
    return least;
}
