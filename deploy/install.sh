#!/bin/sh
# Installs, upgrades, rolls back or removes StemeDB on a server with systemd.
#
# Each release has a folder of its own, /opt/stemedb/VERSION-BUILD; `current` leads to the one in
# use and `previous` to the one before, so that a switch is one rename. Settings are never
# overwritten once they were changed, data never touched. Running it again changes nothing.
set -eu
# What is made is readable for the service, whatever root's own habit is.
umask 022

usage() {
  cat <<'USAGE'
usage: install.sh [--from RELEASE] [--node FILE] [--root DIR] [--no-start] [--dry-run]
       install.sh --rollback [--root DIR] [--dry-run]
       install.sh --uninstall [--root DIR] [--dry-run]

  --from RELEASE  a release: the .tar.gz of `npm run release`, or its folder
                  (default: the release that this file lies in, else this clone, which is built)
  --node FILE     the Node.js to run with, 20 or newer (default: node of the PATH)
  --root DIR      install below DIR, for an image; no user is made, nothing is started
  --no-start      install and enable, start or restart nothing
  --dry-run       say what would be done
  --rollback      go back to the release that was in use before
  --uninstall     stop, disable and remove the program; settings, data and user stay
USAGE
}

say() { printf 'install: %s\n' "$1"; }
stop() { printf 'install: %s\n' "$1" >&2; exit "${2:-1}"; }

action=install
from='' node='' root='' start=true dry_run=false
need_value() { [ "$2" -ge 2 ] || { usage >&2; stop "$1 needs a value" 2; }; }
while [ $# -gt 0 ]; do
  case $1 in
    --from) need_value "$1" $#; from=$2; shift ;;
    --node) need_value "$1" $#; node=$2; shift ;;
    --root) need_value "$1" $#; root=${2%/}; shift ;;
    --no-start) start=false ;;
    --dry-run) dry_run=true ;;
    --rollback) action=rollback ;;
    --uninstall) action=uninstall ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; stop "unknown option $1" 2 ;;
  esac
  shift
done

here=$(dirname "$(dirname "$(readlink -f "$0")")")
programs=$root/opt/stemedb
settings=$root/etc/stemedb
units=$root/usr/local/lib/systemd/system
commands=$root/usr/local/bin
state=$root/var/lib/stemedb
backups=$root/var/backups/stemedb
work=''
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Runs a command that changes something, or says what it would be.
changed=false
do_() {
  changed=true
  if $dry_run; then
    printf 'would run:'
    printf ' %s' "$@"
    printf '\n'
  else
    "$@"
  fi
}

has_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }
is_active() { has_systemd && systemctl is-active --quiet stemedb.service; }

may_write() {
  $dry_run && return 0
  if [ -n "$root" ]; then
    [ -d "$root" ] || stop "there is no folder $root"
    return 0
  fi
  [ "$(id -u)" = 0 ] || stop 'needs root: run it with sudo, or look first with --dry-run'
}

# Node.js must be where the service can see it: ProtectHome hides the homes.
find_node() {
  [ -n "$node" ] || node=$(command -v node || true)
  if [ -z "$node" ] || [ ! -x "$node" ]; then
    stop 'no Node.js: install version 20 or newer for the whole machine, or name it with --node'
  fi
  node=$(readlink -f "$node")
  major=$("$node" -p 'process.versions.node.split(".")[0]') ||
    stop "$node does not run"
  [ "$major" -ge 20 ] || stop "$node is version $major of Node.js; 20 or newer is needed"
  case $node in
    /home/* | "${HOME:-/home}"/*)
      hidden="$node is in a home, which the service cannot see"
      if $dry_run; then say "$hidden"; else stop "$hidden: install it for the whole machine"; fi
      ;;
  esac
}

# Sets `release` to a folder with a whole release.
find_release() {
  [ -n "$from" ] || { [ ! -f "$here/RELEASE" ] || from=$here; }
  if [ -z "$from" ]; then
    [ -f "$here/scripts/release.mjs" ] || stop 'this is neither a release nor a clone; use --from'
    work=$(mktemp -d)
    release=$work/stemedb
    say 'making a release of this clone'
    "$node" "$here/scripts/release.mjs" --out "$release" >/dev/null || stop 'no release could be made'
  elif [ -d "$from" ]; then
    release=$from
  elif [ -f "$from" ]; then
    work=$(mktemp -d)
    tar -xzf "$from" -C "$work" || stop "$from is not a whole .tar.gz"
    release=$work/stemedb
  else
    stop "there is no release $from"
  fi
  [ -f "$release/RELEASE" ] || stop "${from:-$here} is not a release: the file RELEASE is missing"
  read -r name platform <"$release/RELEASE"
  running=$("$node" -p 'process.platform + "-" + process.arch')
  [ "$platform" = "$running" ] || stop "the release is for $platform, this machine is $running"
}

make_user() {
  [ -z "$root" ] || return 0
  if ! getent passwd stemedb >/dev/null; then
    do_ useradd --system --user-group --home-dir /var/lib/stemedb --no-create-home \
      --shell /usr/sbin/nologin --comment 'StemeDB' stemedb
  fi
}

# make_folder MODE OWNER:GROUP PATH; what is there keeps its mode and owner.
make_folder() {
  [ ! -d "$3" ] || return 0
  do_ install -d -m "$1" "$3"
  [ -n "$root" ] || do_ chown "$2" "$3"
}

# One installer at a time; the lock ends with the process.
lock() {
  make_folder 0755 root:root "$programs"
  if $dry_run; then return 0; fi
  exec 9>"$programs/.lock"
  flock -n 9 || stop 'another installer is at work; try again when it is done' 75
}

install_program() {
  if [ -e "$programs/$name" ]; then
    say "release $name is there already"
  else
    say "installing release $name"
    # Copied beside its place and renamed: a broken run leaves no half release.
    do_ rm -rf "$programs/.new"
    do_ cp -R -P "$release" "$programs/.new"
    [ -n "$root" ] || do_ chown -R root:root "$programs/.new"
    do_ chmod -R u+rwX,go+rX,go-w "$programs/.new"
    do_ mv "$programs/.new" "$programs/$name"
  fi
  [ "$(readlink "$programs/$name/node")" = "$node" ] || link "$node" "$programs/$name/node"
}

# A new link is renamed over the old one, so that there is always one.
link() {
  do_ ln -sfn "$1" "$2.new"
  do_ mv -T "$2.new" "$2"
}

switch_to() {
  old=$(readlink "$programs/current" 2>/dev/null || true)
  [ "$old" != "$1" ] || return 0
  [ -z "$old" ] || link "$old" "$programs/previous"
  link "$1" "$programs/current"
}

# Readable for the service, whose user the command line may be run as.
put_setting() {
  do_ install -m "$1" "$2" "$3"
  [ -n "$root" ] || do_ chgrp stemedb "$3"
}

# install_setting FILE MODE: a file that the administrator changed stays; the new one goes beside.
# The pristine copy of what was installed last tells which of them it is.
install_setting() {
  new=$release/deploy/systemd/$1
  there=$settings/$1
  pristine=$programs/pristine/$1
  if [ ! -e "$there" ] || cmp -s "$there" "$pristine"; then
    cmp -s "$there" "$new" || put_setting "$2" "$new" "$there"
  elif ! cmp -s "$new" "$pristine"; then
    put_setting "$2" "$new" "$there.new"
    say "$there was changed here and stays; what this release brings is in $there.new"
  fi
  make_folder 0755 root:root "$programs/pristine"
  cmp -s "$new" "$pristine" || do_ install -m 0644 "$new" "$pristine"
}

# Units carry no settings of this machine: changes belong into drop-ins (systemctl edit).
install_units() {
  make_folder 0755 root:root "$units"
  for file in "$release"/deploy/systemd/*.service "$release"/deploy/systemd/*.timer; do
    target=$units/$(basename "$file")
    cmp -s "$file" "$target" || do_ install -m 0644 "$file" "$target"
  done
  # Those of another release would call commands that this one may not have.
  for file in "$units"/stemedb-*.service "$units"/stemedb-*.timer; do
    unit=$(basename "$file")
    if [ ! -e "$file" ] || [ -e "$release/deploy/systemd/$unit" ]; then continue; fi
    if has_systemd; then do_ systemctl disable --quiet --now "$unit"; fi
    do_ rm "$file"
  done
}

install_commands() {
  make_folder 0755 root:root "$commands"
  cmp -s "$release/deploy/stemedb.sh" "$commands/stemedb" ||
    do_ install -m 0755 "$release/deploy/stemedb.sh" "$commands/stemedb"
  cmp -s "$release/deploy/stemedb.sh" "$commands/stemedb-api" ||
    do_ install -m 0755 "$release/deploy/stemedb.sh" "$commands/stemedb-api"
}

# A program reads the settings before it takes the place of another, the older one as well: it may
# not know a setting that came with the newer.
check_settings() {
  if $dry_run || [ -n "$root" ]; then return 0; fi
  stemedb_release=$programs/$name "$commands/stemedb-api" --print-config >/dev/null ||
    stop "release $name does not accept the settings in $settings; nothing was switched to it" 78
}

wait_until_ready() {
  say 'waiting until the server is ready'
  "$node" --input-type=module - "$("$commands/stemedb-api" --print-config)" <<'READY' && return 0
const [, address] = /^bind_addr = "(.*)"/m.exec(process.argv[2]);
const url = `http://${address.replace(/^(0\.0\.0\.0|\[::\]):/, '127.0.0.1:')}/v1/health/ready`;
for (let second = 0; second < 60; second += 1) {
  const answer = await fetch(url).catch(() => undefined);
  if (answer?.ok) process.exit(0);
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
process.exit(1);
READY
  say 'the server is not ready after 60 s: see journalctl -u stemedb'
  stop 'to go back to the release before: install.sh --rollback' 69
}

timers_of() {
  for file in "$1"/stemedb-*.timer; do
    [ ! -e "$file" ] || basename "$file"
  done
}

start_services() {
  if ! has_systemd; then
    say 'systemd does not run here: nothing was enabled or started'
    return 0
  fi
  do_ systemctl daemon-reload
  timers=$(timers_of "$release/deploy/systemd")
  # shellcheck disable=SC2086 # a list of words
  do_ systemctl enable --quiet stemedb.service $timers
  if ! $start; then return 0; fi
  # shellcheck disable=SC2086
  do_ systemctl start $timers
  do_ systemctl restart stemedb.service
  $dry_run || wait_until_ready
  if systemctl is-active --quiet stemedb-archive.service; then
    do_ systemctl restart stemedb-archive.service
  fi
}

# After --no-start, or when somebody has stopped them.
start_idle_timers() {
  for timer in $(timers_of "$release/deploy/systemd"); do
    if systemctl is-enabled --quiet "$timer" && ! systemctl is-active --quiet "$timer"; then
      say "$timer did not run"
      do_ systemctl start "$timer"
    fi
  done
}

install_all() {
  may_write
  find_node
  find_release
  lock
  make_user
  install_program
  make_folder 0750 root:stemedb "$settings"
  make_folder 0750 stemedb:stemedb "$state"
  make_folder 0750 stemedb:stemedb "$backups"
  install_setting stemedb.env 0640
  install_commands
  check_settings
  switch_to "$name"
  install_units
  if ! $changed && is_active; then
    if $start; then start_idle_timers; fi
    $changed || say "release $name is in use and runs: there is nothing to do"
    return 0
  fi
  start_services
  say "release $name is in use"
}

roll_back() {
  may_write
  lock
  previous=$(readlink "$programs/previous" 2>/dev/null || true)
  if [ -z "$previous" ] || [ ! -d "$programs/$previous" ]; then
    stop 'there is no release before this one to go back to'
  fi
  name=$previous
  release=$programs/$previous
  node=$programs/$previous/node
  check_settings
  switch_to "$previous"
  install_units
  start_services
  say "release $previous is in use again"
}

disable() { [ ! -e "$units/$1" ] || do_ systemctl disable --quiet --now "$1"; }

remove_all() {
  may_write
  if [ -d "$programs" ]; then lock; fi
  if has_systemd; then
    for name in $(timers_of "$units"); do disable "$name"; done
    # Jobs under way would lose their program in the middle; what they have begun they leave whole.
    for file in "$units"/stemedb-*.service; do
      [ ! -e "$file" ] || do_ systemctl stop "$(basename "$file")"
    done
    disable stemedb-archive.service
    disable stemedb.service
  fi
  for file in "$units"/stemedb.service "$units"/stemedb-*.service "$units"/stemedb-*.timer; do
    [ ! -e "$file" ] || do_ rm "$file"
  done
  do_ rm -f "$commands/stemedb" "$commands/stemedb-api"
  do_ rm -rf "$programs"
  if has_systemd; then do_ systemctl daemon-reload; fi
  say "the program is removed; settings in $settings, data in $state, backups in $backups and the"
  say 'user stemedb stay. To lose them as well: rm -r those folders; userdel stemedb'
}

case $action in
  install) install_all ;;
  rollback) roll_back ;;
  uninstall) remove_all ;;
esac
