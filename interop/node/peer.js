// node peer.js FRAMING read:  frames from standard input, to payloads
// node peer.js FRAMING write: payloads from standard input, to frames
//
// A payload is a line of hexadecimal digits there.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { makeNetstringReader, makeNetstringWriter } from "@endo/netstring";
import { SlipDecoder, SlipEncoder } from "@serialport/parser-slip-encoder";
import cobs from "cobs";

const { stdin, stdout } = process;

async function* payloads() {
  for await (const line of createInterface({ input: stdin })) yield Buffer.from(line, "hex");
}

const show = (payload) => stdout.write(Buffer.from(payload).toString("hex") + "\n");

function slip(options) {
  return {
    async read() {
      // An empty one is what lies between two ENDs, or behind the last.
      for await (const payload of stdin.pipe(new SlipDecoder({ readableObjectMode: true }))) {
        if (payload.length > 0) show(payload);
      }
    },
    async write() {
      const encoder = new SlipEncoder(options);
      encoder.pipe(stdout);
      for await (const payload of payloads()) {
        if (!encoder.write(payload)) await once(encoder, "drain");
      }
      encoder.end();
    },
  };
}

const framings = {
  netstring: {
    async read() {
      for await (const payload of makeNetstringReader(stdin)) show(payload);
    },
    async write() {
      const writer = makeNetstringWriter({ next: async (frame) => stdout.write(frame) });
      for await (const payload of payloads()) await writer.next(payload);
    },
  },
  slip: slip({}),
  "slip,leading-end": slip({ bluetoothQuirk: true }), // an END before each packet too
  cobs: {
    async read() {
      let rest = Buffer.alloc(0);
      for await (const chunk of stdin) {
        rest = Buffer.concat([rest, chunk]);
        for (let zero; (zero = rest.indexOf(0)) >= 0; rest = rest.subarray(zero + 1)) {
          show(cobs.decode(rest.subarray(0, zero)));
        }
      }
    },
    async write() {
      for await (const payload of payloads()) stdout.write(cobs.encode(payload, true));
    },
  },
};

const [framing, direction] = process.argv.slice(2);
await framings[framing][direction]();
