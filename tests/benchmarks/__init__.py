"""How fast, and how much memory: `python -m tests.benchmarks` from the root of the tree prints tables in Markdown."""
