# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"$W4A16" bench --model tiny --m 1,3 --time 20 --threads 1 --processor-time --csv rows.csv --plot rows.svg >table.txt
sed '/^$/,$d' table.txt | cut -d'|' -f2-4
sed '1,/^$/d' table.txt | sed -E 's/[0-9.e+]+ ms/T ms/; s/so [0-9.e+]+/so R/; s/[0-9.]+ GB/S GB/; s/FMA.*/.../'
head -1 rows.csv
cut -d, -f1-6 rows.csv | sed -n '2p;$p'
awk -F, 'NR > 1 && !($7 > 0 && $8 >= $7 && $9 > 0 && $11 > 0) { print "no times: " $0 }' rows.csv
grep -c '<circle.*<title>' rows.svg
for text in GFLOPS roofline speed; do grep -q ">$text" rows.svg || echo "the plot lacks $text"; done
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
"$W4A16" bench --model tiny --m 1,3 --time 20 --threads 1 --processor-time --json >model.json
python3 "$HERE/figures.py" model.json
# A mixture: bytes are those of the experts that are used, operations those of all uses.
"$W4A16" bench --n 64 --k 128 --experts 6 --top-k 2 --m 1,9 --act fp16 --time 20 --threads 1 --json >mixture.json
"$W4A16" bench --device sim --n 64 --k 128 --experts 6 --top-k 2 --m 1,9 --skewed --act fp16 --json >modelled.json
python3 -c "
import json
for name in 'mixture', 'modelled':
    b = json.load(open(name + '.json'))
    print(name, b['experts'], b['top_k'], b['skewed'], name == 'mixture' or [row['kernel'] for row in b['rows']])
    for row in b['rows']:
        us = row.get('least_us') or row['modelled_us']
        work = (row.get('gflops') or 1000 * row['modelled_tflops']) * us
        print(round(1e-3 * work * 1e6 / (2 * 64 * 128)), 'products of rows,',
              round((row.get('gb_per_s') or row['modelled_gb_per_s']) * us * 1e3 / (64 * 128 / 2 + 64 * 2), 1), 'experts')"
"$W4A16" bench --n 64 --k 64 --experts 4 || echo "exit $?"
"$W4A16" bench --n 64 --k 64 --experts 4 --top-k 5 || echo "exit $?"
"$W4A16" bench --experts 4 --top-k 2 || echo "exit $?"
"$W4A16" bench --n 64 --k 64 --skewed || echo "exit $?"
