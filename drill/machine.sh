#!/bin/sh
# A throwaway machine with a real systemd as PID 1, over a copy-on-write view of a root directory.
#
# The demo on a machine whose PID 1 is not systemd and the tests both boot this way. Nothing of the host is changed:
# what the machine writes lives in a tmpfs and is gone with it. The network is the host's, so 127.0.0.1 is shared.
set -eu

MACHINES=/run/uptime-bot-machines
BOOT_DEADLINE_S=60

usage() {
    cat <<'USAGE'
Usage: machine.sh COMMAND NAME ...

  up NAME [--root DIR] [--layer DIR]... [--bind FROM:TO]...
                          boot a machine over DIR (default /) and, above it, the layers of stopped machines
  run NAME COMMAND...     run a command inside, with the package settings of the environment (PIP_*, proxies, CAs)
  put NAME DIR TO         copy the contents of DIR to TO inside, without .git, .venv and caches
  layer NAME              print the directory that holds what the machine changed (for --layer of another)
  stop NAME               power off and keep what it changed
  down NAME               power off and remove every trace
  list                    names of the machines that exist

Needs root, and systemd-nspawn (Debian: systemd-container, dbus).
USAGE
}

die() {
    echo "machine.sh: $*" >&2
    exit 1
}

need_cmd() {
    command -v "$1" >/dev/null 2>&1 || die "'$1' is missing (Debian package: $2). Install it and try again."
}

state_of() { echo "$MACHINES/$1"; }

is_mounted() { grep -q " $1 " /proc/self/mounts; }

# The machine's nspawn process, or nothing: a recorded pid counts only while it still is that machine.
nspawn_pid() {
    [ -r "$(state_of "$1")/pid" ] || return 0
    _pid=$(cat "$(state_of "$1")/pid")
    if tr '\0' '\n' <"/proc/$_pid/cmdline" 2>/dev/null | grep -qx -e "--machine=$1"; then
        echo "$_pid"
    fi
}

# The machine's PID 1 as the host numbers it: the child of nspawn that is pid 1 in a namespace of its own.
leader_pid() {
    _nspawn=$(nspawn_pid "$1")
    [ -n "$_nspawn" ] || return 0
    # shellcheck disable=SC2013  # the pids stand on one line
    for _child in $(cat "/proc/$_nspawn/task/$_nspawn/children" 2>/dev/null); do
        if grep -q "^NSpid:.*[[:space:]]1\$" "/proc/$_child/status" 2>/dev/null; then
            echo "$_child"
        fi
    done
}

mount_layers() {
    _state=$(state_of "$1")
    is_mounted "$_state" || {
        mkdir -p "$_state"
        mount -t tmpfs -o mode=0755 uptime-bot-machine "$_state"
    }
    mkdir -p "$_state/up" "$_state/work" "$_state/root"
    is_mounted "$_state/root" ||
        mount -t overlay overlay -o "lowerdir=$2,upperdir=$_state/up,workdir=$_state/work" "$_state/root"
}

# The host's own services, timers and init scripts must not run a second time inside.
quieten() {
    [ ! -e "$1/etc/uptime-bot-machine" ] || return 0
    rm -f "$1"/etc/systemd/system/*.wants/* "$1"/etc/rc?.d/S*
    rm -rf "$1/var/log/journal"
    mkdir -p "$1/etc/systemd/system" "$1/var/log/journal"
    for _unit in console-getty getty@tty1 systemd-timesyncd systemd-networkd systemd-resolved; do
        ln -sf /dev/null "$1/etc/systemd/system/$_unit.service"
    done
    : >"$1/etc/uptime-bot-machine"
}

# Several machines in one control group would remove each other's groups, so each gets its own where systemd is
# not there to give it one.
join_own_cgroup() {
    for _tree in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
        [ -e "$_tree/cgroup.procs" ] || continue
        mkdir -p "$_tree/uptime-bot-$1" || continue
        echo 0 >"$_tree/uptime-bot-$1/cgroup.procs" || :
    done
}

remove_cgroups() {
    for _tree in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
        [ ! -d "$_tree/uptime-bot-$1" ] || find "$_tree/uptime-bot-$1" -depth -type d -exec rmdir {} + 2>/dev/null || :
    done
}

start_nspawn() {
    _name=$1
    shift
    set -- systemd-nspawn --quiet --register=no --keep-unit --link-journal=no --console=interactive \
        --directory="$(state_of "$_name")/root" --boot "--machine=$_name" "$@"
    if [ -d /run/systemd/system ]; then
        set -- systemd-run --quiet --scope --property=Delegate=yes -- "$@"
    fi
    (
        [ -d /run/systemd/system ] || join_own_cgroup "$_name"
        # systemd 257 refuses the hybrid tree of control groups that old hosts mount.
        SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec setsid "$@"
    ) </dev/null >"$(state_of "$_name")/console.log" 2>&1 &
    echo "$!" >"$(state_of "$_name")/pid"
}

wait_until_booted() {
    _deadline=$(($(date +%s) + BOOT_DEADLINE_S))
    while [ "$(date +%s)" -lt "$_deadline" ]; do
        _state_word=$(enter "$1" systemctl is-system-running 2>/dev/null) || :
        case $_state_word in
        running | degraded) return 0 ;;
        esac
        sleep 0.2
    done
    tail -n 20 "$(state_of "$1")/console.log" >&2
    die "machine '$1' did not finish booting within $BOOT_DEADLINE_S s (last state: ${_state_word:-no answer}); its console is above."
}

enter() {
    _leader=$(leader_pid "$1")
    [ -n "$_leader" ] || return 1
    shift
    nsenter --target "$_leader" --mount --uts --ipc --pid --cgroup -- \
        /usr/bin/env -i HOME=/root USER=root LOGNAME=root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

cmd_up() {
    _name=$1
    shift
    _lower=/
    _layers=
    _binds=
    while [ $# -gt 0 ]; do
        case $1 in
        --root) _lower=$2 ;;
        --layer) _layers="$2:$_layers" ;;
        --bind) _binds="$_binds --bind=$2" ;;
        *) die "up: unknown option '$1'" ;;
        esac
        shift 2
    done
    need_cmd systemd-nspawn systemd-container
    need_cmd nsenter util-linux
    [ -z "$(nspawn_pid "$_name")" ] || die "machine '$_name' is running already."
    mount_layers "$_name" "$_layers$_lower" || die "cannot mount an overlay over $_lower: this needs root and a kernel with overlayfs and tmpfs (many containers forbid it)."
    quieten "$(state_of "$_name")/root"
    # shellcheck disable=SC2086  # one word for each bind mount
    start_nspawn "$_name" $_binds
    wait_until_booted "$_name"
}

# What a package manager needs to reach its registry as the host does; never a token of the bot.
cmd_run() {
    _name=$1
    shift
    [ $# -gt 0 ] || set -- bash -l
    for _variable in $(env | sed -n 's/^\(PIP_[A-Z_]*\|SSL_CERT_[A-Z]*\|[A-Z_]*CA_BUNDLE\|[a-zA-Z]*_proxy\|[A-Z]*_PROXY\)=.*/\1/p'); do
        eval "set -- \"$_variable=\$$_variable\" \"\$@\""
    done
    [ -n "$(leader_pid "$_name")" ] || die "machine '$_name' is not running."
    enter "$_name" "$@"
}

cmd_put() {
    _to=$(state_of "$1")/root/$3
    mkdir -p "$_to"
    tar -C "$2" --exclude=.git --exclude=.venv --exclude=__pycache__ --exclude='.*_cache' --exclude=.cache -cf - . |
        tar -C "$_to" --no-same-owner -xf -
}

cmd_stop() {
    _leader=$(leader_pid "$1")
    _nspawn=$(nspawn_pid "$1")
    # Nothing in a throwaway machine is worth the seconds of an orderly shutdown.
    [ -z "$_leader" ] || kill -KILL "$_leader" 2>/dev/null || :
    _tries=0
    while [ -n "$_nspawn" ] && [ -e "/proc/$_nspawn" ] && [ "$_tries" -lt 50 ]; do
        grep -q '^State:[[:space:]]*Z' "/proc/$_nspawn/status" 2>/dev/null && break
        sleep 0.1
        _tries=$((_tries + 1))
        [ "$_tries" -ne 30 ] || kill -KILL "$_nspawn" 2>/dev/null || :
    done
    ! is_mounted "$(state_of "$1")/root" || umount "$(state_of "$1")/root" || umount -l "$(state_of "$1")/root"
    remove_cgroups "$1"
}

cmd_down() {
    cmd_stop "$1"
    ! is_mounted "$(state_of "$1")" || umount "$(state_of "$1")" || umount -l "$(state_of "$1")"
    [ ! -d "$(state_of "$1")" ] || rmdir "$(state_of "$1")"
    rmdir "$MACHINES" 2>/dev/null || :
}

main() {
    _command=${1:-help}
    case $_command in
    -h | --help | help) usage && exit 0 ;;
    list) ls "$MACHINES" 2>/dev/null && exit 0 || exit 0 ;;
    esac
    [ $# -ge 2 ] || { usage >&2 && exit 2; }
    [ "$(id -u)" -eq 0 ] || die "this needs root: try again with sudo."
    case $2 in
    '' | *[!a-zA-Z0-9-]*) die "'$2' is not a machine name: letters, digits and '-' only." ;;
    esac
    shift
    case $_command in
    up | run | put | stop | down) "cmd_$_command" "$@" ;;
    layer) echo "$(state_of "$1")/up" ;;
    *) usage >&2 && exit 2 ;;
    esac
}

main "$@"
