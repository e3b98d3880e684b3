# shellcheck shell=sh
# The distribution's packages, and the user the bot runs as.

PYTHON=

# The distribution's Python comes first: only it sees the distribution's python3-systemd.
find_python() {
    for _python in /usr/bin/python3 /usr/bin/python3.14 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 /usr/local/bin/python3; do
        if [ -x "$_python" ] && "$_python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$_python"
            return
        fi
    done
}

package_manager() {
    for _manager in apt-get dnf zypper pacman; do
        if command -v "$_manager" >/dev/null 2>&1; then
            echo "$_manager"
            return
        fi
    done
}

can_import() { [ -n "$PYTHON" ] && "$PYTHON" -c "import $1" 2>/dev/null; }

# Names differ: venv is a package of its own on Debian only, and Arch calls Python 3 python.
missing_packages() {
    _default=python3
    [ "$1" != pacman ] || _default=python
    _python=${PYTHON##*/}
    # Ubuntu 22.04 has a python3 that is too old, and a newer one beside it.
    [ -n "$_python" ] || { [ -x /usr/bin/python3 ] && _python=python3.11 || _python=$_default; }
    [ -n "$PYTHON" ] || echo "$_python"
    can_import ensurepip,venv || { [ "$1" != apt-get ] || echo "$_python-venv"; }
    # It exists for the distribution's default Python alone.
    case $_python in
    python | python3) can_import systemd.journal || echo "$_default-systemd" ;;
    esac
}

install_packages() {
    _manager=$1
    shift
    case $_manager in
    apt-get)
        export DEBIAN_FRONTEND=noninteractive
        apt-get install -y -qq --no-install-recommends "$@" ||
            { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; }
        ;;
    dnf) dnf install -y -q "$@" ;;
    zypper) zypper --non-interactive --quiet install "$@" ;;
    pacman) pacman -S --noconfirm --needed "$@" ;;
    *) return 1 ;;
    esac
}

# ensure_installed PACKAGE...: by whichever package manager is here.
ensure_installed() {
    [ $# -gt 0 ] || return 0
    _manager=$(package_manager)
    [ -n "$_manager" ] || die "no package manager known to this script is here: install $* (or what your distribution calls them) and run it again."
    change "install the packages $* with $_manager" install_packages "$_manager" "$@"
}

ensure_packages() {
    PYTHON=$(find_python)
    # shellcheck disable=SC2046  # one word for each package
    ensure_installed $(missing_packages "$(package_manager)")
    [ -z "$DRY_RUN" ] || return 0
    PYTHON=$(find_python)
    [ -n "$PYTHON" ] || die "Python 3.11 or newer is needed, and neither this machine nor its package manager has it: Debian 12, Ubuntu 24.04 or Fedora 37 do."
    can_import ensurepip,venv || die "$PYTHON cannot make virtual environments: install its venv and ensurepip modules and run this again."
    can_import systemd.journal || warn "$PYTHON has no systemd.journal: the bot's log goes to the journal as plain lines, without fields."
}

ensure_user() {
    _changed=
    put_file "$SOURCE/units/sysusers.d/uptime-bot.conf" /etc/sysusers.d/uptime-bot.conf 644 && _changed=1
    if [ -n "$_changed" ] || ! id -u uptime-bot >/dev/null 2>&1; then
        change "make the user uptime-bot" systemd-sysusers /etc/sysusers.d/uptime-bot.conf
    fi
    _changed=
    put_file "$SOURCE/units/tmpfiles.d/uptime-bot.conf" /etc/tmpfiles.d/uptime-bot.conf 644 && _changed=1
    if [ -n "$_changed" ] || [ ! -d "$CONFIG_DIR" ] || [ ! -d "$BOT_DIR" ]; then
        change "make $CONFIG_DIR and $BOT_DIR" systemd-tmpfiles --create /etc/tmpfiles.d/uptime-bot.conf
    fi
}
