#!/bin/sh
# `stemedb` and `stemedb-api` of an installed server: the release in use, with the settings of this
# machine. A variable that is set already wins. A user who may not read the settings needs none of
# them to call a server.
settings=/etc/stemedb/stemedb.env
if [ -r "$settings" ]; then
  while IFS= read -r line || [ -n "$line" ]; do
    name=${line%%=*}
    value=${line#*=}
    case $name in
      '' | [!A-Za-z_]* | *[!A-Za-z0-9_]*) continue ;;
    esac
    # systemd takes one pair of quotes away, so this does.
    case $value in
      \"*\") value=${value#\"} value=${value%\"} ;;
      \'*\') value=${value#\'} value=${value%\'} ;;
    esac
    printenv "$name" >/dev/null || export "$name=$value"
  done <"$settings"
fi
# The installer tries the settings on a release before it switches to it.
exec "${stemedb_release:-/opt/stemedb/current}/bin/$(basename "$0")" "$@"
