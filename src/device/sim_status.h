/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What a failure of the simulator is to a caller of the library. */
#ifndef W4A16_DEVICE_SIM_STATUS_H
#define W4A16_DEVICE_SIM_STATUS_H

#include "rdnasim.h"
#include "w4a16/base.h"

/* OUT_OF_MEMORY if that is why, else what the failure means where it happened. */
static inline w4a16_status sim_status(const rdnasim_report *report, w4a16_status otherwise) {
    return report->status == RDNASIM_OUT_OF_MEMORY ? W4A16_OUT_OF_MEMORY : otherwise;
}

#endif
