"""Reads the wire vectors, plays them on decoders and encoders, and prints results.

The format of the results is described in ../README.md.
"""
import json
import os
import sys


class Spec:
    """The name of a framing, its keys, and its delimiters in order."""

    def __init__(self, text):
        self.name, *keys = text.split(",")
        self.keys, self.delimiters = {}, [b"\r\n"] if self.name == "crlf" else []
        for key in keys:
            key, _, value = key.partition("=")
            if key == "hex":
                self.delimiters.append(bytes.fromhex(value))
            else:
                self.keys[key] = value

    def number(self, key, default):
        return int(self.keys.get(key, default))

    def only(self, *keys):
        return set(self.keys) <= set(keys)


def frame(payload):
    return f"frame {payload.hex()}".strip()


def vectors(kind):
    directory = os.path.join(sys.argv[1], kind)
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name)) as f:
            yield from json.load(f)


def run(decoders, encoders):
    """decoders(spec, vector) yields pairs of a name and a function that plays a wire cut
    at some offsets, and returns events; encoders(spec), of a name and a function that
    returns the frame of a payload."""
    for v in vectors("decode"):
        wire, skipped = bytes.fromhex(v["wire"]), True
        for name, play in decoders(Spec(v["spec"]), v):
            skipped = False
            result = {"decoder": name, "vector": v["name"], "events": play(wire, [])}
            ways = [("bytes", range(1, len(wire)))] + [(f"cut {i}", [i]) for i in range(1, len(wire))]
            others = ([way, play(wire, cuts)] for way, cuts in ways)
            result["cuts"] = [other for other in others if other[1] != result["events"]][:1]
            print(json.dumps(result))
        if skipped:
            print(json.dumps({"vector": v["name"], "skip": "no such configuration"}))
    for v in vectors("encode"):
        for name, encode in encoders(Spec(v["spec"])):
            result = {"encoder": name, "vector": v["name"]}
            try:
                result["wire"] = encode(bytes.fromhex(v["payload"])).hex()
            except Exception as e:
                result["refused"] = repr(e)[:80]
            print(json.dumps(result))
