"""The OpenAPI document and the service agree, whatever is sent; nothing breaks it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.grounds import Ground

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

CASES = 3000
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,ignored_auth,unsupported_method,"
    "use_after_free,missing_required_header"
)


def test_thousands_of_requests_find_no_fault(ground: Ground, tmp_path: Path) -> None:
    with ground.running() as service:
        ended = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"), "run",
                f"{service.url}/openapi.json", "--header", f"x-api-key: {service.key}",
                "--checks", CHECKS, "--max-examples", "200", "--seed", "7", "--no-color",
                "--continue-on-failure",
            ],
            cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        assert service.process.poll() is None
    found = re.search(r"(\d+) generated", ended.stdout)
    assert found, ended.stdout[-5000:]
    print(ended.stdout[-1500:])  # noqa: T201  (how many of what)
    assert ended.returncode == 0, ended.stdout[-10000:]
    assert int(found[1]) >= CASES
