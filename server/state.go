package server

// State is the state of a connection, as ConnState reports it.
type State uint8

const (
	StateNew        State = iota // accepted; a TLS handshake may run
	StateIdle                    // waits for the first byte of a frame
	StateActive                  // receives or answers frames
	StateDraining                // answers the frames that had arrived when Shutdown began, or its age reached MaxAge
	StateHalfClosed              // has sent the end of its stream; discards received bytes
	StateClosed                  // is closed
)

var stateNames = [...]string{"new", "idle", "active", "draining", "half-closed", "closed"}

// String returns the state's name: "new", "idle", "active", "draining",
// "half-closed" or "closed".
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}
