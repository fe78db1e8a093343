/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What is said wherever a modelled time is shown; docs/timing.md, How far to trust it, has the reasons. */
#ifndef COMMON_MODELLED_H
#define COMMON_MODELLED_H

#define A_REAL_CARD                                                                                          \
    "a real card is expected to take 1.1 to 1.2 times as long for tiles, 1.05 times and 3 us more "          \
    "for decode, and more where few waves run (docs/timing.md)"

#endif
