package main

import (
	"iter"
	"slices"
	"sync"

	"github.com/schollz/progressbar/v3"
	"google.golang.org/grpc"

	pb "redial/proto/campaign/v1"
)

// syncing is a file on its way to the server, row by row. One goroutine sends, another reads what was answered.
type syncing struct {
	c     *cli
	leads pb.LeadServiceClient
	file  *syncFile
	begin *pb.UpsertBegin
	bar   *progressbar.ProgressBar

	next func() (syncRow, error, bool)
	stop func()

	mu     sync.Mutex
	open   []*pb.UpsertItem // sent, or about to be, and not answered, in their order
	ended  bool             // the file
	read   int64            // rows
	counts map[string]int64
	failed []syncFailure
	fault  error // of reading the file
	broken bool  // it is not over
}

// iterPull takes the file's rows one by one.
func iterPull(f *syncFile) (next func() (syncRow, error, bool), stop func()) {
	return iter.Pull2(f.rows())
}

// send begins, sends what an earlier stream left unanswered, then the rest of the file. An error of the stream is told to
// whoever reads it.
func (s *syncing) send(stream grpc.BidiStreamingClient[pb.UpsertLeadsRequest, pb.UpsertLeadsResponse]) {
	if stream.Send(&pb.UpsertLeadsRequest{Part: &pb.UpsertLeadsRequest_Begin{Begin: s.begin}}) != nil {
		return
	}
	s.mu.Lock()
	again := slices.Clone(s.open)
	s.mu.Unlock()
	put := func(it *pb.UpsertItem) bool {
		return stream.Send(&pb.UpsertLeadsRequest{Part: &pb.UpsertLeadsRequest_Item{Item: it}}) == nil
	}
	for _, it := range again {
		if !put(it) {
			return
		}
	}
	for {
		it, more := s.take()
		if !more {
			_ = stream.CloseSend() // its error is the stream's, which is read
			return
		}
		if it != nil && !put(it) {
			return
		}
	}
}

// take reads the next row; nil: it is none to send. It is open from here on.
func (s *syncing) take() (it *pb.UpsertItem, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, false
	}
	row, err, ok := s.next()
	if !ok || err != nil {
		s.ended, s.fault = true, err
		return nil, false
	}
	s.read++
	advance(s.bar, row.offset)
	if row.item == nil {
		s.failed = append(s.failed, row.failed)
		return nil, true
	}
	s.open = append(s.open, row.item)
	return row.item, true
}

func (s *syncing) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// settle takes answered rows off those that are open.
func (s *syncing) settle(results []*pb.UpsertResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := make(map[int64]bool, len(results))
	for _, m := range results {
		done[m.GetPosition()] = true
		s.answered(m)
	}
	s.open = slices.DeleteFunc(s.open, func(it *pb.UpsertItem) bool { return done[it.GetPosition()] })
}
