#!/usr/bin/env bash
# Installs what the tests need from Debian, quietly and only what is missing.
set -euo pipefail
missing=()
command -v w3m >/dev/null || missing+=(w3m)
command -v openssl >/dev/null || missing+=(openssl)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light libnginx-mod-http-brotli-static)
command -v chromium >/dev/null || missing+=(chromium)
fc-list 2>/dev/null | grep -q 'NotoSansMyanmar' || missing+=(fontconfig fonts-noto-core)
fc-list 2>/dev/null | grep -q 'NotoSansCJK' || missing+=(fonts-noto-cjk)
/sbin/ldconfig -p | grep -q 'libpangoft2-1.0' || missing+=(libpango-1.0-0 libpangoft2-1.0-0)
/sbin/ldconfig -p | grep -q 'libharfbuzz-subset' || missing+=(libharfbuzz-subset0)
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "The tests need these Debian packages: ${missing[*]}. Install them with: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1  # a server that is installed is not started
  log=$(mktemp)
  { apt-get update -qq && apt-get install -qq -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
fi
