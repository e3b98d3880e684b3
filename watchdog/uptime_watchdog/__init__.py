"""What watches from outside: recovery, alerts, status, dashboard."""
