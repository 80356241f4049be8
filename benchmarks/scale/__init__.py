"""A made-up organisation of any size, straight into a landing; the build of it, and its nights."""
