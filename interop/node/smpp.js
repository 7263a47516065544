// node smpp.js PORT VIA: a server at PORT, to which messages are sent by way of the port VIA.
import { once } from "node:events";
import smpp from "smpp";

const [port, via] = process.argv.slice(2).map(Number);
const server = smpp.createServer((session) => {
  session.on("bind_transceiver", (pdu) => session.send(pdu.response()));
  session.on("submit_sm", (pdu) => {
    console.log(`received ${(pdu.message_payload ?? pdu.short_message).message.length}`);
    session.send(pdu.response({ message_id: String(pdu.sequence_number) }));
  });
  session.on("unbind", (pdu) => session.send(pdu.response()));
});
server.listen(port, "127.0.0.1");
await once(server, "listening");

const session = smpp.connect({ url: `smpp://127.0.0.1:${via}` });
await once(session, "connect");
const call = (name, options) => new Promise((resolve) => session[name](options, resolve));
const send = async (name, options) => {
  const { command_status } = await call(name, options);
  console.log(`${name} ${command_status}`);
};
await send("bind_transceiver", { system_id: "a", password: "b" });
await send("submit_sm", { destination_addr: "1", short_message: "hello" });
await send("submit_sm", { destination_addr: "1", message_payload: "x".repeat(10_000) });
await send("unbind", {});
process.exit();
