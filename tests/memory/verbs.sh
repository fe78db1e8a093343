# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# Sourced by run.sh and programs.sh: makes small inputs in the working directory $work by the program $w4a16, and calls
# their functions w4a16 and rdnasim with every verb. $object: a code object. Options before a verb are run.sh's.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python3 "$HERE/../cli/weights.py" make in.safetensors
"$w4a16" quantize --group-size 32 in.safetensors q >/dev/null
"$w4a16" quantize --group-size 32 --asymmetric --act-order --search in.safetensors order >/dev/null
python3 "$HERE/../cli/product.py" input 2 64
mkdir model dynamic
cp in.safetensors model/model.safetensors
echo '{"model_type": "llama", "vocab_size": 16}' >model/config.json
cp q/model.safetensors dynamic
cat >dynamic/config.json <<'JSON'
{"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 32, "limit": [Infinity, 0.5],
 "dynamic": {"+:.*half$": {"group_size": 32}, "-:.*none": {}}}}
JSON
cat >cases.json <<'JSON'
{"cases": [{"id": "a", "target": "gfx1100", "kind": "memory", "wave": 32, "n_lanes": 32, "rsrc2": 0, "lds_bytes": 65536,
 "scratch_per_lane": 0, "out_bytes": 8, "ulp": 0, "code": "0000b0bf", "asserted": [0], "expect_nonzero": {}}]}
JSON
cat >times.json <<JSON
{"source": "made here", "cases": [{"name": "one", "card": "7900 XTX", "object": "$object", "grid": [64], "block": [32],
 "arguments": ["zeros:u32[4096]"]}]}
JSON
for json in "" --json; do
    w4a16 info $json
    w4a16 info --kernels --target gfx1100 $json
    w4a16 inspect $json "$work/q"
    w4a16 plan --m 1,64 $json
    w4a16 plan --m 3 --all $json
    w4a16 make-model --model tiny $json x.safetensors
    w4a16 quantize --threads 1 --force --group-size 32 --ignore half $json "$work/model" out
    w4a16 run --threads 1 --layer half --m 1 --act fp16 $json "$work/order"
    w4a16 check --threads 1 --filter "m0 n1 k256 g16" $json
done
w4a16 inspect "$work/dynamic"
w4a16 run --device cpu --threads 2 --repeat 2 --layer half --input "$work/f2.npy" --output y.npy "$work/order"
w4a16 run --timing "7900 XTX" --threads 1 --layer half --m 1 "$work/q"
w4a16 bench --device sim --n 32 --k 64 --m 1 --act fp16 --threads 1 --plot rows.svg
w4a16 report --device cpu --every 4000 --no-timing --threads 1
w4a16 quantize --threads 1 --group-size 32 "$work/in.safetensors" out
w4a16 quantize --json --threads 2 --asymmetric --act-order --group-size -1 "$work/in.safetensors" out
w4a16 --threads quantize --threads 4 --group-size 32 "$work/in.safetensors" out
w4a16 --threads run --device cpu --threads 3 --layer half --m 1 "$work/q"
w4a16 --for-ever inspect --json "$work/q"
w4a16 --for-ever plan --all
for json in "" --json; do
    rdnasim run "$object" --threads 1 $json --block 32 --arg new:u32[4096]=out.npy
    rdnasim stats "$object" --threads 1 $json --block 32 --arg zeros:u32[4096]
done
rdnasim run "$object" --threads 1 --strict --profile --trace --trace-limit 5 --block 32 --arg "file:$work/f4.npy"
rdnasim run "$object" --threads 1 --timing "7900 XTX" --block 32 --arg zeros:u32[4096]
rdnasim time --threads 1 --range "$work/times.json"
rdnasim time --threads 2 --json "$work/times.json"
rdnasim disasm "$object"
rdnasim info "$object"
rdnasim cases "$work/cases.json"
