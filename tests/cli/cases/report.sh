# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
began=$(date +%s%6N)
"$W4A16" report --device sim --every 197 --output sim.json --no-progress | sed 's/avx512\|avx2\|portable/SIMD/; s/[0-9]* threads/N threads/'
ended=$(date +%s%6N)
"$W4A16" report --device sim --every 197 --output again.json --no-timing --threads 1 --no-progress >/dev/null
python3 - $((ended - began)) <<'PY'
import json, sys
took = int(sys.argv[1])
sim, again = json.load(open('sim.json')), json.load(open('again.json'))
print(sim['simulated'], sim['failed'], len(sim['conformance']), len(sim['timing']), sorted(sim))
print([c['bits'] for c in sim['conformance']] == [c['bits'] for c in again['conformance']])
print(len({c['bits'] for c in sim['conformance'] if c['outputs']}) == sum(c['outputs'] > 0 for c in sim['conformance']))
print(bool(sim['date']), sorted(sim['host']), len({o['hash'] for o in sim['code_objects']}) == len(sim['code_objects']) > 0)
times = [t['host_microseconds'] for t in sim['timing']]
print(min(times) > 0 and sum(times) < took)
PY
"$W4A16" report --device sim --every 2000 --output /missing/folder/x.json --no-progress 2>&1 || echo "exit $?"
"$W4A16" report --compare sim.json again.json | tail -1
python3 - <<'PY'
import json
again = json.load(open('again.json'))
again['conformance'][3]['bits'] = 'f' * 16
del again['conformance'][5]
json.dump(again, open('other.json', 'w'))
PY
"$W4A16" report --compare sim.json other.json | grep -c '^| conformance' || true
"$W4A16" report --compare sim.json other.json >/dev/null || echo "exit $?"
"$W4A16" report --compare sim.json 2>/dev/null || echo "exit $?"
echo '{"conformance": 3}' >bad.json
"$W4A16" report --compare sim.json bad.json --json 2>/dev/null || echo "exit $?"
