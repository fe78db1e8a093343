#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
#
# site.sh [FOLDER]: the documentation as a site of HTML pages, by MkDocs; by default into out/site. A page that the menu lacks is
# an error, and so is a link that leads nowhere. Exit code 77 without mkdocs.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-out/site}")
command -v mkdocs >/dev/null || { echo "site.sh: no mkdocs (Debian's package, or pip install mkdocs)" >&2 && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The pages at their places in the checkout, and beside them the files and folders that they link to.
mkdir "$work/pages"
cp --parents ./*.md docs/*.md docs/schema/*.json LICENSE "$work/pages"
grep -rhoE '\]\([^)#:]+' README.md CONTRIBUTING.md SECURITY.md | sed 's/^](//' >"$work/links"
grep -rhoE '\]\(\.\./[^)#:]+' docs/*.md | sed 's/^](..\///' >>"$work/links"
sort -u "$work/links" | grep -v '\.md$' | while read -r path; do
    cp -r --parents "$path" "$work/pages"
    # A folder's page is the list of its files.
    if [ -d "$path" ]; then
        { printf '# %s\n\n' "$path" && (cd "$path" && find . -type f | sed 's/^..//' | sort | sed 's/.*/- [&](&)/'); } >"$work/index"
        mv "$work/index" "$work/pages/$path/index.md"
    fi
done
cat >"$work/mkdocs.yml" <<EOF
site_name: w4a16
site_description: 4-bit weights x 16-bit activations on AMD RDNA3
docs_dir: pages
use_directory_urls: false
theme: {name: mkdocs, highlightjs: false}
nav:
  - Home: README.md
  - Start: [docs/tutorial.md, docs/install.md, docs/support.md, docs/faq.md, docs/report-a-card.md, docs/comparison.md]
  - Use: [docs/vllm.md, docs/torch.md, docs/embedding.md, docs/formats.md, docs/devices.md, docs/cpu.md, docs/json.md, SECURITY.md]
  - Simulator: [docs/rdnasim.md, docs/write-a-kernel.md, docs/simulator.md, docs/strict.md, docs/timing.md, docs/hip-front.md,
      docs/hip-calls.md, docs/ci.md]
  - Inside: [docs/architecture.md, docs/kernels.md, docs/numerics.md, CONTRIBUTING.md, CHANGELOG.md]
EOF
for page in docs/*.md; do
    grep -q "$page" "$work/mkdocs.yml" || { echo "site.sh: $page is not in the site's menu" >&2 && exit 1; }
done
mkdocs build --strict --quiet --config-file "$work/mkdocs.yml" --site-dir "$out"
scripts/check-links.py --site "$out"
echo "$(find "$out" -name '*.html' | wc -l) pages in $out"
