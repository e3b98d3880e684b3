#!/bin/sh
# Installs uptime-bot from this checkout: puts everything in place, starts the service and waits until it is READY.
# Running it again brings an installation up to date, and changes and restarts nothing where nothing changed.
set -eu
umask 022

SOURCE=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# shellcheck source=install/words.sh
. "$SOURCE/install/words.sh"
# shellcheck source=install/packages.sh
. "$SOURCE/install/packages.sh"
# shellcheck source=install/release.sh
. "$SOURCE/install/release.sh"
# shellcheck source=install/token.sh
. "$SOURCE/install/token.sh"
# shellcheck source=install/bot.sh
. "$SOURCE/install/bot.sh"
# shellcheck source=install/units.sh
. "$SOURCE/install/units.sh"
# shellcheck source=install/start.sh
. "$SOURCE/install/start.sh"
# shellcheck source=install/uninstall.sh
. "$SOURCE/install/uninstall.sh"
# shellcheck source=install/demo_machine.sh
. "$SOURCE/install/demo_machine.sh"

usage() {
    cat <<'USAGE'
Usage: sudo ./install.sh [OPTION]...

Installs or updates uptime-bot, starts it and waits until it is READY. Without options it asks for the bot token.

  --token-file FILE     take the Discord token from FILE
  --token-stdin         take the Discord token from standard input
  --bot FILE_OR_DIR     your bot: a script, or a directory with bot.py or main.py; copied to /srv/uptime-bot.
                        Without it the built-in bot runs, with the cogs in /srv/uptime-bot/cogs.
  --requirements FILE   what your bot needs from PyPI (default: requirements.txt in the directory of --bot)
  --demo                no token needed: the bot talks to the Discord stand-in that comes with it. Where PID 1 is
                        not systemd, all of it runs in a throwaway machine.
  --demo-port N         let the stand-in listen on 127.0.0.1:N, and on N+1 for control (default 8123)
  --demo-enter [CMD]... a shell, or CMD, in that throwaway machine
  --demo-end            end that machine and remove every trace of it
  --no-start            install, but neither start nor restart nor enable the service
  --dry-run             say what would be done, and change nothing
  --uninstall           remove the service; keeps configuration, token, state, logs and /srv/uptime-bot
  --purge               with --uninstall: remove these too
  --help                this text

Exit status: 0 done and READY (or done, as asked); 1 something failed, nothing half-done is recorded as done;
2 wrong usage; 3 installed, but no token yet; 75 installed and started, not READY yet; 77 or 78 installed, but the
bot's token or its configuration is refused (the last lines say what to mend).
USAGE
}

ACTION=install
BOT=
DEMO=
DEMO_PORT=
DRY_RUN=
NO_START=
PURGE=
REQUIREMENTS=
TOKEN_FROM=

usage_error() {
    warn "$1"
    warn "./install.sh --help lists the options."
    exit 2
}

parse_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        --token-file | --bot | --requirements | --demo-port) [ $# -ge 2 ] || usage_error "$1 needs a value." ;;
        esac
        case $1 in
        --token-file) TOKEN_FROM=$2 && shift ;;
        --token-stdin) TOKEN_FROM=- ;;
        --bot) BOT=$2 && shift ;;
        --requirements) REQUIREMENTS=$2 && shift ;;
        --demo) DEMO=1 ;;
        --demo-port) DEMO_PORT=$2 && shift ;;
        --demo-end) ACTION=demo_end ;;
        --no-start) NO_START=1 ;;
        --dry-run) DRY_RUN=1 ;;
        --uninstall) ACTION=uninstall ;;
        --purge) PURGE=1 ;;
        --help | -h) usage && exit 0 ;;
        *) usage_error "'$1' is not an option of install.sh." ;;
        esac
        shift
    done
    [ -z "$PURGE" ] || [ "$ACTION" = uninstall ] || usage_error "--purge goes with --uninstall only."
    case $DEMO_PORT in
    *[!0-9]* | ??????*) usage_error "--demo-port wants a number below 65535." ;;
    esac
    [ -z "$DEMO_PORT" ] || [ -n "$DEMO" ] || usage_error "--demo-port goes with --demo only."
    [ -z "$DEMO" ] || [ -z "$TOKEN_FROM" ] || usage_error "--demo takes no token: leave one of the two out."
}

# Everything that can be known to fail is said before anything is changed.
check_inputs() {
    if [ -n "$TOKEN_FROM" ] && [ "$TOKEN_FROM" != - ]; then
        { [ -f "$TOKEN_FROM" ] && [ -r "$TOKEN_FROM" ]; } || die "cannot read the token file '$TOKEN_FROM': give the path of a file that holds the token and nothing else."
    fi
    [ -z "$BOT" ] || [ -f "$BOT" ] || [ -d "$BOT" ] || die "there is no bot at '$BOT': --bot wants a script or a directory."
    [ -z "$REQUIREMENTS" ] || [ -r "$REQUIREMENTS" ] || die "cannot read '$REQUIREMENTS': --requirements wants a file as pip understands it."
    if [ -n "$DEMO" ] && [ -s "$CONFIG_DIR/token" ]; then
        die "a real token is installed here, and the demo would take that bot offline. Run the demo on another machine, or move $CONFIG_DIR/token away first."
    fi
    check_bot_target
}

check_root() {
    [ "$(id -u)" -eq 0 ] || [ -n "$DRY_RUN" ] || die "this needs root, because it adds a system service: run 'sudo $SOURCE/install.sh' with the same options."
}

# Two at once would undo each other's work.
one_at_a_time() {
    [ -z "$DRY_RUN" ] || return 0
    exec 9>/run/uptime-bot-install.lock
    flock --nonblock 9 || die "another install.sh is running: wait until it is done, and run this again."
}

install_everything() {
    check_inputs
    [ -n "$DEMO" ] || [ -d /run/systemd/system ] || no_systemd
    if [ ! -d /run/systemd/system ]; then
        demo_machine
        return
    fi
    one_at_a_time
    [ ! -e "$RESTART_PENDING" ] || CHANGED=1
    ensure_packages
    check_demo_port
    ensure_user
    collect_bot_requirements
    ensure_release
    ensure_config
    ensure_token
    ensure_bot
    ensure_units
    start_and_wait
}

no_systemd() {
    warn "PID 1 of this machine is '$(cat /proc/1/comm 2>/dev/null || echo unknown)', not systemd: there is nothing here that could run a service."
    warn "Install on a machine that was booted with systemd (any current Debian, Ubuntu, Fedora, SUSE, Arch),"
    die "or try it here: '${AS_ROOT}$SOURCE/install.sh --demo' runs everything in a throwaway machine with its own systemd."
}

main() {
    # Whatever runs below must not eat the token that comes on standard input.
    exec 3<&0 </dev/null
    if [ "${1:-}" = --demo-enter ]; then
        shift
        check_root
        demo_enter "$@"
        exit
    fi
    parse_arguments "$@"
    check_root
    make_scratch
    case $ACTION in
    install) install_everything ;;
    uninstall) uninstall_everything ;;
    demo_end) demo_end ;;
    esac
}

main "$@"
