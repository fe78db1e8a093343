/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Large memory on large pages: with pages of 4 KB a stream is a third slower, for want of TLB entries. */
#ifndef COMMON_HUGE_PAGES_H
#define COMMON_HUGE_PAGES_H

#include <stddef.h>

/* Asks for huge pages, where they fit, of memory that has not been written yet; an advice, which may be
 * ignored. */
void huge_pages_advise(void *memory, size_t bytes);

/* At a multiple of 256, advised if it is large; free it with free. Null: out of memory. */
void *huge_pages_alloc(size_t bytes);

#endif
