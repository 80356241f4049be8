"""The tools that Koers reads, one module each, over `connectors.core`."""
