package spec

import "slices"

// A Preset is the framing of a protocol, under the protocol's name.
type Preset struct {
	Name     string // "kafka"
	Protocol string // what is framed like this, in one line
	Spec     string // the spec that Name is short for: "length"
}

// presets lists all presets in the order of the documentation: by kind of protocol.
// testdata/decode/presets.json has a message of each, with its source.
var presets = []Preset{
	{"dns", "DNS over TCP and TLS", "length,width=2"},
	{"rtp", "RTP and RTCP over a stream", "length,width=2"},
	{"soupbintcp", "SoupBinTCP (ITCH, OUCH)", "length,width=2"},
	{"powerdns", "PowerDNS protobuf logging", "length,width=2"},
	{"kafka", "Kafka", "length"},
	{"zookeeper", "ZooKeeper", "length"},
	{"thrift", "Thrift, framed transport", "length"},
	{"hsms", "HSMS (SECS-II messages)", "length"},
	{"ssh-agent", "SSH agent", "length"},
	{"dnstap", "dnstap data frames (Frame Streams)", "length"},
	{"graphite-pickle", "Graphite, pickle receiver", "length"},
	{"native-messaging", "browser extensions, native messaging", "length,order=little"},
	{"rcon", "Source RCON", "length,order=little"},
	{"postgres-startup", "PostgreSQL, the first packet of a client", "length,includes-header"},
	{"postgres", "PostgreSQL, after the first packet", "length,offset=1,adjust=-4,keep"},
	{"mysql", "MySQL packets of less than 16 MiB", "length,width=3,order=little,adjust=1"},
	{"mongodb", "MongoDB", "length,order=little,includes-header,keep"},
	{"tds", "SQL Server (TDS) packets", "length,width=2,offset=2,includes-header,keep"},
	{"cassandra", "Cassandra native protocol 3 and 4", "length,offset=5,keep"},
	{"memcached-binary", "memcached, binary protocol", "length,offset=8,adjust=12,keep"},
	{"smpp", "SMPP 3.4", "length,includes-header,keep"},
	{"diameter", "Diameter", "length,width=3,offset=1,includes-header,magic=01,keep"},
	{"radius", "RADIUS over TCP and TLS", "length,width=2,offset=2,includes-header,keep"},
	{"bgp", "BGP", "length,width=2,offset=16,includes-header,magic=ffffffffffffffffffffffffffffffff,keep"},
	{"pcep", "PCEP", "length,width=2,offset=2,includes-header,keep"},
	{"ipfix", "IPFIX", "length,width=2,offset=2,includes-header,keep"},
	{"openflow", "OpenFlow", "length,width=2,offset=2,includes-header,keep"},
	{"stun", "STUN over TCP", "length,width=2,offset=2,adjust=16,keep"},
	{"tpkt", "TPKT (RDP, S7, ISO on TCP)", "length,width=2,offset=2,includes-header,magic=0300"},
	{"modbus", "Modbus/TCP", "length,width=2,offset=4,keep"},
	{"opcua", "OPC UA, binary", "length,order=little,offset=4,includes-header,keep"},
	{"ethernet-ip", "EtherNet/IP", "length,width=2,order=little,offset=2,adjust=20,keep"},
	{"iec104", "IEC 60870-5-104", "length,width=1,offset=1,magic=68"},
	{"dlms", "DLMS/COSEM, TCP wrapper", "length,width=2,offset=6,magic=0001,keep"},
	{"dicom", "DICOM upper layer", "length,offset=2,keep"},
	{"docker", "Docker, attach and log streams", "length,offset=4,keep"},
	{"amqp", "AMQP 0-9-1, after the protocol header", "length,offset=3,trailer=ce,keep"},
	{"amqp10", "AMQP 1.0, after the protocol header", "length,includes-header,keep"},
	{"http2", "HTTP/2, after the preface", "length,width=3,adjust=6,keep"},
	{"grpc", "gRPC messages, inside HTTP/2", "length,offset=1,keep"},
	{"rsocket", "RSocket over TCP", "length,width=3"},
	{"tls", "TLS records", "length,width=2,offset=3,keep"},
	{"smb", "SMB over TCP, NetBIOS session messages", "length,width=3,offset=1,magic=00"},
	{"9p", "9P2000", "length,order=little,includes-header,keep"},
	{"uwsgi", "uwsgi", "length,width=2,order=little,offset=1,adjust=1,keep"},
	{"proxy-v2", "PROXY protocol version 2, the header", "length,width=2,offset=14,magic=0d0a0d0a000d0a515549540a,keep"},
	{"bitcoin", "Bitcoin, main network", "length,order=little,offset=16,adjust=4,magic=f9beb4d9,keep"},
	{"tfrecord", "TFRecord files", "length,width=8,order=little,adjust=8,keep"},
	{"knx", "KNXnet/IP over TCP", "length,width=2,offset=4,includes-header,magic=0610,keep"},
	{"iso8583", "ISO 8583 after a length of 2 bytes", "length,width=2"},
	{"iso8583-ascii", "ISO 8583 after a length of 4 decimal digits", "length,digits=decimal"},
	{"iso8583-hex", "ISO 8583 after a length of 4 hexadecimal digits", "length,digits=hex"},
	{"iso8583-bcd", "ISO 8583 after a length of 2 bytes of BCD", "length,width=2,digits=bcd"},
	{"adb", "Android Debug Bridge, requests of a client", "length,digits=hex"},
	{"ubx", "UBX of u-blox receivers, its checksum not verified", "length,width=2,order=little,offset=4,adjust=2,magic=b562,resync,keep"},
	{"protobuf", "delimited protocol buffers", "varint"},
	{"libp2p", "libp2p, multistream-select", "varint"},
	{"mqtt", "MQTT", "varint,offset=1,max-bytes=4,keep"},
	{"redis", "Redis and Valkey, both directions", "resp"},
	{"onc-rpc", "ONC RPC over TCP: NFS, rpcbind", "record-mark"},
	{"hdlc", "HDLC in asynchronous mode, PPP", "stuffed,table=hdlc,check=crc16-x25"},
	{"jt808", "JT/T 808, vehicles in China", "stuffed,table=jt808,check=xor8"},
	{"ndjson", "newline-delimited JSON, MCP over stdio", "line"},
	{"syslog-tcp", "syslog over TCP, octet-counted or in lines", "syslog"},
	{"syslog-tls", "syslog over TLS", "octet-count"},
	{"gelf", "GELF over TCP", "delimiter,hex=00"},
	{"smtp", "SMTP commands and replies, also POP3, IMAP and FTP", "crlf"},
	{"smtp-data", "SMTP mail text, also replies of many lines of POP3 and NNTP", "dot"},
	{"lsp", "Language Server Protocol, Debug Adapter Protocol", "content-length"},
	{"sip", "SIP over TCP and TLS", "text-head,protocol=sip"},
	{"rtsp", "RTSP, without interleaved data", "text-head,protocol=rtsp"},
	{"stomp", "STOMP 1.0 to 1.2", "text-head,protocol=stomp"},
	{"nats", "NATS client protocol, both directions", "text-head,protocol=nats"},
	{"memcached", "memcached, text protocol, both directions", "text-head,protocol=memcached"},
	{"mllp", "HL7 messages over MLLP", "enclosed,begin=0b,end=1c0d,noise=skip"},
	{"json-seq", "JSON text sequences, a text on one line", "enclosed,begin=1e,end=0a"},
	{"scgi", "SCGI request headers", "netstring"},
}

// Presets returns all presets. The caller may modify the result.
func Presets() []Preset { return slices.Clone(presets) }

// preset returns the spec that name is short for.
func preset(name string) (spec string, ok bool) {
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return "", false
	}
	return presets[i].Spec, true
}
