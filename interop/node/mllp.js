// node mllp.js PORT VIA: a server at PORT, to which messages are sent by way of the port VIA.
import mllp from "mllp-node";

const [port, via] = process.argv.slice(2).map(Number);
const server = new mllp.MLLPServer("127.0.0.1", port, () => {});
server.on("hl7", (message) => console.log(`received ${message.length}`));

for (const size of [1, 10, 20_000]) {
  const segments = `MSH|^~\\&|A|B|C|D|20260101000000||ORU^R01|${size}|P|2.3\rOBX|1|TX|||${"x".repeat(size)}`;
  await new Promise((resolve, reject) => {
    server.send("127.0.0.1", via, segments, (error, ack) => {
      if (error) return reject(error);
      console.log(`sent ${segments.length}, ${ack}`);
      resolve();
    });
  });
}
process.exit();
