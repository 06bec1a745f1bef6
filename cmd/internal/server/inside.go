package server

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
)

// insideNetwork is the network of the addresses of bufconn, which no connection from elsewhere has.
const insideNetwork = "bufconn"

// insideBuffer is how much of a call may be on its way inside the process, in bytes.
const insideBuffer = 256 << 10

// Inside is a connection to the server that does not leave the process, in the clear whatever the port speaks: for the
// pages, which call the API as whoever signed in. It serves until Stop; the connection is the caller's to close.
func (s *Server) Inside() (*grpc.ClientConn, error) {
	lis := bufconn.Listen(insideBuffer)
	go func() { _ = s.grpc.Serve(lis) }() // ends with Stop, which is no error
	conn, err := grpc.NewClient("passthrough:///inside",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("connect to the API inside the process: %w", err)
	}
	return conn, nil
}

// mixed speaks TLS with everybody but the process itself.
type mixed struct {
	credentials.TransportCredentials
	clear credentials.TransportCredentials
}

func (m mixed) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if c.RemoteAddr().Network() == insideNetwork {
		return m.clear.ServerHandshake(c) //nolint:wrapcheck // gRPC reads what kind it is
	}
	return m.TransportCredentials.ServerHandshake(c) //nolint:wrapcheck // gRPC reads what kind it is
}

// Clone implements credentials.TransportCredentials.
func (m mixed) Clone() credentials.TransportCredentials {
	return mixed{m.TransportCredentials.Clone(), m.clear.Clone()}
}
