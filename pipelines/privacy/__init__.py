"""What a works council and a privacy officer ask for: forgetting a person, showing a person what is
kept of them, keeping nothing longer than needed, a new pseudonym key, a register of processing."""
