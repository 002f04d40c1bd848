"""The electronic signature: its bitmap, its compression (JBIG1), the slip elements beside it, its feature code."""
