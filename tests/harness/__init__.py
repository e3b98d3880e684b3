"""What the tests of several layers share: a bot in a process of its own, and a stand-in for systemd."""
