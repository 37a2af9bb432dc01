"""No password is shown, however it is written; what is none stays."""

from __future__ import annotations

import pytest

from botaclip.core.passwords import proxy_words, without_password


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("HTTPS_PROXY=bob:topsecret@proxy:3128", "HTTPS_PROXY=***@proxy:3128"),
        ("all_proxy=socks5://u:sl/ash@h:1", "all_proxy=socks5://***@h:1"),
        ("through http://bob:p@ss/word@h", "through http://***@h"),
        ("http://bob:p@ss@w0rd@h:80/x and https://c:d@i", "http://***@h:80/x and https://***@i"),
        ("http://user:pa ss@h", "http://***@h"),
        ("bob:p@ss@w0rd@h", "***@h"),
        ("GET https://h/a.tif?access_token=abc&x=1 failed", "GET https://h/a.tif?access_token=***&x=*** failed"),
        ("https://h/#id_token=abc", "https://h/#id_token=***"),
        ("PG:host=h user=bob password=hunter2 dbname=d", "PG:host=h user=*** password=*** dbname=d"),
        ("PG:host=h password='hun ter2' dbname=d", "PG:host=h password=***"),
        ("password: hunter2", "password:***"),
        ('{"password": "hun\\"ter2"}', '{"password":***'),
        ("DB_PASSWORD=hunter2;x", "DB_PASSWORD=***"),
        ("--password hunter2 --x", "--password ***  --x".replace("  ", " ")),
        ("AWS_SECRET_ACCESS_KEY=abc/def+g", "AWS_SECRET_ACCESS_KEY=***"),
        ("Authorization: Basic Ym9iOng=", "Authorization: ***"),
    ],
)
def test_what_is_secret_is_struck_out(text: str, shown: str) -> None:
    assert without_password(text) == shown
    assert without_password(shown) == shown, "twice is as once"


@pytest.mark.parametrize("text", [
    "Looking in indexes: https://index.example/simple, https://other.example:8080/simple",
    "botaclip suitability --raster 'a.tif;b.tif' --environment 'dem.tif;slope=s.tif' --mode tokens --extent '1,2,3,4 "
    "[EPSG:4326]'",
    "File x.py, line 3, in main: matrix @ vector", "3 of 10 tokens, species: 4, 12:30:01",
])  # fmt: skip
def test_what_is_none_stays(text: str) -> None:
    assert without_password(text) == text


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("bob:topsecret@proxy:3128", "proxy:3128"), ("socks5://u:sl/ash@h:1", "socks5://h:1"),
        ("http://bob:p@ss/word@h", "http://h"), ("http://u:p@ss@w0rd@h:80/x?token=1", "http://h:80"),
        ("http://user:pa ss@h", "http://h"), ("http://[::1]:3128", "http://[::1]:3128"), ("proxy:3128", "proxy:3128"),
        ("bob:topsecret", "set"), ("localhost,.corp", "set"), ("", "set"), ("http://u:sl/ash", "set"),
        ("se cret://h", "set"), ("http://u:p@", "set"),
    ],
)  # fmt: skip
def test_of_a_proxy_scheme_host_and_port(address: str, shown: str) -> None:
    assert proxy_words(address) == shown
