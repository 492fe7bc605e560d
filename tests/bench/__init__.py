"""The bench: what the hub costs in time, bytes and memory, beside its peers in the same run (`make bench`)."""
