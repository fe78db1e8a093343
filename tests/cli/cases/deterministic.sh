# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# Same bits on other schedules and thread counts, within one run and between runs.
. "$HERE/tiny.sh"
tiny_checkpoint q
"$W4A16" run --wide q --layer mlp.down_proj --m 1,4,16 --repeat 3 | columns 'type,M,same bits,rows equal,verdict'
for seed in 0 7; do
    for threads in 1 2; do
        "$W4A16" run q --layer q_proj --act bf16 --m 5 --schedule-seed $seed --threads $threads \
            --output $seed-$threads.npy >/dev/null
        cmp 0-1.npy $seed-$threads.npy
    done
done
