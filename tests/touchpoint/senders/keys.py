"""Key pairs for senders that sign by one, made by openssl for this run."""

import base64
import subprocess
import tempfile
from pathlib import Path

ALGORITHMS = {
    "ec": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ed25519": ["-algorithm", "ED25519"],
}


def _openssl(*arguments, stdin=b""):
    done = subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True, check=True)
    return done.stdout


class Key:
    def __init__(self, algorithm):
        self._algorithm = algorithm
        self._folder = tempfile.TemporaryDirectory()
        self._file = Path(self._folder.name) / "key.pem"
        _openssl("genpkey", *ALGORITHMS[algorithm], "-out", self._file)

    @property
    def public_der(self):
        return _openssl("pkey", "-in", self._file, "-pubout", "-outform", "DER")

    @property
    def public_base64(self):
        """SubjectPublicKeyInfo; of Ed25519 the key's own 32 bytes."""
        der = self.public_der
        return base64.b64encode(der[-32:] if self._algorithm == "ed25519" else der).decode()

    @property
    def file(self):
        return self._file

    def certificate(self, name, *extensions):
        """A certificate in PEM that the key has signed itself."""
        more = [word for extension in extensions for word in ("-addext", extension)]
        return _openssl("req", "-x509", "-key", self._file, "-subj", f"/CN={name}", "-days", "2", *more).decode()

    def sign(self, message, digest="sha256"):
        if self._algorithm != "ed25519":
            return _openssl("dgst", f"-{digest}", "-sign", self._file, stdin=message)
        file = self._file.with_name("message")
        file.write_bytes(message)
        return _openssl("pkeyutl", "-sign", "-rawin", "-inkey", self._file, "-in", file)


def new_key(algorithm):
    return Key(algorithm)
