// Echo on Node.js with split2 (line) and frame-stream (length): echo.mjs HOST:PORT line|length.
//
// After the documentation of node:net and the READMEs of the two modules. SIGTERM
// and SIGINT close the server, as server.close describes.
import { createServer } from "node:net";
import frame from "frame-stream";
import split2 from "split2";

const [addr, framing] = process.argv.slice(2);
const [host, port] = addr.split(":");
const max = 1 << 20;

const server = createServer((socket) => {
  socket.on("error", () => socket.destroy());
  if (framing === "line") {
    // It strips a carriage return before the newline.
    const lines = socket.pipe(split2({ maxLength: max }));
    lines.on("data", (line) => socket.write(line + "\r\n"));
    lines.on("error", () => socket.destroySoon());
  } else {
    const frames = socket.pipe(frame.decode({ maxSize: max }));
    const answers = frame.encode();
    answers.pipe(socket);
    frames.on("data", (payload) => answers.write(payload));
    frames.on("error", () => socket.destroySoon());
  }
});
server.listen(+port, host);
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => server.close(() => process.exit(0)));
