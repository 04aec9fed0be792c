"""Hosted models behind one small interface: what is asked, what comes back, and how it fails."""
