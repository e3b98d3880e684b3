# shellcheck shell=sh
# Starts or restarts the service, and follows it in words until it is READY.

WAIT_S=180
# The throwaway demo machine puts "install.sh --demo-enter" here, so that the commands printed work outside it.
BEFORE_COMMAND=${UPTIME_BOT_BEFORE_COMMAND:-$AS_ROOT}

property() { systemctl show --value --property="$1" uptime-bot.service; }

is_running() {
    case $(property ActiveState) in
    active | activating | reloading | refreshing) true ;;
    *) false ;;
    esac
}

start_and_wait() {
    if [ -n "$DRY_RUN" ]; then
        say_what_start_would_do
        return
    fi
    if [ -n "$NO_START" ]; then
        if is_running; then
            say "Installed. The bot that is running was left alone, as asked${CHANGED:+, and still is the old one}. To restart it: ${BEFORE_COMMAND}systemctl restart uptime-bot"
            return
        fi
        say "Installed, and not started, as asked. To start it now and at every boot: ${BEFORE_COMMAND}systemctl enable --now uptime-bot"
        return
    fi
    if [ "$TOKEN" = none ] && ! is_running; then
        how_to_add_a_token
        exit 3
    fi
    systemctl --quiet is-enabled uptime-bot.service 2>/dev/null || change "start it at every boot" systemctl --quiet enable uptime-bot.service
    _before=
    if ! is_running; then
        systemctl reset-failed uptime-bot.service 2>/dev/null || :
        _before=$(property InvocationID)
        change "start uptime-bot" systemctl start --no-block uptime-bot.service
        rm -f "$RESTART_PENDING"
    elif [ -n "$CHANGED" ]; then
        _before=$(property InvocationID)
        change "restart uptime-bot" systemctl restart --no-block uptime-bot.service
        rm -f "$RESTART_PENDING"
    else
        say "Nothing changed, so nothing was restarted."
    fi
    wait_until_ready "$_before"
}

say_what_start_would_do() {
    if [ -n "$NO_START" ]; then
        say "would not start uptime-bot, as asked"
    elif [ "$TOKEN" = none ] && ! is_running; then
        say "would ask for the token, or without a terminal not start uptime-bot"
    elif ! is_running; then
        say "would start uptime-bot, now and at every boot"
    elif [ -n "$CHANGED" ]; then
        say "would restart uptime-bot"
    else
        say "would restart nothing, because nothing changed"
    fi
}

how_to_add_a_token() {
    say ""
    say "Everything is installed, but there is no token and no terminal to ask for one, so nothing was started. Next, one of:"
    say "  ${AS_ROOT}$SOURCE/install.sh                      asks for the token"
    say "  ${AS_ROOT}$SOURCE/install.sh --token-file FILE    takes it from a file"
    say "  ${BEFORE_COMMAND}systemctl enable --now uptime-bot     if your bot brings its own"
}

# One line that a person understands; it is printed whenever it changes.
describe_state() {
    case $ACTIVE/$SUB in
    inactive/*) ;; # not begun yet
    active/*) echo "READY: ${STATUS#ready: }" ;;
    activating/auto-restart*) echo "it ended ($RESULT, status $EXIT); systemd starts it again" ;;
    activating/*) STATUS=${STATUS#starting: } && echo "starting: ${STATUS:-the process}" ;;
    *) echo "$ACTIVE ($SUB)${STATUS:+: $STATUS}" ;;
    esac
}

read_state() {
    _properties=$(systemctl show -p ActiveState -p SubState -p StatusText -p Result -p ExecMainStatus -p InvocationID uptime-bot.service)
    ACTIVE=$(field ActiveState)
    SUB=$(field SubState)
    STATUS=$(field StatusText)
    RESULT=$(field Result)
    EXIT=$(field ExecMainStatus)
    INVOCATION=$(field InvocationID)
}

field() { printf '%s\n' "$_properties" | sed -n "s/^$1=//p"; }

# wait_until_ready BEFORE: BEFORE is the invocation that a restart ends, whose state says nothing about the new one.
wait_until_ready() {
    _deadline=$(($(date +%s) + WAIT_S))
    _said=
    while [ "$(date +%s)" -lt "$_deadline" ]; do
        read_state
        if [ -z "$1" ] || [ "$INVOCATION" != "$1" ]; then
            _now=$(describe_state)
            [ -z "$_now" ] || [ "$_now" = "$_said" ] || say "  $_now"
            _said=$_now
            case $ACTIVE in
            active) commands_to_know && return 0 ;;
            failed) explain_failure ;;
            esac
        fi
        sleep 0.3
    done
    say ""
    say "Not READY after $WAIT_S s, last: $_said. It keeps trying by itself; follow it with: ${BEFORE_COMMAND}journalctl -u uptime-bot -f"
    exit 75
}

explain_failure() {
    say ""
    case $EXIT in
    77) say "Discord accepts none of the tokens it found, so it is not tried again. A new one: ${AS_ROOT}$SOURCE/install.sh --token-file FILE" ;;
    78) say "The configuration, or the bot itself, has to be mended first; then: ${BEFORE_COMMAND}systemctl start uptime-bot" ;;
    *) say "It did not start (result $RESULT, status $EXIT)." ;;
    esac
    say "The last lines of its log:"
    journalctl --no-pager --quiet -u uptime-bot -n 10 -o cat || :
    case $EXIT in
    77 | 78) exit "$EXIT" ;;
    *) exit 1 ;;
    esac
}

commands_to_know() {
    say ""
    say "The bot is online. Three commands to know:"
    say "  ${BEFORE_COMMAND}systemctl status uptime-bot      how it is"
    say "  ${BEFORE_COMMAND}journalctl -u uptime-bot -f      what it says"
    say "  ${BEFORE_COMMAND}systemctl stop uptime-bot        stop it (start, restart likewise)"
}
