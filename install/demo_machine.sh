# shellcheck shell=sh
# The demo where PID 1 is not systemd: this same installation, in a throwaway machine that has one.

DEMO_MACHINE=${UPTIME_BOT_DEMO_MACHINE:-uptime-bot-demo}
MACHINE_SH=$SOURCE/drill/machine.sh
# Where the checkout and the user's bot lie inside.
INSIDE=/usr/local/src/uptime-bot

demo_machine() {
    say "PID 1 here is not systemd, so the demo runs in a throwaway machine of its own; nothing else on this one changes."
    # shellcheck disable=SC2046  # one word for each package
    ensure_installed $(missing_machine_packages)
    if ! "$MACHINE_SH" run "$DEMO_MACHINE" true 2>/dev/null; then
        [ -n "$DRY_RUN" ] || "$MACHINE_SH" stop "$DEMO_MACHINE" 2>/dev/null || :
        change "boot the machine" "$MACHINE_SH" up "$DEMO_MACHINE"
    fi
    change "copy this checkout into it" "$MACHINE_SH" put "$DEMO_MACHINE" "$SOURCE" "$INSIDE"
    set -- --demo
    [ -z "$DEMO_PORT" ] || set -- "$@" --demo-port "$DEMO_PORT"
    [ -z "$NO_START" ] || set -- "$@" --no-start
    if [ -n "$BOT" ]; then
        put_inside "$BOT" bot
        set -- "$@" --bot "$PUT_AT"
    fi
    if [ -n "$REQUIREMENTS" ]; then
        put_inside "$REQUIREMENTS" requirements
        set -- "$@" --requirements "$PUT_AT"
    fi
    [ -z "$DRY_RUN" ] || return 0
    demo_enter env "UPTIME_BOT_BEFORE_COMMAND=${AS_ROOT}$SOURCE/install.sh --demo-enter " "$INSIDE/install.sh" "$@"
    say ""
    say "This demo lives in a throwaway machine. To enter it, and to end it and remove every trace:"
    say "  ${AS_ROOT}$SOURCE/install.sh --demo-enter"
    say "  ${AS_ROOT}$SOURCE/install.sh --demo-end"
}

missing_machine_packages() {
    command -v systemd-nspawn >/dev/null 2>&1 || echo systemd-container
    command -v dbus-daemon >/dev/null 2>&1 || echo dbus
    [ -x /lib/systemd/systemd ] || [ -x /usr/lib/systemd/systemd ] || echo systemd
}

# Sets PUT_AT to where the file or directory $1 lies inside.
put_inside() {
    PUT_AT=$INSIDE.$2
    _directory=$1
    if [ -f "$1" ]; then
        _directory=$SCRATCH/$2
        mkdir -p "$_directory"
        cp -- "$1" "$_directory/"
        PUT_AT=$PUT_AT/$(basename -- "$1")
    fi
    change "copy $1 into it" "$MACHINE_SH" put "$DEMO_MACHINE" "$_directory" "$INSIDE.$2"
}

demo_enter() {
    "$MACHINE_SH" run "$DEMO_MACHINE" "$@" <&3
}

demo_end() {
    if ! "$MACHINE_SH" list | grep -qx -- "$DEMO_MACHINE"; then
        say "There is no demo machine here, so there is nothing to end."
        return
    fi
    change "end the demo machine" "$MACHINE_SH" down "$DEMO_MACHINE"
}
