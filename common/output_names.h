/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Names and records that output.c and output_directory.c share. */
#ifndef COMMON_OUTPUT_NAMES_H
#define COMMON_OUTPUT_NAMES_H

char *output_hidden_name(const char *directory); /* never the same again in this process; null: no memory */
char *output_parent(const char *path);           /* null: no memory */
int output_sync_directory(const char *path);     /* 0, or -1 with errno */

#endif
