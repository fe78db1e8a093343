/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What a report says of where it was made, and the comparison of two. */
#ifndef CLI_REPORT_HOST_H
#define CLI_REPORT_HOST_H

#include "document.h"

/* {date, host: {system, processor}, driver, compiler, code_objects: [{object, bytes, hash, compiler}]} */
json_t *report_host(const char *target);
/* Reads two reports and shows what differs. Returns an exit code: 0 only if all cases in both have the same
 * bits. */
int report_compare(const char *one, const char *two, int json);

#endif
