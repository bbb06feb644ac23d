"""The rows as other languages send them, as JSON: one text or base64 for each record.

Usage: payload.py {json,proto} ROWS
"""

import base64
import json
import sys

import forms
from rows import rows


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def main(form: str, count: int) -> None:
    if form == "json":
        records = [json.dumps(forms.to_json(row)) for row in rows(0, count)]
        print(json.dumps({"records": records}))
        return
    from google.protobuf import descriptor_pb2

    of = forms.message_class()
    descriptor = descriptor_pb2.DescriptorProto()
    of.DESCRIPTOR.CopyToProto(descriptor)
    records = [text(forms.to_message(of, row).SerializeToString()) for row in rows(0, count)]
    print(json.dumps({"descriptor": text(descriptor.SerializeToString()), "records": records}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
