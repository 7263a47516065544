package spec

import "slices"

// A Preset is the framing of a protocol, under the protocol's name.
type Preset struct {
	Name     string // "kafka"
	Protocol string // what is framed like this, in one line
	Spec     string // the spec that Name is short for: "length"
	Kind     string // the group of protocols in which Help and the documentation list it
}

const (
	brokers   = "queues and brokers"
	databases = "databases and caches"
	calls     = "calls and messages between programs"
	networks  = "networks"
	logs      = "logs and measurements"
	media     = "mail, telephony and media"
	files     = "files and devices"
	industry  = "industry, buildings and vehicles"
	records   = "hospitals, payments and markets"
)

// presets lists all presets in the order of the documentation: by kind.
// testdata/decode/presets.json has a message of each, with its source.
var presets = []Preset{
	{"kafka", "Kafka", "length", brokers},
	{"pulsar", "Pulsar", "length", brokers},
	{"amqp", "AMQP 0-9-1, after the protocol header", "length,offset=3,trailer=ce,keep", brokers},
	{"amqp10", "AMQP 1.0, after the protocol header", "length,includes-header,keep", brokers},
	{"mqtt", "MQTT", "varint,offset=1,max-bytes=4,keep", brokers},
	{"nats", "NATS client protocol, both directions", "text-head,protocol=nats", brokers},
	{"stomp", "STOMP 1.0 to 1.2", "text-head,protocol=stomp", brokers},
	{"redis", "Redis and Valkey, both directions", "resp", databases},
	{"memcached", "memcached, text protocol, both directions", "text-head,protocol=memcached", databases},
	{"memcached-binary", "memcached, binary protocol", "length,offset=8,adjust=12,keep", databases},
	{"postgres-startup", "PostgreSQL, the first packet of a client", "length,includes-header", databases},
	{"postgres", "PostgreSQL, after the first packet", "length,offset=1,adjust=-4,keep", databases},
	{"mysql", "MySQL packets of less than 16 MiB", "length,width=3,order=little,adjust=1", databases},
	{"mongodb", "MongoDB", "length,order=little,includes-header,keep", databases},
	{"bson", "BSON documents, files of mongodump", "length,order=little,includes-header,keep", databases},
	{"tds", "SQL Server (TDS) packets", "length,width=2,offset=2,includes-header,keep", databases},
	{"cassandra", "Cassandra native protocol 3 and 4", "length,offset=5,keep", databases},
	{"zookeeper", "ZooKeeper", "length", databases},
	{"http2", "HTTP/2, after the preface", "length,width=3,adjust=6,keep", calls},
	{"grpc", "gRPC messages, inside HTTP/2", "length,offset=1,keep", calls},
	{"thrift", "Thrift, framed transport", "length", calls},
	{"rsocket", "RSocket over TCP", "length,width=3", calls},
	{"onc-rpc", "ONC RPC over TCP: NFS, rpcbind", "record-mark", calls},
	{"uwsgi", "uwsgi", "length,width=2,order=little,offset=1,adjust=1,keep", calls},
	{"scgi", "SCGI request headers", "netstring", calls},
	{"protobuf", "delimited protocol buffers", "varint", calls},
	{"libp2p", "libp2p, multistream-select", "varint", calls},
	{"ndjson", "newline-delimited JSON, MCP over stdio", "line", calls},
	{"json-seq", "JSON text sequences, a text on one line", "enclosed,begin=1e,end=0a", calls},
	{"lsp", "Language Server Protocol, Debug Adapter Protocol", "content-length", calls},
	{"native-messaging", "browser extensions, native messaging", "length,order=little", calls},
	{"rcon", "Source RCON", "length,order=little", calls},
	{"dns", "DNS over TCP and TLS", "length,width=2", networks},
	{"tls", "TLS records", "length,width=2,offset=3,keep", networks},
	{"ssh-agent", "SSH agent", "length", networks},
	{"proxy-v2", "PROXY protocol version 2, the header", "length,width=2,offset=14,magic=0d0a0d0a000d0a515549540a,keep", networks},
	{"stun", "STUN over TCP", "length,width=2,offset=2,adjust=16,keep", networks},
	{"bgp", "BGP", "length,width=2,offset=16,includes-header,magic=ffffffffffffffffffffffffffffffff,keep", networks},
	{"pcep", "PCEP", "length,width=2,offset=2,includes-header,keep", networks},
	{"openflow", "OpenFlow", "length,width=2,offset=2,includes-header,keep", networks},
	{"radius", "RADIUS over TCP and TLS", "length,width=2,offset=2,includes-header,keep", networks},
	{"diameter", "Diameter", "length,width=3,offset=1,includes-header,magic=01,keep", networks},
	{"hdlc", "HDLC in asynchronous mode, PPP", "stuffed,table=hdlc,check=crc16-x25", networks},
	{"syslog-tcp", "syslog over TCP, octet-counted or in lines", "syslog", logs},
	{"syslog-tls", "syslog over TLS", "octet-count", logs},
	{"gelf", "GELF over TCP", "delimiter,hex=00", logs},
	{"dnstap", "dnstap data frames (Frame Streams)", "length", logs},
	{"powerdns", "PowerDNS protobuf logging", "length,width=2", logs},
	{"ipfix", "IPFIX", "length,width=2,offset=2,includes-header,keep", logs},
	{"graphite-pickle", "Graphite, pickle receiver", "length", logs},
	{"smtp", "SMTP commands and replies, also POP3, IMAP and FTP", "crlf", media},
	{"smtp-data", "SMTP mail text, also replies of many lines of POP3 and NNTP", "dot", media},
	{"sip", "SIP over TCP and TLS", "text-head,protocol=sip", media},
	{"rtsp", "RTSP, without interleaved data", "text-head,protocol=rtsp", media},
	{"rtp", "RTP and RTCP over a stream", "length,width=2", media},
	{"smpp", "SMPP 3.4", "length,includes-header,keep", media},
	{"9p", "9P2000", "length,order=little,includes-header,keep", files},
	{"smb", "SMB over TCP, NetBIOS session messages", "length,width=3,offset=1,magic=00", files},
	{"tfrecord", "TFRecord files", "length,width=8,order=little,adjust=8,keep", files},
	{"docker", "Docker, attach and log streams", "length,offset=4,keep", files},
	{"adb", "Android Debug Bridge, requests of a client", "length,digits=hex", files},
	{"modbus", "Modbus/TCP", "length,width=2,offset=4,keep", industry},
	{"opcua", "OPC UA, binary", "length,order=little,offset=4,includes-header,keep", industry},
	{"ethernet-ip", "EtherNet/IP", "length,width=2,order=little,offset=2,adjust=20,keep", industry},
	{"iec104", "IEC 60870-5-104", "length,width=1,offset=1,magic=68", industry},
	{"fins", "Omron FINS/TCP", "length,offset=4,magic=46494e53,keep", industry},
	{"dlms", "DLMS/COSEM, TCP wrapper", "length,width=2,offset=6,magic=0001,keep", industry},
	{"knx", "KNXnet/IP over TCP", "length,width=2,offset=4,includes-header,magic=0610,keep", industry},
	{"tpkt", "TPKT (RDP, S7, ISO on TCP)", "length,width=2,offset=2,includes-header,magic=0300", industry},
	{"hsms", "HSMS (SECS-II messages)", "length", industry},
	{"jt808", "JT/T 808, vehicles in China", "stuffed,table=jt808,check=xor8", industry},
	{"doip", "DoIP, diagnostics of vehicles", "length,offset=4,keep", industry},
	{"someip", "SOME/IP", "length,offset=4,keep", industry},
	{"ubx", "UBX of u-blox receivers, its checksum not verified", "length,width=2,order=little,offset=4,adjust=2,magic=b562,resync,keep", industry},
	{"mavlink1", "MAVLink 1, its checksum not verified", "length,width=1,offset=1,adjust=6,magic=fe,keep", industry},
	{"mllp", "HL7 messages over MLLP", "enclosed,begin=0b,end=1c0d,noise=skip", records},
	{"dicom", "DICOM upper layer", "length,offset=2,keep", records},
	{"iso8583", "ISO 8583 after a length of 2 bytes", "length,width=2", records},
	{"iso8583-ascii", "ISO 8583 after a length of 4 decimal digits", "length,digits=decimal", records},
	{"iso8583-hex", "ISO 8583 after a length of 4 hexadecimal digits", "length,digits=hex", records},
	{"iso8583-bcd", "ISO 8583 after a length of 2 bytes of BCD", "length,width=2,digits=bcd", records},
	{"soupbintcp", "SoupBinTCP (ITCH, OUCH)", "length,width=2", records},
	{"bitcoin", "Bitcoin, main network", "length,order=little,offset=16,adjust=4,magic=f9beb4d9,keep", records},
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
