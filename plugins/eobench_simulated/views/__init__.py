"""Data sets cut from the simulated world; `_cards` names them, each module writes one."""
