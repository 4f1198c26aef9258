"""The certificate, and the verifier that trusts nothing."""
