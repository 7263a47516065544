package interop

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDICOM has echoscu of DCMTK send ten requests to storescp.
func TestDICOM(t *testing.T) {
	addr, port := freeAddr(t)
	server := exec.Command("storescp", "--ignore", "--disable-host-lookup", port)
	server.Dir = t.TempDir()
	start(t, server)
	await(t, "tcp", addr)
	r := newRelay(t, "tcp", addr, []string{"dicom"}, []string{"dicom"})
	run(t, "", exec.Command("echoscu", "--repeat", "10", "127.0.0.1", r.port))
	require.Equal(t, int64(12), r.requests.Load()) // A-ASSOCIATE-RQ, P-DATA-TF, A-RELEASE-RQ
	require.Equal(t, int64(12), r.replies.Load())
}
