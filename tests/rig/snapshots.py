"""What install.sh may touch, as text that two moments can be compared by."""

from rig.machine import Machine

PLACES = (
    "/etc/passwd /etc/group /etc/systemd /etc/sysusers.d /etc/tmpfiles.d /etc/uptime-bot /opt /srv /usr/local"
    " /var/lib/systemd/catalog /var/lib/uptime-bot"
)


def snapshot(machine: Machine) -> str:
    """Every path below PLACES with its kind, mode, owner, size, time of change and link target.

    Byte code and the times of directories are left out: running Python writes the one and so changes the other. So is
    what a running bot itself writes down of its sessions and of what it has spent, at any time.
    """
    others = f"{PLACES} -path '/var/lib/uptime-bot/*' -prune -o"
    files = f"find {others} ! -type d ! -name '*.pyc' -printf '%p %y %m %u %s %T@ %l\\n'"
    directories = f"find {others} -type d ! -name __pycache__ -printf '%p %m %u\\n'"
    return machine.run("sh", "-c", f"{{ {files}; {directories}; }} 2>/dev/null | sort").stdout
