# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
. "$HERE/tiny.sh"
tiny_checkpoint q
"$W4A16" inspect --wide q
for device in sim cpu; do
    "$W4A16" run --wide q --device $device --m 1,2,3,4,5,8,12,16 | columns 'layer,type,M,rows equal,verdict' |
        awk -v device=$device '{ print device, $0 }' >$device.txt
    grep -c ' ok$' $device.txt
    grep -v ' ok$' $device.txt || true
    tail -2 $device.txt
done
