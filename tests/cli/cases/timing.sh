# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# Modelled times: run --timing and bench --device sim. Times themselves are golden in tests/timing.
"$W4A16" make-model --model tiny tiny.safetensors >made
"$W4A16" quantize tiny.safetensors q >quantised
"$W4A16" run --timing '7900 XTX' --layer q_proj --m 1,4 --act fp16 --repeat 2 --json q >run.json
"$W4A16" bench --device sim --model tiny --m 1,4 --csv rows.csv --plot rows.svg --json >bench.json
python3 -c "
import csv, json
run, bench = json.load(open('run.json')), json.load(open('bench.json'))
for r in run['rows']:
    print(r['m'], r['verdict'], r['same_bits'], r['launches'], r['modelled_us'] > 1, r['modelled_cycles'] > 2500)
total = run['totals'][0]
print(abs(total['modelled_us'] - sum(r['modelled_us'] for r in run['rows'])) < 1e-6, total['launches'])
rows = list(csv.DictReader(open('rows.csv')))
print(len(rows), *rows[0])
for row, r in zip(rows, bench['rows'], strict=True):
    assert row['layer'] == r['layer'] and row['kernel'] == r['kernel'] and row['type'] == r['type'], (row, r)
    assert abs(float(row['modelled_us']) - r['modelled_us']) < 1e-3 and float(row['least_us']) <= float(row['modelled_us'])
"
"$W4A16" bench --device sim --model tiny --m 1 --act fp16 --range --json >range.json
python3 "$HERE/figures.py" bench.json range.json
"$W4A16" run --timing '7900 XTX' --layer q_proj --act fp16 q | tail -1
grep -o 'modelled, not measured' rows.svg
grep -c '<circle.*<title>' rows.svg
"$W4A16" run --timing 'RX 9999' --layer q_proj q || echo "exit $?"
"$W4A16" run --timing '7900 XTX' --device cpu q || echo "exit $?"
"$W4A16" run --timing '7900 XTX' --schedule-seed 3 q || echo "exit $?"
"$W4A16" bench --device sim --model tiny --m 1 --card nothing --csv none.csv || echo "exit $?"
[ ! -e none.csv ]
