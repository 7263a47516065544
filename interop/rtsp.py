"""rtsp.py URL: announces a description and asks for it, over one connection."""
import io
import sys

import pycurl

connection = pycurl.Curl()
connection.setopt(pycurl.URL, sys.argv[1])
connection.setopt(pycurl.OPT_RTSP_STREAM_URI, sys.argv[1])


def request(method, body=None):
    connection.setopt(pycurl.OPT_RTSP_REQUEST, method)
    connection.setopt(pycurl.UPLOAD, body is not None)
    if body is not None:
        connection.setopt(pycurl.READDATA, io.BytesIO(body))
        connection.setopt(pycurl.INFILESIZE, len(body))
    reply = io.BytesIO()
    connection.setopt(pycurl.WRITEDATA, reply)
    connection.perform()
    assert connection.getinfo(pycurl.RESPONSE_CODE) == 200
    return reply.getvalue()


request(pycurl.RTSPREQ_OPTIONS)
assert request(pycurl.RTSPREQ_DESCRIBE) == b""
description = b"v=0\r\n\r\nRTSP/1.0 200 OK\r\n\r\n" * 4000
request(pycurl.RTSPREQ_ANNOUNCE, description)
assert request(pycurl.RTSPREQ_DESCRIBE) == description
