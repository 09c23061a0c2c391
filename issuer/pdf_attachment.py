"""Takes the signed credential out of a certificate's PDF.

PDFs come from strangers: the file and the attachment are capped, exactly one `credential.json` is accepted (two readers must not see two
credentials), and whatever the PDF library stumbles over becomes a diagnosed error. What comes out is only text; whether it is a
credential, and a valid one, is for `issuer.verification` to say.
"""

from __future__ import annotations

import io

import pypdf
from pypdf.errors import PyPdfError

from issuer.documents import MAX_BYTES
from issuer.errors import CertificateError

ATTACHMENT_NAME = "credential.json"
MAX_PDF_BYTES = 4 * 2**20
_MAX_ATTACHMENTS = 16
_MAX_DECODED_BYTES = 2 * MAX_PDF_BYTES
"""Of any one stream in the PDF after decompression."""
_USE_THE_JSON = "Use the PDF as it was downloaded: printing to PDF and most editors drop attachments. The .json file works as well."


def attached_credential(pdf: bytes) -> str:
    """Return the text of the credential attached to a PDF, as it was signed.

    Raises:
        CertificateError: the bytes are no sound PDF of acceptable size, or there is not exactly one attached credential in it.
    """
    if len(pdf) > MAX_PDF_BYTES:
        raise CertificateError(f"the PDF is larger than {MAX_PDF_BYTES} bytes", remedy="Use the .json file.")
    if not pdf.startswith(b"%PDF-"):
        raise CertificateError("this is not a PDF", remedy="Give the certificate's .pdf file, or the .json file.")
    try:
        with pypdf.apply_configuration(
            zlib_maximum_output_length=_MAX_DECODED_BYTES,
            lzw_maximum_output_length=_MAX_DECODED_BYTES,
            run_length_maximum_output_length=_MAX_DECODED_BYTES,
            brotli_maximum_output_length=_MAX_DECODED_BYTES,
            stream_decoding_work_maximum_length=4 * _MAX_DECODED_BYTES,
            stream_filters_maximum_length=4,
        ):
            found = _contents(pdf)
    except (PyPdfError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # pypdf lets such errors through on malformed files; all of them mean the same thing here.
        raise CertificateError("the PDF is damaged", remedy=_USE_THE_JSON) from error
    if len(found) != 1:
        count = f"{len(found)} credentials are" if found else "no credential is"
        raise CertificateError(f"{count} attached to this PDF", remedy=_USE_THE_JSON)
    return _as_text(found[0])


def _contents(pdf: bytes) -> list[bytes]:
    """Return every attachment that is named like a credential."""
    reader = pypdf.PdfReader(io.BytesIO(pdf), strict=False)
    found = []
    for count, file in enumerate(reader.attachment_list):
        if count >= _MAX_ATTACHMENTS:
            raise CertificateError(f"the PDF has more than {_MAX_ATTACHMENTS} attachments", remedy=_USE_THE_JSON)
        if ATTACHMENT_NAME in {file.name, file.alternative_name}:
            found.append(file.content)
    return found


def _as_text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise CertificateError(f"the attached credential is larger than {MAX_BYTES} bytes", remedy=_USE_THE_JSON)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CertificateError("the attached credential is not UTF-8 text", remedy=_USE_THE_JSON) from error
    if not text.strip():
        raise CertificateError("the attached credential is empty", remedy=_USE_THE_JSON)
    return text
