"""Files, ports, processes, locks and waiting on this machine."""
