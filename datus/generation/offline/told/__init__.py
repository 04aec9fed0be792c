"""What callers and the business tell beside a question, made part of how the question is read."""
