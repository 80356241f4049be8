"""What `koers doctor` looks at, a module per subject. A check changes nothing."""
