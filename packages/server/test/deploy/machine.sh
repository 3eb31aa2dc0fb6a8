#!/bin/bash
# machine.sh DIR [BASE]: a machine of its own, with its own systemd, users, network and mounts.
#
# DIR is an empty folder; DIR/init.pid names the process of its systemd once that runs. Without
# BASE the machine has the /usr of this one, written to beside it, and an /etc of its own; BASE is
# a folder with a whole system, such as debootstrap makes, and is not written to either.
# It ends, with all that runs in it, when this process is told to end. Needs root.
set -eu

begin() {
  dir=$1 base=${2:-}
  # Groups of processes below one that is ours alone, so that nothing of them is left behind.
  if [ -d /sys/fs/cgroup/systemd ]; then groups=/sys/fs/cgroup/systemd
  else groups=/sys/fs/cgroup; fi
  group=$groups/stemedb-machine-$$
  mkdir "$group"
  trap 'end' EXIT
  trap 'exit 0' HUP INT TERM
  (
    echo "$BASHPID" >"$group/cgroup.procs"
    exec unshare --fork --kill-child --pid --mount --uts --ipc --net --cgroup \
      "$0" inside "$dir" "$base"
  ) &
  outer=$!
  # The folder for the processes of the namespace exists before its first process is looked for.
  for _ in $(seq 100); do
    read -r init <"/proc/$outer/task/$outer/children" || true
    [ -z "${init:-}" ] || break
    sleep 0.05
  done
  echo "${init% }" >"$dir/init.pid"
  wait "$outer"
}

end() {
  [ -z "${outer:-}" ] || kill -KILL "$outer" 2>/dev/null || true
  wait || true
  for _ in $(seq 50); do
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null && break
    sleep 0.1
  done
}

# An overlay: what is written goes to memory.
overlay() {
  mkdir -p "$3/upper" "$3/work"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$3/upper,workdir=$3/work" "$2"
}

# The folders of a system around the programs of this one.
make_root() {
  mkdir -p "$root"/{dev,etc,home,opt,proc,root,run,srv,sys,tmp,usr,var}
  chmod 1777 "$root/tmp"
  overlay /usr "$root/usr" "$memory/usr"
  for name in bin lib lib32 lib64 sbin; do
    [ ! -L "/$name" ] || ln -s "usr/$name" "$root/$name"
  done
  mkdir -p "$root/var/tmp" "$root/var/log/journal"
  local names=()
  for name in passwd group shadow gshadow login.defs nsswitch.conf ld.so.cache ld.so.conf \
    ld.so.conf.d hosts localtime os-release pam.d security ssl default/useradd; do
    [ ! -e "/etc/$name" ] || names+=("etc/$name")
  done
  tar -C / -c "${names[@]}" | tar -C "$root" -x
  : >"$root/etc/machine-id"
}

make_devices() {
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  # Made anew, not bound: nothing in there may change the mode of this machine's own.
  mknod -m 666 "$root/dev/null" c 1 3
  mknod -m 666 "$root/dev/zero" c 1 5
  mknod -m 666 "$root/dev/full" c 1 7
  mknod -m 666 "$root/dev/random" c 1 8
  mknod -m 666 "$root/dev/urandom" c 1 9
  mknod -m 666 "$root/dev/tty" c 5 0
  : >"$root/dev/console"
  ln -s /proc/self/fd "$root/dev/fd"
  mkdir "$root/dev/shm" "$root/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
}

make_groups() {
  if [ -d /sys/fs/cgroup/systemd ]; then
    mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/systemd"
    mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
  else
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  fi
}

inside() {
  dir=$1 base=$2
  root=$dir/root memory=$dir/memory
  mount --make-rprivate /
  mkdir -p "$root" "$memory"
  mount -t tmpfs tmpfs "$memory"
  if [ -n "$base" ]; then
    overlay "$base" "$root" "$memory/system"
  else
    mount -t tmpfs -o mode=755 tmpfs "$root"
    make_root
  fi
  # Nobody sits in front of this machine, and its kernel is not its own.
  mkdir -p "$root/etc/systemd/system" "$root/mnt"
  for name in console-getty.service getty.target systemd-udevd.service systemd-logind.service \
    systemd-networkd.service systemd-resolved.service systemd-timesyncd.service; do
    ln -sfn /dev/null "$root/etc/systemd/system/$name"
  done
  [ ! -d "$dir/shared" ] || mount --bind "$dir/shared" "$root/mnt"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  make_devices
  make_groups
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  cd "$root"
  exec chroot . env -i container=test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
    /lib/systemd/systemd --system --log-target=null --show-status=false
}

case $1 in
  inside) inside "$2" "$3" ;;
  *) begin "$@" ;;
esac
