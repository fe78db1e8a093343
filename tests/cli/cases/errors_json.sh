# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# With --json a failure is one object, too; what is wrong is named, whatever bytes it is made of.
answers() {
    code=0
    "$W4A16" "$@" --json >out.json 2>err.txt || code=$?
    python3 - "$code" "$@" <<'PY'
import json, re, sys
document = json.load(open("out.json", encoding="utf-8"))
assert document["exit_code"] == int(sys.argv[1]) and sorted(document) == ["error", "exit_code", "schema_version", "verb"]
assert document["verb"] == sys.argv[2]
message = document["error"]["message"].encode("ascii", "replace").decode()
message = re.sub("gfx1100(((, gfx[0-9]+)*) and gfx[0-9]+)?$", "the targets of this build", message)
print(document["exit_code"], document["error"]["status"], "|", message)
assert not any(byte < 32 and byte != 10 for byte in open("err.txt", "rb").read())
PY
}
answers run
answers run missing
answers frobnicate
answers --wide
answers run $'bad\x1b[31m\xff\n"name'
answers run --m 0 missing
answers inspect missing
answers inspect --no-such-option x
answers quantize missing out
answers quantize --group-size 0 in out
answers make-model /missing/x
answers plan --n 0
answers plan --target gfx900
answers check --filter no-such-case
answers check --device hip
answers info --kernels --target gfx900
