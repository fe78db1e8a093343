/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* How many processors' time a container may use. */
#ifndef COMMON_CPU_QUOTA_H
#define COMMON_CPU_QUOTA_H

/*
 * The least quota of the process's control group and those that hold it, in processors and rounded up; 0: none. membership:
 * the file that names its groups ("/proc/self/cgroup"); root: where they are mounted ("/sys/fs/cgroup"), of version 2 or 1.
 */
int cpu_quota(const char *membership, const char *root);

#endif
