"""A child process that needs an access token: `python -m tests.faults.rotating_child URL FILE`. It
asks for the list of things once, and prints the status of the answer, or the error."""

import sys
from pathlib import Path

from connectors.core.errors import CredentialsError
from tests.faults.rotating import client_of

if __name__ == "__main__":
    client = client_of(sys.argv[1], Path(sys.argv[2]))
    try:
        client.get("/things")
        print("200")
    except CredentialsError as error:
        print(error)
        sys.exit(1)
    finally:
        client.close()
