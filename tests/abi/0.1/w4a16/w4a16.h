/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Everything: 4-bit grouped weights x 16-bit activations on AMD RDNA3. */
#ifndef W4A16_H
#define W4A16_H

#include "w4a16/base.h"
#include "w4a16/checkpoint.h"
#include "w4a16/convert.h"
#include "w4a16/layer.h"
#include "w4a16/linear.h"

#endif
