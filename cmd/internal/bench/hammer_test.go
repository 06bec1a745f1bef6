package bench

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// struck asks a bare server of gRPC so many times, and is what came of it.
func struck(t *testing.T, method string, n int, message []byte) []answered {
	t.Helper()
	e, err := startEcho()
	if err != nil {
		t.Fatal(err)
	}
	defer e.stop()
	told := make(chan answered, n)
	h, err := openHammer(t.Context(), e.addr, method, func(a answered) { told <- a })
	if err != nil {
		t.Fatal(err)
	}
	out := make([]answered, 0, n)
	for range 2 { // the second time the server knows the heads
		for i := range n / 2 {
			if !h.ask(i, "secret", message) {
				t.Fatalf("call %d was not taken", i)
			}
		}
		if err := h.send(); err != nil {
			t.Fatal(err)
		}
		for range n / 2 {
			out = append(out, <-told)
		}
	}
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAHammerHearsEveryAnswer(t *testing.T) {
	t.Parallel()
	message, err := proto.Marshal(wrapperspb.Bytes(bytes.Repeat([]byte{7}, 40)))
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[int]int)
	for _, a := range struck(t, echoMethod, 400, message) {
		if a.err != nil || !bytes.Equal(a.reply, message) || a.wait <= 0 {
			t.Fatalf("caller %d heard %x, %v after %v; want its own message", a.caller, a.reply, a.err, a.wait)
		}
		seen[a.caller]++
	}
	for i := range 200 {
		if seen[i] != 2 {
			t.Errorf("caller %d heard %d answers, want 2", i, seen[i])
		}
	}
}

func TestAHammerHearsWhyACallWasRefused(t *testing.T) {
	t.Parallel()
	for _, a := range struck(t, "/redial.bench.Echo/Nothing", 16, nil) {
		if status.Code(a.err) != codes.Unimplemented || !strings.Contains(a.err.Error(), "Nothing") {
			t.Errorf("caller %d heard %v, want that there is no such method", a.caller, a.err)
		}
	}
}

func TestAHammerTellsWhoWaitsThatTheConnectionBroke(t *testing.T) {
	t.Parallel()
	e, err := startEcho()
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan answered, 1)
	h, err := openHammer(t.Context(), e.addr, echoStream, func(a answered) { told <- a })
	if err != nil {
		t.Fatal(err)
	}
	if !h.ask(0, "secret", nil) { // a stream that goes on until both sides end it
		t.Fatal("the call was not taken")
	}
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}
	if a := <-told; !errors.Is(a.err, errWrong) {
		t.Errorf("heard %v, want that the connection broke", a.err)
	}
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
}
