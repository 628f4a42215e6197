"""Lists the deployments an API key may see, over gRPC alone.

Two things decide what a call may do. The certificate says which program speaks: the services accept callers of these
methods only under the name `api`, so an integration is given a certificate of that name by the cell's operator. The
access token says for whom it speaks: it comes from an API key, lasts at most five minutes, and carries no more than
the key's own rights.
"""

import argparse
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "generated"))

import grpc
from ostro.identity.v1 import api_keys_pb2, api_keys_pb2_grpc
from ostro.scheduling.v1 import deployments_pb2, deployments_pb2_grpc

DEADLINE_SECONDS = 5


def connect(address: str, service: str, certificates: pathlib.Path) -> grpc.Channel:
    """A channel on which both sides show a certificate of the cell; the other one must be `service`."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(certificates / "ca.pem").read_bytes(),
        private_key=(certificates / "tls.key").read_bytes(),
        certificate_chain=(certificates / "tls.pem").read_bytes(),
    )
    # The address dialled proves nothing inside a cell; the name in the certificate does.
    return grpc.secure_channel(address, credentials, [("grpc.ssl_target_name_override", service)])


def list_deployments(identity: grpc.Channel, scheduler: grpc.Channel, key: str):
    """Yields every deployment of the key's project, page by page."""
    tokens = api_keys_pb2_grpc.TokenServiceStub(identity)
    grant = tokens.ExchangeApiKey(api_keys_pb2.ExchangeApiKeyRequest(secret=key), timeout=DEADLINE_SECONDS)
    deployments = deployments_pb2_grpc.DeploymentServiceStub(scheduler)
    page_token = ""
    while True:
        page = deployments.ListDeployments(
            deployments_pb2.ListDeploymentsRequest(
                organization_id=grant.organization_id,
                project_id=grant.project_id,
                page_token=page_token,
            ),
            timeout=DEADLINE_SECONDS,
            metadata=[("authorization", f"Bearer {grant.access_token}")],
        )
        yield from page.deployments
        page_token = page.next_page_token
        if not page_token:
            return


def main() -> int:
    parser = argparse.ArgumentParser(description="List the deployments of an Ostro project over gRPC.")
    parser.add_argument("--identity", required=True, metavar="HOST:PORT", help="gRPC address of identity")
    parser.add_argument("--scheduler", required=True, metavar="HOST:PORT", help="gRPC address of the scheduler")
    parser.add_argument("--certificates", required=True, type=pathlib.Path, help="folder with ca.pem, tls.pem, tls.key")
    arguments = parser.parse_args()
    key = os.environ.get("OSTRO_API_KEY")
    if not key:
        parser.error("set OSTRO_API_KEY to a key with the scope manage:read")
    try:
        with (
            connect(arguments.identity, "identity", arguments.certificates) as identity,
            connect(arguments.scheduler, "scheduler", arguments.certificates) as scheduler,
        ):
            for deployment in list_deployments(identity, scheduler, key):
                print(deployment.deployment_id, deployment.name)
    except grpc.RpcError as error:
        print(f"{error.code().name}: {error.details()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
