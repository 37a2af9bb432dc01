"""Strikes passwords out of a text that is shown or kept: too much rather than too little. Standard library only."""

from __future__ import annotations

import re

# From :// to the last @ before the next address: names and passwords may hold @, / and blanks, as they are typed.
_IN_ADDRESS = re.compile(r"(?<=://)(?:(?![A-Za-z][\w+.-]{0,20}://)[^\n\r]){1,500}@")
_BEFORE_HOST = re.compile(r"[^\s=:/@'\"<>(,*][^\s=:/@'\"<>(,]{0,200}:(?!//)\S{0,500}@")
_IN_QUERY = re.compile(r"(?<=[?&#])([\w.%~\[\]-]{1,100})=(?!\*\*\*)[^&\s'\"<>]+")
_UNTOLD = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|pw|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|"
    r"signature|sig|sas|session(?:id)?|authcfg)"
)
_WHO = r"(?:user(?:name|id)?|uid|login)"
# What is quoted may hold quotes of its own: the rest of its line goes with it.
_NAMED = re.compile(
    rf"(?i)((?<![a-z])(?:[\w-]{{0,40}}[_-])?(?:{_UNTOLD}['\"]?[ ]?[=:]|{_WHO}=)|--(?:[a-z-]{{0,40}}-)?{_UNTOLD} )"
    r"[ ]?(?!\*\*\*)(?:['\"][^\n\r]*|[^\s&]+)"
)
_HEADER = re.compile(r"(?i)\b((?:proxy-)?authorization['\"]?[ ]?[:=]|bearer|cookie['\"]?[ ]?[:=])[ ]?[^\n\r]+")
_PROXY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,253})(:\d{1,5})?(?:[/?#].*)?", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}")


def without_password(text: str) -> str:
    """Return ``text`` with the names and passwords in it struck out.

    Of addresses (also without ``http://``) all before the last ``@``, the values of their queries, and what follows
    words like ``password=``.
    """
    text = _HEADER.sub(r"\1 ***", text)
    text = _NAMED.sub(r"\1***", text)
    text = _IN_ADDRESS.sub("***@", text)
    text = _BEFORE_HOST.sub("***@", text)
    return _IN_QUERY.sub(r"\1=***", text)


def proxy_words(address: str) -> str:
    """Return scheme, host and port of a proxy; ``set`` where they cannot be told from a name and a password."""
    scheme, parted, rest = address.strip().partition("://")
    if not parted:
        scheme, rest = "", scheme
    found = _PROXY.fullmatch(rest.rpartition("@")[2])
    if found is None or (parted and not _SCHEME.fullmatch(scheme)):
        return "set"
    return f"{scheme}{parted}{found[1]}{found[2] or ''}"
