# shellcheck shell=sh
# shellcheck disable=SC2034  # the parts share their variables, and shellcheck reads one at a time
# The user's bot, copied to /srv/uptime-bot, and what it needs from PyPI.

# The source files as they were when they were copied. A file that did not change since is left alone, so that what
# the bot made of its copy (a database, a JSON file) survives the next run.
BOT_MANIFEST=$PREFIX/bot-files
BOT_TARGET=

# Fails before anything is changed when a directory does not say which file starts the bot.
check_bot_target() {
    [ -n "$BOT" ] || return 0
    if [ -f "$BOT" ]; then
        BOT_TARGET=$(basename -- "$BOT")
        return
    fi
    for _name in bot.py main.py __main__.py; do
        if [ -f "$BOT/$_name" ]; then
            BOT_TARGET=$_name
            return
        fi
    done
    set -- "$BOT"/*.py
    if [ $# -eq 1 ] && [ -f "$1" ]; then
        BOT_TARGET=$(basename -- "$1")
    elif [ ! -d "$BOT/cogs" ]; then
        die "which file in '$BOT' starts the bot? Call it bot.py or main.py, or give the directory just one .py file, or a folder cogs/ for the built-in bot."
    fi
}

# Left in the scratch directory for release.sh: from the command line, the bot's directory, or the last run.
collect_bot_requirements() {
    for _file in "$REQUIREMENTS" "${BOT:+$BOT/requirements.txt}" "$PREFIX/venv/bot-requirements.txt"; do
        if [ -n "$_file" ] && [ -f "$_file" ]; then
            cp -- "$_file" "$SCRATCH/bot-requirements.txt"
            return
        fi
    done
}

list_bot_files() {
    if [ -f "$BOT" ]; then
        (cd -- "$(dirname -- "$BOT")" && sha256sum -- "./$BOT_TARGET")
    else
        (cd -- "$BOT" && find . \( -name .git -o -name .venv -o -name venv -o -name __pycache__ \) -prune -o \
            -type f ! -name '*.py[co]' -exec sha256sum {} + | LC_ALL=C sort -k 2)
    fi
}

as_bot() { runuser -u uptime-bot -- "$@"; }

# What the bot made of its copy of a file that changed here too is kept beside the new one.
keep_bot_version() {
    [ -e "$BOT_DIR/$1" ] && [ -e "$BOT_MANIFEST" ] || return 0
    _is=$(sha256sum <"$BOT_DIR/$1" | cut -d ' ' -f 1)
    if ! grep -qxF -- "$_is  ./$1" "$BOT_MANIFEST"; then
        as_bot cp -p -- "$BOT_DIR/$1" "$BOT_DIR/$1.before-install"
        warn "$BOT_DIR/$1 had been changed in place; that version is now $1.before-install"
    fi
}

# Written as the bot's user: the bot owns the directory, and root must not follow a link it may have put there.
copy_bot() {
    : >"$SCRATCH/bot-changes"
    while IFS= read -r _line; do
        _file=${_line#* *./}
        if [ ! -e "$BOT_DIR/$_file" ] || ! grep -qxF -- "$_line" "$BOT_MANIFEST" 2>/dev/null; then
            keep_bot_version "$_file"
            printf '%s\n' "./$_file" >>"$SCRATCH/bot-changes"
        fi
    done <"$SCRATCH/bot-files"
    _from=$BOT
    [ -d "$BOT" ] || _from=$(dirname -- "$BOT")
    tar -C "$_from" --mode='u+rw,g-w,o-rwx' --verbatim-files-from -T "$SCRATCH/bot-changes" -cf - |
        as_bot tar -C "$BOT_DIR" --no-same-owner -xf - || return 1
    replace_file "$SCRATCH/bot-files" "$BOT_MANIFEST" 600
}

bot_is_in_place() {
    cmp -s "$SCRATCH/bot-files" "$BOT_MANIFEST" || return 1
    while IFS= read -r _line; do
        [ -e "$BOT_DIR/${_line#* *./}" ] || return 1
    done <"$SCRATCH/bot-files"
}

# The target goes into a drop-in that this script writes, the only one: it is this installation's own choice, and
# config.toml, where it could stand as well, is never touched once it is there. systemd's quoting: \, " and %.
write_target_drop_in() {
    _path=$(printf '%s' "$BOT_DIR/$BOT_TARGET" | sed 's/[\\"]/\\&/g; s/%/%%/g')
    printf '# Written by install.sh --bot.\n[Service]\nEnvironment="UPTIME_BOT_BOT_TARGET=%s"\n' "$_path" >"$SCRATCH/target.conf"
}

ensure_bot() {
    [ -n "$BOT" ] || return 0
    list_bot_files >"$SCRATCH/bot-files"
    if ! bot_is_in_place; then
        mark_changed
        change "copy $BOT to $BOT_DIR" copy_bot
    fi
    if [ -n "$BOT_TARGET" ]; then
        write_target_drop_in
    fi
}
