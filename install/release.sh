# shellcheck shell=sh
# shellcheck disable=SC2034  # the parts share their variables, and shellcheck reads one at a time
# The virtual environment. Each state of the sources has its own, named by their hash and complete before
# /opt/uptime-bot/venv points at it: an interrupted run leaves the old one working, and the next run starts it anew.

RELEASE=

# The hash of all that goes into the environment: our sources, the lock, the Python, what the user's bot needs.
release_id() {
    {
        "$PYTHON" -c 'import sys; print(sys.executable, sys.version_info[:2])'
        (cd "$SOURCE" && find pyproject.toml requirements.lock bot/uptime_bot watchdog/uptime_watchdog \
            drill/uptime_drill -type f ! -name '*.py[co]' -exec sha256sum {} + | LC_ALL=C sort)
        [ ! -e "$SCRATCH/bot-requirements.txt" ] || sha256sum <"$SCRATCH/bot-requirements.txt"
    } | sha256sum | cut -c 1-16
}

release_works() {
    [ -e "$1/complete" ] && "$1/bin/python" -c 'import uptime_bot' 2>/dev/null
}

# pip says much that matters only when it fails.
quiet_pip() {
    if ! "$RELEASE/bin/python" -m pip --no-input --disable-pip-version-check "$@" >"$SCRATCH/pip.log" 2>&1; then
        tail -n 30 "$SCRATCH/pip.log" >&2
        return 1
    fi
}

build_release() {
    rm -rf "$RELEASE"
    mkdir -p "$PREFIX/releases"
    "$PYTHON" -m venv --system-site-packages "$RELEASE" || return 1
    quiet_pip install --require-hashes -r "$SOURCE/requirements.lock" || return 1
    quiet_pip install --no-deps "$SOURCE" || return 1
    if [ -e "$SCRATCH/bot-requirements.txt" ]; then
        quiet_pip install -r "$SCRATCH/bot-requirements.txt" || return 1
        cp "$SCRATCH/bot-requirements.txt" "$RELEASE/bot-requirements.txt"
        quiet_pip check || warn "what is installed does not fit together (above); going on, because your bot's requirements decide."
    fi
    # ProtectSystem=strict keeps the service from doing this later.
    "$RELEASE/bin/python" -m compileall -q "$RELEASE/lib" >"$SCRATCH/compile.log" 2>&1 || :
    : >"$RELEASE/complete"
}

switch_release() {
    ln -sfn "releases/${RELEASE##*/}" "$PREFIX/venv.new"
    mv -fT "$PREFIX/venv.new" "$PREFIX/venv"
}

# The one in use and the one before it stay.
prune_releases() {
    for _old in "$PREFIX"/releases/*; do
        case $_old in
        "$RELEASE" | "$1") ;;
        *) rm -rf "$_old" ;;
        esac
    done
}

ensure_release() {
    if [ -z "$PYTHON" ]; then
        say "would build the virtual environment in $PREFIX"
        return
    fi
    RELEASE=$PREFIX/releases/$(release_id)
    _before=$(readlink -f "$PREFIX/venv" 2>/dev/null || :)
    release_works "$RELEASE" ||
        change "build the virtual environment $RELEASE (half a minute or so)" build_release
    if [ "$_before" != "$RELEASE" ]; then
        mark_changed
        change "let $PREFIX/venv point at it" switch_release
        [ -n "$DRY_RUN" ] || prune_releases "$_before"
    fi
}
