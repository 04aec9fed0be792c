"""From a draft that all passes have read to a plan."""
