// node rsocket.js PORT VIA: a server at PORT, to which requests are sent by way of the port VIA.
import { once } from "node:events";
import { createServer } from "node:net";
import core from "rsocket-core";
import { Single } from "rsocket-flowable";
import tcpClient from "rsocket-tcp-client";
import tcpServer from "rsocket-tcp-server";

const [port, via] = process.argv.slice(2).map(Number);
let listener;
const serverFactory = (connected) => (listener = createServer(connected));
const server = new core.RSocketServer({
  transport: new tcpServer.default({ host: "127.0.0.1", port, serverFactory }, core.BufferEncoders),
  getRequestHandler: () => ({
    requestResponse({ data }) {
      console.log(`received ${data.length}`);
      return Single.of({ data });
    },
  }),
});
server.start();
await once(listener, "listening");

const client = new core.RSocketClient({
  transport: new tcpClient.default({ host: "127.0.0.1", port: via }, core.BufferEncoders),
  setup: { keepAlive: 600_000, lifetime: 1_200_000, dataMimeType: "text/plain", metadataMimeType: "text/plain" },
});
const socket = await client.connect();
for (const size of [1, 10, 100_000]) {
  const data = Buffer.alloc(size, "x\0");
  const answer = await socket.requestResponse({ data });
  console.log(`answered ${data.equals(answer.data)}`);
}
process.exit();
