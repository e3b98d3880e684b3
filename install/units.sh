# shellcheck shell=sh
# shellcheck disable=SC2034  # the parts share their variables, and shellcheck reads one at a time
# Units, drop-ins and the journal catalog: plain files of units/, copied where they differ.

want() { printf '%s\n' "$1" >>"$SCRATCH/wanted"; }

# place FROM TO: wanted from now on; notes that systemd has to read its files again when it changed.
place() {
    want "$2"
    if put_file "$1" "$2" 644; then
        UNITS_CHANGED=1
    fi
}

# Somebody else on the usual port would be taken for Discord by the demo's bot.
check_demo_port() {
    [ -n "$DEMO" ] && [ -n "$PYTHON" ] || return 0
    ! systemctl --quiet is-active uptime-bot-demo-discord.service 2>/dev/null || return 0
    _port=${DEMO_PORT:-8123}
    [ -n "$DEMO_PORT" ] || [ ! -e "$DEMO_PORT_DROP_IN" ] || return 0
    for _each in "$_port" "$((_port + 1))"; do
        if "$PYTHON" -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$_each" 2>/dev/null; then
            die "something listens on 127.0.0.1:$_each already, where the demo's stand-in is to be: stop it, or choose another port with --demo-port N."
        fi
    done
}

# Written, as the port is this installation's own choice; the demo's own files name the usual one.
place_demo_port() {
    if [ -n "$DEMO_PORT" ]; then
        printf '# Written by install.sh --demo-port.\n[Service]\nEnvironment=PORT=%s CONTROL_PORT=%s\n' \
            "$DEMO_PORT" "$((DEMO_PORT + 1))" >"$SCRATCH/stand-in-port.conf"
        printf '# Written by install.sh --demo-port.\n[Service]\nEnvironment=%s\nEnvironment=%s\n' \
            "UPTIME_BOT_DISCORD_API_URL=http://127.0.0.1:$DEMO_PORT/api/v10" \
            "UPTIME_BOT_DISCORD_GATEWAY_URL=ws://127.0.0.1:$DEMO_PORT/" >"$SCRATCH/demo-port.conf"
        place "$SCRATCH/stand-in-port.conf" "$STAND_IN_PORT_DROP_IN"
        place "$SCRATCH/demo-port.conf" "$DEMO_PORT_DROP_IN"
    elif [ -e "$DEMO_PORT_DROP_IN" ]; then
        want "$STAND_IN_PORT_DROP_IN"
        want "$DEMO_PORT_DROP_IN"
    fi
}

place_units() {
    for _file in "$SOURCE"/units/*.service "$SOURCE"/units/*.timer "$SOURCE"/units/*.path \
        "$SOURCE"/units/*.socket "$SOURCE"/units/*.slice; do
        [ ! -f "$_file" ] || place "$_file" "$UNIT_DIR/${_file##*/}"
    done
    if [ -n "$DEMO" ]; then
        place "$SOURCE/units/demo/uptime-bot-demo-discord.service" "$UNIT_DIR/uptime-bot-demo-discord.service"
        place "$SOURCE/units/demo/uptime-bot.service.d/demo.conf" "$DEMO_DROP_IN"
        place_demo_port
    fi
    if [ -e "$SCRATCH/target.conf" ]; then
        place "$SCRATCH/target.conf" "$TARGET_DROP_IN"
    elif [ -z "$BOT" ] && [ -e "$TARGET_DROP_IN" ]; then
        want "$TARGET_DROP_IN"
    fi
}

place_catalog() {
    _changed=
    for _file in "$SOURCE"/units/catalog/*.catalog; do
        [ -f "$_file" ] || continue
        want "/usr/local/lib/systemd/catalog/${_file##*/}"
        put_file "$_file" "/usr/local/lib/systemd/catalog/${_file##*/}" 644 && _changed=1
        [ -n "$(find "/usr/local/lib/systemd/catalog/${_file##*/}" ! -newer /var/lib/systemd/catalog/database 2>/dev/null)" ] || _changed=1
    done
    [ -z "$_changed" ] || change "update the journal's message catalog" journalctl --update-catalog
}

# What an earlier run put in place and this one does not want: the demo once there is a token, units of an old release.
remove_unwanted() {
    [ -e "$INSTALLED_LIST" ] || return 0
    while IFS= read -r _file; do
        if [ -e "$_file" ] && ! grep -qxF -- "$_file" "$SCRATCH/wanted"; then
            remove_installed "$_file"
            UNITS_CHANGED=1
        fi
    done <"$INSTALLED_LIST"
}

remove_installed() {
    case $1 in
    "$UNIT_DIR"/*.d/*) ;;
    "$UNIT_DIR"/*) change "stop and disable ${1##*/}" systemctl --quiet disable --now "${1##*/}" ;;
    esac
    change "remove $1" rm -f -- "$1"
    [ -n "$DRY_RUN" ] || rmdir -- "$(dirname -- "$1")" 2>/dev/null || :
}

# Without a token to become real with, a demo stays a demo.
keep_demo() {
    if [ -z "$DEMO" ] && [ "$TOKEN" = none ] && [ -e "$DEMO_DROP_IN" ]; then
        DEMO=1
        TOKEN=demo
        say "This is the demo, and no token was given: it stays the demo. To make it the real bot: ${AS_ROOT}$SOURCE/install.sh --token-file FILE"
    fi
}

ensure_units() {
    UNITS_CHANGED=
    # An earlier run may have ended between its files and systemd's reading them.
    [ "$(property NeedDaemonReload)" != yes ] || UNITS_CHANGED=1
    keep_demo
    : >"$SCRATCH/wanted"
    want /etc/sysusers.d/uptime-bot.conf
    want /etc/tmpfiles.d/uptime-bot.conf
    place_units
    place_catalog
    remove_unwanted
    put_file "$SCRATCH/wanted" "$INSTALLED_LIST" 644 >/dev/null || :
    if [ -n "$UNITS_CHANGED" ]; then
        mark_changed
        change "let systemd read its units again" systemctl daemon-reload
    fi
}
