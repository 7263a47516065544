package interop

import (
	"testing"
	"time"

	"github.com/simonvetter/modbus"
	"github.com/stretchr/testify/require"
)

// registers is a device with 125 registers.
type registers [125]uint16

func (*registers) HandleCoils(*modbus.CoilsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}

func (*registers) HandleDiscreteInputs(*modbus.DiscreteInputsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}

func (*registers) HandleInputRegisters(*modbus.InputRegistersRequest) ([]uint16, error) {
	return nil, modbus.ErrIllegalFunction
}

func (r *registers) HandleHoldingRegisters(request *modbus.HoldingRegistersRequest) ([]uint16, error) {
	at := r[request.Addr:][:request.Quantity]
	if request.IsWrite {
		copy(at, request.Args)
	}
	return at, nil
}

// TestModbus has a client of github.com/simonvetter/modbus talk to a server of it.
func TestModbus(t *testing.T) {
	addr, _ := freeAddr(t)
	server, err := modbus.NewServer(&modbus.ServerConfiguration{URL: "tcp://" + addr}, new(registers))
	require.NoError(t, err)
	require.NoError(t, server.Start())
	defer server.Stop()
	r := newRelay(t, "tcp", addr, []string{"modbus"}, []string{"modbus"})
	client, err := modbus.NewClient(&modbus.ClientConfiguration{URL: "tcp://" + r.addr, Timeout: time.Minute})
	require.NoError(t, err)
	require.NoError(t, client.Open())
	defer client.Close()

	var values []uint16
	for i := range uint16(123) {
		values = append(values, i)
		require.NoError(t, client.WriteRegisters(0, values))
		have, err := client.ReadRegisters(0, i+1, modbus.HOLDING_REGISTER)
		require.NoError(t, err)
		require.Equal(t, values, have)
	}
	_, err = client.ReadCoils(0, 1)
	require.ErrorIs(t, err, modbus.ErrIllegalFunction)
	require.Equal(t, int64(247), r.requests.Load())
	require.Equal(t, int64(247), r.replies.Load())
}
