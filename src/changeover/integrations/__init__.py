"""Chat libraries, one file each."""
