#!/usr/bin/env bash
# A libvirtd of its own for tests, with real machines under QEMU's own emulation (no KVM is needed): `libvirt.sh start <folder>` and
# `libvirt.sh stop <folder>`; `pause` and `resume` in between are a daemon that goes away and comes back while its machines run on. Needs root
# and what scripts/test-peers.sh installs. It lives in a network namespace without a way out and sees folders of its own where libvirt keeps its
# files, so it meets no other libvirtd; its socket is <folder>/run/libvirt-sock. It has the pools `cloudapi` and `cloudapi-images`, the
# network `default`, and one image: tiny, a kernel of this machine with busybox, that boots, asks for an address and ends when it is told to.
set -euo pipefail

action=${1:?start, pause, resume or stop}
home=${2:?a folder}
socket=$home/run/libvirt-sock
namespace=cloudapi-virt-$(printf %s "$home" | cksum | cut -d ' ' -f 1)
# What libvirt has compiled in, each with a folder of ours in its place.
places=(/etc/libvirt /run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt)

fail() {
    echo "libvirt: $*" >&2
    [ -f "$home/libvirtd.log" ] && tail -n 20 "$home/libvirtd.log" >&2
    exit 1
}

manage() { virsh --quiet --connect "qemu+unix:///system?socket=$socket" "$@"; }

# What runs in the namespace and the folders of this peer, as a child that is waited for by nobody.
launch() {
    local name=$1
    shift
    setsid nsenter --net="/run/netns/$namespace" unshare --mount --propagation private bash -c '
        home=$1; shift
        while [ "$1" != -- ]; do mount --bind "$home/places$1" "$1"; shift; done
        shift
        exec "$@"' - "$home" "${places[@]}" -- "$@" >"$home/$name.log" 2>&1 </dev/null &
    echo $! >"$home/$name.pid"
}

daemon() {
    launch libvirtd libvirtd --config "$home/libvirtd.conf" --pid-file "$home/run/libvirtd.run"
    for _ in $(seq 600); do
        manage version >/dev/null 2>&1 && return 0
        kill -0 "$(cat "$home/libvirtd.pid")" 2>/dev/null || fail "it ended while it started."
        sleep 0.1
    done
    fail "it did not answer within a minute."
}

# Where a kernel of Debian's for virtual machines lies: this machine's own, or one that is unpacked here. It is never installed.
kernels() {
    if compgen -G '/boot/vmlinuz-*-cloud-amd64' >/dev/null; then
        echo /
        return
    fi
    local package
    package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
    mkdir -p "$home/kernel"
    (cd "$home/kernel" && apt-get -qq -o APT::Sandbox::User=root download "$package" >&2 && dpkg-deb --extract ./*.deb .) ||
        fail "the package of a kernel could not be had."
    depmod --basedir "$home/kernel" "${package#linux-image-}"
    echo "$home/kernel/"
}

# A kernel with its modules for virtual disks and cards, and busybox around them.
image() {
    local kernel version root=$home/initrd module from
    from=$(kernels)
    kernel=$(find "${from}boot" -name 'vmlinuz-*-cloud-amd64' | sort -V | tail -n 1)
    version=${kernel#"${from}boot/vmlinuz-"}
    mkdir -p "$root/bin" "$root/lib" "$root/proc" "$root/sys" "$root/dev" "$root/etc/acpi/PWRF"
    cp /bin/busybox "$root/bin/"
    for name in sh sleep echo mount ip insmod udhcpc acpid poweroff cat; do ln -s busybox "$root/bin/$name"; done
    for name in virtio_pci virtio_net virtio_blk button evdev; do
        for module in $(modprobe --dirname "$from" --set-version "$version" --show-depends "$name" | awk '/^insmod/ { print $2 }'); do
            [ -f "$root/lib/${module##*/}" ] || { cp "$module" "$root/lib/" && echo "insmod /lib/${module##*/}" >>"$root/modules"; }
        done
    done
    cat >"$root/init" <<'INIT'
#!/bin/sh
mount -t proc none /proc; mount -t sysfs none /sys; mount -t devtmpfs none /dev
. /modules
acpid -f -l /dev/null &
ip link set lo up
ip link set eth0 up && udhcpc -q -t 5 -T 1 -i eth0 -s /lease
echo cloudapi: up
while :; do sleep 1; done
INIT
    cat >"$root/lease" <<'LEASE'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
echo "cloudapi: has $ip"
LEASE
    printf '#!/bin/sh\necho cloudapi: ends\npoweroff -f\n' >"$root/etc/acpi/PWRF/00000080"
    chmod +x "$root/lease" "$root/etc/acpi/PWRF/00000080"
    chmod +x "$root/init"
    (cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$home/images/tiny.initrd"
    cp "$kernel" "$home/images/tiny.kernel"
}

start() {
    [ "$(id -u)" = 0 ] || fail "only root can start it."
    for place in "${places[@]}"; do mkdir -p "$home/places$place" "$place"; done
    mkdir -p "$home/run" "$home/images" "$home/volumes"
    chmod 755 "$home"
    printf '%s\n' 'user = "root"' 'group = "root"' 'security_driver = "none"' 'remember_owner = 0' 'namespaces = []' \
        >"$home/places/etc/libvirt/qemu.conf"
    printf '%s\n' "unix_sock_dir = \"$home/run\"" 'auth_unix_rw = "none"' 'auth_unix_ro = "none"' >"$home/libvirtd.conf"
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
    image
    launch virtlogd virtlogd --pid-file "$home/run/virtlogd.run"
    daemon
    for pool in cloudapi:volumes cloudapi-images:images; do
        manage pool-define-as "${pool%:*}" dir --target "$home/${pool#*:}" >/dev/null
        manage pool-start "${pool%:*}" >/dev/null
    done
    echo "<network><name>default</name><forward mode='nat'/><ip address='10.79.0.1' prefix='24'><dhcp><range start='10.79.0.2' end='10.79.0.254'/></dhcp></ip></network>" \
        >"$home/default.xml"
    manage net-define "$home/default.xml" >/dev/null
    manage net-start default >/dev/null || fail "its network could not be started."
}

ended() {
    local process
    process=$(cat "$home/$1.pid")
    kill "$process" 2>/dev/null || return 0
    for _ in $(seq 300); do
        kill -0 "$process" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$process" 2>/dev/null || true
}

stop() {
    if [ -f "$home/libvirtd.pid" ]; then
        for machine in $(manage list --name || true); do manage destroy "$machine" >/dev/null || true; done
        for network in $(manage net-list --name || true); do manage net-destroy "$network" >/dev/null || true; done
        ended libvirtd
        ended virtlogd
    fi
    # Whoever else is left in the namespace was started by it.
    ip netns pids "$namespace" 2>/dev/null | xargs --no-run-if-empty kill 2>/dev/null || true
    ip netns del "$namespace" 2>/dev/null || true
    rm -rf "$home"
}

case $action in
    start) start ;;
    pause) ended libvirtd ;;
    resume) daemon ;;
    stop) stop ;;
    *) fail "start, pause, resume or stop, not $action." ;;
esac
