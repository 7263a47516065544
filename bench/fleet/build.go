package fleet

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// goPeer is a server of the folder peers, and frames with the given module, or with nothing but the standard library.
func goPeer(name, module string) Server {
	return Server{Name: name, Framings: bothFramings, WarmUps: 1, build: goBuild(name, module)}
}

func goBuild(name, module string) func(context.Context, dirs) (Program, error) {
	return func(ctx context.Context, d dirs) (Program, error) {
		path := filepath.Join(d.out, name)
		if err := run(ctx, d.bench, "go", "build", "-o", path, "./peers/"+name); err != nil {
			return Program{}, err
		}
		version := runtime.Version()
		if module != "" {
			var err error
			if version, err = moduleVersion(path, module); err != nil {
				return Program{}, err
			}
		}
		return Program{Version: version, Command: []string{path}}, nil
	}
}

// moduleVersion returns the version of the module that a Go program was built with.
func moduleVersion(path, module string) (string, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return "", err
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version, nil
		}
	}
	return "", fmt.Errorf("%s was built without %s", path, module)
}

// buildOurs builds the echo server as its users do. It is run without a limit of connections and of their idleness, which
// the others do not have.
func buildOurs(ctx context.Context, d dirs) (Program, error) {
	root := filepath.Dir(d.bench)
	path := filepath.Join(d.out, "echo")
	if err := run(ctx, root, "go", "build", "-o", path, "./cmd/echo"); err != nil {
		return Program{}, err
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return Program{}, err
	}
	return Program{Version: info.Main.Version, Command: []string{path, "-max-conns=-1", "-idle-timeout=-1s"}}, nil
}

// nettyJars are the parts of Netty that the server needs, from Debian's package libnetty-java.
var nettyJars = []string{"buffer", "codec", "common", "handler", "resolver", "transport"}

func buildNetty(ctx context.Context, d dirs) (Program, error) {
	version, err := debianVersion(ctx, "libnetty-java")
	if err != nil {
		return Program{}, err
	}
	if err := needPrograms("javac", "java"); err != nil {
		return Program{}, err
	}
	classes := filepath.Join(d.out, "netty")
	path := []string{classes}
	for _, jar := range nettyJars {
		path = append(path, "/usr/share/java/netty-"+jar+".jar")
	}
	classPath := strings.Join(path, string(filepath.ListSeparator))
	if err := os.MkdirAll(classes, 0o755); err != nil {
		return Program{}, err
	}
	source := filepath.Join(d.bench, "netty", "EchoServer.java")
	if err := run(ctx, d.bench, "javac", "-cp", classPath, "-d", classes, source); err != nil {
		return Program{}, err
	}
	return Program{Version: version, Command: []string{"java", "-cp", classPath, "EchoServer"}}, nil
}

func buildTokio(ctx context.Context, d dirs) (Program, error) {
	version, err := debianVersion(ctx, "librust-tokio-util-dev")
	if err != nil {
		return Program{}, err
	}
	if err := needPrograms("cargo"); err != nil {
		return Program{}, err
	}
	target := filepath.Join(d.out, "tokio")
	// Cargo reads the configuration that names Debian's sources from the folder in which it runs.
	err = run(ctx, filepath.Join(d.bench, "tokio"), "cargo", "build", "--quiet", "--release", "--target-dir", target)
	if err != nil {
		return Program{}, err
	}
	return Program{Version: version, Command: []string{filepath.Join(target, "release", "echo")}}, nil
}

// debianVersion returns the version of an installed Debian package.
func debianVersion(ctx context.Context, name string) (string, error) {
	status, err := output(ctx, ".", "dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Version}", name)
	version, installed := strings.CutPrefix(status, "installed ")
	if err != nil || !installed {
		return "", fmt.Errorf("the Debian package %s is %w", name, ErrMissing)
	}
	return version, nil
}

func needPrograms(names ...string) error {
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("the program %s is %w", name, ErrMissing)
		}
	}
	return nil
}
