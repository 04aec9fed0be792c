"""datus: a question in English or Chinese in, checked SQL and rows out."""

__version__ = "0.1.0"
