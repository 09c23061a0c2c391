"""Every error that `issuer` raises on purpose.

DiagnosedError                       (courses.errors) problem, where, remedy
├── KeyFileError                     a signing key cannot be made, read or trusted
│   ├── PassphraseError              the passphrase of an encrypted key is missing or wrong
│   └── SignerError                  the program that keeps a key does not sign with it
├── IdentifierError                  an address or a key that no DID can be made of, or a DID that is not one
├── EncodingError                    text that is not the multibase, Multikey or multihash it should be
├── ContextError                     a JSON-LD context that we do not ship, or whose bytes changed
├── CanonicalisationError            a document that RDFC-1.0 cannot take without losing something
│   └── DocumentTooComplexError      a document that would cost more work than we spend on strangers' files
├── CredentialRefusedError           a value that may not stand in a credential; the field is named
├── ProofError                       a proof that is absent, malformed or of a kind that we do not check
│   └── SignatureMismatchError       a proof of the right kind that does not fit the document
├── StatusListError                  a status list, or an entry into one, that is wrong
├── DocumentUnreadableError          bytes that are not one strict JSON object of acceptable size
├── ResolutionError                  a DID document or status list that cannot be had
├── BakingError                      an image that cannot carry a credential, or carries none
├── CertificateError                 a certificate that cannot be typeset
├── LedgerError                      the record of what was issued is missing, older, or contradicts itself
├── BatchError                       a step that a batch in its present state does not allow
├── DecisionError                    a decision that this person cannot take, or that is taken
├── AuditError                       the audit log is not what was written
└── EligibilityError                 results from which eligibility cannot be told
"""

from __future__ import annotations

from courses.errors import DiagnosedError


class KeyFileError(DiagnosedError):
    """A signing key cannot be made, read or trusted."""


class PassphraseError(KeyFileError):
    """The passphrase of an encrypted key is missing or wrong."""


class SignerError(KeyFileError):
    """The program that keeps a key does not sign with it."""


class IdentifierError(DiagnosedError):
    """An address or a key that no DID can be made of, or a DID that is not one."""


class EncodingError(DiagnosedError):
    """Text that is not the multibase, Multikey or multihash it should be."""


class ContextError(DiagnosedError):
    """A JSON-LD context that we do not ship, or whose bytes changed."""


class CanonicalisationError(DiagnosedError):
    """A document that RDFC-1.0 cannot take without losing something."""


class DocumentTooComplexError(CanonicalisationError):
    """A document that would cost more work than we spend on strangers' files."""


class CredentialRefusedError(DiagnosedError):
    """A value that may not stand in a credential; `where` names the field."""


class ProofError(DiagnosedError):
    """A proof that is absent, malformed or of a kind that we do not check."""


class SignatureMismatchError(ProofError):
    """A proof of the right kind that does not fit the document."""


class StatusListError(DiagnosedError):
    """A status list, or an entry into one, that is wrong."""


class DocumentUnreadableError(DiagnosedError):
    """Bytes that are not one strict JSON object of acceptable size."""


class ResolutionError(DiagnosedError):
    """A DID document or a status list that cannot be had."""


class BakingError(DiagnosedError):
    """An image that cannot carry a credential, or carries none."""


class CertificateError(DiagnosedError):
    """A certificate that cannot be typeset."""


class LedgerError(DiagnosedError):
    """The record of what was issued is missing, older than this program, or contradicts itself."""


class BatchError(DiagnosedError):
    """A step that a batch in its present state does not allow."""


class DecisionError(DiagnosedError):
    """A decision that this person cannot take, or that is taken."""


class AuditError(DiagnosedError):
    """The audit log is not what was written: changed, cut off, or written anew."""


class EligibilityError(DiagnosedError):
    """Results from which eligibility cannot be told."""
