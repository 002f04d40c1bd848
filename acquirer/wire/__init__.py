"""The wire: frames, dialects, messages, and words for what stands in them. Bytes in, bytes out, nothing else."""
