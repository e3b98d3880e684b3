# shellcheck shell=sh
# shellcheck disable=SC2034  # the parts share their variables, and shellcheck reads one at a time
# Configuration and token. The token is never an argument, a variable of the environment, or printed.

# A token is under a hundred bytes; this leaves room for what people paste around it, which the bot cleans away.
TOKEN_LIMIT=65536

ensure_config() {
    [ ! -e "$CONFIG_DIR/config.toml" ] || return 0
    [ -e "$SOURCE/units/config.toml" ] || return 0
    put_file "$SOURCE/units/config.toml" "$CONFIG_DIR/config.toml" 644 || :
}

has_token() { [ -s "$CONFIG_DIR/token" ]; }

ask_for_token() {
    say "Discord bot token (Developer Portal > your application > Bot > Reset Token)."
    # Before the question: who pastes quickly would be shown the token otherwise.
    stty -echo <&3
    printf 'It is not shown while you paste it; just Enter if your bot brings its own: '
    IFS= read -r _line <&3 || :
    stty echo <&3
    printf '\n'
    printf '%s\n' "$_line" >"$SCRATCH/token"
    _line=
}

fetch_token() {
    case $TOKEN_FROM in
    '') ask_for_token ;;
    -) head -c "$((TOKEN_LIMIT + 1))" <&3 >"$SCRATCH/token" ;;
    *) head -c "$((TOKEN_LIMIT + 1))" -- "$TOKEN_FROM" >"$SCRATCH/token" ;;
    esac
}

check_token() {
    [ "$(wc -c <"$SCRATCH/token")" -le "$TOKEN_LIMIT" ] || die "what was given as the token is over $TOKEN_LIMIT bytes: give a file that holds the token and nothing else."
    [ -n "$(tr -d '\0[:space:]' <"$SCRATCH/token")" ]
}

# Sets TOKEN to what start.sh goes by: demo, installed, own (the bot brings its own) or none.
ensure_token() {
    TOKEN=demo
    [ -z "$DEMO" ] || return 0
    if [ -z "$TOKEN_FROM" ]; then
        TOKEN=installed
        ! has_token || return 0
        TOKEN=none
        [ -t 3 ] && [ -z "$DRY_RUN" ] || return 0
    fi
    (umask 077 && : >"$SCRATCH/token")
    fetch_token
    if check_token; then
        TOKEN=installed
        if put_file "$SCRATCH/token" "$CONFIG_DIR/token" 600; then mark_changed; fi
        return
    fi
    [ -z "$TOKEN_FROM" ] || die "no token came from $([ "$TOKEN_FROM" = - ] && echo 'standard input' || echo "'$TOKEN_FROM'"): it is empty. Put the token in and run this again."
    TOKEN=own
}
