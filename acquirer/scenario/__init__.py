"""Misbehaviour as data: which faults exist, when they strike; what they do to a reply is the machines' business."""
