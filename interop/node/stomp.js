// node stomp.js PORT: sends two messages to itself. The first has no content-length.
import stompit from "stompit";

const messages = ["hello", "two\nlines\0"];
const destination = "/queue/interop";
const connectHeaders = { host: "/", login: "guest", passcode: "guest" };

stompit.connect({ host: "127.0.0.1", port: Number(process.argv[2]), connectHeaders }, (error, client) => {
  if (error) throw error;
  let received = 0;
  client.subscribe({ destination, ack: "auto" }, (error, message) => {
    if (error) throw error;
    message.readString("utf-8", (error, body) => {
      if (error) throw error;
      console.log(`received ${JSON.stringify(body)}`);
      if (++received == messages.length) client.disconnect();
    });
  });
  client.send({ destination }).end(messages[0]);
  client.send({ destination, "content-length": messages[1].length }).end(messages[1]);
});
