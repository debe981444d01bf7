#!/usr/bin/env bash
# Runs what needs a real dockerd, a real podman, a real libvirtd, an OpenStack Swift and an emulator of AWS, made for this run and gone after it (Debian 12, root): every provider's
# conformance, the whole life of resources through the HTTP API, the examples, a daemon behind TLS, connections cut at every call, and kills at
# every point of every operation; signatures against botocore's. Tests and binary must be built. A peer that cannot be started is a failure, never a skip. Arguments go on to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."

home=$(mktemp -d /tmp/cloudapi-peers.XXXXXX)

clean_up() {
    wait # for what runs beside, while it still has its peer
    for peer in docker podman tls libvirt moto swift; do
        if [ -d "$home/$peer" ]; then scripts/peers/${peer/tls/docker}.sh stop "$home/$peer" || true; fi
    done
    rm -rf "$home"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

scripts/setup.sh docker.io podman runc netavark aardvark-dns catatonit busybox-static iproute2 iptables curl jq memcached \
    libvirt-dev libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils dnsmasq-base cpio kmod
for peer in docker podman libvirt moto swift; do
    scripts/peers/$peer.sh start "$home/$peer" || {
        echo "test-peers: FAILED: $peer could not be started on this machine, so nothing was tested; its last words are above." >&2
        exit 1
    }
done

export CLOUDAPI_TEST_PEERS_REQUIRED=1
export CLOUDAPI_TEST_DOCKER=unix://$home/docker/docker.sock CLOUDAPI_TEST_DOCKER_IMAGE=cp-busybox:1
export CLOUDAPI_TEST_PODMAN=unix://$home/podman/podman.sock CLOUDAPI_TEST_PODMAN_IMAGE=cp-busybox:latest
export CLOUDAPI_TEST_LIBVIRT=unix://$home/libvirt/run/libvirt-sock
source "$home/moto/moto.env"
.build/venv/bin/python Tests/Peers/sigv4.py >"$home/sigv4.json"
export CLOUDAPI_TEST_SIGV4=$home/sigv4.json

# shellcheck disable=SC1091
source "$home/swift/swift.env"

# A line of time for each.
suite() {
    local name=$1 started=$SECONDS
    shift
    "$@"
    echo "== $name: $((SECONDS - started)) s"
}

binary=.build/debug/cloudapi

matrix() {
    suite "crash matrix, $1" python3 Tests/Durability/crashmatrix.py --binary $binary "${@:2}"
}

on_libvirt() {
    suite libvirt python3 Tests/Peers/virt.py --binary $binary --home "$home"
    matrix libvirt --libvirt "$CLOUDAPI_TEST_LIBVIRT" --image tiny --step 6000
}

on_aws() {
    suite aws python3 Tests/Peers/aws.py --binary $binary
    suite "drift, aws" python3 Tests/Peers/awsdrift.py --binary $binary
    matrix aws --aws "$CLOUDAPI_TEST_MOTO" --image ami-1e749f67 --step 400
}

on_containers() {
    suite lifecycle python3 Tests/Peers/lifecycle.py --binary $binary --home "$home"
    suite drift python3 Tests/Peers/drift.py --binary $binary --home "$home"
    suite examples python3 Tests/Peers/examples.py --binary $binary --home "$home"
    suite loop python3 Tests/Peers/loop.py --binary $binary --home "$home"
    suite "docker over TLS" python3 Tests/Peers/tls.py --binary $binary --home "$home"
    suite "cut connections" python3 Tests/Peers/cuts.py --binary $binary --home "$home"
    matrix docker --docker "$CLOUDAPI_TEST_DOCKER" --image cp-busybox:1 --step 400
    matrix podman --podman "$CLOUDAPI_TEST_PODMAN" --image cp-busybox:latest --step 600
}

# Runs beside the others, on peers that are nobody else's; what it says comes when it is over.
beside() {
    (set -e; "$1") >"$home/$1.out" 2>&1 &
}

# Waits for one that runs beside, and says what it said; fails when it failed.
joined() {
    local failed=0
    wait "$2" || failed=1
    cat "$home/$1.out"
    return $failed
}

suite providers swift test --skip-build --ignore-lock --filter 'ProviderTests|AWSTests' "$@"
beside on_libvirt
libvirt=$!
beside on_aws
aws=$!
set +e # what stands in front of `||` would go on after a failure
(set -e; on_containers)
failed=$?
set -e
joined on_aws $aws || {
    failed=1
    tail -n 40 "$home/moto/moto.log"
}
joined on_libvirt $libvirt || failed=1
[ $failed = 0 ] || exit 1
suite "two clouds" python3 Tests/Peers/multicloud.py --binary $binary --home "$home"
echo "== peers: $SECONDS s"
