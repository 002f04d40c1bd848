"""What both sides of a settlement write and read: totals of a batch, details of its upload. Figures and text only."""
