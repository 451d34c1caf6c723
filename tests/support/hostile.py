"""Sources that a stranger could name to make us reach where we must not, and their refusals.

`{v4}` and `{v6}` stand for host and port of a trap, `{port}` for the port alone.
"""

from tests.support.network import Answers


def _words(text: str) -> list[str]:
    return text.split()


FORBIDDEN = "address_forbidden"
GOOD = "127.0.0.2"
"""The one address that the tests allow: a server of ours, beside the traps on 127.0.0.1 and ::1."""

PRIVATE_NAMES = {
    "localhost": "127.0.0.1",
    "localhost.": "127.0.0.1",
    "video.localhost": "127.0.0.1",
    "ip6-localhost": "::1",
    "localtest.me": "127.0.0.1",
    "127.0.0.1.nip.io": "127.0.0.1",
    "intranet": "10.0.0.7",
    "metadata.google.internal": "169.254.169.254",
    "mapped.example": "::ffff:127.0.0.1",
    "nat64.example": "64:ff9b::7f00:1",
    "scoped.example": "fe80::1%lo",
    "xn--bcher-kva.example": "192.168.0.1",
}
NAMES: Answers = {name: [[address]] for name, address in PRIVATE_NAMES.items()} | {
    "mixed.example": [[GOOD, "127.0.0.1"]],
    "mixed6.example": [[GOOD, "::1"]],
    "nowhere.example": [[]],
}

LOOPBACK = _words("""
127.0.0.1 127.0.0.53 127.1 127.0.1 127.255.255.254 2130706433 017700000001 0x7f000001 0x7F.1
0177.0.0.1 0177.0.0.01 0x7f.0x0.0x0.0x1 0x7f.0.1 127.0x1 0177.1 127.0.0.1. 127.1. 0x7f000001.
１２７.０.０.１ 127。0。0。1 127．0．0．1 ①②⑦.⓪.⓪.① 127%2e0%2e0%2e1 %31%32%37.0.0.1
""")
OTHER_V4 = _words("""
0 0.0.0.0 0.1.2.3 0x0 10.0.0.1 10.255.255.255 0xa000001 012.0.0.1 100.64.0.1 100.100.100.200
100.127.255.254 168.63.129.16 169.254.0.1 169.254.169.254 0xa9fea9fe 2852039166 0251.0376.0251.0376
169.254.43518 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1
192.168.257 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.9 224.0.0.1 239.255.255.255
233.252.0.1 240.0.0.1 255.255.255.255 4294967295 0xffffffff
""")
V6 = _words("""
[::1] [0:0:0:0:0:0:0:1] [0000::0001] [::] [0::0] [::127.0.0.1] [::7f00:1] [::ffff:127.0.0.1]
[::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1] [::ffff:169.254.169.254] [::ffff:8.8.8.8]
[::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::8.8.8.8] [64:ff9b:1::1]
[100::1] [2001::1] [2001:0:7f00:1::] [2001:10::1] [2001:20::1] [2001:db8::1] [2002:7f00:1::]
[2002:a9fe:a9fe::1] [2002:808:808::1] [3fff::1] [5f00::1] [fc00::1] [fd00:ec2::254] [fdff::1]
[fe80::1] [febf::1] [fec0::1] [ff02::1] [ff0e::1] [4000::1]
""")
NAMED = _words("""
localhost LOCALHOST localhost. LocalHost. ⓛⓞⓒⓐⓛⓗⓞⓢⓣ ｌocalhost local%68ost video.localhost
ip6-localhost localtest.me 127.0.0.1.nip.io intranet metadata.google.internal mapped.example
nat64.example scoped.example bücher.example mixed.example mixed6.example
""")
UNREADABLE = _words("""
[fe80::1%25lo] [fe80::1%lo] [::1%25lo] [::1 ::1 [127.0.0.1] 256.0.0.1 1.2.3.4.5 0x7g.1 08.0.0.1
127.0.0.1%00 127.0.0.1%2f@x.example:1 a<b a%20b xn-- xn--a 0x100000000 99999999999
""")
ODD = {
    "credentials_in_url": [
        "http://user:secret@{v4}/", "http://user@{v4}/", "http://:secret@{v4}/",
        "http://127.0.0.1:80:secret@{v4}/", "http://nowhere.example%40x@{v4}/",
        "http://user:secret@nowhere.example@{v4}/", "https://user:secret@{v4}/",
    ],
    FORBIDDEN: [
        "http:{v4}/", "http:/{v4}/", "http:///{v4}/", "http:\\\\{v4}\\a.mp4", "  http://{v4}/",
        "HTTP://{v4}/", "hTTps://{v4}/", "http://{v4}", "http://{v4}?a.mp4", "http://{v4}#a.mp4",
        "http://{v4}/?url=http://{v4}/", "http://@{v4}/", "http://{v4}\\@nowhere.example/",
        "http://{v4}#@nowhere.example/", "http://{v4}/../../a.mp4", "http://lo\tcalhost/",
        "http://local\nhost/", "http://{v6}/", "https://{v6}/", "http://{v6}?a.mp4",
    ],
    "bad_url": [
        "http://", "http:", "https://?", "http://{v4}x/", "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/", "http://[]/", "http:// {v4}/", "http://{v4}\u0000x/",
        "s3://{v4}/key", "s3://user:secret@bucket/key", "s3://bucket", "s3:bucket/key",
        "s3://bucket/", "s3:///key", "s3://../key", "s3://bucket/../key",
        "file://{v4}/etc/passwd", "file:a.mp4",
        "file://", "file://[::1/a.mp4", "http://nowhere.example/" + "a" * 9000,
    ],
    "bucket_not_allowed": ["s3://bucket/key", "s3://127.0.0.1/key", "S3://bucket/a/key"],
    "unknown_scheme": [
        "ht\ntp://{v4}/", "ftp://{v4}/a.mp4", "ftps://{v4}/a", "gopher://{v4}/_x", "dict://{v4}/d",
        "ldap://{v4}/", "tftp://{v4}/a", "sftp://user:secret@{v4}/a", "smb://{v4}/a",
        "rtsp://{v4}/live", "rtmp://{v4}/live", "hls+http://{v4}/a", "jar:http://{v4}!/",
        "concat:http://{v4}/|http://{v4}/", "ws://{v4}/", "unix:///run/x.sock", "://{v4}/",
        "data://text/plain,x", "crypto+http://{v4}/", "httpx://{v4}/", "view-source:http://{v4}/",
        "http+unix://%2Frun%2Fx.sock/",
    ],
    "no_such_host": [
        "http://nowhere.example/", "http://a..b/", "http://" + "a" * 64 + ".example/",
    ],
    "no_such_file": [
        "javascript:alert(1)", "data:video/mp4;base64,AAAA", "//{v4}/a.mp4", "{v4}", "a\u0000b",
    ],
}  # fmt: skip


def _hosts(code: str, hosts: list[str]) -> list[tuple[str, str]]:
    return [(code, f"http://{host}:{{port}}/a.mp4") for host in hosts]


HOSTILE = [
    *_hosts(FORBIDDEN, LOOPBACK + OTHER_V4 + V6),
    *_hosts(FORBIDDEN, NAMED),
    *_hosts("bad_url", UNREADABLE),
    *[(code, url) for code, urls in ODD.items() for url in urls],
]

REDIRECTS = [(code, url) for code, url in HOSTILE if url.isprintable() and url == url.strip()]
"""What a header can hold."""
