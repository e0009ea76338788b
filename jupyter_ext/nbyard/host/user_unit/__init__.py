"""The systemd user unit that starts the dispatcher after a reboot: its text, file and state."""
