/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Names of files and directories that a signal must not leave behind. */
#ifndef COMMON_PENDING_H
#define COMMON_PENDING_H

void pending_add(const char *path);
void pending_forget(const char *path);            /* one that was not added is accepted */
void pending_forget_below(const char *directory); /* itself and what is in it */

/* For programs: SIGINT, SIGTERM, SIGHUP and SIGPIPE remove what is not complete before they end the process,
 * and a file that outgrows a limit is an error of write instead of a signal. */
void pending_remove_on_signals(void);

#endif
