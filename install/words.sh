# shellcheck shell=sh
# shellcheck disable=SC2034  # the parts share their variables, and shellcheck reads one at a time
# What the other parts of install.sh speak in: places, messages, and changes that --dry-run only names.

PREFIX=/opt/uptime-bot
CONFIG_DIR=/etc/uptime-bot
BOT_DIR=/srv/uptime-bot
UNIT_DIR=/etc/systemd/system
# Drop-ins of ours, by what they are for; the numbers leave room below and above for people's own.
TARGET_DROP_IN=$UNIT_DIR/uptime-bot.service.d/20-target.conf
DEMO_DROP_IN=$UNIT_DIR/uptime-bot.service.d/50-demo.conf
DEMO_PORT_DROP_IN=$UNIT_DIR/uptime-bot.service.d/60-demo-port.conf
STAND_IN_PORT_DROP_IN=$UNIT_DIR/uptime-bot-demo-discord.service.d/60-demo-port.conf
# The files that the last run put outside $PREFIX: what a later one no longer wants is removed.
INSTALLED_LIST=$PREFIX/installed-files

# Set when something changed that a running bot has to be restarted for; the file remembers it where this run does not
# come to the restart, because of --no-start or an interruption.
CHANGED=
RESTART_PENDING=$PREFIX/restart-pending
SCRATCH=

AS_ROOT=
if command -v sudo >/dev/null 2>&1; then
    AS_ROOT='sudo '
fi

say() { printf '%s\n' "$*"; }

warn() { printf 'install.sh: %s\n' "$*" >&2; }

die() {
    warn "$*"
    exit 1
}

need_cmd() {
    command -v "$1" >/dev/null 2>&1 || die "'$1' is missing: install $2 and run this again."
}

make_scratch() {
    SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/uptime-bot-install.XXXXXX")
    trap 'stty echo <&3 2>/dev/null || :; rm -rf "$SCRATCH"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# Do it, or under --dry-run only say it. The first word says it, the rest does it.
change() {
    if [ -n "$DRY_RUN" ]; then
        say "would $1"
        return 0
    fi
    say "$1"
    shift
    "$@" || die "this failed: $*. Nothing further was done; mend it and run install.sh again, it goes on from here."
}

# Readers of a file see the old one or the new one, never half of it.
replace_file() {
    mkdir -p "$(dirname -- "$2")" &&
        install -m "$3" -- "$1" "$2.new" &&
        mv -f -- "$2.new" "$2"
}

mark_changed() {
    CHANGED=1
    [ -n "$DRY_RUN" ] || [ -e "$RESTART_PENDING" ] || { mkdir -p "$PREFIX" && : >"$RESTART_PENDING"; }
}

# put_file FROM TO MODE: true when TO had to be changed.
put_file() {
    if cmp -s -- "$1" "$2" && [ "$(stat -c %a -- "$2")" = "$3" ]; then
        return 1
    fi
    change "put $2 in place" replace_file "$@"
}
