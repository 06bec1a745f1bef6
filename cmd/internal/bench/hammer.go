package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Sizes of a hammer.
const (
	hammerConns  = 8       // connections of one
	hammerWindow = 1 << 20 // of what the server may send before it is told that there is room for more
	grpcPrefix   = 5       // bytes before a message: whether it is compressed, and how long it is
)

// hammer sends calls of one method as fast as it is asked to, whatever is answered: it writes the frames of HTTP/2 itself, many
// at once. A client of gRPC works four times as long on a call that is sent away as the server does (55 and 14 us by
// profile); on cores that both share its own work would be what is measured, not the server's.
type hammer struct {
	conns []*hammering
	read  sync.WaitGroup
}

// answered is what the server said to one call.
type answered struct {
	caller int
	wait   time.Duration // since it was asked
	reply  []byte        // the message; without one there is
	err    error         // a status, or that the connection broke
}

// hammering is one connection of a hammer.
type hammering struct {
	method string
	host   string
	conn   net.Conn
	told   func(answered)

	mu      sync.Mutex
	out     *bufio.Writer
	frames  *http2.Framer
	heads   *hpack.Encoder
	head    bytes.Buffer
	stream  uint32
	window  int64 // bytes that the server takes at present
	pending map[uint32]*asked
	broken  error
}

// asked is a call that waits for its answer.
type asked struct {
	caller int
	at     time.Time
	reply  []byte
}

// openHammer connects; told hears of every answer, on the goroutines of the connections.
func openHammer(ctx context.Context, addr, method string, told func(answered)) (*hammer, error) {
	h := &hammer{}
	for range hammerConns {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("connect: %w", err), h.close())
		}
		c := &hammering{method: method, host: addr, conn: conn, told: told, out: bufio.NewWriterSize(conn, 64<<10), stream: 1,
			window: 1<<16 - 1, pending: make(map[uint32]*asked)}
		h.conns = append(h.conns, c)
		if err := c.greet(); err != nil {
			return nil, errors.Join(fmt.Errorf("greet the server: %w", err), h.close())
		}
		h.read.Go(c.listen)
	}
	return h, nil
}

// close ends the connections; calls that wait are told so.
func (h *hammer) close() error {
	var errs []error
	for _, c := range h.conns {
		errs = append(errs, c.conn.Close())
	}
	h.read.Wait()
	return errors.Join(errs...)
}

// ask puts a call into what is sent next; false: the server takes no more at present, and nothing was asked.
func (h *hammer) ask(caller int, token string, message []byte) bool {
	return h.conns[caller%len(h.conns)].ask(caller, token, message)
}

// send sends what was asked since the last time.
func (h *hammer) send() error {
	for _, c := range h.conns {
		c.mu.Lock()
		err := c.out.Flush()
		c.mu.Unlock()
		if err != nil {
			return fmt.Errorf("send calls: %w", err)
		}
	}
	return nil
}

func (c *hammering) greet() error {
	c.frames = http2.NewFramer(c.out, bufio.NewReaderSize(c.conn, 64<<10))
	c.frames.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.frames.SetReuseFrames()
	c.heads = hpack.NewEncoder(&c.head)
	if _, err := io.WriteString(c.out, http2.ClientPreface); err != nil {
		return err //nolint:wrapcheck // the caller does
	}
	return errors.Join(c.frames.WriteSettings(), c.frames.WriteWindowUpdate(0, hammerWindow), c.out.Flush())
}

func (c *hammering) ask(caller int, token string, message []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := int64(grpcPrefix + len(message))
	if c.broken != nil || c.window < size {
		return false
	}
	c.window -= size
	c.head.Reset()
	for _, f := range []hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "http"}, {Name: ":path", Value: c.method}, {Name: ":authority", Value: c.host},
		{Name: "content-type", Value: "application/grpc"}, {Name: "te", Value: "trailers"},
		{Name: "authorization", Value: "Bearer " + token, Sensitive: true},
	} {
		_ = c.heads.WriteField(f) // into memory
	}
	id := c.stream
	c.stream += 2
	c.pending[id] = &asked{caller: caller, at: time.Now()}
	body := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	err := errors.Join(c.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.head.Bytes(), EndHeaders: true}),
		c.frames.WriteData(id, true, append(body, message...)))
	return err == nil // a broken connection tells all who wait
}

// listen reads until the connection ends, and tells whoever waits then.
func (c *hammering) listen() {
	var err error
	for err == nil {
		var f http2.Frame
		if f, err = c.frames.ReadFrame(); err == nil {
			err = c.heard(f)
		}
	}
	c.mu.Lock()
	c.broken = err
	left := c.pending
	c.pending = nil
	c.mu.Unlock()
	for _, a := range left {
		c.told(answered{caller: a.caller, err: fmt.Errorf("%w: the connection broke: %w", errWrong, err)})
	}
}

func (c *hammering) heard(f http2.Frame) error {
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		if f.StreamEnded() {
			c.end(f.StreamID, outcomeOf(f))
		}
	case *http2.DataFrame:
		return c.data(f)
	case *http2.RSTStreamFrame:
		c.end(f.StreamID, fmt.Errorf("%w: reset: %v", errWrong, f.ErrCode)) // after its end it is nobody's
	case *http2.WindowUpdateFrame:
		c.widen(f)
	case *http2.SettingsFrame, *http2.PingFrame:
		return c.reply(f)
	case *http2.GoAwayFrame:
		return fmt.Errorf("%w: told to go: %v", errWrong, f.ErrCode)
	}
	return nil
}

// data keeps a message and makes room for as much again.
func (c *hammering) data(f *http2.DataFrame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.pending[f.StreamID]; a != nil {
		a.reply = append(a.reply, f.Data()...)
	}
	if f.Length == 0 {
		return nil
	}
	return c.frames.WriteWindowUpdate(0, f.Length) //nolint:wrapcheck // the caller does
}

func (c *hammering) widen(f *http2.WindowUpdateFrame) {
	if f.StreamID != 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.window += int64(f.Increment)
}

// reply acknowledges what the server wants acknowledged.
func (c *hammering) reply(f http2.Frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	switch f := f.(type) {
	case *http2.SettingsFrame:
		if !f.IsAck() {
			err = c.frames.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			err = c.frames.WritePing(true, f.Data)
		}
	}
	return errors.Join(err, c.out.Flush())
}

func (c *hammering) end(id uint32, err error) {
	c.mu.Lock()
	a := c.pending[id]
	delete(c.pending, id)
	c.mu.Unlock()
	if a == nil {
		return
	}
	got := answered{caller: a.caller, wait: time.Since(a.at), err: err}
	if err == nil {
		got.reply, got.err = unframed(a.reply)
	}
	c.told(got)
}

// unframed is the message behind its length.
func unframed(b []byte) ([]byte, error) {
	if len(b) < grpcPrefix || b[0] != 0 || int(binary.BigEndian.Uint32(b[1:])) != len(b)-grpcPrefix {
		return nil, fmt.Errorf("%w: %d bytes are no message", errWrong, len(b))
	}
	return b[grpcPrefix:], nil
}

// outcomeOf is the status that a call ended with; nil: it was answered.
func outcomeOf(f *http2.MetaHeadersFrame) error {
	var code, words, details string
	for _, h := range f.Fields {
		switch h.Name {
		case "grpc-status":
			code = h.Value
		case "grpc-message":
			words = h.Value
		case "grpc-status-details-bin":
			details = h.Value
		}
	}
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil {
		return fmt.Errorf("%w: a call ended without a status: %v", errWrong, f.Fields)
	}
	if n == uint64(codes.OK) {
		return nil
	}
	var s spb.Status
	if b, err := base64.RawStdEncoding.DecodeString(details); err != nil || details == "" || proto.Unmarshal(b, &s) != nil {
		return status.Error(codes.Code(n), words) //nolint:wrapcheck // it is looked at as a status
	}
	return status.FromProto(&s).Err() //nolint:wrapcheck // as above
}
