#!/bin/sh
# Makes what compose.yaml needs and nobody else may have: an authority, the server's certificate, the secret that signs
# tokens. Files that are there already stay as they are. `make_secrets.sh [NAME…]`: other names that users call the server by.
set -eu
cd "$(dirname "$0")"
umask 022
# containers read the files as a user of their own: the folder keeps everybody else out
mkdir -p tls && chmod 700 tls
cd tls

names="DNS:server,DNS:localhost,IP:127.0.0.1"
for name in "$@"; do names="$names,DNS:$name"; done

[ -s authority.pem ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
  -subj "/CN=Conduix authority" -keyout authority.key -out authority.pem \
  -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
[ -s server.pem ] || {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=conduix" \
    -keyout server.key -out server.csr
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "$names" > extensions
  openssl x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 825 \
    -extfile extensions -out server.pem
  chmod 644 server.key
  rm -f server.csr extensions
}
[ -s jwt-secret ] || openssl rand -base64 48 > jwt-secret
[ -e join-token ] || : > join-token
chmod 644 jwt-secret join-token
