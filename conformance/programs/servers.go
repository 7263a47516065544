package programs

// Servers are echo servers. Their arguments are HOST:PORT, and line or length:
// payloads that end with a newline, or with their length before them in four bytes,
// big-endian; of at most 1 MiB. Where one has a time for closing, that is below
// the eight seconds for which framecheck waits.
var Servers = []Program{
	{
		Name: "wholeframe", Frames: "cmd/echo", After: "README.md",
		Dir:     "../cmd/echo",
		Compile: []string{"go", "build", "-o", "{out}/echo", "."},
		Run:     []string{"{out}/echo", "-addr={addr}", "-framing={framing}", "-grace=6s"},
		Version: []string{"git", "log", "-1", "--format=%h"},
	},
	goServer("scanner", "bufio.Scanner", "https://pkg.go.dev/bufio#Scanner", "go", "env", "GOVERSION"),
	goServer("goframe", "smallnest/goframe", "https://github.com/smallnest/goframe",
		"go", "list", "-m", "-f", "{{.Version}}", "github.com/smallnest/goframe"),
	goServer("gnet", "panjf2000/gnet", "https://pkg.go.dev/github.com/panjf2000/gnet/v2",
		"go", "list", "-m", "-f", "{{.Version}}", "github.com/panjf2000/gnet/v2"),
	{
		Name: "netty", Frames: "LineBasedFrameDecoder, LengthFieldBasedFrameDecoder",
		After:    "https://netty.io/wiki/user-guide-for-4.x.html",
		Dir:      "servers/netty",
		Commands: []string{"java", "javac"}, Packages: []string{"libnetty-java"},
		Compile: []string{"javac", "-cp", nettyJars, "-d", "{out}", "EchoServer.java"},
		Run:     []string{"java", "-cp", "{out}:" + nettyJars, "EchoServer", "{addr}", "{framing}"},
		Version: debian("libnetty-java"),
	},
	{
		Name: "tokio-util", Frames: "LinesCodec, LengthDelimitedCodec",
		After: "https://docs.rs/tokio-util/latest/tokio_util/codec, https://tokio.rs/tokio/tutorial",
		Dir:   "servers/tokio", Commands: []string{"cargo"},
		Packages: []string{"librust-tokio-util-dev", "librust-tokio-dev", "librust-futures-dev"},
		Compile:  cargo,
		Run:      []string{"{out}/release/echo", "{addr}", "{framing}"},
		Version:  debian("librust-tokio-util-dev"),
	},
	{
		Name: "twisted", Frames: "LineReceiver, Int32StringReceiver",
		After: "https://docs.twisted.org/en/stable/core/howto/servers.html",
		Dir:   "servers/twisted", Commands: []string{python}, Packages: []string{"python3-twisted"},
		Run:     []string{python, "{dir}/echo.py", "{addr}", "{framing}"},
		Version: debian("python3-twisted"),
	},
	{
		Name: "erlang", Frames: "gen_tcp, {packet, line}, {packet, 4}",
		After: "https://www.erlang.org/doc/apps/kernel/gen_tcp.html",
		Dir:   "servers/erlang", Commands: []string{"escript"},
		Run:     []string{"escript", "{dir}/echo.escript", "{addr}", "{framing}"},
		Version: erlangVersion,
	},
	{
		Name: "node", Frames: "split2, frame-stream",
		After: "https://nodejs.org/api/net.html, https://github.com/mcollina/split2, https://github.com/davedoesdev/frame-stream",
		Dir:   "servers/node", Commands: []string{"node", "npm"},
		Compile: npm,
		Run:     []string{"node", "{dir}/echo.mjs", "{addr}", "{framing}"},
		Version: nodeVersion,
	},
	{
		Name: "asyncio", Frames: "StreamReader",
		After: "https://docs.python.org/3/library/asyncio-stream.html",
		Dir:   "servers/asyncio", Commands: []string{python},
		Run:     []string{python, "{dir}/echo.py", "{addr}", "{framing}"},
		Version: []string{python, "--version"},
	},
}

// Runners play the wire vectors of testdata, whose folder is their argument, on
// decoders and encoders, and print results.
var Runners = []Program{
	{
		Name: "netty", Dir: "vectors/runners/netty",
		Commands: []string{"java", "javac"}, Packages: []string{"libnetty-java", "libgoogle-gson-java"},
		Compile: []string{"javac", "-cp", nettyJars + ":/usr/share/java/gson.jar", "-d", "{out}", "Vectors.java"},
		Run:     []string{"java", "-cp", "{out}:" + nettyJars + ":/usr/share/java/gson.jar", "-Dio.netty.noUnsafe=true", "Vectors"},
		Version: debian("libnetty-java"),
	},
	{
		Name: "tokio-util", Dir: "vectors/runners/tokio", Commands: []string{"cargo"},
		Packages: []string{"librust-tokio-util-dev", "librust-serde-json-dev"},
		Compile:  cargo,
		Run:      []string{"{out}/release/vectors"},
		Version:  debian("librust-tokio-util-dev"),
	},
	{
		Name: "twisted", Dir: "vectors/runners/python", Commands: []string{python}, Packages: []string{"python3-twisted"},
		Run:     []string{python, "{dir}/twisted_vectors.py"},
		Version: debian("python3-twisted"),
	},
	{
		Name: "asyncio", Dir: "vectors/runners/python", Commands: []string{python},
		Run:     []string{python, "{dir}/asyncio_vectors.py"},
		Version: []string{python, "--version"},
	},
	{
		Name: "erlang", Dir: "vectors/runners/erlang", Commands: []string{"escript", "jq"},
		Run:     []string{"{dir}/run.sh"},
		Version: erlangVersion,
	},
	{
		Name: "node", Dir: "vectors/runners/node", Commands: []string{"node", "npm"},
		Compile: npm,
		Run:     []string{"node", "--no-deprecation", "{dir}/vectors.mjs"},
		Version: nodeVersion,
	},
	{
		Name: "ruby", Dir: "vectors/runners/ruby", Commands: []string{"ruby"},
		Run:     []string{"ruby", "{dir}/vectors.rb"},
		Version: []string{"ruby", "--version"},
	},
}

// python is Debian's, for which Debian's packages are.
const python = "/usr/bin/python3"

const nettyJars = "/usr/share/java/netty-buffer.jar:/usr/share/java/netty-codec.jar:/usr/share/java/netty-common.jar:" +
	"/usr/share/java/netty-handler.jar:/usr/share/java/netty-resolver.jar:/usr/share/java/netty-transport.jar"

var (
	cargo = []string{"cargo", "build", "--quiet", "--release", "--target-dir", "{out}"}
	npm   = []string{"npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"}

	erlangVersion = []string{"erl", "-noshell", "-eval", `io:format("OTP ~s", [erlang:system_info(otp_release)]), halt().`}
	nodeVersion   = []string{"node", "--version"}
)

func goServer(name, frames, after string, version ...string) Program {
	return Program{
		Name: name, Frames: frames, After: after,
		Dir:     "servers/" + name,
		Compile: []string{"go", "build", "-o", "{out}/" + name, "."},
		Run:     []string{"{out}/" + name, "{addr}", "{framing}"},
		Version: version,
	}
}

// debian prints the version of a Debian package.
func debian(name string) []string {
	return []string{"dpkg-query", "--show", "--showformat=${Version}", name}
}
