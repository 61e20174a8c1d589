"""Requests that two parsers read differently, or that no honest client sends. All are refused."""

from __future__ import annotations

from typing import Final

_GET: Final = b"GET /cheap HTTP/1.1\r\nHost: {host}\r\n"
_POST: Final = b"POST /echo HTTP/1.1\r\nHost: {host}\r\n"
# What a smuggler hides in a body: answered, it would be the second status in the bytes.
_HIDDEN: Final = b"GET /cheap HTTP/1.1\r\nHost: {host}\r\n\r\n"

# name: (bytes, the statuses that refuse it; none = closed without an answer)
REFUSED: Final[dict[str, tuple[bytes, set[int]]]] = {
    "content_length_and_transfer_encoding": (
        _POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + _HIDDEN,
        {400},
    ),
    "two_different_content_lengths": (
        _POST + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + _HIDDEN,
        {400},
    ),
    "two_equal_content_lengths": (
        _POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc" + _HIDDEN,
        {400},
    ),
    "listed_content_length": (_POST + b"Content-Length: 3, 3\r\n\r\nabc" + _HIDDEN, {400}),
    "signed_content_length": (_POST + b"Content-Length: +3\r\n\r\nabc" + _HIDDEN, {400}),
    "negative_content_length": (_POST + b"Content-Length: -1\r\n\r\n" + _HIDDEN, {400}),
    "hex_content_length": (_POST + b"Content-Length: 0x3\r\n\r\nabc" + _HIDDEN, {400}),
    "gzip_then_chunked": (
        _POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + _HIDDEN,
        {400, 501},
    ),
    "chunked_twice": (
        _POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        {400, 501},
    ),
    "unknown_transfer_encoding": (
        _POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + _HIDDEN,
        {400, 501},
    ),
    "transfer_encoding_with_vertical_tab": (
        _POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + _HIDDEN,
        {400, 501},
    ),
    "bad_chunk_size": (_POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n", {400}),
    "negative_chunk_size": (_POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", {400}),
    "huge_chunk_size": (
        _POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nab\r\n0\r\n\r\n",
        {400, 413},
    ),
    "chunk_longer_than_its_size": (
        _POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
        {400},
    ),
    "chunk_ends_with_bare_lf": (
        _POST + b"Transfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n" + _HIDDEN,
        {400, 408},
    ),
    "two_hosts": (_GET + b"Host: {host}\r\n\r\n", {400}),
    "two_hosts_one_evil": (_GET + b"Host: evil.example\r\n\r\n", {400}),
    "no_host": (b"GET /cheap HTTP/1.1\r\n\r\n", {400}),
    "empty_host": (b"GET /cheap HTTP/1.1\r\nHost:\r\n\r\n", {400}),
    "unknown_host": (b"GET /cheap HTTP/1.1\r\nHost: evil.example\r\n\r\n", {400}),
    "host_with_user": (b"GET /cheap HTTP/1.1\r\nHost: {host}@evil.example\r\n\r\n", {400}),
    "host_list": (b"GET /cheap HTTP/1.1\r\nHost: {host}, evil.example\r\n\r\n", {400}),
    "absolute_form": (b"GET http://evil.example/cheap HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "own_absolute_form": (b"GET http://{host}/cheap HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "double_slash_target": (b"GET //evil.example/ HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "asterisk_form": (b"OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "authority_form": (b"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "target_without_slash": (b"GET cheap HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "backslash_in_target": (b"GET /\\evil.example HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "fragment_in_target": (b"GET /cheap#x HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "nul_in_target": (b"GET /che\x00ap HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "escaped_nul_in_target": (b"GET /cheap%00 HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "escaped_newline_in_target": (b"GET /cheap%0a HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "broken_escape": (b"GET /cheap%zz HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "overlong_utf8_path": (b"GET /%c0%af HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "raw_utf8_path": (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "lf_only_lines": (b"GET /cheap HTTP/1.1\nHost: {host}\n\n", {400}),
    "lf_only_header": (_GET + b"X-A: b\nX-C: d\r\n\r\n", {400}),
    "cr_in_header": (_GET + b"X-A: b\rX-C: d\r\n\r\n", {400}),
    "nul_in_header": (_GET + b"X-A: b\x00c\r\n\r\n", {400}),
    "folded_header": (_GET + b"X-A: b\r\n c\r\n\r\n", {400}),
    "space_before_colon": (_GET + b"X-A : b\r\n\r\n", {400}),
    "space_in_header_name": (_GET + b"X A: b\r\n\r\n", {400}),
    "no_header_name": (_GET + b": b\r\n\r\n", {400}),
    "header_without_colon": (_GET + b"nothing\r\n\r\n", {400}),
    "underscored_proxy_header": (_GET + b"X_Forwarded_For: 10.0.0.1\r\n\r\n", {400}),
    "underscored_content_length": (_POST + b"Content_Length: 3\r\n\r\n", {400}),
    "two_authorizations": (_GET + b"Authorization: a\r\nAuthorization: b\r\n\r\n", {400}),
    "http_0_9": (b"GET /cheap\r\n\r\n", {400}),
    "http_2_0_version": (b"GET /cheap HTTP/2.0\r\nHost: {host}\r\n\r\n", {400, 505}),
    "no_such_version": (b"GET /cheap HTTP/1.19\r\nHost: {host}\r\n\r\n", {400, 505}),
    "http_2_preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "tls_hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64, {400, 408}),
    "leading_space": (b" GET /cheap HTTP/1.1\r\nHost: {host}\r\n\r\n", {400}),
    "long_request_line": (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: {host}\r\n\r\n", {414}),
    "long_header": (_GET + b"X-A: " + b"a" * 20_000 + b"\r\n\r\n", {431}),
    "long_head_of_short_headers": (
        _GET + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 400) for n in range(60)) + b"\r\n",
        {431},
    ),
    "many_headers": (_GET + b"".join(b"X-%d: a\r\n" % n for n in range(120)) + b"\r\n", {431}),
    "endless_head": (_GET + b"X-A: a\r\n" * 20_000, {431}),
    "error_then_pipelined": (b"GET cheap HTTP/1.1\r\nHost: {host}\r\n\r\n" + _HIDDEN, {400}),
}
