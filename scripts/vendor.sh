#!/usr/bin/env bash
# Copies what the pages use from npm into portal/web/static/vendor, with its licences and a list of hashes. Run it after changing portal/web/vendor/package.json.
set -euo pipefail
cd "$(dirname "$0")/../portal/web"
npm --prefix vendor ci --silent --no-audit --no-fund --ignore-scripts
rm -rf static/vendor
mkdir -p static/vendor
cp vendor/node_modules/@picocss/pico/css/pico.min.css static/vendor/pico.min.css
cp vendor/node_modules/@picocss/pico/LICENSE.md static/vendor/pico.LICENSE.txt
cp vendor/node_modules/htmx.org/dist/htmx.min.js static/vendor/htmx.min.js
cp vendor/node_modules/htmx.org/LICENSE static/vendor/htmx.LICENSE.txt
(cd static/vendor && sha256sum -- * >SHA256SUMS)
