"""Execution accuracy of a workflow over a file of questions: datasets, comparison, runner, report."""
