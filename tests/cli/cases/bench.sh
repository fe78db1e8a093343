# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"$W4A16" bench --model tiny --m 1,3 --time 20 --threads 1 --processor-time --csv rows.csv --plot rows.svg >table.txt
sed '/^$/,$d' table.txt | cut -d'|' -f2-4
sed '1,/^$/d' table.txt | sed -E 's/[0-9.e+]+ ms/T ms/; s/so [0-9.e+]+/so R/; s/[0-9.]+ GB/S GB/; s/FMA.*/.../'
head -1 rows.csv
cut -d, -f1-6 rows.csv | sed -n '2p;$p'
awk -F, 'NR > 1 && !($7 > 0 && $8 >= $7 && $9 > 0 && $11 > 0) { print "no times: " $0 }' rows.csv
grep -c '<circle.*<title>' rows.svg
"$W4A16" bench --n 65 --k 100 --group-size 48 --asymmetric --act-order --act bf16 --m 2 --time 20 --json --threads 2 >bench.json
python3 -c "
import json
b = json.load(open('bench.json'))
print(sorted(b), sorted(b['machine']), sorted(b['rows'][0]), sep='\n')
m = b['machine']
flags = next((line.split() for line in open('/proc/cpuinfo') if line.startswith('flags')), [])
for flag, rate in ('avx2', 'fma_256_gflops'), ('avx512dq', 'fma_512_gflops'), ('avx512_bf16', 'bf16_dots_gflops'):
    if (m[rate] > 0) != (flag in flags): print('machine:', flag, flag in flags, rate, m[rate])
print(b['rows'][0]['n'], b['rows'][0]['k'], b['rows'][0]['m'], b['rows'][0]['type'], b['rows'][0]['runs'] >= 5)"
"$W4A16" bench --model nobody || echo "exit $?"
"$W4A16" bench --n 64 || echo "exit $?"
"$W4A16" bench --processor-time || echo "exit $?"
W4A16_CPU_LEVEL=sse9 "$W4A16" bench --model tiny || echo "exit $?"
