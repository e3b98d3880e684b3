# shellcheck shell=sh
# Takes away what install.sh put in place, and with --purge also what the bot and its people own.

uninstall_everything() {
    list_installed >"$SCRATCH/installed"
    while IFS= read -r _file; do
        [ ! -e "$_file" ] || remove_installed "$_file"
    done <"$SCRATCH/installed"
    if [ -d "$PREFIX" ]; then
        change "remove $PREFIX" rm -rf "$PREFIX"
    fi
    if [ -d /run/systemd/system ]; then
        change "let systemd read its units again" systemctl daemon-reload
        [ -n "$DRY_RUN" ] || systemctl reset-failed 'uptime-bot*' 2>/dev/null || :
        change "update the journal's message catalog" journalctl --update-catalog
    fi
    if [ -n "$PURGE" ]; then
        purge
        return
    fi
    say "Kept: $CONFIG_DIR (configuration, token), $BOT_DIR (your bot), /var/lib/uptime-bot (state), /var/log/uptime-bot. ${AS_ROOT}$SOURCE/install.sh --uninstall --purge removes them too."
}

# The list of the last run; the names as they stand here serve where an interrupted run wrote none.
list_installed() {
    {
        cat "$INSTALLED_LIST" 2>/dev/null || :
        for _file in "$SOURCE"/units/*.service "$SOURCE"/units/demo/*.service; do
            [ ! -f "$_file" ] || echo "$UNIT_DIR/${_file##*/}"
        done
        printf '%s\n' "$TARGET_DROP_IN" "$DEMO_DROP_IN" "$DEMO_PORT_DROP_IN" "$STAND_IN_PORT_DROP_IN" \
            /etc/sysusers.d/uptime-bot.conf /etc/tmpfiles.d/uptime-bot.conf /usr/local/lib/systemd/catalog/uptime-bot.catalog
    } | awk '!seen[$0]++'
}

purge() {
    for _directory in "$CONFIG_DIR" "$BOT_DIR" /var/lib/uptime-bot /var/log/uptime-bot \
        /var/log/private/uptime-bot-demo-discord /var/log/uptime-bot-demo-discord "$UNIT_DIR/uptime-bot.service.d" \
        "$UNIT_DIR/uptime-bot-demo-discord.service.d"; do
        if [ -e "$_directory" ] || [ -L "$_directory" ]; then
            change "remove $_directory" rm -rf "$_directory"
        fi
    done
    if id -u uptime-bot >/dev/null 2>&1; then
        change "remove the user uptime-bot" userdel uptime-bot
    fi
    say "Nothing of uptime-bot is left, except its lines in the journal."
}
