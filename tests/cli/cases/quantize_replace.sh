# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
# A directory that holds anything is refused, by whatever name; --force replaces the model in it and nothing else.
. "$HERE/tiny.sh"
python3 "$HERE/model.py" make model decoder
echo '{"bits": 8}' >model/quantization_config.json
sums() { (cd "$1" && find . -type f -exec cksum {} + | sort -k3); }
refused() {
    local code=0
    "$W4A16" quantize --group-size 32 "$@" >out.txt 2>err.txt || code=$?
    echo "$* -> $code: $(sed 's/^w4a16 quantize: //' err.txt)"
}
sums model >before.txt
ln -s model link
mkdir -p deep other && ln -s ../model deep/link && ln model/model.safetensors other/model.safetensors
refused model model
refused model/model.safetensors model
refused model model/
refused model ./deep/../link
refused link model
refused deep/link link
refused model/model.safetensors other
refused model model/model.safetensors
ln -s nowhere dangling
refused model dangling
refused model ""
sums model | cmp - before.txt

echo "-- new and empty ones"
mkdir empty
"$W4A16" quantize --group-size 32 model empty >/dev/null
"$W4A16" quantize --group-size 32 model new/deeper/ >/dev/null
sums empty >one.txt
sums new/deeper | cmp - one.txt
refused model empty
(cd new && find . | sort)

echo "-- replaced"
cp -r model copy && touch copy/model-00001-of-00002.safetensors copy/model.safetensors.index.json copy/tokenizer.model
mkdir copy/mine && echo mine >copy/mine/file && ln model/model.safetensors copy/linked && chmod 600 copy/notes.md
"$W4A16" quantize --force --group-size 32 model copy >/dev/null
(cd copy && find . | sort)
cmp copy/model.safetensors empty/model.safetensors
cmp copy/config.json empty/config.json

echo "-- in place"
ln -s model in_place
"$W4A16" quantize --force --group-size 32 in_place/ model >/dev/null
(cd model && find . | sort)
cmp model/model.safetensors empty/model.safetensors
cmp other/model.safetensors copy/linked
"$W4A16" inspect model | columns verdict | sort | uniq -c
refused --force model again
cat model/notes.md

echo "-- quantised already, wherever config.json says it"
for section in '"compression_config": {"bits": 4}' '"text_config": {"quantization_config": {"bits": 4}}'; do
    rm -r other && mkdir other && cp copy/linked other/model.safetensors && echo "{$section}" >other/config.json
    refused other out
done
[ ! -e out ]
