"""OAuth 2.0 by a signed assertion (RFC 7523): a service account, whose key signs a request that the
token endpoint changes for an access token. The key itself is never sent.

The key comes as the JSON file that Google Cloud makes (`client_email`, `private_key`,
`private_key_id`). The `token_uri` in it is not used: a file cannot say where an assertion goes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.core.api.auth import OAuth
from connectors.core.api.clock import Clock
from connectors.core.errors import CredentialsError

LIFETIME_SECONDS = 3_600
_UNUSABLE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    UnsupportedAlgorithm,
)
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class ServiceAccount(OAuth):
    """See the module.

    document: the text of the JSON file. token_url, scope: as the vendor documents them. name: of
    the connector, for errors.

    Raises CredentialsError for a document that is no key of a service account.
    """

    def __init__(
        self,
        name: str,
        document: str,
        token_url: str,
        scope: str,
        clock: Clock,
        hide: Callable[[str], None],
    ) -> None:
        email, key_id, key = _key(name, document)

        def grant() -> Mapping[str, str]:
            now = int(clock.now().timestamp())
            claims = {
                "iss": email,
                "scope": scope,
                "aud": token_url,
                "iat": now,
                "exp": now + LIFETIME_SECONDS,
            }
            assertion = signed({"alg": "RS256", "typ": "JWT", "kid": key_id}, claims, key)
            hide(assertion)
            return {"grant_type": GRANT, "assertion": assertion}

        super().__init__(token_url, grant, clock, hide, lifetime=float(LIFETIME_SECONDS))


def signed(header: Mapping[str, object], claims: Mapping[str, object], key: RSAPrivateKey) -> str:
    """A JSON Web Token (RFC 7519), signed with RS256 (RFC 7518)."""
    text = ".".join(_packed(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{_packed(key.sign(text.encode(), PKCS1v15(), SHA256()))}"


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _key(name: str, document: str) -> tuple[str, str, RSAPrivateKey]:
    # The texts of these errors may hold parts of the key: only what is wrong is told.
    try:
        content = json.loads(document)
        email, text = content["client_email"], content["private_key"]
        key = load_pem_private_key(text.encode(), password=None)
    except _UNUSABLE:
        raise CredentialsError(
            f"{name}: the credentials are not the JSON file of a service account's key; make a new "
            "key and give the whole file"
        ) from None
    if not isinstance(key, RSAPrivateKey) or not isinstance(email, str):
        raise CredentialsError(f"{name}: the key of the service account is no RSA key")
    return email, str(content.get("private_key_id") or ""), key
