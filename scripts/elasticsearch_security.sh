# What a secured Elasticsearch needs, certificates and users; elasticsearch.sh sources this.

# A CA of its own, and a certificate for loopback that it signed.
make_certificates() {
    command -v openssl >/dev/null 2>&1 || install_packages openssl || die "--secured needs openssl; install it."
    CA=$FOLDER/security/ca.crt
    mkdir -p "$FOLDER/security"
    cat >"$FOLDER/security/openssl.cnf" <<END
[dn]
[req]
distinguished_name = dn
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[http]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = IP:127.0.0.1,DNS:localhost
END
    (
        cd "$FOLDER/security" &&
            openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj "/CN=memoryengine test CA" -config openssl.cnf \
                -extensions ca -keyout ca.key -out ca.crt &&
            openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -config openssl.cnf \
                -keyout http.key -out http.csr &&
            openssl x509 -req -in http.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 \
                -extfile openssl.cnf -extensions http -out http.crt
    ) >"$FOLDER/openssl.log" 2>&1 || die "openssl failed: $(cat "$FOLDER/openssl.log")"
}

# give_roles FOLDER, in which 'users' holds the superuser: a user for each role of tests/elasticsearch_roles.yml, named
# like it and with the same password.
give_roles() {
    cp "$ROOT/tests/elasticsearch_roles.yml" "$1/roles.yml"
    hash=$(sed -n "s/^$USERNAME://p" "$1/users")
    echo "superuser:$USERNAME" >"$1/users_roles"
    for role in $(sed -n 's/^\([a-z_]*\):.*/\1/p' "$1/roles.yml"); do
        echo "$role:$hash" >>"$1/users"
        echo "$role:$role" >>"$1/users_roles"
    done
}
