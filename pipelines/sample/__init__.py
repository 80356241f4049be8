"""A sample company, so that Koers shows what it does before anybody has exported anything.

`write_sample` puts export files into the inbox as the tools would write them, and beside them, in
`state/sample/truth.json`, what the figures must be: it is generated, so it is known.
"""

from pipelines.sample.writing import SampleError, has_input, write_sample

__all__ = ["SampleError", "has_input", "write_sample"]
