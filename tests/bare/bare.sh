#!/bin/sh
# bare.sh [COMMAND] - proves that a bare machine needs nothing but make, git and ca-certificates.
#
# Builds a minimal Debian with debootstrap in a temporary folder, gives it this machine's own package sources and apt
# settings (read now, kept nowhere), clones the commit checked out here, and runs `make demo` and `make test` inside
# (or COMMAND). Needs root, about 1.5 GiB and the network that apt uses.
#   BARE_DIR=D    use and keep folder D; a finished debootstrap in it is used again
#   BARE_SUITE=S  another release (default: this machine's own)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
[ "$(id -u)" = 0 ] || { echo "bare: needs root for chroot" >&2; exit 1; }

suite=${BARE_SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    awk -v s="$suite" '$2 == s && $3 == "main" { print $1; exit }')
[ -n "$mirror" ] || { echo "bare: this machine has no package source for $suite" >&2; exit 1; }

if [ -n "${BARE_DIR:-}" ]; then dir=$BARE_DIR; mkdir -p "$dir"; else dir=$(mktemp -d); fi
chroot_dir=$dir/root
clean() {
    for m in proc dev/pts dev; do mountpoint -q "$chroot_dir/$m" 2>/dev/null && umount -l "$chroot_dir/$m"; done
    if [ -z "${BARE_DIR:-}" ]; then rm -rf --one-file-system "$dir"; fi
    return 0
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# debootstrap fetches with wget, which reads these; apt's own proxy setting stands first.
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
[ -z "${http_proxy:-}" ] || export http_proxy
[ -z "${https_proxy:-}" ] || export https_proxy

if [ ! -f "$dir/debootstrap.done" ]; then
    start=$(date +%s)
    debootstrap --variant=minbase --include=make,git,ca-certificates "$suite" "$chroot_dir" "$mirror" >"$dir/debootstrap.log" 2>&1 || {
        tail -n 30 "$dir/debootstrap.log" >&2
        exit 1
    }
    touch "$dir/debootstrap.done"
    echo "bare: debootstrap of $suite took $(($(date +%s) - start)) s, $(du -sm "$chroot_dir" | cut -f1) MiB"
fi

# The machine's own way to its packages: sources, keys, settings, names.
rm -rf "$chroot_dir/etc/apt/sources.list" "$chroot_dir/etc/apt/sources.list.d"
mkdir -p "$chroot_dir/etc/apt/sources.list.d" "$chroot_dir/etc/apt/apt.conf.d"
for f in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    # Only Debian's own: another vendor's source needs its vendor's tools.
    if [ -f "$f" ] && grep -qE "(^|[ /])debian(-security)?([ /]|$)" "$f"; then cp -L "$f" "$chroot_dir$f"; fi
done
for f in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
    if [ -f "$f" ] && grep -qiE 'proxy|Acquire|Verify' "$f"; then cp -L "$f" "$chroot_dir$f"; fi
done
cp -L /etc/resolv.conf /etc/hosts "$chroot_dir/etc/" 2>/dev/null || true
if [ -d /usr/local/share/ca-certificates ]; then
    mkdir -p "$chroot_dir/usr/local/share/ca-certificates"
    cp -RL /usr/local/share/ca-certificates/. "$chroot_dir/usr/local/share/ca-certificates/"
    chroot "$chroot_dir" update-ca-certificates >/dev/null 2>&1 || true
fi
if mount -t proc proc "$chroot_dir/proc" 2>/dev/null; then :; else echo "bare: no /proc inside (mount refused)"; fi
if [ ! -c "$chroot_dir/dev/null" ]; then mount --rbind /dev "$chroot_dir/dev"; fi
# Terminals, as any machine has them.
mountpoint -q "$chroot_dir/dev/pts" || mount -t devpts devpts "$chroot_dir/dev/pts" -o ptmxmode=0666,newinstance 2>/dev/null || echo "bare: no /dev/pts inside (mount refused)"

# Packages with a daemon (munge) must not start it: it would outlive the folder.
printf '#!/bin/sh\nexit 101\n' >"$chroot_dir/usr/sbin/policy-rc.d"
chmod 755 "$chroot_dir/usr/sbin/policy-rc.d"

rm -rf "$chroot_dir/src"
git clone -q --no-hardlinks "$root" "$chroot_dir/src"
git -C "$chroot_dir/src" checkout -q "$(git -C "$root" rev-parse HEAD)"

inside() {
    start=$(date +%s)
    echo "bare: $*"
    # Only what a fresh login would have.
    if chroot "$chroot_dir" env -i HOME=/tmp PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        sh -c "cd /src && $*" </dev/null; then
        echo "bare: ok, $(($(date +%s) - start)) s: $*"
    else
        echo "bare: FAILED: $*" >&2
        exit 1
    fi
}
chroot "$chroot_dir" dpkg-query -W -f '${Package}\n' | grep -qx gcc && echo "bare: gcc is there already (a folder used before)"
if [ $# -gt 0 ]; then inside "$*"; else
    inside make demo
    inside make test
fi
