// Plays the wire vectors on modules of npm: vectors.mjs TESTDATA.
import { readFileSync, readdirSync } from "node:fs";
import { PassThrough } from "node:stream";
import { makeNetstringReader, makeNetstringWriter } from "@endo/netstring";
import { ByteLengthParser } from "@serialport/parser-byte-length";
import { DelimiterParser } from "@serialport/parser-delimiter";
import { ReadlineParser } from "@serialport/parser-readline";
import { SlipDecoder, SlipEncoder } from "@serialport/parser-slip-encoder";
import binarySplit from "binary-split";
import cobs from "cobs";
import frameStream from "frame-stream";
import * as lengthPrefixed from "it-length-prefixed";
import lengthPrefixedStream from "length-prefixed-stream";
import slip from "slip";
import split2 from "split2";
import rpc from "vscode-jsonrpc/node";

const frame = (payload) => `frame ${Buffer.from(payload).toString("hex")}`.trim();
const tick = () => new Promise(setImmediate);

// The name of a spec, its keys, and its delimiters in order.
function parse(text) {
  const [name, ...rest] = text.split(",");
  const s = { name, keys: {}, delimiters: name === "crlf" ? [Buffer.from("\r\n")] : [] };
  for (const key of rest) {
    const [k, value] = key.split("=");
    if (k === "hex") s.delimiters.push(Buffer.from(value, "hex"));
    else s.keys[k] = value ?? true;
  }
  s.only = (...known) => Object.keys(s.keys).every((k) => known.includes(k));
  return s;
}

// event returns the event that an error is.
function event(error) {
  const text = String(error.message ?? error);
  if (/larger than|too large|too long|maximum buffer|exceeds|not allowed to be bigger|max/i.test(text)) return "too_large";
  if (/unexpected end|dangling|ended/i.test(text)) return "unexpected_eof";
  return `error ${text.slice(0, 60)}`;
}

// A player takes the pieces of a stream, none of them empty, and returns events.
// This one is for a stream that transforms. With passEmpty what is empty is not an event:
// it delivers a frame wherever the framing has fill.
const transformed = (make, passEmpty) => async (pieces) => {
  const events = [];
  const stream = make();
  stream.on("data", (payload) => { if (payload.length > 0 || !passEmpty) events.push(frame(payload)); });
  stream.on("error", (error) => events.push(event(error)));
  for (const piece of pieces) {
    if (stream.destroyed) break;
    stream.write(piece);
    if (pieces.length < 3) await tick();
  }
  if (!stream.destroyed) stream.end();
  for (let i = 0; i < 3; i++) await tick();
  return events;
};

// This one is for a function of an async iterable.
const iterated = (make) => async (pieces) => {
  const events = [];
  try {
    for await (const payload of make(pieces)) events.push(frame(payload.subarray()));
  } catch (error) {
    events.push(event(error));
  }
  return events;
};

const slipped = (max) => async (pieces) => {
  const events = [];
  const decoder = new slip.Decoder({
    maxMessageSize: max ?? 1 << 20,
    bufferSize: Math.min(max ?? 1024, 1024),
    onMessage: (payload) => { if (payload.length > 0) events.push(frame(payload)); },
    onError: (_, text) => events.push(event(text)),
  });
  for (const piece of pieces) decoder.decode(new Uint8Array(piece));
  return events;
};

const cobsed = async (pieces) => {
  const events = [];
  let rest = Buffer.alloc(0);
  for (const piece of pieces) {
    rest = Buffer.concat([rest, piece]);
    for (let zero = rest.indexOf(0); zero >= 0; zero = rest.indexOf(0)) {
      if (zero > 0) {
        try { events.push(frame(cobs.decode(rest.subarray(0, zero)))); } catch (error) { events.push(event(error)); }
      }
      rest = rest.subarray(zero + 1);
    }
  }
  return events;
};

const rpced = async (pieces) => {
  const events = [];
  const source = new PassThrough();
  const decode = async (payload) => { events.push(frame(payload)); return {}; };
  const reader = new rpc.StreamMessageReader(source, { contentTypeDecoder: { name: "bytes", decode } });
  reader.onError((error) => events.push(event(error)));
  reader.listen(() => {});
  for (const piece of pieces) {
    source.write(piece);
    if (pieces.length < 3) await tick();
  }
  source.end();
  for (let i = 0; i < 4; i++) await tick();
  return events;
};

// lengthOf returns a lengthDecoder for a field of fixed size.
function lengthOf(width, order) {
  const decode = (bytes) => {
    if (bytes.byteLength < width) throw new RangeError("need more");
    const b = Buffer.from(bytes.subarray(0, width));
    return order === "little" ? b.readUIntLE(0, width) : b.readUIntBE(0, width);
  };
  return Object.assign(decode, { bytes: width });
}

// decoders returns a module and a player for each module that has such a configuration.
function decoders(s, max, unterminated) {
  const most = max ?? Number.MAX_SAFE_INTEGER;
  const width = Number(s.keys.width ?? 4);
  const found = [];
  switch (s.name) {
    case "line":
      if (!s.only()) break;
      found.push(["split2", transformed(() => split2({ maxLength: max }))]);
      if (!unterminated) found.push(["@serialport/parser-readline", transformed(() => new ReadlineParser({ delimiter: "\n", encoding: null }))]);
      return found;
    case "crlf":
    case "delimiter":
      if (s.delimiters.length !== 1 || !s.only("keep")) break;
      found.push(["@serialport/parser-delimiter", transformed(() => new DelimiterParser({ delimiter: s.delimiters[0], includeDelimiter: !!s.keys.keep }))]);
      if (!s.keys.keep) found.push(["binary-split", transformed(() => binarySplit(s.delimiters[0]))]);
      break;
    case "fixed":
      if (s.only("size")) found.push(["@serialport/parser-byte-length", transformed(() => new ByteLengthParser({ length: Number(s.keys.size) }))]);
      break;
    case "varint":
      if (!s.only("non-minimal")) break;
      found.push(["length-prefixed-stream", transformed(() => lengthPrefixedStream.decode({ allowEmpty: true, limit: max }))]);
      if (s.only()) found.push(["it-length-prefixed", iterated((source) => lengthPrefixed.decode(source, { maxDataLength: most }))]);
      break;
    case "length":
      if (!s.only("width", "order") || width > 6) break;
      if (!s.keys.order) found.push(["frame-stream", transformed(() => frameStream.decode({ lengthSize: width, getLength: (b) => b.readUIntBE(0, width), maxSize: max ?? 0 }))]);
      found.push(["it-length-prefixed", iterated((source) => lengthPrefixed.decode(source, { lengthDecoder: lengthOf(width, s.keys.order), maxDataLength: most, maxLengthLength: width }))]);
      break;
    case "netstring":
      if (s.only()) found.push(["@endo/netstring", iterated((source) => makeNetstringReader(source, max === undefined ? {} : { maxMessageLength: max }))]);
      break;
    case "slip":
      if (!s.only("leading-end")) break;
      found.push(["@serialport/parser-slip-encoder", transformed(() => new SlipDecoder({ readableObjectMode: true }), true)]);
      found.push(["slip", slipped(max)]);
      break;
    case "cobs":
      if (s.only()) found.push(["cobs", cobsed]);
      break;
    case "content-length":
      if (s.only()) found.push(["vscode-jsonrpc", rpced]);
      break;
  }
  return unterminated ? [] : found;
}

// encoders returns a module and a function that writes a frame for each module that has
// such a configuration.
function encoders(s) {
  const written = (make) => async (payload) => {
    const parts = [];
    const stream = make();
    stream.on("data", (part) => parts.push(part));
    stream.end(payload);
    await tick();
    await tick();
    return Buffer.concat(parts);
  };
  const width = Number(s.keys.width ?? 4);
  const quirk = !!s.keys["leading-end"];
  switch (s.name) {
    case "varint":
      if (!s.only("non-minimal")) return [];
      return [
        ["length-prefixed-stream", written(lengthPrefixedStream.encode)],
        ["it-length-prefixed", (payload) => lengthPrefixed.encode.single(payload).subarray()],
      ];
    case "length":
      if (!s.only("width") || width > 6) return [];
      return [["frame-stream", written(() => frameStream.encode({ lengthSize: width, setLength: (b, n) => b.writeUIntBE(n, 0, width) }))]];
    case "netstring":
      if (!s.only()) return [];
      return [["@endo/netstring", async (payload) => {
        const parts = [];
        await makeNetstringWriter({ next: async (part) => { parts.push(Buffer.from(part)); return { done: false }; } }).next(payload);
        return Buffer.concat(parts);
      }]];
    case "slip":
      if (!s.only("leading-end")) return [];
      return [
        ["@serialport/parser-slip-encoder", written(() => new SlipEncoder({ bluetoothQuirk: quirk }))],
        ...(quirk ? [["slip", (payload) => slip.encode(payload)]] : []),
      ];
    case "cobs":
      return s.only() ? [["cobs", (payload) => Buffer.concat([cobs.encode(payload), Buffer.from([0])])]] : [];
  }
  return [];
}

// What a module throws outside of any call is an event of the vector that is played.
let stray = [];
process.on("uncaughtException", (error) => stray.push(event(error)));
process.on("unhandledRejection", (error) => stray.push(event(error ?? "rejected")));

async function decode(v) {
  const max = v.max_payload === undefined ? undefined : Number(v.max_payload);
  const wire = Buffer.from(v.wire, "hex");
  const found = decoders(parse(v.spec), max, v.accept_unterminated);
  if (found.length === 0) console.log(JSON.stringify({ vector: v.name, skip: "no such configuration" }));
  for (const [module, play] of found) {
    const run = async (pieces) => {
      stray = [];
      let events;
      try { events = await play(pieces.filter((piece) => piece.length > 0)); } catch (error) { events = [event(error)]; }
      return events.concat(stray);
    };
    const events = await run([wire]);
    const ways = [["bytes", [...wire].map((byte) => Buffer.from([byte]))]];
    for (let cut = 1; cut < Math.min(wire.length, 80); cut++) ways.push([`cut ${cut}`, [wire.subarray(0, cut), wire.subarray(cut)]]);
    const cuts = [];
    for (const [way, pieces] of ways) {
      const other = await run(pieces);
      if (JSON.stringify(other) === JSON.stringify(events)) continue;
      cuts.push([way, other]);
      break;
    }
    console.log(JSON.stringify({ decoder: `npm ${module}`, vector: v.name, events, cuts }));
  }
}

async function encode(v) {
  for (const [module, write] of encoders(parse(v.spec))) {
    const result = { encoder: `npm ${module}`, vector: v.name };
    stray = [];
    try { result.wire = Buffer.from(await write(Buffer.from(v.payload, "hex"))).toString("hex"); } catch (error) { result.refused = String(error.message); }
    if (stray.length > 0) { result.refused = stray[0]; delete result.wire; }
    console.log(JSON.stringify(result));
  }
}

const testdata = process.argv[2];
for (const [kind, play] of [["decode", decode], ["encode", encode]]) {
  for (const file of readdirSync(`${testdata}/${kind}`).sort()) {
    for (const v of JSON.parse(readFileSync(`${testdata}/${kind}/${file}`))) await play(v);
  }
}
process.exit(0);
