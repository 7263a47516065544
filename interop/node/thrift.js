// node thrift.js PORT VIA: a server at PORT, which is called by way of the port VIA. The service is
// written by hand: service Echo { binary echo(1: binary payload) }
import { once } from "node:events";
import thrift from "thrift";

const { MessageType, Type } = thrift.Thrift;
const [port, via] = process.argv.slice(2).map(Number);
const options = { transport: thrift.TFramedTransport, protocol: thrift.TBinaryProtocol };

// write writes a message of one field, the arguments or the result of echo.
function write(protocol, type, seqid, field, payload) {
  protocol.writeMessageBegin("echo", type, seqid);
  protocol.writeStructBegin("echo");
  protocol.writeFieldBegin("payload", Type.STRING, field);
  protocol.writeBinary(payload);
  protocol.writeFieldEnd();
  protocol.writeFieldStop();
  protocol.writeStructEnd();
  protocol.writeMessageEnd();
  protocol.flush();
}

// read reads what write writes after the beginning of the message.
function read(protocol) {
  protocol.readStructBegin();
  protocol.readFieldBegin();
  const payload = protocol.readBinary();
  protocol.readFieldEnd();
  protocol.readFieldBegin();
  protocol.readStructEnd();
  protocol.readMessageEnd();
  return payload;
}

class Processor {
  process(input, output) {
    const { rseqid } = input.readMessageBegin();
    const payload = read(input);
    console.log(`received ${payload.length}`);
    write(output, MessageType.REPLY, rseqid, 0, payload);
  }
}

class Client {
  _reqs = {};
  constructor(transport, Protocol) {
    this.protocol = new Protocol(transport);
  }
  echo(seqid, payload) {
    return new Promise((resolve) => {
      this._reqs[seqid] = (error, reply) => resolve(reply);
      write(this.protocol, MessageType.CALL, seqid, 1, payload);
    });
  }
  recv_echo(input, type, request) {
    this._reqs[request](null, read(input));
  }
}

const server = thrift.createServer(Processor, {}, options);
server.listen(port, "127.0.0.1");
await once(server, "listening");

const connection = thrift.createConnection("127.0.0.1", via, options);
await once(connection, "connect");
const client = thrift.createClient(Client, connection);
const payloads = [0, 1, 10, 100_000].map((size) => Buffer.alloc(size, "x\0"));
const replies = await Promise.all(payloads.map((payload, i) => client.echo(i + 1, payload)));
console.log(replies.map((reply, i) => reply.equals(payloads[i])).join(" "));
process.exit();
