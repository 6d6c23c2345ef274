"""What is measured: CPU time and memory of each program, latencies."""
