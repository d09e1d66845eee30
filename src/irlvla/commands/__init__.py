"""What each command is told, and what it calls; there is no logic here, and nothing heavy is imported before a call."""
