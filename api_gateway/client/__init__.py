"""The client of the service, for programs and the command line: `with Client(url, key) as c: …`.

It stands on httpx and websockets alone: no database, no vision, no models.
"""

from api_gateway.client.calls import Client
from api_gateway.client.failures import NoAnswerError, RefusedInputError, ServiceError

__all__ = ["Client", "NoAnswerError", "RefusedInputError", "ServiceError"]
