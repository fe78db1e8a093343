# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"$W4A16" plan
"$W4A16" plan --m 3 --all --kernel-mask 'w4a16_decode_f16_m4_g128*,w4a16_strip*' | grep -v bf16 | sed -n '1,12p'
"$W4A16" plan --m 300 --group-size 48 --act bf16 --asymmetric --all | grep -c 'could'
"$W4A16" plan --m 300 --batch-invariant
"$W4A16" plan --m 1 --group-size 24 || echo "exit $?"
"$W4A16" plan --m 1 --json | sed -n '1,3p'
